"""WFDB records, on disk and as the files of an upload."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb as library

from cofe_widgets import read
from cofe_widgets.ecg import LEADS
from cofe_widgets.errors import EcgFormatError

from . import files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return files.put(tmp_path / "records", files.wfdb())


@pytest.mark.parametrize("given", ["ecg.hea", "ecg.dat", "ecg", ""])
def test_header_signal_file_base_name_and_folder_are_one_record(folder: Path, given: str) -> None:
    record = read(folder / given)
    assert (record.leads, record.fs, record.samples) == (LEADS, 250, 500)
    np.testing.assert_allclose(record.signal, files.counts() * 0.005, atol=1e-6)
    assert dict(record.meta) == {
        "source": "ecg.hea",
        "format": "WFDB",
        "age": 61,
        "sex": "F",
        "recorded": "2019, 08:30",
        "statements": ("normal sinus rhythm (SNOMED CT 426783006)", "low voltage"),
    }


def test_a_diagnosis_is_said_by_its_title_and_an_unknown_one_by_its_number() -> None:
    upload = files.wfdb()
    upload["ecg.hea"] = upload["ecg.hea"].replace(b"426783006", b"164889003, 733534002,999999999")
    assert read(upload).meta["statements"] == (
        "atrial fibrillation (SNOMED CT 164889003)",
        "left bundle branch block (SNOMED CT 733534002)",
        "SNOMED CT 999999999",
        "low voltage",
    )


def test_an_upload_of_both_files_is_the_same_record(folder: Path) -> None:
    np.testing.assert_array_equal(read(files.wfdb()).signal, read(folder).signal)


def test_a_signal_file_renamed_by_the_browser_is_found() -> None:
    upload = files.wfdb()
    upload["ecg (2).dat"] = upload.pop("ecg.dat")
    assert read(upload).samples == 500


@pytest.mark.parametrize("stored", ["16", "24", "32", "80", "212"])
def test_the_library_s_own_files_are_read_in_every_width(tmp_path: Path, stored: str) -> None:
    millivolts = files.counts(400).T * 0.005
    small = millivolts / 8 if stored == "80" else millivolts
    library.wrsamp(
        "lib", 250, ["mV"] * 12, list(LEADS), small, fmt=[stored] * 12, write_dir=str(tmp_path)
    )
    record = read(tmp_path / "lib")
    step = np.ptp(small, axis=0).max() / (2**7 if stored == "80" else 2**10)
    np.testing.assert_allclose(record.signal.T, small, atol=step)
    assert all("flat" in one for one in record.meta.get("warnings", ()))


def test_samples_marked_invalid_are_bridged_or_a_gap() -> None:
    rows = files.counts()
    rows[7, 100:105] = -32768
    assert np.isfinite(read(files.wfdb(rows)).signal).all()
    rows[7, 100:150] = -32768
    record = read(files.wfdb(rows))
    assert record.mask.sum() == 50 and record.mask[LEADS.index("V2"), 100:150].all()


def test_a_lead_without_a_valid_sample_is_a_gap_or_derived_and_said() -> None:
    rows = files.counts()
    rows[[2, 7]] = -32768
    record = read(files.wfdb(rows))
    assert record.leads == LEADS
    np.testing.assert_array_equal(record.mask.all(axis=1), [lead == "V2" for lead in LEADS])
    np.testing.assert_allclose(record["III"], files.counts()[2] * 0.005, atol=1e-6)
    assert record.meta["warnings"][0] == "lead III, V2 holds no valid sample"


def test_units_are_converted() -> None:
    assert read(files.wfdb(gain="0.2(0)/uV")).signal.max() == pytest.approx(2.13, abs=0.01)
    with pytest.raises(EcgFormatError, match="lead I is in 'NU', which is no unit of voltage"):
        read(files.wfdb(gain="200(0)/NU"))


def test_a_missing_gain_takes_the_standard_s_and_says_so() -> None:
    record = read(files.wfdb(gain="0"))
    np.testing.assert_allclose(record.signal, files.counts() * 0.005, atol=1e-6)
    assert "200 units per mV is assumed" in record.meta["warnings"][0]


def test_signals_that_are_no_ecg_are_left_out(tmp_path: Path) -> None:
    names = ("II", "V5", "RESP", "PLETH")
    record = read(files.wfdb(files.counts()[:4], names))
    assert record.leads == ("II", "V5")
    with pytest.raises(EcgFormatError, match="no ECG inside: it holds RESP, PLETH"):
        read(files.wfdb(files.counts()[:2], names[2:]))


def test_gains_made_of_the_leads_own_ranges_are_seen_through() -> None:
    rows = files.counts() * 5  # 1 µV a count, as LUDB has it
    upload = files.wfdb(rows)
    lines = upload["ecg.hea"].decode().splitlines()
    for number, row in enumerate(rows):
        span, middle = np.ptp(row), (int(row.max()) + int(row.min())) // 2
        lines[number + 1] = lines[number + 1].replace("200(0)/mV", f"{span}({middle})/mV")
    upload["ecg.hea"] = "\n".join(lines).encode()
    record = read(upload)
    np.testing.assert_allclose(record.signal, rows / 1000, atol=1e-6)
    assert "exactly 1 mV tall" in record.meta["warnings"][0]
    samples = rows.copy()
    samples[2] = samples[2][::-1]  # Einthoven no longer tells the true gain
    upload["ecg.dat"] = samples.T.astype("<i2").tobytes()
    with pytest.raises(EcgFormatError, match="the true amplitudes are lost"):
        read(upload)


def test_a_changed_sample_is_remarked_on() -> None:
    upload = files.wfdb()
    upload["ecg.dat"] = upload["ecg.dat"][:-2] + b"\7\0"
    assert read(upload).meta["warnings"] == ("V6 fails the header's checksum: edited or damaged",)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("ecg 12 250 999999999999", "cut off: the header promises 999999999999 samples"),
        ("ecg 12 250 501", "promises 501 samples of 12 signals, its 12000 bytes hold 500"),
        ("ecg 13 250 500", "announces 13 signals and describes 12"),
        ("ecg 99999999 250 500", "announces 99999999 signals"),
        ("ecg/3 12 250 500", "announces 3 segments and describes 12"),
        ("ecg 12 0 500", "sampling rate"),
    ],
)
def test_a_header_that_the_signal_file_contradicts_is_refused(record: str, said: str) -> None:
    with pytest.raises(EcgFormatError, match=said):
        read(files.wfdb(record=record))


def test_without_a_length_the_file_itself_tells() -> None:
    assert read(files.wfdb(record="ecg 12 250")).samples == 500


def test_a_missing_signal_file_is_named(folder: Path) -> None:
    (folder / "ecg.dat").unlink()
    with pytest.raises(EcgFormatError, match=r"its signal file ecg\.dat is not beside it"):
        read(folder / "ecg.hea")
    with pytest.raises(EcgFormatError, match="upload it together with the header"):
        read({"ecg.hea": files.wfdb()["ecg.hea"]})


def test_a_signal_file_without_header_asks_for_it(folder: Path) -> None:
    (folder / "ecg.hea").unlink()
    for source in (folder / "ecg.dat", {"ecg.dat": files.wfdb()["ecg.dat"]}):
        with pytest.raises(EcgFormatError, match=r"open it together with its \.hea header"):
            read(source)


@pytest.mark.parametrize("name", ["../secret.dat", "/etc/passwd", "a\\b.dat", "-", ".hidden"])
def test_a_header_reaches_no_file_outside_its_folder(folder: Path, name: str) -> None:
    (folder.parent / "secret.dat").write_bytes(files.wfdb()["ecg.dat"])
    header = (folder / "ecg.hea").read_text().replace("ecg.dat", name)
    (folder / "ecg.hea").write_text(header)
    with pytest.raises(EcgFormatError, match="points outside its own folder"):
        read(folder / "ecg.hea")


def test_a_compressed_format_is_refused_by_name() -> None:
    with pytest.raises(EcgFormatError, match="format 516 is FLAC-compressed"):
        read(files.wfdb(stored="516"))


def test_several_records_at_once_are_refused(folder: Path) -> None:
    files.put(folder, {"two.hea": files.wfdb()["ecg.hea"]})
    with pytest.raises(EcgFormatError, match="a folder with 2 WFDB records"):
        read(folder)
    with pytest.raises(EcgFormatError, match="one ECG at a time"):
        read({**files.wfdb(), "two.hea": files.wfdb()["ecg.hea"]})
