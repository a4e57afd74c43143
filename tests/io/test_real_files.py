"""Real recordings of real devices, where they lie beside the project."""

from __future__ import annotations

import collections
from pathlib import Path

import numpy as np
import pytest

from cofe_widgets import Record, read
from cofe_widgets.ecg import LEADS
from cofe_widgets.errors import EcgFormatError


def plausible(record: Record) -> None:
    """Amplitudes of a human heart, and limb leads that obey Einthoven and Goldberger."""
    assert set(LEADS) <= set(record.leads)
    assert 5 <= record.duration_s <= 120
    twelve = record.standard()
    centred = twelve.signal - np.median(twelve.signal, axis=1, keepdims=True)
    tallest = np.abs(centred).max(axis=1)
    assert 0.3 < tallest.max() < 6, "the tallest QRS of twelve leads, in mV"
    assert tallest.min() > 0.05, "no lead is flat"
    one, two, three, avr, avl, avf = centred[:6]
    for residual in (three - two + one, avr + (one + two) / 2, avl - (one - three) / 2):
        assert np.percentile(np.abs(residual - np.median(residual)), 99) < 0.02
    assert np.percentile(np.abs(avf - (two + three) / 2), 99) < 0.02


@pytest.mark.parametrize(
    ("family", "count"),
    [("ge_muse_xml", 4), ("philips_sierra_xml", 4), ("wfdb", 3), ("wfdb_mat", 2)],
)
def test_every_file_of_a_family_opens_with_plausible_amplitudes(
    shared_data: Path, family: str, count: int
) -> None:
    paths = sorted((shared_data / "formats" / family).iterdir())
    assert len(paths) == count
    for path in paths:
        record = read(path)
        plausible(record)
        assert "warnings" not in record.meta, record.meta


@pytest.mark.parametrize(
    "family", ["csv_txt", "dicom_ecg", "edf", "hdf5", "hl7_aecg_xml", "scp_ecg"]
)
def test_formats_not_read_yet_are_refused_by_name(shared_data: Path, family: str) -> None:
    for path in sorted((shared_data / "formats" / family).iterdir()):
        with pytest.raises(EcgFormatError, match="formats read here: GE MUSE"):
            read(path)


def test_a_muse_file_agrees_with_what_its_device_measured(shared_data: Path) -> None:
    record = read(shared_data / "formats/ge_muse_xml/MUSE_digitital_acute_MI_sample.xml")
    assert record.leads == (*LEADS, "V4R", "V8", "V9")
    assert "** ** ACUTE MI ** **" in record.meta["statements"]
    # Inferior infarct: ST elevated in II, III and aVF, depressed in I and aVL.
    beat = 500 + int(np.argmax(record["V4"][500:800]))  # about 0.67 s from one R to the next
    level = {lead: record[lead][beat + 50] - record[lead][beat - 30] for lead in record.leads}
    assert min(level["II"], level["III"], level["aVF"]) > 0.2
    assert max(level["I"], level["aVL"]) < -0.1


def test_philips_strips_end_before_the_calibration_pulse(shared_data: Path) -> None:
    for path in (shared_data / "formats/philips_sierra_xml").iterdir():
        record = read(path)
        assert 10.4 < record.duration_s < 10.7
        assert np.ptp(record.signal[:, -50:], axis=0).min() > 0


def test_every_ludb_header_as_published_is_seen_through(shared_data: Path) -> None:
    folder = shared_data / "records/ludb"
    headers = sorted((folder / "original_headers").glob("*.hea"))[:20]
    assert headers
    for header in headers:
        signal = folder / f"{header.stem}.dat"
        published = read({header.name: header.read_bytes(), signal.name: signal.read_bytes()})
        assert "exactly 1 mV tall" in published.meta["warnings"][0]
        np.testing.assert_array_equal(published.signal, read(signal).signal)


def test_records_open_or_are_refused_for_what_is_wrong_with_them(shared_data: Path) -> None:
    outcome: collections.Counter[tuple[str, bool]] = collections.Counter()
    for folder in sorted((shared_data / "records").iterdir()):
        for header in sorted(folder.glob("*.hea"))[:40]:
            try:
                read(header)
                outcome[folder.name, True] += 1
            except EcgFormatError as error:
                assert any(
                    word in error.reason
                    for word in ("mV a surface ECG can", "every lead is flat", "'NU'")
                ), error
                outcome[folder.name, False] += 1
    for dataset in ("ludb", "cpsc2018", "g12ec_250hz", "ptbxl", "sph"):
        assert outcome[dataset, False] == 0
    assert outcome["cinc2021", True] >= 38
    assert outcome["ptbxl_zscore", True] == 0, "z-scores are no millivolts"
