from math import inf, nan

import pytest

from cofe_widgets.signals import LEAD_UNITS, UNITS
from cofe_widgets.signals.changes import OF_ECG, OF_LEADS, Change, Findings
from cofe_widgets.vocabulary.measurements import MEASUREMENTS

from ..measured_hearts import fibrillating, heart


def test_an_angle_changes_by_the_shorter_way_round():
    change = Change("qrs_axis_deg", 170.0, -170.0, 10.0)
    assert change.by == pytest.approx(20) and change.counts


def test_a_wave_that_is_absent_has_not_changed_by_a_number():
    change = Change("p_amplitude_mv", 0.1, nan, 0.03)
    assert not change.counts


def test_what_moves_by_less_than_its_error_is_not_found():
    just_below = MEASUREMENTS["qrs_ms"].least - 0.1
    found = Findings(heart(), heart(qrs_ms=90 + just_below, qrs_axis_deg=54.0))
    assert found.moved == {}
    assert set(Findings(heart(), heart(qrs_ms=100)).moved) == {"qrs_ms"}


def test_errors_are_larger_where_the_rhythm_is_irregular_and_qt_means_nothing_there():
    found = Findings(heart(), fibrillating(heart_rate_bpm=79.0, qt_ms=480.0))
    assert not found.changes["heart_rate_bpm"].counts
    assert not found.changes["qt_ms"].counts
    assert Findings(heart(), heart(heart_rate_bpm=79.0)).changes["heart_rate_bpm"].counts


def test_a_lead_alone_is_chance_two_neighbours_are_a_finding():
    up = {"j_amplitude_mv": 0.15}
    alone = Findings(heart(), heart(leads={"V2": up, "V5": up}))
    assert alone.in_leads("j_amplitude_mv") == {}
    both = Findings(heart(), heart(leads={"V2": up, "V3": up, "V6": up}))
    assert set(both.in_leads("j_amplitude_mv")) == {"V2", "V3"}
    opposed = heart(leads={"V2": up, "V3": {"j_amplitude_mv": -0.15}})
    assert Findings(heart(), opposed).in_leads("j_amplitude_mv") == {}


def test_a_deflection_that_appears_is_measured_from_zero():
    none, some = {"q_amplitude_mv": nan}, {"q_amplitude_mv": -0.3}
    leads = ("II", "aVF")
    found = Findings(
        heart(leads=dict.fromkeys(leads, none)), heart(leads=dict.fromkeys(leads, some))
    )
    assert {lead: one.by for lead, one in found.in_leads("q_amplitude_mv").items()} == {
        "II": pytest.approx(-0.3),
        "aVF": pytest.approx(-0.3),
    }


def test_the_interval_from_a_p_wave_too_faint_to_see_is_not_told():
    found = Findings(heart(pr_ms=216), heart(pr_ms=186, p_amplitude_mv=0.02))
    assert not found.changes["pr_ms"].counts
    assert Findings(heart(pr_ms=216), heart(pr_ms=186)).changes["pr_ms"].counts


def test_a_criterion_turns_only_on_a_change_beyond_error():
    by_a_hair = Findings(heart(qrs_ms=118), heart(qrs_ms=121))
    assert by_a_hair.turned == []
    clearly = Findings(heart(qrs_ms=100), heart(qrs_ms=130)).turned
    assert [(old.met, new.met, new.name) for old, new in clearly] == [(False, True, "a wide QRS")]
    raised = {"j_amplitude_mv": 0.2, "st_amplitude_mv": 0.2}
    leads = dict.fromkeys(("II", "III", "aVF"), raised)
    assert [new.name for _, new in Findings(heart(), heart(leads=leads)).turned] == ["ST-ELEV-ISC"]


def test_losing_p_waves_turns_three_criteria_of_rhythm():
    names = [new.name for _, new in Findings(heart(), fibrillating()).turned]
    assert names == ["no P waves", "sinus P waves", "irregular RR intervals"]


def test_every_number_is_one_that_is_measured_in_its_unit():
    assert set(OF_ECG) <= set(UNITS) and set(OF_LEADS) <= set(LEAD_UNITS)
    for name in (*OF_ECG, *OF_LEADS):
        about = MEASUREMENTS[name]
        assert 0 < about.least <= about.least_irregular and about.least < inf


def test_everything_that_a_criterion_may_turn_on_is_known():
    every = Findings(heart(), fibrillating())
    names = {verdict.name for pair in every.judged for verdict in pair}
    for name in names:
        assert isinstance(every.beyond(name), bool)
