"""Signal files: every width, any part of them, and none that is another record's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb as library

from cofe_widgets import read
from cofe_widgets.ecg import LEADS
from cofe_widgets.errors import EcgFormatError
from cofe_widgets.io.source import Source
from cofe_widgets.io.wfdb.layout import load, millivolts

from . import files

WIDTHS = ("8", "16", "24", "32", "61", "80", "160", "212", "310", "311")


def described(
    how: str, folder: Path, frames: int, per_frame: tuple[int, ...], skew: int = 0
) -> Path:
    """A file of random bytes, and a header that says how to read them."""
    data = np.random.default_rng(frames).integers(0, 256, 4 * frames * sum(per_frame) + 8, np.uint8)
    data[1::4] &= 0x3F  # of format 311 the library reads bits that do not belong to a sample
    (folder / "x.dat").write_bytes(data.tobytes())
    lines = [f"x {len(per_frame)} 250 {frames}"]
    for number, n in enumerate(per_frame):
        late = f":{skew}" if number else ""
        lines.append(f"x.dat {how}x{n}{late}+2 4(5)/mV 16 0 3 0 0 s{number}")
    (folder / "x.hea").write_text("\n".join(lines) + "\n")
    return folder / "x"


def ours(path: Path, first: int = 0, last: int | None = None) -> list[np.ndarray]:
    header = path.with_suffix(".hea")
    layout = load(Source(header.name, header))
    end = layout.frames if last is None else last
    return list(millivolts(layout, list(layout.signals()), first, end)[0])


@pytest.mark.parametrize("per_frame", [(1, 1, 1), (2, 3, 2), (1, 4)])
@pytest.mark.parametrize(
    ("how", "skew"),  # of format 8 the library shifts differences, not samples
    [*((how, 0) for how in WIDTHS), *((how, 7) for how in WIDTHS if how != "8")],
)
def test_every_width_is_read_as_the_format_s_own_library_reads_it(
    tmp_path: Path, how: str, per_frame: tuple[int, ...], skew: int
) -> None:
    for frames in (301, 302, 303):
        path = described(how, tmp_path, frames, per_frame, skew)
        theirs = library.rdrecord(str(path), smooth_frames=False).e_p_signal
        for number, (mine, row) in enumerate(zip(ours(path), theirs, strict=True)):
            known = np.ones(len(row), bool)
            if skew and number:  # where the file ends before the signal does
                known[-skew * per_frame[number] :] = False
                assert np.isnan(mine[~known]).all()
            np.testing.assert_allclose(mine[known], row[known], rtol=1e-6)


@pytest.mark.parametrize("how", WIDTHS)
def test_any_part_of_any_width_is_that_part_of_the_whole(tmp_path: Path, how: str) -> None:
    path = described(how, tmp_path, 500, (1, 3, 1), skew=4)
    whole = ours(path)
    for first, last in ((0, 100), (1, 77), (2, 402), (333, 500), (100, 499)):
        for part, row, n in zip(ours(path, first, last), whole, (1, 3, 1), strict=True):
            np.testing.assert_array_equal(part, row[first * n : last * n])


def test_a_long_file_is_decoded_in_pieces_that_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for how in WIDTHS:
        path = described(how, tmp_path, 500, (1, 3, 1), skew=4)
        whole = ours(path)
        with monkeypatch.context() as patch:
            patch.setattr("cofe_widgets.io.wfdb.decoding._CHUNK", 35)
            for part, row in zip(ours(path), whole, strict=True):
                np.testing.assert_array_equal(part, row)


def test_a_part_of_a_long_file_reads_no_more_than_that(tmp_path: Path) -> None:
    files.put(tmp_path, files.wfdb(record="ecg 12 250 100000000"))
    block = files.counts().T.astype("<i2").tobytes()
    with (tmp_path / "ecg.dat").open("r+b") as file:
        file.truncate(24 * 100_000_000)
        file.seek(24 * 50_000_000)
        file.write(block)
    part = read(tmp_path, start=200_000, end=200_002)
    np.testing.assert_allclose(part.signal, files.counts() * 0.005, atol=1e-6)
    with pytest.raises(EcgFormatError, match=r"1200 million samples .*start=0, end=3600.* leads="):
        read(tmp_path)


# -- whose file it is -------------------------------------------------------------------------------


def other() -> bytes:
    return (files.counts()[:, ::-1] + 3).T.astype("<i2").tobytes()


def test_another_patient_s_signal_file_is_refused() -> None:
    header = files.wfdb()["ecg.hea"]
    with pytest.raises(EcgFormatError, match=r"b\.dat is not its signal file ecg\.dat: the names"):
        read({"ecg.hea": header, "b.dat": other()})
    renamed = read({"ecg.hea": header, "b.dat": files.wfdb()["ecg.dat"]})
    np.testing.assert_allclose(renamed.signal, files.counts() * 0.005, atol=1e-6)
    with pytest.raises(EcgFormatError, match="the names differ"):  # also where a part is read
        read({"ecg.hea": header, "b.dat": other()}, start=0.5, end=1)
    same_name = read({"ecg.hea": header, "ecg.dat": other()})
    assert "fails the header's checksum" in same_name.meta["warnings"][0]


def test_a_file_of_another_name_that_nothing_can_tell_is_refused() -> None:
    header = b"ecg 1 250\necg.dat 16 200 16 0 0 0 0 II\n"
    samples = files.counts()[1].tobytes()
    with pytest.raises(EcgFormatError, match="no checksums to tell"):
        read({"ecg.hea": header, "b.dat": samples})
    for name in ("ecg (2).dat", "ecg_copy.dat", "ecg"):
        assert read({"ecg.hea": header, name: samples}).leads == ("II",)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("notes.txt", b"Dear colleague, this is no ECG. " * 400, "is text, not the samples"),
        ("ecg.dat", b"Dear colleague, this is no ECG. " * 400, "is text, not the samples"),
        ("table.csv", b"I,II\n" + b"1,2\n" * 4000, "is CSV, not its signal file"),
        ("ecg.xml", files.muse(), "is XML, not its signal file"),
        ("ecg.xml", files.philips(), "is XML, not its signal file"),
        ("ecg.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 60, "is PDF, not its signal file"),
        ("ecg.hea.zip", b"PK\x03\x04" + bytes(range(256)) * 60, "is ZIP, not its signal file"),
    ],
)
def test_what_is_no_signal_file_is_called_what_it_is(name: str, data: bytes, said: str) -> None:
    with pytest.raises(EcgFormatError) as error:
        read({"ecg.hea": files.wfdb()["ecg.hea"], name: data})
    assert said in str(error.value)


# -- MATLAB -----------------------------------------------------------------------------------------


def matlab_4(kind: int = 30, rows: int = 12) -> bytes:
    head = np.array([kind, rows, 500, 0, 4], "<i4").tobytes() + b"val\0"
    return head + files.counts().T.astype("<i2").tobytes()


def test_a_matlab_4_signal_file_is_read_and_others_are_told_from_it() -> None:
    header = files.wfdb()["ecg.hea"].replace(b"ecg.dat 16", b"ecg.mat 16+24")
    record = read({"ecg.hea": header, "ecg.mat": matlab_4()})
    assert record.leads == LEADS
    np.testing.assert_allclose(record.signal, files.counts() * 0.005, atol=1e-6)
    with pytest.raises(EcgFormatError, match="not stored as the header says"):
        read({"ecg.hea": header, "ecg.mat": matlab_4(kind=0)})
    five = b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\1IM" + other()
    with pytest.raises(EcgFormatError, match=r"is a MATLAB 5 file.*save it for MATLAB 4"):
        read({"ecg.hea": header, "ecg.mat": five})
    for data, name in ((matlab_4(), "MATLAB 4"), (five, "MATLAB 5")):
        with pytest.raises(EcgFormatError) as error:
            read({"lonely.mat": data})
        assert error.value.format == name


def test_two_files_of_one_name_in_an_upload_are_refused() -> None:
    upload = {f"a/{name}": data for name, data in files.wfdb().items()}
    assert read({name.replace("/", "\\"): data for name, data in upload.items()}).leads == LEADS
    with pytest.raises(EcgFormatError, match="two files of this name"):
        read({**upload, "b/ecg.dat": other()})
