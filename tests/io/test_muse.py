"""GE MUSE XML."""

from __future__ import annotations

import re

import numpy as np
import pytest

from cofe_widgets import read
from cofe_widgets.ecg import LEADS
from cofe_widgets.errors import EcgFormatError

from . import files


def test_eight_leads_become_twelve_to_the_last_bit() -> None:
    record = read(files.muse(), "one.xml")
    assert (record.leads, record.fs, record.samples) == (LEADS, 250, 500)
    np.testing.assert_allclose(record.signal, files.counts() * 0.005, atol=1e-6)


def test_what_the_file_says_is_kept_but_no_name_and_no_number() -> None:
    meta = dict(read(files.muse(), "one.xml").meta)
    assert meta == {
        "source": "one.xml",
        "format": "GE MUSE XML",
        "age": 61,
        "sex": "F",
        "recorded": "2019, 08:30",
        "device": "MAC55",
        "statements": ("Normal sinus rhythm",),
        "high_pass_hz": 0.05,
        "low_pass_hz": 150.0,
    }


def test_leads_beyond_the_twelve_stay_behind_them() -> None:
    rows = dict(zip(LEADS, files.counts(), strict=True)) | {"V4R": files.counts()[6]}
    assert read(files.muse(rows)).leads == (*LEADS, "V4R")


@pytest.mark.parametrize(("unit", "scale"), [("MILLIVOLTS", 5.0), ("NANOVOLTS", 5e-6)])
def test_the_unit_is_believed(unit: str, scale: float) -> None:
    rows = {"I": (files.counts()[0] * (0.005 / scale)).clip(-32768, 32767).astype(np.int16)}
    if unit == "MILLIVOLTS":
        rows = {"I": np.tile([0, 0, 1, 0], 100).astype(np.int16)}
    signal = rows["I"] * scale
    if np.ptp(signal) < 0.02:
        with pytest.raises(EcgFormatError, match="not in millivolts"):
            read(files.muse(rows, unit))
    else:
        np.testing.assert_allclose(read(files.muse(rows, unit))["I"], signal, atol=1e-6)


def test_no_unit_is_refused() -> None:
    with pytest.raises(EcgFormatError, match="no unit of voltage is given for lead I, II"):
        read(files.muse(unit="FURLONGS"))


def test_one_flipped_sample_fails_the_checksum() -> None:
    data = files.muse()
    where = data.index(b"<WaveFormData>") + 40
    flipped = data[:where] + (b"A" if data[where : where + 1] != b"A" else b"B") + data[where + 1 :]
    with pytest.raises(EcgFormatError, match="checksum"):
        read(flipped, "one.xml")


def test_a_lead_that_ends_early_is_a_gap_from_there() -> None:
    rows = {"I": files.counts()[0], "II": files.counts()[1, :300], "V1": files.counts()[6]}
    record = read(files.muse(rows))
    np.testing.assert_allclose(record["I"], files.counts()[0] * 0.005, atol=1e-6)
    assert record.mask[record.leads.index("II"), 300:].all()
    assert not record.mask[record.leads.index("II"), :300].any()
    assert record.mask[record.leads.index("aVF"), 300:].all(), "nothing tells it there"
    assert "leads end before the others" in record.meta["warnings"][0]


def test_leads_that_begin_at_times_of_their_own_are_refused_with_their_lengths() -> None:
    rows = {"I": files.counts()[0], "II": files.counts()[1, :300]}
    offset = "<LeadTimeOffset>2500</LeadTimeOffset>"
    with pytest.raises(EcgFormatError, match="I 500, II 300"):
        read(files.muse(rows, lead_II=offset))


def test_a_device_s_remark_that_a_lead_was_off_is_passed_on() -> None:
    record = read(files.muse(lead_V3="<LeadOff>TRUE</LeadOff>"))
    assert record.meta["warnings"] == ("the device noted lead V3 as off",)


def test_a_flat_lead_is_remarked_on() -> None:
    rows = dict(zip(LEADS[:3], files.counts(), strict=False)) | {"V1": np.zeros(500, np.int16)}
    assert any("V1: a flat line" in one for one in read(files.muse(rows)).meta["warnings"])


def test_gains_that_break_einthoven_are_remarked_on() -> None:
    rows = dict(zip(LEADS, files.counts(), strict=True))
    rows["III"] = rows["III"] * 3
    assert "III is not II - I" in read(files.muse(rows)).meta["warnings"][0]


def test_a_mean_beat_alone_is_no_ecg() -> None:
    with pytest.raises(EcgFormatError, match="No rhythm waveform"):
        read(files.muse().replace(b">Rhythm<", b">Median<"))


def test_a_recording_without_waveform_is_no_ecg() -> None:
    empty = re.sub(rb"<Waveform>.*</Waveform>", b"", files.muse())
    with pytest.raises(EcgFormatError) as error:
        read(empty, "empty.xml")
    assert (error.value.file, error.value.format) == ("empty.xml", "GE MUSE XML")


def test_what_the_device_measured_is_kept_by_our_names_and_marks_of_nothing_are_left_out() -> None:
    numbers = {"VentricularRate": 72, "PRInterval": 32767, "QRSDuration": 196, "QTInterval": 508}
    axes = {"PAxis": 41, "RAxis": 270, "TAxis": 0}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in {**numbers, **axes}.items())
    given = files.muse(measurements=f"<RestingECGMeasurements>{inner}</RestingECGMeasurements>")
    record = read(given, "one.xml")
    assert record.meta["device_measurements"] == {
        "heart_rate_bpm": 72.0,
        "qrs_ms": 196.0,
        "qt_ms": 508.0,
        "p_axis_deg": 41.0,
        "qrs_axis_deg": -90.0,
        "t_axis_deg": 0.0,
    }
    assert "device_measurements" not in read(files.muse(), "one.xml").meta
    # Another signal is not what the device measured.
    edited = record.with_signal(record.signal, source="edited")
    assert "device_measurements" not in edited.meta
