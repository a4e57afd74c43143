"""Which signals of a file are leads: none is dropped in silence, whatever it is called."""

from __future__ import annotations

import numpy as np
import pytest

from cofe_widgets import read
from cofe_widgets.ecg import LEADS
from cofe_widgets.errors import EcgError, EcgFormatError
from cofe_widgets.io.units import to_millivolts
from cofe_widgets.vocabulary.leads import no_ecg

from . import files


def named(*names: str, **more: str) -> dict[str, bytes]:
    return files.wfdb(files.counts()[: len(names)], names, **more)


def said(record) -> str:  # type: ignore[no-untyped-def]
    return " | ".join(record.meta.get("warnings", ()))


@pytest.mark.parametrize(
    "names",
    [("ECG1", "ECG2"), ("ECG 1", "ECG 2"), ("EKG1", "MCL1"), ("CM5", "CC5"), ("A-S", "chan 1")],
)
def test_leads_of_unknown_position_keep_their_names_and_the_record_says_so(
    names: tuple[str, str],
) -> None:
    record = read(named(*names))
    assert record.leads == names
    np.testing.assert_allclose(record.signal, files.counts()[:2] * 0.005, atol=1e-6)
    assert f"{names[0]}, {names[1]}: of unknown position" in said(record)
    assert f"leads={{{names[0]!r}: 'II'}}" in said(record)


@pytest.mark.parametrize(
    "names",
    [
        ("DI", "DII", "DIII", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6"),
        tuple(f"{lead} (mV)" for lead in LEADS),
        tuple(f'"{lead.lower()}",' for lead in LEADS),
        tuple(f"Lead_{lead}" for lead in LEADS),
        tuple(f"{lead} mV" for lead in LEADS),
        ("D1", "D2", "D3", "aVR", "aVL", "aVF", "C1", "C2", "C3", "C4", "C5", "C6"),
        ("LI", "LII", "LIII", "aVR", "aVL", "aVF", "V 1", "V-2", "V_3", "v4", "V5-REF", "ECG V6"),
    ],
)
def test_twelve_leads_are_themselves_in_any_spelling_and_nothing_is_derived(
    names: tuple[str, ...],
) -> None:
    rows = files.counts()
    rows[2] += 7  # a third lead that is not exactly II - I stays what it is
    record = read(files.wfdb(rows, names))
    assert record.leads == LEADS
    np.testing.assert_allclose(record.signal, rows * 0.005, atol=1e-6)
    assert said(record) == ""


def test_what_is_left_out_is_named_with_the_reason() -> None:
    record = read(named("II", "V5", "RESP", "ABP", "PLETH", "EMG chin"))
    assert record.leads == ("II", "V5")
    assert (
        "left out, being no ECG: RESP (respiration), ABP (a pressure), PLETH (a pulse wave or "
        "oxygen), EMG chin (a muscle's activity)"
    ) in said(record)


def test_a_lead_in_another_unit_is_left_out_and_the_others_open() -> None:
    upload = named("I", "II", "V1")
    upload["ecg.hea"] = upload["ecg.hea"].replace(b"mV", b"mmHg", 3).replace(b"mmHg", b"mV", 2)
    record = read(upload)
    assert record.leads[:2] == ("I", "II") and "V1" not in record.leads
    assert "V1 (in 'mmHg', which is no unit of voltage)" in said(record)


def test_two_signals_of_one_name_are_both_there() -> None:
    record = read(named("MLII", "II", "V5", "V5"))
    assert record.leads == ("II", "V5", "MLII (2)", "V5 (2)")
    np.testing.assert_allclose(record["II"], files.counts()[1] * 0.005, atol=1e-6)
    np.testing.assert_allclose(record["MLII (2)"], files.counts()[0] * 0.005, atol=1e-6)
    assert "MLII as MLII (2), V5 as V5 (2)" in said(record)


def test_a_signal_without_a_name_gets_a_number() -> None:
    record = read(named("", "II"))
    assert record.leads == ("II", "signal 1")
    assert "signal 1: of unknown position" in said(record)


def test_beside_an_eeg_c3_and_c4_are_places_on_a_head() -> None:
    assert read(named("C3", "C4", "ECG")).leads == ("V3", "V4", "ECG")
    record = read(named("C3", "C4", "ECG", "EEG O1-A2", "EOG"))
    assert record.leads == ("ECG",)
    assert "C3 (an EEG), C4 (an EEG)" in said(record)


def test_a_signal_of_unknown_kind_that_no_ecg_can_be_is_left_out() -> None:
    rows = files.counts()[:4]
    rows[3] = rows[3] * 160
    record = read(files.wfdb(rows, ("I", "II", "V1", "thing")))
    assert record.leads == (*LEADS[:6], "V1")
    assert "lead thing reaches" in said(record)


def test_a_caller_says_what_a_signal_is() -> None:
    record = read(named("ECG1", "ecg2", "RESP"), leads={"ECG1": "lead ii", "ECG2": "V5"})
    assert record.leads == ("II", "V5")
    assert "of unknown position" not in said(record)
    assert read(named("II", "RESP"), leads={"RESP": "V1"}).leads == ("II", "V1")
    swapped = read(named("II", "V5"), leads={"II": "V5", "V5": "II"})
    np.testing.assert_allclose(swapped["V5"], files.counts()[0] * 0.005, atol=1e-6)
    with pytest.raises(EcgFormatError, match="no signal 'ECG7' to call II: it holds ECG1, ECG2"):
        read(named("ECG1", "ECG2"), leads={"ECG7": "II"})


def test_a_caller_picks_leads_also_derived_ones() -> None:
    record = read(files.wfdb(), leads=["V6", "ii"])
    assert record.leads == ("V6", "II")
    limb = read(named("I", "II", "V1"), leads=["aVF", "V1"])
    assert limb.leads == ("aVF", "V1")
    np.testing.assert_allclose(
        limb["aVF"], (files.counts()[1] - files.counts()[0] / 2) * 0.005, atol=1e-5
    )
    assert read(named("ECG1", "ECG2"), leads=["ECG2"]).leads == ("ECG2",)
    for wanted in (["V5"], ["V5", "I"]):
        with pytest.raises(EcgFormatError, match="V5"):
            read(named("I", "II"), leads=wanted)


@pytest.mark.parametrize(
    "asked",
    [
        {"leads": "II"},
        {"leads": []},
        {"leads": ["II", "ii"]},
        {"leads": {"ECG1": ""}},
        {"leads": {"ECG1": "II", "ECG2": "II"}},
        {"start": -1},
        {"start": 2, "end": 2},
        {"end": float("nan")},
        {"start": "1"},
        {"fs": True},
    ],
)
def test_what_makes_no_sense_is_refused_before_a_file_is_opened(asked: dict[str, object]) -> None:
    (name,) = asked.keys() - {"end"} or {"end"}
    with pytest.raises(EcgError, match=f"{name}="):
        read("there is no such file", **asked)  # type: ignore[arg-type]


def test_several_rates_in_one_file_come_to_the_fastest_with_a_note() -> None:
    t = np.arange(500) / 250
    fast, slow = np.round(100 * np.sin(t * 9)), np.round(100 * np.cos(t[::2] * 7))
    frames = np.concatenate([fast.reshape(-1, 2), slow[:, None]], axis=1).astype("<i2")
    header = b"m 2 125 250\nm.dat 16x2 200 16 0 0 0 0 II\nm.dat 16 200 16 0 0 0 0 V5\n"
    record = read({"m.hea": header, "m.dat": frames.tobytes()})
    assert (record.fs, record.samples) == (250, 500)
    np.testing.assert_allclose(record["II"], fast / 200, atol=1e-6)
    inside = slice(25, -25)
    np.testing.assert_allclose(record["V5"][inside], 0.5 * np.cos(t * 7)[inside], atol=0.01)
    assert "lead V5 was resampled to 250 Hz" in said(record)
    alone = read({"m.hea": header, "m.dat": frames.tobytes()}, leads=["V5"])
    assert alone.fs == 125
    np.testing.assert_allclose(alone["V5"], slow / 200, atol=1e-6)


@pytest.mark.parametrize(
    ("unit", "millivolts"),
    [
        ("mV", 1), ("V", 1e3), ("µV", 1e-3), ("uv", 1e-3), ("μV", 1e-3), ("nV", 1e-6),
        ("microvolts", 1e-3), ("(mV)", 1), ("Millivolt", 1), ("mmHg", None), ("", None), ("NU", None),
    ],
)  # fmt: skip
def test_units_are_known_by_any_common_name(unit: str, millivolts: float | None) -> None:
    assert to_millivolts(unit) == (None if millivolts is None else pytest.approx(millivolts))


@pytest.mark.parametrize("name", ["ECG resp", "V2", "II", "chan 1", "Abdomen_1", "CM5", "ECG1", ""])
def test_what_may_be_an_ecg_is_not_taken_for_something_else(name: str) -> None:
    assert no_ecg(name) == ""
