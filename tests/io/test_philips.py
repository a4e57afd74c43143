"""Philips Sierra XML."""

from __future__ import annotations

import numpy as np
import pytest

from cofe_widgets import read
from cofe_widgets.ecg import LEADS
from cofe_widgets.errors import EcgFormatError

from . import files


def test_the_strip_is_read_without_its_calibration_pulse() -> None:
    record = read(files.philips(), "one.xml")
    assert (record.leads, record.fs, record.samples) == (LEADS, 250, 500)
    np.testing.assert_allclose(record.signal, files.counts() * 0.005, atol=1e-6)


def test_a_strip_without_pulse_keeps_its_end() -> None:
    assert read(files.philips(files.counts())).samples == 500


def test_a_strip_of_nothing_but_pulse_is_no_ecg() -> None:
    pulse = np.tile(np.repeat([0, 200, 0], 100).astype(np.int16), (12, 1))
    with pytest.raises(EcgFormatError, match="every lead holds the same samples"):
        read(files.philips(pulse))


def test_what_the_file_says_is_kept_but_no_name_and_no_number() -> None:
    meta = dict(read(files.philips(), "one.xml").meta)
    assert meta == {
        "source": "one.xml",
        "format": "Philips Sierra XML",
        "age": 61,
        "sex": "F",
        "recorded": "2019, 08:30",
        "device": "PageWriter",
        "statements": ("Sinus rhythm (V-rate 50-99)",),
        "high_pass_hz": 0.05,
        "low_pass_hz": 150.0,
    }


def test_an_uncompressed_strip_is_read_too() -> None:
    rows = files.counts()
    plain = rows.astype("<i2").tobytes()
    record = read(files.philips(rows, plain, {"compression": "Uncompressed"}))
    np.testing.assert_allclose(record.signal, rows * 0.005, atol=1e-6)


def test_a_strip_that_unpacks_without_end_is_refused_before_it_is_unpacked() -> None:
    # Code 256, 257, ... each stand for one byte more: 500 KB of them are 300 MB.
    codes = [0, *range(256, 1023), *([1022] * 400_000)]
    bits = np.unpackbits(np.array(codes, ">u2").view(np.uint8)).reshape(-1, 16)[:, 6:]
    body = np.packbits(bits.ravel()).tobytes()
    bomb = len(body).to_bytes(4, "little") + b"\0\0\0\0" + body
    with pytest.raises(EcgFormatError, match="unpacks to over 1 MB"):
        read(files.philips(packed=bomb))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"durationperchannel": "600000"}, "samples"),
        ({"durationperchannel": "-1"}, "duration"),
        ({"samplespersecond": "7"}, "sampling rate 7"),
        ({"compression": "ZIP"}, "ZIP"),
    ],
)
def test_a_header_that_the_waveform_contradicts_is_refused(
    change: dict[str, str], said: str
) -> None:
    with pytest.raises(EcgFormatError, match=said):
        read(files.philips(attributes=change))


def test_an_unknown_version_is_refused_by_its_number() -> None:
    newer = files.philips().decode("utf-16").replace(">1.04<", ">2.07<").encode("utf-16")
    with pytest.raises(EcgFormatError, match=r"PhilipsECG 2\.07"):
        read(newer)


def test_a_latin_1_name_under_a_utf_8_prologue_does_not_cost_the_ecg() -> None:
    mislabelled = files.philips().decode("utf-16").encode("latin-1")
    assert read(mislabelled).samples == 500


def test_a_strip_without_samples_is_refused():
    data = files.philips(attributes={"durationperchannel": "1e-320"})
    with pytest.raises(EcgFormatError, match="its leads hold no samples"):
        read({"a.xml": data})
