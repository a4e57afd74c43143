"""`cw.concepts`: the right concept scores, the other does not; the paper's conditions; nothing is mixed up."""

import numpy as np
import pandas as pd
import pytest
import torch

import cofe_widgets as cw
from cofe_widgets.explain.concepts import ConceptScores

from .planted import high, records, wrapped


@pytest.fixture(scope="module")
def some():
    return records()[0]


@pytest.fixture(scope="module")
def scores(some):
    return cw.concepts(some, wrapped(), [high("I"), high("II")], causal=0)


def test_the_planted_cause_scores_and_the_other_does_not(scores):
    """A rests on lead I, B falls with lead II; the other lead is neither."""
    assert scores.names == ("high I", "high II") and scores.outputs == ("A", "B")
    middle, stars = scores.quartiles[1], scores.stars
    assert stars[0, :, 0].all() and (middle[0, :, 0] == 1).all()
    assert stars[1, :, 1].all() and (middle[1, :, 1] == 0).all()
    # A step of half a mV either way is what the answers are made of; the other lead moves them by far less.
    effects = scores.effects
    assert effects[0, :, 0] == pytest.approx(1.0, abs=0.1)
    assert effects[1, :, 1] == pytest.approx(-1.0, abs=0.1)
    assert np.abs(effects[1, :, 0]).max() < 0.1 and np.abs(effects[0, :, 1]).max() < 0.1


@pytest.mark.parametrize("how", ["pooled", "flat"])
@pytest.mark.parametrize("direction", ["classifier", "pattern"])
def test_the_cause_scores_whatever_the_features_and_the_direction(some, how, direction):
    found = cw.concepts(
        some, wrapped(), [high("I")], classes=["A"], features=how, direction=direction, causal=0
    )
    assert found.stars[0].all() and (found.quartiles[1, 0] == 1).all()
    assert found.provenance["call"]["features"] == how


def test_layers_are_those_through_which_all_of_the_answer_goes(scores):
    assert scores.layers == ("relu", "pool")
    f = cw.load("nine-resnet")
    from cofe_widgets.explain.concepts.chosen_layers import chosen_layers

    names = [one.name for one in chosen_layers(f)]
    assert names == ["blocks.0", "blocks.1", "blocks.3", "blocks.4", "blocks.6", "pool"]
    assert len(chosen_layers(cw.load("t-amplitude-lenet"))) == 6
    assert [one.name for one in chosen_layers(f, ["stem", "blocks.2.conv1"])] == [
        "stem",
        "blocks.2.conv1",
    ]


def test_random_concepts_stand_beside_and_cannot_be_told(scores):
    dummy = scores.concepts.dummy.to_numpy(bool)
    assert dummy.sum() == 10 and not dummy[:2].any()
    assert not scores.separable[dummy].any()
    assert scores.dummy_stars["stars"] == 0 and scores.dummy_stars["cells"] == 10 * 2 * 2
    # It is the accuracy that keeps them from one: the other conditions alone would not.
    assert scores.dummy_stars["rate_unguarded"] >= 0


def test_the_scores_are_what_the_formula_says(some):
    """One CAV by hand: the share of examples whose gradient along it is positive."""
    f = wrapped()
    found = cw.concepts(some, f, [high("I")], layers=["pool"], cavs=1, causal=0)
    along = found.sensitivity[0, 0]
    for k in range(2):
        members = found.belongs[k] == 1
        assert np.isfinite(along[k][members]).all() and np.isnan(along[k][~members]).all()
        assert found.scores[0, 0, 0, 0, k] == pytest.approx((along[k][members] > 0).mean())


def test_the_papers_conditions():
    """By hand: quartiles within a quarter and on one side of a half, accuracy above seven tenths."""
    shape = (1, 4, 4, 1, 1)
    rows = np.array(
        [[0.9, 0.9, 1.0, 1.0], [0.5, 0.9, 1.0, 1.0], [0.45, 0.5, 0.55, 0.6], [0.9, 0.9, 1.0, 1.0]]
    )
    accuracy = np.array([0.9, 0.9, 0.9, 0.7])
    concept = {
        "title": "t", "kind": "values", "dummy": False, "positives": 20, "negatives": 20,
        "unknown": 0, "own": "", "edit": "", "note": "",
    }  # fmt: skip
    from cofe_widgets.explain.concepts.result import CAUSAL, FAILED

    found = ConceptScores(
        rows.T.reshape(shape),
        np.tile(accuracy, (1, 4, 1))[..., None],
        np.full((4, 1, 1, 2), np.nan),
        np.full((4, 2), np.nan),
        np.zeros((1, 2)),
        pd.DataFrame([{"concept": f"c{k}", **concept} for k in range(4)]),
        pd.DataFrame([{"class": "A", "examples": 2, "note": ""}]),
        ("layer",),
        pd.DataFrame(columns=list(CAUSAL)),
        pd.DataFrame(columns=list(FAILED)),
        {"models": ["m"]},
    )
    # c1 spreads by 0.2 and passes; c2 holds a half; c3 is right in seven tenths and no more.
    assert found.quartiles[:, 1, 0, 0] == pytest.approx([0.8, 0.95, 1.0])
    assert found.stars[:, 0, 0].tolist() == [True, True, False, False]
    assert found.separable[:, 0].tolist() == [True, True, True, False]


def test_a_concept_does_not_depend_on_the_others_that_are_asked(some, scores):
    alone = cw.concepts(some, wrapped(), [high("II")], causal=0, dummies=0)
    assert np.array_equal(alone.scores[:, :, 0], scores.scores[:, :, 1])
    assert np.array_equal(alone.accuracy[:, :, 0], scores.accuracy[:, :, 1])
    assert np.isnan(alone.dummy_stars["rate"])
    assert "not known" in alone.words()


def test_two_models_of_one_name_are_two_models(some):
    """Nothing is kept from one to the next, in one call or in two."""
    one, other = wrapped("twin"), wrapped("twin", gain=-1.0)
    first, second = (cw.concepts(some, f, [high("I")], ["A"], causal=0) for f in (one, other))
    assert (first.quartiles[1, 0] == 1).all() and (second.quartiles[1, 0] == 0).all()
    assert first.provenance["model_hashes"] != second.provenance["model_hashes"]
    both = cw.concepts(some, [one, other], [high("I")], ["A"], causal=0)
    assert np.array_equal(both.scores[0], first.scores[0])
    assert np.array_equal(both.scores[1], second.scores[0])
    assert not both.stars[0].any()  # initialisations that disagree have no star


def test_a_model_that_changed_is_asked_anew(some):
    f = wrapped()
    before = cw.concepts(some, f, [high("I")], ["A"], causal=0)
    with torch.no_grad():
        f.module.head.weight.mul_(-1)
    after = cw.concepts(some, f, [high("I")], ["A"], causal=0)
    assert (before.quartiles[1, 0] == 1).all() and (after.quartiles[1, 0] == 0).all()


def test_a_dead_gradient_is_no_evidence_against(some):
    """Where a ReLU passes nothing the answer goes neither way: a half, and no star."""

    class Dead(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.pool, self.head = torch.nn.AdaptiveAvgPool1d(1), torch.nn.Linear(2, 1)
            torch.nn.init.constant_(self.head.weight, 1.0)
            torch.nn.init.constant_(self.head.bias, -1.0)

        def forward(self, x):
            return self.head(self.pool(x)[:, :, 0]).relu()

    f = cw.wrap(Dead(), fs=100, leads=("I", "II"), outputs=["A"], output="linear")
    found = cw.concepts(some, f, [high("I")], layers=["pool"], examples="all", causal=0)
    passed = np.mean([one["A"] > 0 for one in f.predict(some)])
    assert 0.4 < passed < 0.9
    assert found.scores[:, :, 0] == pytest.approx(passed + (1 - passed) / 2)


def test_steps_show_scores_class_by_class(some):
    steps = list(cw.concepts.steps(some, wrapped(), [high("I"), high("II")], causal=0))
    fractions = [one.fraction for one in steps]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    partial = [one.partial for one in steps if one.partial is not None]
    known = [np.isfinite(one.quartiles[1, 0]).any(axis=0).tolist() for one in partial]
    assert known == [[True, False], [True, True]]
    assert isinstance(steps[-1].result, ConceptScores)
    work = cw.concepts.steps(some, wrapped(), [high("I")], causal=0)
    next(work)
    work.close()


def test_the_value_is_kept_and_made_again(scores, some, tmp_path):
    scores.save(tmp_path / "scores.cofe")
    again = ConceptScores.load(tmp_path / "scores.cofe")
    assert np.array_equal(again.scores, scores.scores, equal_nan=True)
    assert again.concepts.equals(scores.concepts) and again.layers == scores.layers
    assert again.words() == scores.words() and again.figure() == scores.figure()
    fresh = cw.concepts(some, wrapped(), [("high I", high("I"))], causal=0, cavs=2)
    made = fresh.rerun(some, wrapped(), concepts=[high("I")])
    assert np.array_equal(made.scores, fresh.scores)


def test_the_table_and_the_records_that_say_most(scores):
    frame = scores.to_frame()
    assert len(frame) == len(scores.concepts) * len(scores.layers) * 2
    row = frame[(frame.concept == "high I") & (frame["class"] == "A")].iloc[0]
    assert row.star and row.tcav == 1 and row.accuracy > 0.95 and row.effect > 0.5
    found = scores.extremes("high I", "pool", "A", 3)
    assert len(found["positive"]) == 3 and found["negative"] == []
    assert all(scores.belongs[0, place] == 1 for place in found["positive"])


def test_examples_by_the_models_own_word_and_all(some):
    f = wrapped(gain=20.0)
    told = cw.concepts(some, f, [high("I")], ["A"], examples="predictions", causal=0)
    said = np.array([one["A"] >= 0.5 for one in f.predict(some)])
    assert np.array_equal(told.belongs[0] == 1, said)
    every = cw.concepts(some, f, [high("I")], ["A"], examples="all", causal=0)
    assert every.belongs.sum() == len(some)


def test_matthews_correlation_by_hand_and_by_scikit_learn():
    from sklearn.metrics import matthews_corrcoef

    from cofe_widgets.explain.concepts.correlation import matthews

    dice = np.random.default_rng(0)
    members, labels = (
        dice.integers(0, 2, (3, 50)).astype(float),
        dice.integers(0, 2, (2, 50)).astype(float),
    )
    members[0, :5] = np.nan
    members[2] = 1
    found = matthews(members, labels)
    assert found[0, 1] == pytest.approx(matthews_corrcoef(labels[1, 5:], members[0, 5:]))
    assert found[1, 0] == pytest.approx(matthews_corrcoef(labels[0], members[1]))
    assert np.isnan(found[2]).all()
    # TP 3, FP 1, FN 1, TN 3: (9 - 1) / sqrt(4 * 4 * 4 * 4).
    one = np.array([[1, 1, 1, 1, 0, 0, 0, 0.0]])
    other = np.array([[1, 1, 1, 0, 1, 0, 0, 0.0]])
    assert matthews(one, other)[0, 0] == pytest.approx(0.5)


def test_rules_and_labels_are_correlated_as_a_table(some):
    table = cw.label_correlation(some, [high("I"), high("II")])
    assert list(table.index) == ["high I", "high II"] and list(table) == ["A", "B"]
    assert table.loc["high I", "A"] == pytest.approx(1.0) and abs(table.loc["high I", "B"]) < 0.3
    with pytest.raises(cw.ExplainError, match="says nothing of records"):
        cw.label_correlation(some, ["LBBB@0.8"])
