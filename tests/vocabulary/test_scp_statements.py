"""The statements of PTB-XL: as many as it has, each where its own table has it."""

from cofe_widgets.vocabulary import diagnoses
from cofe_widgets.vocabulary.scp_statements import LEVELS, STATEMENTS, SUPERCLASSES, VOLTAGE


def test_there_are_as_many_as_in_ptb_xl():
    # Wagner et al. 2020, table 4: 71 statements, 44 diagnostic, 19 of form, 12 of rhythm.
    assert {level: len(members) for level, members in LEVELS.items()} == {
        "super": 5, "sub": 23, "diagnostic": 44, "all": 71,
    }  # fmt: skip
    kinds = [kind for one in STATEMENTS.values() for kind in one.kinds]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "diagnostic": 44, "form": 19, "rhythm": 12,
    }  # fmt: skip


def test_every_diagnostic_statement_is_in_one_class_of_each_level():
    diagnostic = {code for code, one in STATEMENTS.items() if "diagnostic" in one.kinds}
    for level in ("super", "sub", "diagnostic"):
        members = [code for own in LEVELS[level].values() for code in own]
        assert len(members) == len(set(members)) == 44 and set(members) == diagnostic
    assert tuple(LEVELS["super"]) == SUPERCLASSES
    for one in STATEMENTS.values():
        assert bool(one.superclass) == bool(one.subclass) == (one.code in diagnostic)


def test_classes_by_hand():
    sub = LEVELS["sub"]
    assert set(sub["AMI"]) == {"AMI", "ASMI", "ALMI", "INJAS", "INJAL", "INJLA"}
    assert set(sub["IMI"]) == {"IMI", "ILMI", "IPMI", "IPLMI", "INJIN", "INJIL"}
    assert set(sub["STTC"]) == {"NDT", "DIG", "LNGQT", "ANEUR", "EL"}
    assert set(sub["ISCA"]) == {"ISCAL", "ISCAS", "ISCLA", "ISCAN"}
    assert set(sub["_AVB"]) == {"1AVB", "2AVB", "3AVB"}
    assert {STATEMENTS[own[0]].superclass for own in (sub["WPW"], sub["IVCD"])} == {"CD"}
    assert STATEMENTS.keys() > VOLTAGE


def test_outputs_have_titles_where_no_diagnosis_does():
    assert diagnoses.title("CLBBB") == "complete left bundle branch block"
    assert diagnoses.title_with_code("_AVB") == "AV block (_AVB)"
    assert diagnoses.title("LVH") == diagnoses.DIAGNOSES["LVH"].title
    assert all(diagnoses.title(name) != name for own in LEVELS.values() for name in own)
