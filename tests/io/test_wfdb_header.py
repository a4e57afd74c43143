"""Headers as programs and people write them: read where they can be, or the line and the field are named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cofe_widgets import read
from cofe_widgets.ecg import LEADS
from cofe_widgets.errors import EcgFormatError
from cofe_widgets.io.source import Source
from cofe_widgets.io.wfdb.header import is_header, parse
from cofe_widgets.signals import measure

from . import files


def edited(old: str, new: str, line: int | None = None) -> dict[str, bytes]:
    """The usual record with a change in its header: in one line or in all."""
    upload = files.wfdb()
    lines = upload["ecg.hea"].decode().split("\n")
    for number in range(len(lines)) if line is None else [line - 1]:
        lines[number] = lines[number].replace(old, new)
    return {**upload, "ecg.hea": "\n".join(lines).encode()}


def same(upload: dict[str, bytes], warnings: str = "") -> None:
    record = read(upload)
    assert record.leads == LEADS and record.fs == 250
    np.testing.assert_allclose(record.signal, files.counts() * 0.005, atol=1e-6)
    assert warnings in " | ".join(record.meta.get("warnings", ()))
    assert bool(warnings) == ("warnings" in record.meta)


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        ("200(0)/mV 16 0 ", "200.0(0.0)/mV 16 0 ", ""),
        ("200(0)/mV 16 0 ", "200/mV 16 nan ", "the ADC zero is nan: 0 is assumed"),
        ("200(0)/mV 16 0 ", "2e2(nan)/mV 16.0 0.0 ", "the baseline is nan: 0 is assumed"),
        ("200(0)/mV 16 0 ", "200/mV NaN 0 ", ""),
        ("200(0)/mV", "nan(0)/mV", "no gain is given"),
        ("200(0)/mV", "200", ""),
        ("200(0)/mV", "200(0)/", ""),
        ("ecg.dat 16 ", "ecg.dat 16x1:0+0 ", ""),
        ("ecg 12 250 500", "ecg 12 250/360(12) 500", ""),
        ("ecg 12 250 500", "ecg 12 250.000/1 500.0", ""),
        ("ecg 12 250 500", "my ecg 12 2.5e2 500", ""),
        ("ecg.dat 16", "ecg.dat\t 16", ""),
    ],
)
def test_odd_fields_are_read(old: str, new: str, warning: str) -> None:
    same(edited(old, new), warning)


@pytest.mark.parametrize(
    "dress",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", " \r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: "\ufeff" + text,
        lambda text: "\n\n# made by hand\n" + text.replace("\n", "\n\n"),
        lambda text: text.replace("V1\n", "V1\n# the chest\n  # leads\n"),
        lambda text: text.replace("#Dx", "# Größe 1,80 m\n#Dx"),
    ],
)
def test_line_ends_marks_blanks_and_comments_do_not_matter(dress) -> None:  # type: ignore[no-untyped-def]
    upload = files.wfdb()
    text = dress(upload["ecg.hea"].decode())
    for encoding in ("utf-8", "latin-1") if "\ufeff" not in text else ("utf-8", "utf-16-le"):
        same({**upload, "ecg.hea": text.encode(encoding)})


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("200(0)", "twohundred1(0)", 3, "line 3 of the header: the gain is 'twohundred1'"),
        ("(0)", "(zero)", 5, "line 5 of the header: the baseline is 'zero'"),
        (" 16 0 ", " 16 0x1F ", 2, "line 2 of the header: the ADC zero is '0x1F'"),
        ("ecg.dat 16", "ecg.dat 17", 2, "line 2 of the header: signal format 17 is not read here"),
        ("ecg.dat 16", "ecg.dat", 2, "line 2 of the header"),
        ("200(0)", "1e-12(0)", 2, "a gain of 1e-12 is no gain"),
        ("250", "fast", 1, "line 1 of the header: the sampling rate is 'fast'"),
        ("500", "-500", 1, "line 1 of the header: the number of signals or samples is below zero"),
        ("250", "-250", 1, "sampling rate -250"),
    ],
)
def test_what_cannot_be_read_is_named_by_line_and_field(
    old: str, new: str, line: int, said: str
) -> None:
    with pytest.raises(EcgFormatError) as error:
        read(edited(old, new, line))
    assert said in str(error.value)


def test_fields_may_be_missing_at_the_end_of_a_line() -> None:
    rows = files.counts()[:1]
    for line in ("ecg.dat 16", "ecg.dat 16 200", "ecg.dat 16 200(0)/mV 16 0"):
        record = read({"ecg.hea": f"ecg 1 250\n{line}\n".encode(), "ecg.dat": rows.tobytes()})
        assert record.leads == ("signal 1",)
        np.testing.assert_allclose(record.signal, rows * 0.005, atol=1e-6)
    for line in ("ecg.dat 16 200/mV II", "ecg.dat 16 lead II"):
        record = read({"ecg.hea": f"ecg 1 250\n{line}\n".encode(), "ecg.dat": rows.tobytes()})
        assert record.leads == ("II",)


# -- the rate ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["ecg 12", "ecg 12 nan 500"])
def test_a_rate_that_is_not_given_is_never_assumed_in_silence(first: str) -> None:
    upload = files.wfdb(record=first)
    record = read(upload)
    assert record.fs == 250
    assert (
        "gives no sampling rate: 250 Hz, the format's default, is assumed"
        in record.meta["warnings"][0]
    )
    with pytest.warns(UserWarning, match="gives no sampling rate"):
        measure(record)
    told = read(upload, fs=500)
    assert (told.fs, told.duration_s) == (500, 1.0)
    assert "warnings" not in told.meta
    with pytest.raises(EcgFormatError, match="sampling rate 5"):
        read(upload, fs=5)


@pytest.mark.parametrize("make", [files.wfdb, files.muse, files.philips])
def test_a_rate_that_is_given_stands_and_the_way_to_another_is_said(make) -> None:  # type: ignore[no-untyped-def]
    np.testing.assert_array_equal(read(make(), fs=250).signal, read(make()).signal)
    with pytest.raises(EcgFormatError, match=r"states 250 Hz, and fs=500 .*resample\(500\)"):
        read(make(), fs=500)


# -- names ------------------------------------------------------------------------------------------


def test_a_folder_in_a_header_is_no_matter_while_the_file_lies_beside_it(tmp_path: Path) -> None:
    upload = edited("ecg", "medians/ecg")
    same(upload)
    folder = files.put(tmp_path / "a", upload)
    for path in (folder, folder / "ecg.hea", folder / "ecg.dat", folder / "ecg"):
        assert read(path).leads == LEADS
    files.put(tmp_path, {"ecg.dat": upload["ecg.dat"]})
    (folder / "ecg.dat").unlink()
    with pytest.raises(EcgFormatError, match=r"its signal file ecg\.dat is not beside it"):
        read(folder)


@pytest.mark.parametrize(
    "name", ["../ecg.dat", "a/../../ecg.dat", "/ecg.dat", "C:ecg.dat", "a//ecg.dat"]
)
def test_a_folder_elsewhere_is_never_looked_into(tmp_path: Path, name: str) -> None:
    folder = files.put(tmp_path / "a", edited("ecg.dat", name))
    files.put(tmp_path, {"ecg.dat": files.wfdb()["ecg.dat"]})
    with pytest.raises(EcgFormatError, match="points outside its own folder"):
        read(folder / "ecg.hea")


@pytest.mark.parametrize("said", ["ecg", "ECG.DAT", "Ecg.dat"])
def test_disk_and_upload_find_the_same_file(tmp_path: Path, said: str) -> None:
    upload = edited("ecg.dat", said)
    same(upload)
    assert read(files.put(tmp_path, upload)).leads == LEADS


def test_names_in_capitals_open_in_every_way(tmp_path: Path) -> None:
    upload = {name.upper(): data for name, data in edited("ecg.dat", "ECG.DAT").items()}
    same(upload)
    files.put(tmp_path, upload)
    for given_ in ("ECG.HEA", "ECG.DAT", "ECG", ""):
        assert read(tmp_path / given_).leads == LEADS


def test_header_and_signal_file_renamed_together_open_and_say_so(tmp_path: Path) -> None:
    upload = files.wfdb()
    renamed = {"p1.hea": upload["ecg.hea"], "p1.dat": upload["ecg.dat"]}
    same(renamed)
    assert read(files.put(tmp_path, renamed)).leads == LEADS
    no_sums = {**renamed, "p1.hea": b"ecg 1 250\necg.dat 16 200 16 0 0 0 0 II\n"}
    assert "calls its signal file ecg.dat: p1.dat was read" in read(no_sums).meta["warnings"][0]


def test_a_file_called_hea_that_is_no_header_is_called_that() -> None:
    for text in (b"Dear colleague\n", b"x 12 " + b"1" * 60_000):
        for upload in ({"x.hea": text}, {"x.hea": text, "x.dat": b"\0\1" * 500}):
            with pytest.raises(EcgFormatError, match="first line does not say name, number"):
                read(upload)


# -- round trip -------------------------------------------------------------------------------------

blank = st.text(" \t", min_size=1, max_size=3)
words = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,8}", fullmatch=True)
number = st.integers(-(2**15), 2**15 - 1)


@st.composite
def signal_lines(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    values: dict[str, object] = {
        "file": draw(words) + ".dat",
        "format": draw(st.sampled_from(["16", "212", "80", "24", "310"])),
        "per_frame": draw(st.integers(1, 8)),
        "skew": draw(st.integers(0, 9)),
        "offset": draw(st.integers(0, 99)),
        "gain": draw(st.sampled_from([200.0, 1000.0, 0.5, 12.25, 1e4])),
        "baseline": draw(number),
        "unit": draw(st.sampled_from(["mV", "uV", "mmHg", "adu"])),
        "first": draw(number),
        "checksum": draw(number.filter(bool)),
        "name": " ".join(draw(st.lists(words, max_size=3))),
    }
    gap = draw(blank)
    fields = [
        values["file"],
        f"{values['format']}x{values['per_frame']}:{values['skew']}+{values['offset']}",
        f"{values['gain']}({values['baseline']})/{values['unit']}",
        draw(st.integers(0, 24)), draw(number), values["first"], values["checksum"], 0, values["name"],
    ]  # fmt: skip
    return draw(st.sampled_from(["", " "])) + gap.join(map(str, fields)) + draw(
        st.sampled_from(["", " "])
    ), values


@settings(max_examples=150, deadline=None)
@given(
    name=words, fs=st.sampled_from([100, 250, 360.5, 1000]), samples=st.integers(1, 10**9),
    lines=st.lists(signal_lines(), min_size=1, max_size=5), gap=blank,
    comment=st.text("ab1:#<> ", max_size=9), end=st.sampled_from(["\n", "\r\n", "\n\n", "\r"]),
)  # fmt: skip
def test_any_valid_header_says_what_was_written(
    name, fs, samples, lines, gap, comment, end
) -> None:  # type: ignore[no-untyped-def]
    first = gap.join([name, str(len(lines)), str(fs), str(samples)])
    text = end.join([first, f"#{comment}", *(line for line, _ in lines), "# last"])
    source = Source("x.hea", data=text.encode())
    assert is_header(source)
    header = parse(source)
    assert (header.fs, header.samples, header.segments) == (fs, samples, ())
    assert header.comments == (comment.lstrip(" \t#").strip(), "last")
    for signal, (_, values) in zip(header.signals, lines, strict=True):
        assert {key: getattr(signal, key) for key in values} == values
        assert signal.calibrated
