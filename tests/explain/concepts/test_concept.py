"""What a concept may be: rules, age and sex, functions, answers, conditions of the simulator."""

import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.explain.concepts.concept import TABLE_1, Concept, concept_of, listed_concepts
from cofe_widgets.explain.concepts.known import KNOWN
from cofe_widgets.explain.concepts.membership import belongs, memberships, same_class
from cofe_widgets.signals.criteria.diagnoses import BY_NAME
from cofe_widgets.vocabulary.diagnoses import DIAGNOSES
from cofe_widgets.vocabulary.territories import CHANGES

#: Wagner et al. 2024, table 4.
TABLE_4 = {
    "V2V3-MI", "RPEAK-MI", "QPEAK-MI", "QWAVES-MI", "QRS-CLBBB", "ST-ELEV-ISC", "ST-DEPR-ISC", "LI-LVH",
    "SLI-LVH", "ROMHILT-ESTES", "RS-LVH", "S12-LVH", "R56-LVH", "SEX=FEMALE", "AGE>75",
}  # fmt: skip


def answers(concept, *records):
    failed = []
    return [row[0] for row in memberships(list(records), [concept_of(concept)], failed)], failed


def record(**meta):
    heart = cw.simulate("NSR", seed=1, fs=250, noise=0.0)[0].record
    return cw.Record(heart.signal, heart.fs, heart.leads, meta)


def test_every_rule_of_the_paper_is_there_and_is_a_concept():
    assert set(cw.RULES) >= TABLE_4
    assert set(TABLE_1) <= TABLE_4
    for name in TABLE_4:
        assert concept_of(name).kind == "rule" and concept_of(name).title


def test_every_rule_and_criterion_is_known_with_an_edit_or_a_reason_why_there_is_none():
    assert set(KNOWN) == {*cw.RULES, *BY_NAME}
    for name, one in KNOWN.items():
        assert one.edits or one.note, name
        for edit, number in one.edits:
            assert edit in CHANGES and CHANGES[edit].low <= number <= CHANGES[edit].high, name
        codes = set(one.classes) - set(DIAGNOSES)
        assert codes <= {"STTC", "HYP", "ISC_", "ISCA", "ISCI", "_AVB"}, name  # PTB-XL's classes


@pytest.mark.parametrize(
    ("name", "meta", "expected"),
    [
        ("AGE>75", {"age": 76}, 1.0),
        ("AGE>75", {"age": 75}, 0.0),
        ("age >= 75", {"age": 75}, 1.0),
        ("AGE<40", {"age": 39.5}, 1.0),
        ("AGE>75", {}, np.nan),
        ("SEX=FEMALE", {"sex": "F"}, 1.0),
        ("sex=male", {"sex": "F"}, 0.0),
        ("SEX=FEMALE", {}, np.nan),
    ],
)
def test_age_and_sex(name, meta, expected):
    found, failed = answers(name, record(**meta))
    assert np.array_equal(found, [expected], equal_nan=True) and failed == []


def test_a_rule_answers_as_the_rule_does():
    wide = [one.record for one in cw.simulate("LBBB", 3, seed=2, fs=250, severity=1.0)]
    found, _ = answers("QRS-CLBBB", *wide, record())
    said = cw.rules([*wide, record()])["QRS-CLBBB"]
    assert found == [float(one) for one in said]
    assert sum(found) >= 2


def test_functions_and_answers():
    def slow(one):
        return None if one.meta.get("bpm") is None else one.meta["bpm"] < 50

    found, _ = answers(slow, record(bpm=40), record(bpm=60), record())
    assert np.array_equal(found, [1, 0, np.nan], equal_nan=True)
    assert concept_of(slow).name == "slow"
    found, _ = answers(("given", [True, None]), record(), record())
    assert np.array_equal(found, [1, np.nan], equal_nan=True)


def test_conditions_at_a_severity():
    one = concept_of("LBBB@0.8")
    assert (one.name, one.condition, one.severity, one.classes) == (
        "LBBB@0.8",
        "LBBB",
        0.8,
        ("LBBB",),
    )
    assert concept_of("AF").severity is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("QRS-CLBB", "did you mean 'QRS-CLBBB'"),
        ("nonsense", "no concept 'nonsense'"),
        ("LBBB@1.5", "severity above 0, up to 1"),
        (3, "expected the name of a rule"),
        (("x", [1, 2, 3]), "True or False"),
        (("x", 5), "True or False"),
    ],
)
def test_what_is_no_concept_is_refused_in_words(given, words):
    with pytest.raises(cw.ExplainError, match=words):
        concept_of(given)


def test_a_list_of_concepts():
    assert [one.name for one in listed_concepts(None)] == list(TABLE_1)
    assert [one.name for one in listed_concepts("SLI-LVH")] == ["SLI-LVH"]
    with pytest.raises(cw.ExplainError, match="two concepts are called AGE>75"):
        listed_concepts(["AGE>75", "age>75"])
    with pytest.raises(cw.ExplainError, match="give one at least"):
        listed_concepts([])
    with pytest.raises(cw.ExplainError, match="expected one of rule="):
        Concept("x")
    with pytest.raises(cw.ExplainError, match="no named change 'r_v5_v7' .did you mean 'r_v5_v6'"):
        Concept("x", function=bool, edits=(("r_v5_v7", 1.0),))
    with pytest.raises(cw.ExplainError, match="expected a name of 100 letters"):
        Concept("x" * 101, function=bool)


def test_what_fails_is_listed_and_counted_as_unknown():
    def breaks(one):
        return 1 / 0

    found, failed = answers(breaks, record())
    assert np.isnan(found).all()
    assert failed == [(0, "breaks", "ZeroDivisionError: division by zero")]


def test_classes_by_label_and_by_its_other_spelling():
    assert (
        same_class("CLBBB", "LBBB") and same_class("SR", "NSR") and not same_class("LBBB", "RBBB")
    )
    found = belongs([("LBBB", "AF"), (), ("CLBBB",)], ["LBBB", "AF"])
    assert found.tolist() == [[1, 0, 1], [1, 0, 0]]
