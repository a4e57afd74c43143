"""The causal check: the ECG is moved along a concept, and stands beside the TCAV score."""

import numpy as np
import pytest
import torch
from torch import nn

import cofe_widgets as cw
from cofe_widgets.explain.concepts.causal import edit_words, interval, moved, verdict
from cofe_widgets.explain.concepts.concept import Concept, concept_of


class Slow(nn.Module):
    """The answer falls with the largest value of V5: the taller R there, the less."""

    def __init__(self):
        super().__init__()
        self.pick, self.pool = nn.Conv1d(12, 1, 1, bias=False), nn.AdaptiveMaxPool1d(1)
        self.head = nn.Linear(1, 1)
        with torch.no_grad():
            self.pick.weight.zero_()
            self.pick.weight[0, 10] = 1.0
            self.head.weight.fill_(-2.0)

    def forward(self, x):
        return self.head(self.pool(self.pick(x))[:, :, 0])


@pytest.fixture(scope="module")
def f():
    return cw.wrap(Slow(), fs=250, outputs=["X"], output="sigmoid")


@pytest.fixture(scope="module")
def record():
    return cw.simulate("NSR", seed=4, fs=250)[0].record


def test_a_record_is_moved_along_a_concept_and_the_sign_is_that_of_having_it(f, record):
    tall = Concept(
        "tall R", function=lambda one: _r(one) > _r(record) + 0.2, edits=(("r_v5_v6", 0.5),)
    )
    (towards,) = moved(record, [tall], [0.0], [f], 0)
    assert towards.change[0] == pytest.approx(-1.0, abs=0.3) and towards.met
    # One that has it is moved away from it: having it lowers the answer all the same.
    low = Concept(
        "not low", function=lambda one: _r(one) > _r(record) - 0.2, edits=(("r_v5_v6", 0.5),)
    )
    (away,) = moved(record, [low], [1.0], [f], 0)
    assert away.change[0] == pytest.approx(-1.0, abs=0.3) and away.met


def _r(record):
    return float(record.signal[record.leads.index("V5")].max())


def test_edits_are_told_as_people_read_them():
    assert edit_words(concept_of("SLI-LVH")) == "R in V5-V6 +1 mV, S depth in V1-V2 +1 mV"
    assert edit_words(concept_of("a long PR interval")).endswith("+80 ms")
    assert "x 1.4" in edit_words(concept_of("QRS-CLBBB"))
    assert edit_words(concept_of("AGE>75")) == ""
    assert edit_words(concept_of("LBBB@0.8")) == "the same hearts without it and with it"


def test_the_interval_is_that_of_the_mean_and_absent_for_fewer_than_three():
    mean, low, high = interval(np.array([1.0, 2.0, 3.0, np.nan]), 0)
    assert mean == 2.0 and 1.0 <= low < 2.0 < high <= 3.0
    mean, low, high = interval(np.array([1.0, 2.0]), 0)
    assert mean == 1.5 and np.isnan(low) and np.isnan(high)
    assert np.isnan(interval(np.array([np.nan]), 0)[0])


@pytest.mark.parametrize(
    ("tcav", "stars", "low", "high", "said"),
    [
        (0.9, 3, 0.1, 0.5, "yes"),
        (0.1, 3, -0.5, -0.1, "yes"),
        (0.9, 3, -0.5, -0.1, "no"),
        (0.1, 1, 0.1, 0.5, "no"),
        (0.9, 0, 0.1, 0.5, "undecided"),
        (0.9, 3, -0.1, 0.5, "undecided"),
        (np.nan, 3, 0.1, 0.5, "undecided"),
        (0.9, 3, np.nan, np.nan, "undecided"),
    ],
)
def test_scores_and_edits_agree_in_sign_or_not(tcav, stars, low, high, said):
    assert verdict(tcav, stars, low, high) == said


@pytest.mark.slow
def test_the_table_sets_them_side_by_side():
    """Nine-resnet on simulated hearts: a wide QRS speaks for LBBB inside the model and in the ECG."""
    some = [one.record for code in ("NSR", "LBBB") for one in cw.simulate(code, 30, 5, fs=250)]
    short = cw.Record(some[0].signal[:, :1500], 250, cw.LEADS, some[0].meta)
    found = cw.concepts(
        [*some, short], cw.load("nine-resnet"), ["QRS-CLBBB", "SEX=FEMALE", "LBBB@0.9"], ["LBBB"],
        causal=4, hearts=30, dummies=2,
    )  # fmt: skip
    table = found.causal.set_index("concept")
    wide, sex, twins = (table.loc[name] for name in ("QRS-CLBBB", "SEX=FEMALE", "LBBB@0.9"))
    assert wide.agree == "yes" and wide.tcav > 0.5 and wide.low > 0 and wide.records == 4
    assert sex.agree == "not asked" and sex.edit == "" and sex.records == 0
    assert "no named edit changes the sex" in sex.note
    assert twins.records == 30 and twins.low > 3 and twins.agree == "yes"
    assert found.failed.record.tolist() == [60]
    assert "moving the ECG along it does the same" in found.words()


@pytest.mark.slow
@pytest.mark.parametrize("condition", ["LBBB", "LVH"])
def test_a_trained_network_whose_cause_is_known(condition):
    """A LeNet that learned one condition, whatever else a heart has: that scores, the nuisance does not."""
    from benchmarks.bench_concepts import planted

    found = planted(condition, "pooled", "pattern")
    assert found["told"] > 0.9
    assert found["passes"]
    assert found["dummies"] <= 0.05
    assert found["cause twins"] > 5 * abs(found["nuisance twins"])
