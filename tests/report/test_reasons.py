"""What a model needs, and what came along: in sentences, and as a band behind the trace."""

from dataclasses import replace
from itertools import pairwise
from math import nan

import numpy as np
import pandas as pd
import pytest

from cofe_widgets.explain.counterfactual.reasons import Reason, Reasons
from cofe_widgets.report.figures.shares import shares_band
from cofe_widgets.report.narrative import narrative
from cofe_widgets.report.reasons import answers, coincide, needs, packed_reasons, reason_texts
from cofe_widgets.report.rows import LISTED, changes
from cofe_widgets.signals import median_beat
from cofe_widgets.signals.changes import Findings
from cofe_widgets.simulate import simulate
from cofe_widgets.vocabulary.measurements import MEASUREMENTS

IRREGULAR = Reason("irregularity", "RR irregularity", 0.28, "of the mean", 0.84, True)
P_GONE = Reason("p_wave_taken_away", "P waves taken away", 1.0, "", 0.09, False)
F_WAVES = Reason("f_wave_amplitude", "fibrillatory waves", 1.2, "", 0.07, False)
ALONE = replace(IRREGULAR, amount=0.3, share=1.0)


def reasons(*rows, nameable=True, together=""):
    return Reasons(rows, 5.3, nameable, "single" if nameable else "", together)


def answered(found, why, need, **facts):
    """A counterfactual of which these are the reasons."""
    made = replace(found, predictor=None, **facts)
    needed = replace(made, method="needed")
    vars(needed).update(why=need, needed=needed)
    vars(made).update(why=why, needed=needed)
    return made


def test_what_is_needed_is_told_apart_from_what_came_along(sinus_to_af):
    cf = answered(sinus_to_af, reasons(IRREGULAR, P_GONE, F_WAVES), reasons(ALONE))
    said = (
        "f this af-resnet needs RR irregularity +30% (84 % of the moved log-odds); "
        "P waves gone and fibrillatory waves +1.20 came along"
    )
    assert needs(cf) == f"o{said}"
    text = narrative(cf)
    assert f"moves from 0.04 to 0.90. O{said}. The changed ECG meets the criteria" in text
    own = "This is what af-resnet needs, nothing beside it was changed: RR irregularity +30%."
    assert own in narrative(cf.needed)


def test_another_change_than_the_one_drawn_is_told_so(sinus_to_af):
    t = Reason("t_i_avl", "T in I and aVL", -1.5, "mV", 1.0, True)
    qrs = Reason("qrs", "QRS duration", 1.06, "x", 0.06, True)
    piece = Reason("qrs/v1_v2", "QRS in V1-V2", 0.9, "mV", 0.94, False)
    said = needs(answered(sinus_to_af, reasons(piece, qrs), reasons(t)))
    assert said == (
        "what af-resnet needs is T in I and aVL -1.50 mV; of the change drawn, QRS duration +6% "
        "carries 6 % of the moved log-odds"
    )
    said = needs(answered(sinus_to_af, reasons(piece), reasons(t)))
    assert said == "what af-resnet needs is T in I and aVL -1.50 mV, no part of the change drawn"


def test_both_answers_coincide_where_changes_and_amounts_are_the_same(sinus_to_af):
    both = reasons(replace(IRREGULAR, share=1.0)), reasons(ALONE)
    assert coincide(*both)
    assert "looks like coincide: RR irregularity +30%" in needs(answered(sinus_to_af, *both))
    assert not coincide(both[0], reasons(replace(ALONE, amount=0.4)))
    assert not coincide(both[0], reasons(replace(ALONE, amount=-0.28)))
    assert not coincide(reasons(IRREGULAR, P_GONE), both[1])


def test_a_reason_without_a_name_is_admitted(sinus_to_af):
    why = "all of it rests on what lies between 0 and 1 s, whichever beat that is"
    need = reasons(replace(ALONE, needed=False), nameable=False, together=why)
    cf = answered(sinus_to_af, reasons(P_GONE, nameable=False, together=why), need)
    assert needs(cf) == needs(cf.needed) == f"what af-resnet rests on has no name: {why}"


def test_nothing_is_told_where_nobody_can_be_asked(sinus_to_af):
    alone = replace(sinus_to_af, predictor=None)
    assert answers(alone) is None and needs(alone) == ""
    assert "needs" not in narrative(alone)


def test_a_piece_of_a_change_without_a_name_did_not_come_along(sinus_to_af):
    piece = Reason("t/v1_v2", "T in V1-V2", 0.1, "mV", 0.05, False)
    small = Reason("small", "changes too small to name", nan, "", 0.02, False)
    packed = packed_reasons(reasons(IRREGULAR, P_GONE, piece, small))
    assert [row["along"] for row in packed["rows"]] == [False, True, False, False]
    assert reason_texts(packed)[:2] == [
        ("RR irregularity +28%", "84 %", "needed"),
        ("P waves gone", "9 %", "came along"),
    ]


@pytest.mark.parametrize(
    ("name", "at_ms", "lead", "other"),
    [
        ("r_v1_v2", 0, "V1", "I"),
        ("qrs/ii_iii_avf", 0, "aVF", "V1"),
        ("r_amplitude", 0, "I", None),
        ("t/v5_v6", None, "V6", "V1"),
        ("t_amplitude", None, "V1", None),
    ],
)
def test_a_share_is_drawn_where_its_wave_is(sinus_to_af, name, at_ms, lead, other):
    row = Reason(name, name, 0.5, "mV", 0.7, True)
    cf = answered(sinus_to_af, reasons(row, replace(IRREGULAR, share=0.3)), reasons(ALONE))
    beat = median_beat(cf.record(1.0))
    at_ms = beat.t.peak_ms if at_ms is None else at_ms
    band = shares_band(cf)
    at = np.rint((beat.r_peaks_s + at_ms / 1000) * band.fs).astype(int)
    at = at[at < band.values.shape[1]]
    of = band.values[:, at]
    assert np.median(of[band.leads.index(lead)]) == pytest.approx(70)
    assert other is None or (of[band.leads.index(other)] < 70).all()
    assert band.limit == pytest.approx(70)


def test_what_changes_between_beats_is_drawn_there_and_what_came_along_is_pale(sinus_to_af):
    cf = answered(sinus_to_af, reasons(IRREGULAR, P_GONE), reasons(ALONE))
    before, after = median_beat(cf.original), median_beat(cf.record(1.0))
    assert np.isnan(after.p.peak_ms)  # its place is known from the original
    band = shares_band(cf)
    row = band.values[0]
    long = np.flatnonzero(np.diff(after.r_peaks_s) > 0.9)
    assert len(long)
    for r in after.r_peaks_s[long + 1]:
        p = round((r + before.p.peak_ms / 1000) * band.fs)
        assert row[p] == pytest.approx(9)
        assert row[round(r * band.fs)] == 0
    for r in after.r_peaks_s[long]:
        assert row[round((r + after.t.offset_ms / 1000 + 0.02) * band.fs)] == pytest.approx(84)


def test_a_rhythm_without_a_pause_between_t_and_p_still_shows_what_its_change_carries(sinus_to_af):
    fast = simulate("STach", seed=21, fs=250)[0].record
    cf = replace(sinus_to_af, predictor=None, signals=np.stack([fast.signal] * 2))
    vars(cf)["why"] = reasons(IRREGULAR)
    peaks = median_beat(cf.record(1.0)).r_peaks_s
    assert np.median(np.diff(peaks)) < 0.55
    band = shares_band(cf)
    for first, last in pairwise(np.rint(peaks * band.fs).astype(int)):
        assert band.values[0, first:last].max() == pytest.approx(84)


def test_a_number_that_is_not_given_is_not_called_gone(sinus_to_af):
    before = sinus_to_af.findings.before
    gone = {**before.values, "r_amplitude_mv": nan, "t_amplitude_mv": nan}
    after = replace(before, values=gone, reasons={"r_amplitude_mv": "beats disagree"})
    cf = replace(sinus_to_af, method="gradient")
    vars(cf)["findings"] = Findings(before, after)
    vars(cf)["measurements"] = pd.DataFrame(
        [(name, before.values[name], gone[name]) for name in LISTED],
        columns=["measurement", "original", "counterfactual"],
    )
    rows = {row["label"]: row for row in changes(cf)}
    r, t = (MEASUREMENTS[name].title for name in ("r_amplitude_mv", "t_amplitude_mv"))
    assert rows[r]["missing"] == "–" and not rows[r]["notable"]
    assert rows[t]["missing"] == "absent" and rows[t]["notable"]


def test_what_is_not_given_of_the_changed_ecg_keeps_its_reason():
    record = simulate("NSR", seed=3)[0].record
    halved = record.signal.copy()
    halved[:, :1250] *= np.linspace(1, 0.05, 1250)[None]
    halved[:, 1250:] = np.random.default_rng(0).normal(0, 0.3, halved[:, 1250:].shape)
    found = Findings.between(record, record.with_signal(halved))
    missing = [name for name in found.after.reasons if name.startswith("r_")]
    assert missing and all(found.after.values[name] != found.after.values[name] for name in missing)
