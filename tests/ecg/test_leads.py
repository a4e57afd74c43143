"""Names of leads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cofe_widgets.ecg import LEADS, OTHER_LEADS, Record, lead_name
from cofe_widgets.errors import EcgError
from cofe_widgets.vocabulary.leads import LONGEST_NAME, own_name, standard_lead


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("i", "I"),
        (" avr ", "aVR"),
        ("AVF", "aVF"),
        ("v6", "V6"),
        ("Lead II", "II"),
        ("LeadI", "I"),
        ("lead_1", "I"),
        ("Lead 3", "III"),
        ("ECG III", "III"),
        ("ECG-I", "I"),
        ("EKG V2", "V2"),
        ("ECG V1-Ref", "V1"),
        ("MDC_ECG_LEAD_AVL", "aVL"),
        ("V-3", "V3"),
        ("C4", "V4"),
        ("MLII", "II"),
        ("MLI", "I"),
        ("MLIII", "III"),
        ("ML III", "III"),
        ("DI", "I"),
        ("DIII", "III"),
        ("D2", "II"),
        ("vx", "X"),
        ("v4r", "V4R"),
        ("I (mV)", "I"),
        ("aVR [uV]", "aVR"),
        ("V2(µV)", "V2"),
        ("II,", "II"),
        ("'V5'", "V5"),
        ('"aVF"', "aVF"),
        ("V1:", "V1"),
        ("Ⅱ", "II"),
        ("ECG", "ECG"),
    ],
)
def test_leads_are_known_by_any_common_name(raw: str, name: str) -> None:
    assert lead_name(raw) == name


@pytest.mark.parametrize(
    "raw", ["", "V10", "RESP", "-aVR", "None", "ECG1", "ECG 2", "EKG1", "MCL1", "CM5", "V1-V2", "1"]
)
def test_an_unknown_lead_is_named_with_those_expected(raw: str) -> None:
    with pytest.raises(EcgError, match=r"unknown lead .*expected one of I, II") as error:
        lead_name(raw)
    assert repr(raw) in str(error.value)


@given(st.sampled_from(LEADS + OTHER_LEADS), st.sampled_from(["{}", "lead {}", "ECG-{}", '"{}" ,']))
def test_a_standard_name_survives_case_and_dress(name: str, dress: str) -> None:
    for spelt in (name, name.upper(), name.lower()):
        assert standard_lead(dress.format(spelt)) == name


@given(st.text())
def test_any_text_is_a_standard_name_or_a_short_one_of_its_own(raw: str) -> None:
    own = own_name(raw)
    assert standard_lead(raw) in (None, *LEADS, *OTHER_LEADS)
    assert own.isprintable() and len(own) <= LONGEST_NAME


def test_a_lead_of_unknown_position_keeps_its_name_until_it_is_given_one() -> None:
    record = Record(np.random.default_rng(0).normal(size=(2, 500)), 250, ("ECG1", "RESP chest"))
    assert record.leads == ("ECG1", "RESP chest")
    np.testing.assert_array_equal(record["ECG1"], record.signal[0])
    second = record.renamed({"ECG1": "lead ii"})
    assert second.leads == ("II", "RESP chest")
    np.testing.assert_array_equal(second["II"], record.signal[0])
    with pytest.raises(EcgError, match="cannot be derived from ECG1"):
        record.select(["V1"])
    with pytest.raises(EcgError, match="no lead ECG7 here: it has ECG1"):
        record.renamed({"ECG7": "II"})
    with pytest.raises(EcgError, match="two leads would have one name"):
        record.renamed({"ECG1": "II", "RESP chest": "DII"})
