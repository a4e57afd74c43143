"""Planted models measure what they say: on beats written by hand, whose waves are known."""

from math import log

import numpy as np
import pytest
import torch

import cofe_widgets as cw
from benchmarks import planted_modules as modules
from benchmarks.planted import CAUSES, GROUPS, PLANTED, Answer, is_of, plant
from benchmarks.planted_rivals import cells
from benchmarks.planted_turns import TURNS
from cofe_widgets.ecg import LEADS

FS, SAMPLES = 250, 2500
#: Waves: centre in ms after R, SD in ms.
SHAPES = {"p": (-150, 20), "r": (-10, 10), "s": (22, 9), "t": (280, 45)}
#: Their heights in I, aVF and the chest leads, mV.
PLACES = ("I", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
HEIGHTS = {
    wave: dict(zip(PLACES, mv, strict=True))
    for wave, mv in {
        "p": (0.08, 0.11, 0.05, 0.05, 0.05, 0.06, 0.06, 0.06),
        "r": (0.6, 0.6, 0.3, 0.5, 0.8, 1.2, 1.2, 1.0),
        "s": (0.0, 0.0, -1.0, -1.2, -0.8, -0.4, -0.2, -0.1),
        "t": (0.2, 0.2, 0.05, 0.4, 0.45, 0.4, 0.35, 0.3),
    }.items()
}
RHYTHM = np.arange(0.53, 9.9, 0.8)


def ecg(r_s=RHYTHM, shapes=None, heights=None):
    """An ECG ``(1, 12, 2500)``: every beat the same, of Gaussian waves."""
    shapes = {**SHAPES, **(shapes or {})}
    time = np.arange(SAMPLES)[:, None] / FS - r_s
    leads = dict.fromkeys(HEIGHTS["p"], 0.0)
    for wave, (centre, sd) in shapes.items():
        bump = np.exp(-0.5 * np.square((1000 * time - centre) / sd)).sum(axis=1)
        for lead in leads:
            height = {**HEIGHTS.get(wave, {}), **(heights or {}).get(wave, {})}.get(lead, 0.0)
            leads[lead] = leads[lead] + height * bump
    one, foot = leads.pop("I"), leads.pop("aVF")
    two, three = foot + one / 2, foot - one / 2
    limbs = one, two, three, -(one + two) / 2, (one - three) / 2, foot
    return torch.tensor(np.stack([*limbs, *leads.values()]), dtype=torch.float32)[None]


def value(module, x):
    return float(module()(x))


def test_rate_and_irregularity_are_those_of_the_beats():
    assert value(modules.HeartRate, ecg()) == pytest.approx(75, abs=0.2)
    uneven = 0.5 + np.cumsum([0.0, *[0.7, 0.9] * 5])
    assert value(modules.HeartRate, ecg(uneven)) == pytest.approx(75, abs=0.2)
    assert value(modules.Irregularity, ecg(uneven)) == pytest.approx(0.125, abs=0.003)
    assert value(modules.Irregularity, ecg()) < 0.01


def test_p_is_that_of_lead_ii_alone():
    own = value(modules.PAmplitude, ecg())
    assert own == pytest.approx(0.15, abs=0.02)
    assert value(modules.PAmplitude, ecg(heights={"p": {"I": 0.0, "aVF": 0.15}})) == pytest.approx(
        own, abs=0.005
    )
    assert value(modules.PAmplitude, ecg(heights={"p": {"I": 0.0, "aVF": 0.0}})) < 0.02


def test_pr_follows_the_place_of_p_and_not_its_height():
    own = value(modules.PR, ecg())
    assert value(modules.PR, ecg(shapes={"p": (-190, 20)})) == pytest.approx(own + 40, abs=2)
    low = {"p": {"I": 0.04, "aVF": 0.055}}
    assert value(modules.PR, ecg(heights=low)) == pytest.approx(own, abs=3)
    assert value(modules.PR, ecg(heights={"p": {"I": 0.0, "aVF": 0.0}})) < own
    wide = {wave: (1.3 * at, 1.3 * sd) for wave, (at, sd) in SHAPES.items() if wave in "rs"}
    assert value(modules.PR, ecg(shapes=wide)) - own < 0  # the QRS begins earlier, P stays


def test_qrs_follows_its_width_and_not_its_height():
    own = value(modules.QRSDuration, ecg())
    wide = {wave: (1.4 * at, 1.4 * sd) for wave, (at, sd) in SHAPES.items() if wave in "rs"}
    assert value(modules.QRSDuration, ecg(shapes=wide)) == pytest.approx(1.4 * own, rel=0.05)
    tall = {w: {lead: 1.5 * mv for lead, mv in HEIGHTS[w].items()} for w in "rs"}
    assert value(modules.QRSDuration, ecg(heights=tall)) == pytest.approx(own, rel=0.03)


def test_r_and_s_are_those_of_their_leads():
    assert value(modules.RInV5, ecg()) == pytest.approx(1.2, abs=0.05)
    others = {"r": dict.fromkeys(("V1", "V2", "V3", "V4", "V6"), 2.0)}
    assert value(modules.RInV5, ecg(heights=others)) == pytest.approx(1.2, abs=0.05)
    own = value(modules.RToSInV1, ecg())
    deep = value(modules.RToSInV1, ecg(heights={"s": {"V1": -2.0}}))
    assert deep - own == pytest.approx(-log(2), abs=0.15)
    assert value(modules.RToSInV1, ecg(heights={"s": {"V2": -2.0}})) == pytest.approx(own, abs=0.02)
    both = {"r": {"V1": 0.45}, "s": {"V1": -1.5}}
    assert value(modules.RToSInV1, ecg(heights=both)) == pytest.approx(own, abs=0.1)


def test_st_and_t_are_levels_of_their_leads():
    own, shape = value(modules.STInV2V3, ecg()), {"st": (90, 30)}
    raised = ecg(shapes=shape, heights={"st": {"V2": 0.2, "V3": 0.2}})
    assert value(modules.STInV2V3, raised) - own == pytest.approx(0.18, abs=0.05)
    elsewhere = ecg(shapes=shape, heights={"st": {"V5": 0.2, "I": 0.2}})
    assert value(modules.STInV2V3, elsewhere) == pytest.approx(own, abs=0.01)
    assert value(modules.TInV2, ecg()) == pytest.approx(0.4, abs=0.04)
    v2 = ecg(heights={"t": {"V2": 0.7}})
    assert value(modules.TInV2, v2) - value(modules.TInV2, ecg()) == pytest.approx(0.3, abs=0.03)
    v3 = ecg(heights={"t": {"V3": 0.75}})
    assert value(modules.TInV2, v3) == pytest.approx(value(modules.TInV2, ecg()), abs=0.01)


def test_polarity_of_t_is_not_its_height():
    upright, taller, inverted = (
        value(modules.TPolarityInV6, ecg(heights={"t": {"V6": mv}})) for mv in (0.3, 0.6, -0.3)
    )
    assert upright == pytest.approx(taller, abs=0.1)
    assert inverted == pytest.approx(-upright, abs=0.1)


def test_qt_follows_the_place_of_t_and_not_its_height():
    own = value(modules.QT, ecg())
    assert value(modules.QT, ecg(shapes={"t": (320, 45)})) == pytest.approx(own + 40, abs=2)
    tall = {"t": {lead: 1.6 * mv for lead, mv in HEIGHTS["t"].items()}}
    assert value(modules.QT, ecg(heights=tall)) == pytest.approx(own, abs=2)


@pytest.mark.parametrize("degrees", [-30, 20, 75])
def test_the_axis_is_that_of_the_qrs(degrees):
    turned = {"I": np.cos(np.deg2rad(degrees)), "aVF": np.sin(np.deg2rad(degrees)) * 3**0.5 / 2}
    assert value(modules.Axis, ecg(heights={"r": turned})) == pytest.approx(degrees, abs=3)


def test_what_no_heart_does_is_measured_too():
    x, time = ecg(), torch.arange(SAMPLES) / FS
    own = {
        m: value(m, x)
        for m in (modules.OffsetOfV6, modules.Hum, modules.FirstTenth, modules.HeartRate)
    }
    moved = x.clone()
    moved[:, LEADS.index("V6")] += 0.1
    assert value(modules.OffsetOfV6, moved) - own[modules.OffsetOfV6] == pytest.approx(0.1)
    hum = x + 0.05 * torch.sin(100 * torch.pi * time)
    assert value(modules.Hum, hum) - own[modules.Hum] > 1.5
    assert value(modules.HeartRate, hum) == pytest.approx(own[modules.HeartRate], abs=0.1)
    begun = x.clone()
    begun[:, 0, :25] += 0.1
    assert value(modules.FirstTenth, begun) - own[modules.FirstTenth] == pytest.approx(0.1)


class Given(torch.nn.Module):
    """Two measurements that are given."""

    def forward(self, x):
        return x


@pytest.mark.parametrize(
    ("both", "one_alone"), [(True, (0.0, 0.25)), (False, (0.8, 1.0))], ids=["and", "or"]
)
def test_and_asks_for_both_and_or_for_either(both, one_alone):
    answer = Answer(Given(), [1.0, 5.0], [2.0, -4.0], both)
    values = torch.tensor([[1.0, 5.0], [3.0, 1.0], [3.0, 5.0], [1.0, 1.0]])
    p = answer(values).sigmoid()[:, 0].tolist()
    assert p[:2] == pytest.approx([0.1, 0.9], abs=1e-4)
    low, high = one_alone
    assert all(low < alone < high for alone in p[2:])


@pytest.mark.parametrize("name", [name for name in PLANTED if name != "age"])
@pytest.mark.parametrize("kind", ["beats", "noise", "nothing"])
def test_gradients_are_finite_and_there(name, kind):
    x = ecg() + 0.01 * torch.randn(1, 12, SAMPLES, generator=torch.Generator().manual_seed(0))
    x = {"beats": x, "noise": x - ecg(), "nothing": torch.zeros(1, 12, SAMPLES)}[kind]
    x.requires_grad_(True)
    value = PLANTED[name].measured()(x)
    (slope,) = torch.autograd.grad(value.sum(), x)
    assert torch.isfinite(value).all() and torch.isfinite(slope).all()
    assert kind == "nothing" or bool(slope.abs().max() > 0)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_model_begins_at_a_tenth(name):
    record = cw.simulate("NSR", seed=3, fs=250)[0].record
    assert plant(name, record).predict(record)["X"] == pytest.approx(0.1, abs=1e-3)


@pytest.mark.parametrize("name", PLANTED)
def test_reasons_are_names_that_there_are(name):
    one = PLANTED[name]
    assert one.names <= set(CAUSES)
    assert one.nameable == bool(one.logic)
    assert {*one.own, *one.linked} <= set(TURNS)
    in_leads = any(cause.endswith(tuple(GROUPS)) for cause in one.causes)
    assert not in_leads or cells(name)


def test_a_whole_qrs_is_q_r_and_s_of_its_leads():
    assert is_of("qrs/v1_v2", PLANTED["rs_v1"].causes)
    assert is_of("r_v1_v2", PLANTED["rs_v1"].causes)
    assert not is_of("qrs/v3_v4", PLANTED["rs_v1"].names)
    assert not is_of("t/v1_v2", PLANTED["rs_v1"].names)
