"""Files that mean harm: refused within two seconds, in a few words, and nothing stays behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from cofe_widgets import read
from cofe_widgets.errors import EcgFormatError
from cofe_widgets.io import in_memory

from . import files

MANY = "9" * 400
MORE = "9" * 5000


def refused_or_harmless(upload: dict[str, bytes]) -> str:
    """What is said of a hostile file; that it is said soon, and how, is checked."""
    started = time.process_time()
    try:
        record = read(upload)
    except EcgFormatError as error:
        said = str(error)
        assert len(said) <= 500 and said.isprintable()
    else:
        said = ""
        assert np.nanmax(np.abs(record.signal)) < 10_000
        assert max(map(len, record.leads)) <= 40
        assert all(len(text) < 600 for text in record.meta.get("warnings", ()))
    assert time.process_time() - started < 2.0
    return said


def header(old: str, new: str, line: int = 2) -> dict[str, bytes]:
    upload = files.wfdb()
    lines = upload["ecg.hea"].decode().split("\n")
    lines[line - 1] = lines[line - 1].replace(old, new)
    return {**upload, "ecg.hea": "\n".join(lines).encode()}


@pytest.mark.parametrize(
    ("upload", "said"),
    [
        (header("(0)", f"({MANY})"), "line 2 of the header: the baseline is '9999"),
        (header("(0)", f"({MORE})"), "line 2 of the header: the baseline is '9999"),
        (header("200", MORE), "the gain is '9999"),
        (header(" 16 0 ", f" 16 {MORE} "), "the ADC zero is '9999"),
        (header("ecg.dat 16", f"ecg.dat 16:{MORE}"), "names no file and signal format"),
        (header("ecg.dat 16", "ecg.dat 16x999999"), "999999 samples a frame"),
        (header("ecg.dat 16", "ecg.dat 16+999999999999"), "described in more than one"),
        (header("250", MORE, 1), "the sampling rate is '9999"),
        (header("250", "1" * 1_000_000, 1), "first line does not say"),
        (header("500", MORE, 1), "the number of samples is '9999"),
        (header("500", "999999999999", 1), "cut off"),
        (header("12", MORE, 1), "line 1 of the header: the number of samples is"),
        (header("12", "999999", 1), "announces 999999 signals and describes 12"),
        (header("ecg.dat", "x" * 5000), "is not beside it"),
        (header("ecg.dat", "é" * 300), "is not beside it"),
        (header("ecg.dat", "a/" * 100_000 + "b"), "is not beside it"),
        (header("ecg ", "ecg/20000 ", 1), "announces 20000 segments and describes 12"),
        (header("I", "I" * 1_000_000), ""),
        (header("I", "# " * 500_000), ""),
        ({"b.hea": b"b 1 500 2\nb.dat 16 1000/mV 16 0 0 0 0 I\n", "b.dat": bytes(10_000)}, "2 samples"),
        ({"x.hea": b"x 12 " + b"1" * 60_000}, "first line does not say"),
        ({"x.hea": b"x " + b"\t" * 1_000_000 + b"12"}, "first line does not say"),
        ({"x.hea": b"ecg 1 250 99999999999\n~ 0 200 0 0 0 0 0 I\n"}, "more than fit"),
        ({"x.hea": b"x/1 1 250\n~ 999999999999\n"}, "no ECG inside"),
        ({"x.hea": b"x/19000 1 250\n" + b"y 5\n" * 19_000}, "its segment y is not beside it"),
    ],
)  # fmt: skip
def test_headers(tmp_path: Path, upload: dict[str, bytes], said: str) -> None:
    assert said in refused_or_harmless(upload)
    with pytest.raises(EcgFormatError) if said else _nothing():
        read(files.put(tmp_path / "a", upload) / min(upload, key=lambda name: name[-3:] != "hea"))


def _nothing():  # type: ignore[no-untyped-def]
    import contextlib

    return contextlib.nullcontext()


def muse(old: str, new: str) -> dict[str, bytes]:
    return {"x.xml": files.muse().replace(old.encode(), new.encode())}


def philips(**attributes: str) -> dict[str, bytes]:
    return {"x.xml": files.philips(attributes=attributes)}


@pytest.mark.parametrize(
    "upload",
    [
        muse("<SampleBase>250", f"<SampleBase>{MORE}"),
        muse("<SampleExponent>0", "<SampleExponent>1e308"),
        muse(">61<", f">{MORE}<"),
        muse(">61<", ">nan<"),
        muse("UnitsPerBit>5<", "UnitsPerBit>1e300<"),
        muse("UnitsPerBit>5<", "UnitsPerBit>inf<"),
        muse("UnitsPerBit>5<", "UnitsPerBit>nan<"),
        muse("CountTotal>500<", f"CountTotal>{MORE}<"),
        muse("Normal sinus rhythm", "sinus " * 300_000),
        muse("<LeadID>I<", "<LeadID>" + "I" * 300_000 + "<"),
        muse("<LeadID>I<", "<LeadID>&#8238;I<"),
        philips(samplespersecond=MORE),
        philips(durationperchannel="1e300"),
        philips(durationperchannel="inf"),
        philips(resolution="1e300"),
        philips(resolution=MORE),
        philips(signaloffset=MORE),
        philips(numberofleads=MORE),
        philips(leadlabels="A " * 50_000),
        {"x.xml": b'<!DOCTYPE restingecgdata SYSTEM "x.dtd"><restingecgdata>&d;</restingecgdata>'},
        {"x.xml": b"<restingecgdata " + b"a" * 30_000_000 + b"='1'/>"},
        {"x.xml": b"<RestingECG " + b"a" * 8_000_000},
        {"x.xml": b"<!--" + b"a" * 8_000_000},
        {"x.xml": b"<RestingECG>" + b"<a/>" * 49_000 + b"</RestingECG>"},
    ],
)
def test_documents(upload: dict[str, bytes]) -> None:
    refused_or_harmless(upload)


def test_absurd_filters_are_not_told() -> None:
    text = (
        files.muse().replace(b"Filter>5<", b"Filter>-100<").replace(b"Filter>150<", b"Filter>inf<")
    )
    assert not {"high_pass_hz", "low_pass_hz"} & read(text).meta.keys()
    assert (
        not {"high_pass_hz", "low_pass_hz"} & read(philips(hipass="-1", lowpass="inf")).meta.keys()
    )


def test_a_message_is_short_whatever_it_is_about() -> None:
    error = EcgFormatError("n" * 10_000 + "\n", "WFDB", "r\n" * 100_000)
    assert len(str(error)) <= 500 and str(error).isprintable()
    assert error.file in str(error) and error.reason in str(error)
    refused_or_harmless({"x" * 5000 + ".hea": b"x 12 250"})


# -- what stays behind ------------------------------------------------------------------------------


def test_without_a_temporary_folder_files_are_read_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    assert read(files.wfdb()).samples == 500
    if in_memory._has_nameless():
        assert read(files.muse()).samples == 500
    monkeypatch.setattr(in_memory, "_has_nameless", lambda: False)
    with pytest.raises(EcgFormatError, match="no temporary file can be written"):
        read(files.muse())


def test_where_a_file_needs_a_name_it_goes_and_those_of_killed_processes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(in_memory, "_has_nameless", lambda: False)
    stale, fresh = tmp_path / "cofe-widgets-old", tmp_path / "cofe-widgets-of-another"
    files.put(stale, {"ecg": b"secret"})
    fresh.mkdir()
    os.utime(stale, (0, 0))
    assert read(files.philips()).samples == 500
    assert list(tmp_path.iterdir()) == [fresh]


@pytest.mark.skipif(not in_memory._has_nameless(), reason="needs files without a name")
@pytest.mark.parametrize("make", ["muse", "philips", "wfdb"])
def test_a_process_that_is_killed_while_it_reads_leaves_nothing(tmp_path: Path, make: str) -> None:
    reader = {
        "muse": "numpy.frombuffer",
        "philips": "ecgdatakit.parsing.parsers.sierra_xml.xli_decode",
        "wfdb": "numpy.frombuffer",
    }[make]
    program = f"""
        import os, signal, unittest.mock
        from cofe_widgets import read
        from tests.io import files
        data = files.{make}()
        kill = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
        with unittest.mock.patch({reader!r}, kill):
            read(data)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_mapping_of_bytes_is_refused() -> None:
    assert re.search("several files", refused_or_harmless({"a": b"x", "b": b"y"}))
