"""Wave attribution and relevance by wave: hand-computed, and on models whose reason is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import cofe_widgets as cw
from cofe_widgets.ecg import LEADS, Record
from cofe_widgets.errors import ExplainError
from cofe_widgets.explain.attribution import find
from cofe_widgets.explain.attribution.by_wave import WAVES, table
from cofe_widgets.explain.attribution.wave_attribution import _removals, _shapley
from cofe_widgets.generative.absent_waves import WAVES as TAKEN
from cofe_widgets.generative.absent_waves import taken_out
from cofe_widgets.generative.inversion import invert
from cofe_widgets.signals.measurements.measure import measured
from cofe_widgets.vocabulary.segments import BEAT_SEGMENTS


class Reads(nn.Module):
    """A weight on every sample of some leads: linear, so that every order gives the same."""

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x * self.weight).sum(dim=(1, 2))[:, None] / 100


class MeanSquare(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.square().mean(dim=(1, 2))[:, None]


def linear(weight: torch.Tensor, **options):
    options = {"fs": 250, "outputs": ["X"], "output": "linear", **options}
    return cw.wrap(Reads(weight), **options)


@pytest.fixture(scope="module")
def heart():
    return cw.simulate("NSR", 1, seed=4, fs=250)[0]


def test_shapley_of_two_players_is_worked_out_by_hand():
    # F = a * b with a = 2, b = 3 (leads of one sample), taken out to 0.
    # First a: 6 - 0 = 6, then b: 0. First b: 6, then a: 0. Mean 3 each, in all 6 = F(x) - F(0).
    class Product(nn.Module):
        def forward(self, x):
            return (x[:, 0, 0] * x[:, 1, 0])[:, None]

    f = cw.wrap(Product(), fs=250, leads=["I", "II"], outputs=["X"], output="linear", seconds=1)
    ecg = torch.zeros(2, 250)
    ecg[0, 0], ecg[1, 0] = 2.0, 3.0
    players = torch.tensor([[0, 0], [0, 1]])
    worth = _shapley(f, "X", ecg, -ecg[None], torch.stack([players, players.flip(0)]))
    assert worth.tolist() == [[6.0, 0.0], [6.0, 0.0]]  # in the order of each


def test_a_linear_model_gives_each_wave_what_it_adds(heart):
    torch.manual_seed(0)
    weight = torch.randn(12, 2500)
    f = linear(weight)
    found = cw.attribute(heart.record, f, "X", "wave_attribution", orders=1)
    changes = _removals(f, f.tensor(heart.record), "absent")[0]
    wanted = -(changes * weight / 100).sum(dim=2)  # (waves, leads)
    size = changes.abs()
    spread = (wanted[..., None] * size / size.sum(2, keepdim=True).clamp(min=1e-12)).sum(0).numpy()
    assert np.allclose(found.values, spread, atol=1e-4 * np.abs(spread).max())
    assert found.provenance["completeness_error"] < 1e-3
    assert found.provenance["options"] == {"orders": 1, "instead": "absent", "seed": 0}


@pytest.mark.parametrize(("wave", "lead"), [("T", "V2"), ("P", "II"), ("QRS", "V5")])
def test_what_a_model_reads_is_where_the_relevance_lies(heart, wave, lead):
    parts = heart.truth.lead_segments
    part = BEAT_SEGMENTS[wave]
    inside = (parts >= part.start) & (parts < part.stop)
    weight = torch.zeros(12, 2500)
    weight[LEADS.index(lead)] = torch.from_numpy(inside[LEADS.index(lead)].astype(np.float32))
    found = cw.attribute(heart.record, linear(weight), "X", "wave_attribution", orders=1)
    by_lead = found.by_wave.share.drop("all", level="lead").groupby("lead").sum()
    assert by_lead[lead] > 0.999
    shares = found.by_wave.loc[lead].share
    assert shares.idxmax() == wave and shares[wave] > 0.6
    assert found.by_wave.enrichment[lead, wave] > 10


def test_waves_are_taken_out_as_a_heart_lacks_them():
    heart = cw.simulate("NSR", 1, seed=5, fs=250)[0]  # its T wave is 0.36 mV tall, its P 0.05
    inversion = invert([heart.record])
    found = dict(zip(TAKEN, taken_out(inversion), strict=True))

    def without(wave):
        return Record((inversion.signals[0] + found[wave]).numpy(), 250, LEADS)

    before, no_p, no_t, low = (
        measured(one) for one in (heart.record, without("p"), without("t"), without("qrs"))
    )
    p_before, p_after = (one.leads["II"]["p_amplitude_mv"] for one in (before, no_p))
    assert p_before > 0.04 and not p_after > 0.2 * p_before
    t_before, t_after = (abs(one.leads["II"]["t_amplitude_mv"]) for one in (before, no_t))
    assert not t_after > 0.35 * t_before  # NaN: no T wave is found
    ratio = low.leads["II"]["r_amplitude_mv"] / before.leads["II"]["r_amplitude_mv"]
    assert 0.1 < ratio < 0.35
    assert len(cw.r_peaks(without("qrs"))) == len(cw.r_peaks(heart.record))
    # What changes keeps to Einthoven's law: III = II - I.
    for change in found.values():
        assert torch.allclose(change[2], change[1] - change[0], atol=1e-5)


def test_fibrillatory_waves_are_taken_out_where_there_are_some():
    still, afib = (cw.simulate(code, 1, seed=8, fs=250)[0].record for code in ("NSR", "AF"))
    power = [
        float(taken_out(invert([one]))[list(TAKEN).index("f")].square().mean())
        for one in (still, afib)
    ]
    assert power[1] > 3 * power[0]


def test_the_typical_ecg_can_stand_in(heart):
    f = linear(torch.ones(12, 2500))
    absent, typical = (
        cw.attribute(heart.record, f, "X", "wave_attribution", orders=1, instead=name)
        for name in ("absent", "typical")
    )
    assert not np.allclose(absent.values, typical.values)
    assert typical.provenance["completeness_error"] < 1e-3
    with pytest.raises(ExplainError, match=r"instead.*'absent', 'typical'"):
        cw.attribute(heart.record, f, "X", "wave_attribution", instead="zero")


def test_other_rates_and_leads_are_explained_and_fewer_refused(heart):
    eight = ["I", "II", "V1", "V2", "V3", "V4", "V5", "V6"]
    f = cw.wrap(MeanSquare(), fs=500, leads=eight, outputs=["X"], output="linear")
    found = cw.attribute(heart.record, f, "X", "wave_attribution", orders=1)
    assert found.values.shape == (8, 5000) and found.provenance["completeness_error"] < 1e-3
    assert found.by_wave.share.loc["all"]["QRS"] > 0.5  # where the power is
    one = cw.wrap(MeanSquare(), fs=250, leads=["II"], outputs=["X"], output="linear")
    with pytest.raises(ExplainError, match="does not see all leads"):
        cw.attribute(heart.record, one, "X", "wave_attribution")
    short = cw.wrap(MeanSquare(), fs=100, outputs=["X"], output="linear", seconds=2.5)
    with pytest.raises(ExplainError, match=r"shown 2\.5 s.*ten seconds"):
        cw.attribute(heart.record, short, "X", "wave_attribution")


def test_shares_by_wave_are_worked_out_by_hand():
    wave = np.array([[0, 0, 2, 4], [5, 5, 5, -1]], np.int8)  # P P QRS T / TP TP TP ?
    values = np.array([[1, -3, 4, 0], [1, 1, 0, 9]], np.float32)
    found = table(values, wave, ("I", "II"))  # |values| that count: 8 + 2 = 10, of 7 samples
    assert found.share["I", "P"] == pytest.approx(0.4) and found.net["I", "P"] == pytest.approx(
        -0.2
    )
    assert found.share["I", "QRS"] == pytest.approx(0.4) and found.share["II", "TP"] == 0.2
    assert found.duration["I", "P"] == pytest.approx(2 / 7)
    assert found.enrichment["I", "P"] == pytest.approx(0.4 * 7 / 2)
    assert found.enrichment["all", "QRS"] == pytest.approx(0.4 * 7)
    assert np.isnan(found.enrichment["II", "QRS"]) and found.share["II", "QRS"] == 0
    assert found.share["all"].sum() == pytest.approx(1)
    assert list(found.loc["all"].index) == list(WAVES)
    nothing = table(np.zeros((2, 4), np.float32), wave, ("I", "II"))
    assert nothing.share.isna().all()


def test_by_wave_of_a_median_beat(heart):
    beat = cw.wrap(
        MeanSquare(), fs=500, outputs=["X"], output="linear", median_beat=True, seconds=1.2
    )
    found = cw.attribute(heart.record, beat, "X").by_wave
    assert isinstance(found, pd.DataFrame) and found.enrichment["all", "QRS"] > 2


def test_a_record_is_inverted_once_and_another_anew(monkeypatch):
    from cofe_widgets.generative import inversion

    asked = []

    def counted(records, *rest, **more):
        asked.append(len(records))
        return invert(records, *rest, **more)

    monkeypatch.setattr(inversion, "invert", counted)
    f = linear(torch.ones(12, 2500))
    one, other = (cw.simulate("NSR", seed=seed, fs=250)[0].record for seed in (3, 4))
    first = cw.attribute(one, f, "X", "wave_attribution", orders=1)
    assert asked == [1]
    assert first.provenance["completeness_error"] < 1e-3
    method = find("wave_attribution")
    options = method.checked({})
    x, y = f.tensor(one), f.tensor(other)
    method(f, x, "X", **options)
    kept = method.baseline_of(f, y, "X", **options)  # of another ECG: not what was kept
    torch.testing.assert_close(kept, y + _removals(f, y, "absent").sum(dim=1))
    method(f, x, "X", **options)
    typical = method.baseline_of(f, x, "X", **{**options, "instead": "typical"})
    torch.testing.assert_close(typical, x + _removals(f, x, "typical").sum(dim=1))
    assert not vars(method)  # a scorecard's store knows a method by what it holds
