"""Errors by group: every figure by hand, and a model that is planted to miss one group."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from torch import nn

import cofe_widgets as cw
from cofe_widgets.audit import AuditError, Subgroups, subgroups
from cofe_widgets.audit.error_counts import _row, auroc
from cofe_widgets.audit.subgroups import by_age, by_rate, by_sex
from cofe_widgets.ecg import LEADS


class MeanOfV1(nn.Module):
    """Says yes where V1 lies above zero."""

    def forward(self, x):
        return 20 * x[:, 6].mean(dim=1, keepdim=True)


@pytest.fixture(scope="module")
def f():
    return cw.wrap(MeanOfV1(), fs=100, leads=LEADS, outputs=["LVH"], output="sigmoid", seconds=2.5)


def flat(level, **meta):
    """A slow wave without beats, whose V1 lies at a level."""
    signal = np.tile(0.1 * np.sin(np.linspace(0, 10 * np.pi, 250)), (12, 1)).astype(np.float32)
    signal[6] += level
    return cw.Record(signal, 100.0, LEADS, meta=meta)


def test_a_group_that_is_missed_is_found_and_named(f):
    records = [
        flat(-0.5 if sex == "F" else 0.5, sex=sex, labels=("LVH",))
        for sex in "FM"
        for _ in range(12)
    ]
    records += [flat(-0.5, sex=sex, labels=()) for sex in "FM" for _ in range(12)]
    value = subgroups(f, records, by=["sex"])
    rows = value.to_frame()
    assert rows.loc[("LVH", "sex", "female"), "missed"] == 12
    assert rows.loc[("LVH", "sex", "male"), "missed"] == 0
    assert rows.loc[("LVH", "sex", "male"), "sensitivity"] == 1
    assert rows.loc[("LVH", "everybody", "everybody"), "sensitivity"] == pytest.approx(0.5)
    found = value.differences
    assert set(found.error) == {"missed"}
    assert (
        "misses left ventricular hypertrophy in 12 of 12 with sex female and in 0 of 12"
        in value.words()
    )


def test_alike_groups_are_called_so_with_what_that_is_worth(f):
    records = [flat(0.5, sex=sex, labels=("LVH",)) for sex in "FM" for _ in range(6)]
    records += [flat(-0.5, sex=sex, labels=()) for sex in "FM" for _ in range(6)]
    words = subgroups(f, records, by=["sex"]).words()
    assert "none shows" in words
    assert "fewer than ten cases" in words


def test_counts_and_shares_by_hand():
    # Yes at 0.9, 0.6, 0.7; positives are 0.9, 0.4, 0.6: one missed, one false alarm, one quiet.
    score = np.array([0.9, 0.4, 0.6, 0.7, 0.1])
    true = np.array([True, True, True, False, False])
    row = _row(score, true)
    assert (row["n"], row["positives"], row["missed"], row["false_alarms"]) == (5, 3, 1, 1)
    assert row["sensitivity"] == pytest.approx(2 / 3)
    assert row["specificity"] == pytest.approx(1 / 2)
    assert np.isnan(row["auroc"])  # of three and two nothing can be said


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=12, max_size=40))
def test_the_area_is_that_of_scikit_learn_with_ties(pairs):
    score = np.array([one[0] for one in pairs]) / 6
    true = np.array([one[1] for one in pairs])
    area, low, high = auroc(score, true)
    if min(true.sum(), (~true).sum()) < 5:
        assert np.isnan(area)
    else:
        assert area == pytest.approx(roc_auc_score(true, score))
        assert low <= area <= high


def test_groups_of_a_record():
    assert by_age(flat(0, age=39.9)) == "under 40"
    assert by_age(flat(0, age=80)) == "80 and over"
    assert by_age(flat(0)) is None
    assert by_sex(flat(0, sex="F")) == "female"
    assert by_sex(flat(0)) is None
    assert by_rate(cw.simulate("STach", n=1, seed=0)[0].record) == "100/min and over"
    assert by_rate(flat(0)) is None


def test_what_is_not_known_is_counted_and_compared_with_nobody(f):
    records = [flat(0.5, labels=("LVH",)), flat(-0.5, labels=()), flat(0.5)]
    value = subgroups(f, records, by=["sex"])
    assert value.unlabelled == 1
    assert set(value.table.group) == {"everybody", "not known"}
    assert len(value.compared) == 0
    assert "No group could be compared" in value.words()


def test_groups_of_your_own_and_labels_of_your_own(f):
    records = [flat(level) for level in (0.5, -0.5, 0.5, -0.5)]
    value = subgroups(
        f, iter(records), by={"side": lambda r: "right"}, labels=[["LVH"], [], None, ["LVH"]]
    )
    row = value.to_frame().loc[("LVH", "side", "right")]
    assert (row.n, row.positives, row.missed) == (3, 2, 1)
    assert value.unlabelled == 1


def test_it_is_saved_and_loaded(f, tmp_path):
    value = subgroups(f, [flat(0.5, sex="F", labels=("LVH",)), flat(-0.5, sex="M", labels=())])
    value.save(tmp_path / "groups.npz")
    again = Subgroups.load(tmp_path / "groups.npz")
    assert again.table.equals(value.table)
    assert again.words() == value.words()
    assert "LVH" in value._repr_html_()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"targets": ["MI"]}, "no output"),
        ({"by": ["height"]}, "choose of age, sex, rate"),
        ({"records": []}, "none with a label"),
        ({"labels": [["LVH"]]}, "expected one for each"),
        ({"labels": [["LVH"]] * 5}, "expected one for each"),
    ],
)
def test_what_cannot_be_audited_is_refused_in_words(f, change, words):
    asked = {"records": [flat(0.5, labels=("LVH",))] * 3, **change}
    with pytest.raises(AuditError, match=words):
        subgroups(f, asked.pop("records"), **asked)


def test_a_model_of_values_has_no_such_errors():
    class Value(nn.Module):
        def forward(self, x):
            return x.mean(dim=(1, 2))[:, None] + torch.zeros(1)

    f = cw.wrap(Value(), fs=100, leads=LEADS, outputs=["K"], output="linear", seconds=2.5)
    with pytest.raises(AuditError, match="answers values"):
        subgroups(f, [flat(0.5, labels=())])


def test_false_alarms_are_told_by_what_the_records_truly_are(f):
    records = [flat(0.5, labels=("AF",)), flat(0.5, labels=("AF",)), flat(-0.5, labels=("AF",))]
    records += [flat(-0.5, labels=("NSR",)), flat(0.5, labels=("LVH", "NSR"))]
    confused = subgroups(f, records).confused.set_index(["target", "label"])
    assert tuple(confused.loc[("LVH", "AF"), ["n", "false_alarms"]]) == (3, 2)
    assert tuple(confused.loc[("LVH", "NSR"), ["n", "false_alarms"]]) == (1, 0)  # LVH is no alarm


def test_its_picture_marks_the_group_that_differs(f):
    records = [
        flat(-0.5 if sex == "F" else 0.5, sex=sex, labels=("LVH",))
        for sex in "FM"
        for _ in range(12)
    ]
    records += [flat(-0.5, sex=sex, labels=()) for sex in "FM" for _ in range(12)]
    value = subgroups(f, records, by=["sex"])
    for theme in ("light", "dark"):
        picture = value.figure(theme=theme)
        assert picture.count('l6 6l-6 6l-6 -6z"') == 2  # sensitivity of women, and of men
        assert "12 / 24" in picture
    with pytest.raises(AuditError, match="no target"):
        value.figure("AF")
