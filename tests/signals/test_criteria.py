from math import nan

import pytest

from cofe_widgets.signals.criteria.diagnoses import (
    CRITERIA,
    DIAGNOSES,
    bradycardia,
    diagnosis,
    holds,
    irregular_rr,
    large_voltage,
    left_axis,
    long_pr,
    long_qt,
    low_voltage,
    no_p_waves,
    right_axis,
    right_bundle,
    sinus_p_waves,
    tachycardia,
    wide_qrs,
)

from ..measured_hearts import fibrillating, heart


@pytest.mark.parametrize(
    ("criterion", "name", "below", "above", "when_above"),
    [
        (no_p_waves, "p_presence", 0.29, 0.3, False),
        (bradycardia, "heart_rate_bpm", 59.9, 60.0, False),
        (tachycardia, "heart_rate_bpm", 100.0, 100.1, True),
        (long_pr, "pr_ms", 200.0, 200.1, True),
        (wide_qrs, "qrs_ms", 119.9, 120.0, True),
        (irregular_rr, "rr_rmssd_ms", 80.0, 80.1, True),  # a tenth of 800 ms
        (left_axis, "qrs_axis_deg", -30.1, -30.0, False),
        (right_axis, "qrs_axis_deg", 90.0, 90.1, True),
    ],
)
def test_every_limit_is_where_it_is_written(criterion, name, below, above, when_above):
    assert criterion(heart(**{name: below})).met is not when_above
    assert criterion(heart(**{name: above})).met is when_above
    assert criterion(heart(**{name: nan})).met is None
    assert "without" in criterion(heart(**{name: nan})).reason


def test_sinus_p_waves_are_upright_and_before_most_beats():
    assert sinus_p_waves(heart()).met is True
    assert sinus_p_waves(heart(p_presence=0.79)).met is False
    assert sinus_p_waves(heart(p_amplitude_mv=-0.1)).met is False
    assert sinus_p_waves(fibrillating()).met is False


def test_an_axis_beyond_minus_90_points_to_the_right_and_not_to_the_left():
    assert left_axis(heart(qrs_axis_deg=-100)).met is False


def test_the_limit_of_qtc_depends_on_the_sex_and_is_not_judged_in_an_irregular_rhythm():
    assert long_qt(heart(qtc_fridericia_ms=455, sex="M")).met is True
    assert long_qt(heart(qtc_fridericia_ms=455, sex="F")).met is False
    assert long_qt(heart(qtc_fridericia_ms=455)).met is None
    assert long_qt(heart(qtc_fridericia_ms=465)).met is True
    verdict = long_qt(fibrillating(qtc_fridericia_ms=500))
    assert verdict.met is None and "irregular" in verdict.reason


def test_low_voltage_is_low_in_all_limb_leads_or_in_all_chest_leads():
    limb = ("I", "II", "III", "aVR", "aVL", "aVF")
    small = {"r_amplitude_mv": 0.3, "s_amplitude_mv": -0.15}
    assert low_voltage(heart(leads=dict.fromkeys(limb, small))).met is True
    assert low_voltage(heart(leads=dict.fromkeys(limb[:5], small))).met is False
    assert low_voltage(heart()).met is False


def test_right_bundle_branch_block_needs_width_a_broad_s_and_an_r_in_v1():
    broad = {"s_duration_ms": 50.0}
    block = {"I": broad, "V6": broad, "V1": {"r_amplitude_mv": 0.8}}
    assert right_bundle(heart(leads=block, qrs_ms=140)).met is True
    assert right_bundle(heart(leads=block, qrs_ms=110)).met is False
    assert right_bundle(heart(leads={"I": broad}, qrs_ms=140)).met is False
    unseen = right_bundle(heart(leads=block | {"V1": {"r_amplitude_mv": 0.1}}, qrs_ms=140))
    assert unseen.met is None and "R'" in unseen.reason


def test_large_voltage_is_any_of_its_rules():
    assert large_voltage(heart()).met is False
    assert large_voltage(heart(leads={"V5": {"r_amplitude_mv": 3.1}})).met is True


def test_a_diagnosis_holds_when_all_that_it_asks_for_does():
    assert holds(diagnosis("AF", fibrillating())) is True
    assert holds(diagnosis("AF", fibrillating(rr_rmssd_ms=30.0))) is False
    assert holds(diagnosis("AF", fibrillating(rr_rmssd_ms=nan))) is None
    assert holds(diagnosis("SB", heart(heart_rate_bpm=50))) is True
    assert holds(diagnosis("no such thing", heart())) is None


def test_every_criterion_says_what_it_asks_for_and_by_whose_word():
    for criterion in {*CRITERIA, *(one for some in DIAGNOSES.values() for one in some)}:
        verdict = criterion(heart())
        assert verdict.name and verdict.words and verdict.source
        assert verdict.met in (True, False)
