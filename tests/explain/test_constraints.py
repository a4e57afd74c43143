"""What an answer may, must and must not change: honoured in the ECG that comes of it, or refused."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
import torch
from torch import nn

import cofe_widgets as cw
from cofe_widgets.errors import ExplainError
from cofe_widgets.generative.inversion import invert
from cofe_widgets.generative.latent_edit import NAMES, RHYTHM, SPACES, LatentEdit
from cofe_widgets.generative.limits import Limits
from cofe_widgets.vocabulary.edits import EDITS
from cofe_widgets.vocabulary.measurements import MEASUREMENTS

#: Half the width of the ranges asked for, about the record's own value.
WIDTHS = {"heart_rate_bpm": 8, "pr_ms": 20, "qrs_ms": 12, "t_amplitude_mv": 0.1}


@pytest.fixture(scope="module")
def f():
    return cw.load("af-resnet")


@pytest.fixture(scope="module")
def record():
    return cw.simulate("NSR", seed=21)[0].record


def leaves(cf, ranges):
    """Measurements of the answer that are out of their range by more than their own error."""
    before, after = cw.measure(cf.original), cw.measure(cf.record(1.0))
    irregular = cf.findings.irregular
    out = {}
    for name, (low, high) in ranges.items():
        about = MEASUREMENTS[name]
        error = about.least_irregular if irregular else about.least
        if not low - error <= after[name] <= high + error:
            out[name] = before[name], after[name]
    return out


def about(record, widths):
    now = cw.measure(record)
    return {k: (now[k] - w, now[k] + w) for k, w in widths.items() if not isnan(now[k])}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "target", "by"),
    [("af-resnet", "AF", None), ("potassium-resnet", "potassium_mmol_l", 1.5)],
)
def test_no_answer_leaves_a_range_though_the_free_one_does(model, target, by):
    f = cw.load(model)
    records = [cw.read("sample:sinus"), *(cw.simulate("NSR", seed=n)[0].record for n in (21, 23))]
    free_left = 0
    for record in records[: 3 if by is None else 2]:
        level = 0.9 if by is None else f.predict(record)[target] + by
        ranges = about(record, WIDTHS)
        free = cw.counterfactual(record, f, target, level, severities=2)
        held = cw.counterfactual(record, f, target, level, severities=2, ranges=ranges)
        free_left += bool(leaves(free, ranges))
        assert not leaves(held, ranges), held.message
        assert held.reached or held.message.startswith("not reached")
    assert free_left  # or nothing was tested


def test_with_its_pr_interval_kept_a_rhythm_is_af_by_irregular_beats(record, f):
    cf = cw.counterfactual(
        record, f, "AF", level=0.6, severities=2, ranges=about(record, {"pr_ms": 20})
    )
    assert cf.reached and cf.moved["irregularity"] > 0.1
    assert not isnan(cw.measure(cf.record(1.0))["pr_ms"])
    assert "asked: PR interval" in cf.message and "; PR interval is" in cf.message


def test_what_alone_may_vary_varies_alone(record, f):
    cf = cw.counterfactual(record, f, "AF", 0.2, severities=2, vary=["t_amplitude", "heart_rate"])
    rest = {name: one.rest for name, one in EDITS.items()}
    changed = {name for name, amount in rest.items() if cf.moved[name] != amount}
    assert cf.reached and changed <= {"t_amplitude", "heart_rate"} and "heart_rate" in changed
    assert cf.moved["morphology_sd"] == 0
    assert "only heart_rate, t_amplitude may change" in cf.message


def test_an_amplitude_can_vary_where_the_styles_may_not(record):
    class TallT(nn.Module):
        def forward(self, x):
            s = 20 * x.square().mean(dim=(1, 2))
            return torch.stack((0 * s, s - 2), dim=1)

    f = cw.wrap(TallT(), fs=250, outputs=["no", "yes"])
    now = f.predict(record)["yes"]
    cf = cw.counterfactual(record, f, "yes", (1 + now) / 2, severities=2, vary="t_amplitude")
    assert cf.reached and cf.moved["t_amplitude"] != 0 and cf.moved["r_amplitude"] == 1


@pytest.mark.parametrize("require", [{"heart_rate": 1.2}, {"t_amplitude": 0.3, "pr": 20}])
def test_what_must_be_present_is_and_the_first_frame_is_the_record(record, f, require):
    cf = cw.counterfactual(record, f, "AF", severities=3, require=require)
    assert cf.reached and np.array_equal(cf.signals[0], cf.original.signal)
    for name, amount in require.items():
        assert cf.moved[name] >= amount - 1e-4
    frames = f.predict([cw.Record(signal, 250) for signal in cf.signals])
    assert [frame["AF"] for frame in frames] == pytest.approx(cf.predictions, abs=1e-3)
    change = cf.measurements.set_index("measurement").change
    if "heart_rate" in require:
        assert change["heart_rate_bpm"] > 10  # 1.2 x 70 bpm, measured in irregular beats


def test_what_must_be_present_alone_may_suffice(record):
    class Fast(nn.Module):
        def forward(self, x):
            s = x[:, 1].square().mean(dim=1)
            return torch.stack((0 * s, 50 * s - 1), dim=1)

    f = cw.wrap(Fast(), fs=250, outputs=["no", "yes"])
    now = f.predict(record)["yes"]
    cf = cw.counterfactual(
        record, f, "yes", max(0.5, now + 1e-4), severities=2, require={"r_amplitude": 1.5}
    )
    assert cf.reached and cf.moved["r_amplitude"] == pytest.approx(1.5, abs=1e-3)


def test_closeness_takes_the_coupling_away(record):
    inversion = invert([record])
    sd = torch.tensor([one.sd for one in EDITS.values()])
    numbers = torch.zeros(len(NAMES))
    numbers[0] = sd[0]  # irregular beats alone
    usual, close = (
        LatentEdit(inversion, SPACES[0], 0, limits=Limits.usual(at)) for at in (0.0, 1.0)
    )
    lengths = [
        float((numbers @ torch.linalg.inv(edit.axes)).square().sum()) for edit in (usual, close)
    ]
    # Hand-computed: 1.85 / (0.15 x 2.7) with a correlation of 0.85, one alone without.
    assert lengths == pytest.approx([4.5679, 1.0], rel=1e-4)
    move = torch.zeros(close.size)
    move[:RHYTHM] = torch.tensor([0.3, -0.2, 1.0])
    # The same ECG, and the same distance, in either's own standard deviations.
    assert torch.allclose(
        usual.named(close.converted(move)[None]), close.named(move[None]), atol=1e-6
    )


def test_a_dial_towards_close_finds_less_that_comes_along(record, f):
    far, close = (
        cw.counterfactual(record, f, "AF", 0.5, severities=2, closeness=at) for at in (0.0, 1.0)
    )

    def sizes(cf):
        amounts = [(cf.moved[name] - one.rest) for name, one in EDITS.items()]
        return dict(zip(NAMES, amounts, strict=True))

    assert close.reached
    assert sizes(close)["f_wave_amplitude"] < sizes(far)["f_wave_amplitude"]
    assert "closeness" not in far.message and "closeness 1" in close.message


def test_an_answer_is_made_again_with_its_constraints(record, f):
    asked = {"ranges": {"heart_rate_bpm": (None, 90)}, "require": {"pr": 10}, "closeness": 0.3}
    cf = cw.counterfactual(record, f, "AF", 0.5, severities=2, vary=["rhythm", "pr"], **asked)
    assert cf.call["vary"] == ["rhythm", "pr"] and cf.call["ranges"] == {
        "heart_rate_bpm": [None, 90.0]
    }
    again = cf.rerun()
    assert np.array_equal(again.signals, cf.signals) and again.message == cf.message


def test_constraints_survive_a_file(record, f, tmp_path):
    cf = cw.counterfactual(
        record, f, "AF", 0.3, severities=2, ranges={"heart_rate_bpm": (None, 90)}
    )
    cf.save(tmp_path / "one.npz")
    assert cw.Counterfactual.load(tmp_path / "one.npz").call == cf.call


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"vary": ["pr"], "keep": ["intervals"]},
            "vary and keep contradict each other: both name pr",
        ),
        ({"vary": ["soul"]}, "'soul'.*can be varied: rhythm, intervals, morphology"),
        ({"vary": 3}, "vary=3: expected a list"),
        ({"vary": ["rhythm"], "method": "gradient"}, "nothing is left"),
        (
            {"keep": ["rhythm"], "require": {"heart_rate": 1.2}},
            "contradicts.*heart_rate must change",
        ),
        ({"vary": ["pr"], "require": {"heart_rate": 1.2}}, "contradicts.*heart_rate must change"),
        ({"require": {"hr": 1.2}}, "unknown 'hr'.*heart_rate, pr"),
        ({"require": {"heart_rate": 5}}, "expected 0.522 to 1.92 x"),
        ({"require": {"heart_rate": 1}}, "no change; keep='heart_rate'"),
        ({"require": {"pr": 20}, "method": "direction"}, "needs method='refined'"),
        ({"ranges": {"bpm": (50, 100)}}, "unknown 'bpm'.*heart_rate_bpm, rr_sd_ms"),
        ({"ranges": {"pr_ms": (200, 120)}}, "lowest value 200 above 120"),
        ({"ranges": {"pr_ms": 120}}, "its lowest and its highest"),
        ({"ranges": {"pr_ms": ("a", 120)}}, "its lowest and its highest"),
        ({"ranges": [1]}, "expected a dict"),
        ({"ranges": {"heart_rate_bpm": (100, 120)}}, "exclude the original: its heart rate is"),
        (
            {"ranges": {"heart_rate_bpm": (None, 80)}, "require": {"heart_rate": 1.5}},
            "require and ranges contradict.*heart_rate=1.5.*out of 80 bpm or less",
        ),
        ({"closeness": 2}, "from 0 .plausible. to 1 .close."),
    ],
)
def test_what_nothing_could_meet_is_refused_before_the_search(record, f, asked, message):
    steps = cw.counterfactual.steps(record, f, "AF", **asked)
    with pytest.raises(ExplainError, match=message):
        next(steps)


def test_a_range_of_what_is_not_there_is_refused(f):
    af = cw.simulate("AF", seed=33)[0].record
    with pytest.raises(ExplainError, match="PR interval cannot be measured in this ECG"):
        cw.counterfactual(af, f, "SR", ranges={"pr_ms": (100, 250)})


@pytest.mark.parametrize("asked", [{"vary": ["rhythm"]}, {"keep": ["intervals", "morphology"]}])
def test_a_model_that_sees_nothing_of_what_may_change_is_refused(record, asked):
    class Tallest(nn.Module):
        """Log-odds of the tallest sample of lead I, whenever it comes."""

        def forward(self, x):
            top = x[:, 0].amax(dim=1)
            return torch.stack((0 * top, top - 3), dim=1)

    f = cw.wrap(Tallest(), fs=250, outputs=["no", "yes"])
    with pytest.raises(ExplainError, match="sees nothing of what may change.*irregularity"):
        cw.counterfactual(record, f, "yes", **asked)
    assert cw.counterfactual(record, f, "yes", 0.2, severities=2, vary=["r_amplitude"]).reached


def test_of_several_records_each_has_its_own_range(f):
    records = [cw.simulate("NSR", seed=seed)[0].record for seed in (21, 22)]
    rates = [cw.measure(record)["heart_rate_bpm"] for record in records]
    together = cw.counterfactual(
        records, f, "AF", 0.5, severities=2, vary=["heart_rate", "irregularity"],
        ranges={"heart_rate_bpm": (min(rates) - 1, max(rates) + 1)},
    )  # fmt: skip
    for cf in together:
        after = cw.measure(cf.record(1.0))["heart_rate_bpm"]
        assert min(rates) - 6 <= after <= max(rates) + 6


@pytest.mark.slow
def test_what_the_model_needs_is_found_among_what_may_vary(record, f):
    cf = cw.counterfactual(
        record, f, "AF", 0.2, severities=2, vary=["heart_rate", "t_amplitude"],
        ranges={"heart_rate_bpm": (None, 90)},
    )  # fmt: skip
    changed = {
        name for name, one in EDITS.items() if cf.needed.moved.get(name, one.rest) != one.rest
    }
    assert changed <= {"heart_rate", "t_amplitude"}
    assert cw.measure(cf.needed.record(1.0))["heart_rate_bpm"] <= 93
