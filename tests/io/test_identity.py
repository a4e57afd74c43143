"""No name, number or exact date of a person leaves a file unless it is asked for."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from pathlib import Path

import pytest

from cofe_widgets import read
from cofe_widgets.errors import EcgError
from cofe_widgets.io.identity import told, without_identity

from . import files

#: What stands in the files below and may not come out.
PERSONAL = (
    "surname", "given", "smith", "müller", "mueller", "4711", "12345678", "1958", "03-14", "2019-03-14",
    "14/03", "mercy", "ward 7", "john", "cart-99",
)  # fmt: skip

WFDB_COMMENTS = (
    "#<age>: 61\n#<sex>: F\n#Name: SURNAME, GIVEN\n#MRN: 4711\n#Patient ID: 12345678\n"
    "#Referring physician: Dr. Smith\n#<diagnoses>: Sinus rhythm, SURNAME\n#Rhythm: Sinus bradycardia.\n"
    "#Name: SURNAME, GIVEN\n#MRN: 4711\n#SURNAME GIVEN\n#Confirmed by John Smith\n#born 14/03/1958\n"
    "#Left bundle branch block, confirmed by SMITH 12345678 on 14/03/2019\n#DOB: 1958-03-14\n"
    "#Compared with ECG of 14/03/2019 no significant change\n#Mercy Hospital: ward 7\n"
)


def everything(record) -> str:  # type: ignore[no-untyped-def]
    return json.dumps(dict(record.meta), ensure_ascii=False).lower()


def muse() -> bytes:
    statements = "".join(
        f"<DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>{text}</StmtText></DiagnosisStatement>"
        for text in (
            "Sinus rhythm", "Confirmed by SMITH, JOHN (4711) on 03-14-2019", "SURNAME GIVEN",
            "Referred by: DR SMITH", "Left axis deviation, Smith", "MRN 12345678",
            "When compared with ECG of 14-MAR-2019 08:30, ST no longer elevated",
        )
    )  # fmt: skip
    text = files.muse().decode("latin-1")
    text = text.replace("<DiagnosisStatement>", statements + "<DiagnosisStatement>", 1)
    text = text.replace("<TestDemographics>", "<TestDemographics><OverreaderLastName>SMITH</OverreaderLastName>"
        "<OverreaderFirstName>JOHN</OverreaderFirstName><SiteName>MERCY</SiteName><RoomID>ward 7</RoomID>"
        "<CartNumber>CART-99</CartNumber><Status>CONFIRMED</Status>")  # fmt: skip
    text = text.replace("<PatientID>", "<PatientFirstName>Given</PatientFirstName><PatientID>")
    text = text.replace(">MAC55<", ">MAC55 s/n 12345678<")
    return text.encode("latin-1")


def philips() -> bytes:
    text = files.philips().decode("utf-16")
    text = text.replace("<leftstatement>Sinus rhythm</leftstatement>",
        "<leftstatement>Sinus rhythm, MÜLLER</leftstatement>")  # fmt: skip
    text = text.replace("<patientid>", "<firstname>Given</firstname><MRN>12345678</MRN><patientid>")
    more = "".join(
        f"<statement><statementcode>X</statementcode><leftstatement>{left}</leftstatement></statement>"
        for left in (
            "Unconfirmed Diagnosis by Dr. Smith",
            "Name: SURNAME",
            "Atrial fibrillation 4711123",
        )
    )
    text = text.replace("</interpretation>", more + "</interpretation>")
    acquirer = (
        "<acquirer><operator id='smith'>John</operator><room>ward 7</room>"
        "<facilityname>Mercy</facilityname></acquirer>"
    )
    return text.replace("<machine>", acquirer + "<machine>").encode("utf-16")


FILES = {
    "muse": {"x.xml": muse()},
    "philips": {"x.xml": philips()},
    "wfdb": files.wfdb(comments=WFDB_COMMENTS),
    "wfdb Dx": files.wfdb(
        comments="#Age: 61\n#Sex: F\n#Dx: 426783006, Dr Smith, SURNAME GIVEN, MRN 4711, "
        "low voltage\n#Name: SURNAME\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("format", FILES)
def test_nothing_of_a_person_is_told_and_the_rest_is(format: str) -> None:
    record = read(FILES[format])
    said = everything(record)
    assert [word for word in PERSONAL if word in said] == []
    assert (record.meta["age"], record.meta["sex"]) == (61, "F")
    assert "sinus rhythm" in said
    assert record.meta["recorded"] == "2019, 08:30"


def test_what_else_a_statement_says_is_kept() -> None:
    statements = read(FILES["wfdb"]).meta["statements"]
    assert statements == (
        "Sinus rhythm, [name]",
        "Rhythm: Sinus bradycardia.",
        "Left bundle branch block",
        "Compared with ECG of [date] no significant change",
    )
    assert read(FILES["wfdb Dx"]).meta["statements"] == (
        "normal sinus rhythm (SNOMED CT 426783006)",
        "low voltage",
    )
    assert read(FILES["muse"]).meta["device"] == "MAC55"
    assert "Left axis deviation, [name]" in read(FILES["muse"]).meta["statements"]


@pytest.mark.parametrize("format", FILES)
def test_who_asks_for_it_is_told_everything(format: str) -> None:
    meta = read(FILES[format], keep_identity=True).meta
    assert "surname" in json.dumps(dict(meta), ensure_ascii=False).lower()
    assert meta["recorded"] == "2019-03-14 08:30:00"
    assert set(map(type, meta["identity"].values())) == {str}


def test_an_error_quotes_no_comment_and_no_text() -> None:
    upload = files.wfdb(comments=WFDB_COMMENTS)
    broken = [
        {**upload, "ecg.hea": b"SURNAME GIVEN\n" + upload["ecg.hea"]},
        {**upload, "ecg.hea": upload["ecg.hea"].replace(b"200(0)", b"x0(0)")},
        {"ecg.hea": upload["ecg.hea"]},
        {"ecg.hea": upload["ecg.hea"], "notes.txt": b"SURNAME, GIVEN, 4711\n" * 50},
        {"x.xml": muse().replace(b"</PatientID>", b"")},
        {"x.xml": muse()[:1500]},
        {"x.xml": philips()[:1500]},
        {"x.txt": b"Dear Dr. Smith, SURNAME GIVEN was seen\n"},
    ]
    for files_ in broken:
        with pytest.raises(EcgError) as error:
            read(files_)
        assert [word for word in PERSONAL if word in str(error.value).lower()] == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Atrial fibrillation", "Atrial fibrillation"),
        ("Confirmed by SMITH", ""),
        ("unconfirmed", ""),
        ("Abnormal ECG, over-read by: J. Smith", "Abnormal ECG"),
        ("Sinus rhythm. Name: SURNAME", "Sinus rhythm."),
        ("Sinus rhythm for Mr. Smith", "Sinus rhythm"),
        ("V-rate 50-99, QRS 98 ms, axis -27", "V-rate 50-99, QRS 98 ms, axis -27"),
        ("LVH (RaVL+SV3)xQRSd >280", "LVH (RaVL+SV3)xQRSd >280"),
        ("ECG 2019-03-14: normal", "ECG [date]: normal"),
        ("normal ECG AB1234567", "normal ECG [number]"),
        ("SURNAME, GIVEN", ""),
        ("Stephen Prior", ""),
        ("", ""),
    ],
)
def test_statements(text: str, left: str) -> None:
    assert without_identity(text) == left


@pytest.mark.parametrize(
    ("meta", "kept"),
    [
        ({"age": 61}, {"age": 61}),
        ({"age": -1}, {}),
        ({"age": 999}, {}),
        ({"age": float("nan")}, {}),
        ({"high_pass_hz": -1.0, "low_pass_hz": float("inf")}, {}),
        ({"high_pass_hz": 0.05, "low_pass_hz": 1e9}, {"high_pass_hz": 0.05}),
        ({"recorded": date(2019, 3, 14)}, {"recorded": "2019"}),
        ({"recorded": datetime(2019, 3, 14, 8, 5, 59)}, {"recorded": "2019, 08:05"}),
    ],
)
def test_values_that_cannot_be_are_dropped_and_dates_are_blunted(meta: dict, kept: dict) -> None:
    assert {key: value for key, value in told(meta, False).items() if value} == kept


def test_real_files_tell_no_name(shared_data: Path) -> None:
    for path in sorted((shared_data / "formats").rglob("*")):
        try:
            record = read(path, keep_identity=True)
        except EcgError:
            continue
        who = record.meta.get("identity", {})
        words = {w.lower() for key, text in who.items() if key != "comments" for w in text.split()}
        meta = {key: value for key, value in read(path).meta.items() if key != "source"}
        said = set(re.findall(r"\w+", json.dumps(meta, ensure_ascii=False).lower()))
        assert [word for word in words if len(word) > 4 and word in said] == [], path
        assert "identity" not in meta
