"""`read`: what it opens, what it refuses, and how fast and in which words."""

from __future__ import annotations

import contextlib
import pickle
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cofe_widgets import Record, read
from cofe_widgets.errors import EcgError, EcgFormatError
from cofe_widgets.io import sample_names, sample_path

from . import files


@contextlib.contextmanager
def refused(said: str, format: str = "", within_s: float = 1.0) -> Iterator[None]:
    """Expect a refusal that names file, format and reason, within a second of this process."""
    started = time.process_time()
    with pytest.raises(EcgFormatError, match=said) as error:
        yield
    assert time.process_time() - started < within_s
    assert error.value.format == format
    assert error.value.file in str(error.value)
    assert error.value.reason in str(error.value)


# -- what it opens --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ecg.xml", "ecg.dat", "ecg.pdf", "ecg", "ecg.HEA"])
@pytest.mark.parametrize("make", [files.muse, files.philips])
def test_the_content_tells_the_format_whatever_the_name(tmp_path: Path, name: str, make) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / name).write_bytes(make())
    assert read(tmp_path / name).meta["source"] == name
    assert read(str(tmp_path / name)).samples == 500
    assert read(make(), name).meta["source"] == name
    assert read({name: make()}).meta["source"] == name
    assert read(memoryview(make())).meta["source"] == "upload"


def test_an_upload_needs_no_folders_of_the_sender() -> None:
    assert read({f"C/{name}": data for name, data in files.wfdb().items()}).samples == 500


def test_the_error_survives_a_trip_to_another_process() -> None:
    error = EcgFormatError("a.xml", "GE MUSE XML", "cut off")
    back = pickle.loads(pickle.dumps(error))
    assert isinstance(back, EcgFormatError)
    assert issubclass(EcgFormatError, EcgError)
    assert str(back) == str(error) == "a.xml (GE MUSE XML): cut off"
    assert (back.file, back.format, back.reason) == ("a.xml", "GE MUSE XML", "cut off")


# -- what it refuses ------------------------------------------------------------------------------


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with refused("no such file: .*nothing.xml"):
        read(tmp_path / "nothing.xml")
    with refused("no file was given"):
        read({})
    with refused("a folder with 0 WFDB records: give one of its files"):
        read(tmp_path)
    with refused("no such file"):
        read("a\0b")
    with refused("not a regular file"):
        read("/dev/null")


@pytest.mark.parametrize(
    ("data", "format", "said"),
    [
        (b"", "", "the file is empty"),
        (b"%PDF-1.7 ...", "PDF", "a picture of an ECG"),
        (b"\x89PNG\r\n", "PNG", "a picture of an ECG"),
        (b"PK\x03\x04....", "ZIP", "unpack it"),
        (b"\0" * 128 + b"DICM", "DICOM", "not read yet; formats read here: GE MUSE XML, Philips"),
        (b"0       patient", "EDF", "not read yet"),
        (b"MATLAB 5.0 MAT-file", "MATLAB 5", "not read yet; formats read here"),
        (b"MATLAB 7.3 MAT-file", "MATLAB 7.3", "not read yet"),
        (b"sample,I,II\n0,1,2\n", "CSV", "not read yet; formats read here: GE MUSE XML"),
        (b"0.1;0.2\n0.1;-2e-3\n" * 9, "CSV", "not read yet"),
        (b"Dear colleague,\nsee the ECG.\n", "", "of no known format; formats read here: GE"),
        (b"\x93\x12\xff" * 999, "", "of no known format"),
        (b"ecg 0 250 500\n", "WFDB", "0 signals"),
    ],
)
def test_what_is_no_ecg_is_called_what_it_is(data: bytes, format: str, said: str) -> None:
    with refused(said, format):
        read(data, "what.bin")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"<AnnotatedECG xmlns='urn:hl7-org:v3'/>", "its root <AnnotatedECG> is none of"),
        (b"<html><body>404</body></html>", "its root <html> is none of"),
        (b"<html><body>404", "not well-formed XML"),
        (b"<?xml version='1.0' encoding='klingon'?><a/>", "its root <a> is none of"),
        (b"<a>" * 100 + b"</a>" * 100, "64 deep"),
        (b"<a>" + b"<b/>" * 300_000 + b"</a>", "more than 50000 elements"),
    ],
)
def test_other_xml_is_refused_by_its_root(document: bytes, said: str) -> None:
    with refused(said, "XML"):
        read(document, "other.xml")


BILLION_LAUGHS = (
    b"<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY a 'lol'>"
    + b"".join(b"<!ENTITY %c '%s'>" % (c + 1, b"&%c;" % c * 10) for c in range(97, 110))
    + b"]>"
)


@pytest.mark.parametrize(
    "document",
    [
        BILLION_LAUGHS + b"<RestingECG>&n;</RestingECG>",
        BILLION_LAUGHS + b"<restingecgdata>&n;</restingecgdata>",
        b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><RestingECG>&x;</RestingECG>",
        b"<!DOCTYPE a [<!ENTITY % x SYSTEM 'http://localhost/x'> %x;]><RestingECG></RestingECG>",
    ],
)
def test_a_bomb_and_a_reference_to_another_file_are_refused(document: bytes) -> None:
    with pytest.raises(EcgFormatError, match="declares entities or refers to other files"):
        read(document, "bomb.xml")


def test_a_bomb_of_no_known_format_is_refused_too() -> None:
    with refused("declares entities", "XML"):
        read(BILLION_LAUGHS + b"<lolz>&n;</lolz>", "bomb.xml")


@pytest.mark.parametrize(
    ("head", "format", "said"),
    [
        (b"", "", "of no known format"),
        (b"<?xml version='1.0'?><RestingECG>", "GE MUSE XML", "2147 MB of XML"),
        (b"ecg 12 250 500\n", "", "of no known format"),
    ],
)
def test_two_gigabytes_are_refused_before_they_are_read(
    tmp_path: Path, head: bytes, format: str, said: str
) -> None:
    huge = tmp_path / "huge.xml"
    with huge.open("wb") as file:
        file.write(head)
        file.truncate(2 * 1024**3)
    with refused(said, format):
        read(huge)


def test_thirty_megabytes_of_xml_are_too_many(tmp_path: Path) -> None:
    huge = tmp_path / "huge.xml"
    with huge.open("wb") as file:
        file.write(b"<RestingECG>")
        file.truncate(100 * 1024**2)
    with refused("105 MB of XML", "GE MUSE XML"):
        read(huge)


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    read(files.muse())
    read(files.wfdb())
    with pytest.raises(EcgFormatError):
        read(files.philips(attributes={"durationperchannel": "600000"}))
    assert not list(tmp_path.iterdir())


# -- whatever happens to a file on its way --------------------------------------------------------

WHOLE = {
    "muse": {"ecg.xml": files.muse()},
    "philips": {"ecg.xml": files.philips()},
    "wfdb": files.wfdb(),
}


def opens_or_refuses(damaged: dict[str, bytes]) -> None:
    """A damaged file gives a sound record or the one error, never anything else."""
    started = time.process_time()
    try:
        record = read(damaged)
    except EcgFormatError as error:
        assert re.fullmatch(r".+: .+", str(error), re.DOTALL)
        assert "cofe-widgets-" not in str(error), "a message names the user's file, not ours"
    else:
        assert isinstance(record, Record)
        assert record.samples > 1
    assert time.process_time() - started < 1.0


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("format", WHOLE)
@FUZZ
@given(data=st.data())
def test_a_file_cut_off_anywhere_opens_or_is_refused(format: str, data: st.DataObject) -> None:
    damaged = dict(WHOLE[format])
    name = data.draw(st.sampled_from(sorted(damaged)))
    damaged[name] = damaged[name][: data.draw(st.integers(0, len(damaged[name]) - 1))]
    opens_or_refuses(damaged)


@pytest.mark.parametrize("format", WHOLE)
@FUZZ
@given(data=st.data())
def test_a_file_with_wrong_bytes_opens_or_is_refused(format: str, data: st.DataObject) -> None:
    damaged = dict(WHOLE[format])
    name = data.draw(st.sampled_from(sorted(damaged)))
    raw = bytearray(damaged[name])
    places = st.one_of(st.integers(0, min(600, len(raw)) - 1), st.integers(0, len(raw) - 1))
    flips = data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=12))
    for place, value in flips:
        raw[place] = value
    damaged[name] = bytes(raw)
    opens_or_refuses(damaged)


HEADER_WORDS = [
    *("ecg", "12", "250", "500", "-1", "1e9", "nan", "inf", "0", "ecg.dat", "16", "16x3:7+24"),
    *("212", "200(0)/mV", "1e-300(2147483647)/V", "II", "é", "#Age: 999", "\n", "\n", "\n"),
]


@FUZZ
@given(
    st.lists(
        st.sampled_from(HEADER_WORDS),
        max_size=40,
    )
)
def test_any_words_for_a_header_open_or_are_refused(words: list[str]) -> None:
    header = "ecg 1 250 500\n" + " ".join(words)
    opens_or_refuses({"ecg.hea": header.encode(), "ecg.dat": WHOLE["wfdb"]["ecg.dat"]})


@FUZZ
@given(st.binary(max_size=400))
def test_any_bytes_open_or_are_refused(data: bytes) -> None:
    opens_or_refuses({"ecg": data})


# -- the embedded examples ------------------------------------------------------------------------


def test_every_embedded_example_opens_by_its_name() -> None:
    assert {"sinus", "fibrillation"} <= set(sample_names())
    for name in sample_names():
        record = read(f"sample:{name}")
        assert record.meta["source"] == f"{name}.hea"
        assert len(record.leads) == 12
        assert sample_path(name).is_file()
        assert "warnings" not in record.meta


def test_an_unknown_example_is_refused_with_those_there_are() -> None:
    with pytest.raises(EcgFormatError, match=r"no such sample: there are .*sinus"):
        read("sample:flutter")
