"""What a model needs, of models whose reason is planted; and what of it travels in a file."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

import cofe_widgets as cw
from benchmarks.planted import PLANTED, is_of, plant
from cofe_widgets.audit.trust import trust_card
from cofe_widgets.errors import ExplainError
from cofe_widgets.explain.counterfactual.reasons import Reasons

#: Nine models, each searched whole.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def record():
    return cw.simulate("NSR", seed=31)[0].record


@pytest.fixture(scope="module")
def explained(record):
    made = {}

    def of(name):
        if name not in made:
            made[name] = cw.counterfactual(record, plant(name, record), "X", severities=3)
        return made[name]

    return of


@pytest.mark.parametrize(
    "name",
    ["irregularity", "rate", "p_ii", "pr", "r_v5", "t_v2", "qt", "axis", "irregular_and_no_p"],
)
def test_the_planted_reason_is_what_is_needed_and_carries_the_answer(explained, name):
    cf, planted = explained(name), PLANTED[name]
    need = cf.needed
    assert need.reached and cf.why.nameable
    assert all(is_of(row.name, planted.names) for row in need.why.rows)
    assert all(row.needed for row in need.why.rows)
    assert sum(row.share for row in need.why.rows) == pytest.approx(1)
    carried = sum(row.share for row in cf.why.rows if is_of(row.name, planted.names))
    assert carried >= 0.8
    assert sum(row.share for row in cf.why.rows) == pytest.approx(1, abs=0.01)
    assert all(is_of(row.name, planted.names) for row in cf.why.needed)


def test_both_are_needed_or_either_is_enough(explained):
    both, either = explained("irregular_and_no_p").why, explained("irregular_or_no_p").why
    assert both.logic == "and" and "act together" in both.together
    assert either.logic == "or" and "either does it alone" in either.together


@pytest.mark.parametrize("name", ["v6_offset", "first_100_ms"])
def test_a_reason_without_a_name_is_admitted(explained, name):
    cf = explained(name)
    assert not cf.why.nameable and cf.why.together
    assert not any(row.needed for row in cf.why.rows)
    row = trust_card(cf, cf.predictor).row("Needed by the model")
    assert row.verdict == "bad" and "has no name" in row.sentence


def test_a_model_of_age_is_refused_before_the_search(record):
    with pytest.raises(ExplainError):
        cw.counterfactual(record, plant("age", record), "X")


def test_the_needed_answer_is_no_longer_than_one_to_which_all_else_is_forbidden(record, explained):
    f = plant("rate", record)
    alone = cw.counterfactual(record, f, "X", severities=2, vary=["heart_rate"]).needed
    free = explained("rate").needed
    assert free.provenance["distance"] <= 1.03 * alone.provenance["distance"]


def test_what_the_model_does_not_see_is_not_changed(explained):
    need = explained("t_v2").needed
    change = np.abs(need.signals[-1] - need.signals[0]).max(axis=1)
    leads = list(need.original.leads)
    assert change[leads.index("V2")] > 0.1
    assert change[[leads.index(lead) for lead in ("I", "II", "V4", "V5", "V6")]].max() < 1e-4
    assert need.why.unseen


def test_the_trust_card_says_what_came_along(explained):
    cf = explained("irregularity")
    row = trust_card(cf, cf.predictor).row("Needed by the model")
    assert row.verdict == "mind" and "RR irregularity" in row.sentence
    assert "Came along" in row.sentence and "P waves" in row.sentence


def test_reasons_travel(explained, tmp_path):
    cf = explained("rate")
    cf.save(tmp_path / "cf.zip")
    again = cw.Counterfactual.load(tmp_path / "cf.zip")
    assert again.why.to_dict() == cf.why.to_dict() and again.reasons.equals(cf.reasons)
    assert (
        again.needed.message == cf.needed.message
        and again.needed.why.to_dict() == cf.needed.why.to_dict()
    )
    assert np.array_equal(again.needed.signals, cf.needed.signals)
    assert again.needed.needed is again.needed
    cf.needed.save(tmp_path / "needed.zip")
    assert cw.Counterfactual.load(tmp_path / "needed.zip").is_needed
    sent = pickle.loads(pickle.dumps(cf))
    assert sent.why.to_dict() == cf.why.to_dict() and sent.needed.message == cf.needed.message


def test_without_a_model_nothing_is_said_of_its_reasons(explained):
    alone = replace(explained("rate"), predictor=None)
    with pytest.raises(ExplainError, match="not at hand"):
        _ = alone.needed
    with pytest.raises(ExplainError):
        _ = alone.reasons


@pytest.mark.parametrize(
    "change",
    [
        {"rows": 3},
        {"rows": [{"name": "x"}]},
        {"logic": "maybe"},
        {"moved": "far"},
        {"nameable": "yes"},
    ],
)
def test_damaged_reasons_are_refused(explained, change):
    with pytest.raises(ValueError, match="its"):
        Reasons.from_dict({**explained("rate").why.to_dict(), **change})
