"""Counterfactuals marked against true twins, and the marks against cases worked out by hand."""

from math import isnan

import numpy as np
import pytest
from torch import nn

import cofe_widgets as cw
from cofe_widgets.audit.numbers import MEASUREMENTS, P_OR_0, chosen, numbers
from cofe_widgets.audit.twins import (
    BEAT_MS,
    correlation,
    median_of_beats,
    overlap,
    same_beats,
    sign_of_changes,
    twin_score,
)

NAN = float("nan")


def test_the_correlation_of_changes_over_all_leads_together():
    a = np.array([[1.0, -1.0], [2.0, -2.0]])
    assert correlation(a, 3 * a) == pytest.approx(1.0)
    assert correlation(a, -a) == pytest.approx(-1.0)
    # Products 1, 1, -4, -4 over squares of 10 each.
    assert correlation(a, a * [[1], [-1]]) == pytest.approx(-0.6)
    assert isnan(correlation(a, np.zeros((2, 2))))


def test_overlap_counts_samples_and_energy():
    cause = np.array([[0.5, 0.5, 0.0, 0.0, 0.02]])
    change = np.array([[0.3, 0.0, 0.4, 0.0, 0.0]])
    got = overlap(change, cause)
    assert got["iou"] == pytest.approx(1 / 3)  # one of three altered by either
    assert got["energy"] == pytest.approx(0.09 / 0.25)
    assert got["chance"] == pytest.approx(2 / 5)  # 0.02 mV is less than a line's width
    nothing = overlap(np.zeros((1, 5)), np.zeros((1, 5)))
    assert isnan(nothing["iou"]) and isnan(nothing["energy"])


def test_only_changes_beyond_the_error_are_asked_for_and_an_unmeasurable_one_is_not_right():
    def heart(**values):
        return dict.fromkeys(MEASUREMENTS, 1.0) | values

    errors = dict.fromkeys(MEASUREMENTS, 5.0)
    rows = sign_of_changes(
        heart(qrs_ms=90, qt_ms=400, pr_ms=160, rr_sd_ms=20, qrs_axis_deg=170.0, p_amplitude_mv=9),
        heart(
            qrs_ms=140, qt_ms=404, pr_ms=200, rr_sd_ms=200, qrs_axis_deg=-170, p_amplitude_mv=NAN
        ),
        heart(qrs_ms=92, qt_ms=400, pr_ms=150, rr_sd_ms=20, qrs_axis_deg=160.0),
        heart(qrs_ms=112, qt_ms=300, pr_ms=NAN, rr_sd_ms=10, qrs_axis_deg=-175.0),
        errors,
    )
    got = {row["measurement"]: row for row in rows}
    assert set(got) == {"qrs_ms", "pr_ms", "rr_sd_ms", "qrs_axis_deg"}
    assert (got["qrs_ms"]["true"], got["qrs_ms"]["found"]) == (50, 20) and got["qrs_ms"]["right"]
    assert not got["pr_ms"]["right"] and not got["rr_sd_ms"]["right"]
    assert got["qrs_axis_deg"]["true"] == 20 and got["qrs_axis_deg"]["found"] == 25
    assert got["qrs_axis_deg"]["right"]


def test_a_change_that_the_measurement_withholds_is_neither_right_nor_wrong():
    heart = dict.fromkeys(MEASUREMENTS, 1.0)
    errors = dict.fromkeys(MEASUREMENTS, 5.0)
    withheld = {name: value for name, value in heart.items() if name != "qt_ms"}
    rows = sign_of_changes(
        heart, heart | {"qt_ms": 90.0, "qrs_ms": 80.0}, heart, withheld | {"qrs_ms": 70.0}, errors
    )
    assert [row["measurement"] for row in rows] == ["qrs_ms"]


def test_the_median_beat_is_the_beat_where_all_beats_are_alike():
    fs, r_s = 250.0, np.array([1.0, 2.0, 3.0, 4.0])
    time = np.arange(1250) / fs
    wave = np.exp(-0.5 * np.square((time[:, None] - r_s - 0.2) / 0.02)).sum(axis=1)
    drift = np.stack((wave + 0.7, -2 * wave))  # a level of its own is no change
    beat = median_of_beats(drift, fs, r_s)
    shape = np.exp(-0.5 * np.square((BEAT_MS / 1000 - 0.2) / 0.02))
    assert np.abs(beat - [shape, -2 * shape]).max() < 1e-3
    assert np.isnan(median_of_beats(drift, fs, np.array([0.1]))).all()


def test_beats_that_moved_are_told_from_beats_that_did_not():
    r_s = np.array([0.5, 1.5, 2.5])
    assert same_beats(r_s, r_s + 0.01)
    assert not same_beats(r_s, r_s[1:]) and not same_beats(r_s, r_s * 1.01 + 0.001)


def test_an_absent_p_wave_is_0_high_where_waves_are_compared():
    here = cw.simulate("NSR", seed=1)[0]
    gone = cw.simulate("AF", seed=1)[0]
    assert numbers(here.record)[P_OR_0] == numbers(here.record)["p_amplitude_mv"] > 0
    assert numbers(gone.record)[P_OR_0] == 0 and isnan(numbers(gone.record)["p_amplitude_mv"])
    assert chosen(gone.truth.measurements)[P_OR_0] == 0
    assert isnan(chosen(cw.measure(here.record.crop(0, 1)))[P_OR_0])


@pytest.mark.slow
def test_fibrillation_is_marked_beat_by_beat():
    score = twin_score("AF", cw.load("af-resnet"), "AF", n=2, seed=4)
    assert len(score.pairs) == 2 and (score.pairs.failure == "").all()
    assert {"p_presence", "rr_sd_ms"} <= set(score.table.index)
    assert score.table.loc["rr_sd_ms", "signs right"] == 1
    assert score.table.loc["p_presence", "true"] == -1
    assert score.pairs.twin.min() > 0.5 > score.pairs.healthy.max()
    assert score.pairs.recognised.all()
    assert ((score.pairs.r > 0) & (score.pairs.r <= 1)).all()
    again = twin_score("AF", cw.load("af-resnet"), "AF", n=2, seed=4)
    assert again.pairs.equals(score.pairs) and again.changes.equals(score.changes)
    assert "signs right" in score._repr_html_() and "AF: 2 of 2 hearts" in repr(score)


@pytest.mark.slow
def test_an_oracle_that_asks_for_the_t_wave_is_asked_for_the_twins_own_value():
    class TArea(nn.Module):
        """Mean of V3, which hyperkalaemia raises by its T waves: a model that sees the truth."""

        def forward(self, x):
            return 20 * x[:, 0].clamp(min=0).mean(dim=1, keepdim=True)

    f = cw.wrap(TArea(), fs=250, leads=["V3"], outputs=["area"], output="linear")
    score = twin_score("HYPERK", f, "area", n=2, seed=1, potassium=7.0, noise=0.0)
    pairs = score.pairs
    assert (pairs.twin > pairs.healthy).all() and pairs.reached.all()
    assert np.allclose(pairs.counterfactual, pairs.twin, atol=0.1)
    assert score.changes.found[score.changes.measurement == "t_amplitude_mv"].gt(0).all()


def test_hearts_that_cannot_be_asked_are_said():
    score = twin_score("AF", cw.load("af-resnet"), "SR", n=2, seed=4)
    assert score.pairs.failure.str.contains("already answers SR").all()
    assert len(score.changes) == 0 and isnan(score.signs_right) and isnan(score.r)
    assert "0 of 2 hearts" in repr(score)
    with pytest.raises(cw.audit.AuditError, match="n=0"):
        twin_score("AF", cw.load("af-resnet"), "AF", n=0)
    with pytest.raises(cw.ExplainError, match="'VT'.*SR, AF"):
        twin_score("AF", cw.load("af-resnet"), "VT", n=1)
