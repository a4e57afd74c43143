"""`read_many`: folders, archives, patterns and lists as one lazy collection."""

from __future__ import annotations

import io
import os
import pickle
import shutil
import tarfile
import zipfile

import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.errors import EcgError, EcgFormatError
from cofe_widgets.io import address, sample_path

from . import files

SAMPLES = sample_path("sinus").parent
NAMES = ("arrhythmia", "fibrillation", "sinus")


def same(some, others):
    return len(some) == len(others) and all(
        np.array_equal(a.signal, b.signal) for a, b in zip(some, others, strict=True)
    )


@pytest.fixture(scope="module")
def singles():
    """Each sample, read by itself."""
    return [cw.read(SAMPLES / name) for name in NAMES]


@pytest.fixture
def folder(tmp_path):
    """A folder with three WFDB records in two places, a MUSE file, a text, and a header without samples."""
    top = tmp_path / "top"
    (top / "a" / "b").mkdir(parents=True)
    for name, place in zip(NAMES, ("a", "a/b", "a/b"), strict=True):
        for end in ("hea", "dat"):
            shutil.copy(SAMPLES / f"{name}.{end}", top / place)
    (top / "any.thing").write_bytes(files.muse())
    (top / "readme.txt").write_text("no ECG")
    (top / "x.hea").write_text("x 1 500 100\nnothing.dat 16 1000 16 0 0 0 0 I\n")
    return top


def test_a_folder_is_searched_to_its_bottom_and_a_record_of_two_files_comes_once(folder, singles):
    found = cw.read_many(folder)
    assert len(found) == 5 and found.passed_over == 1 and len(found.failures) == 0
    assert [one.name for one in found.addresses] == [
        *("any.thing", "x.hea", "a/arrhythmia.hea", "a/b/fibrillation.hea", "a/b/sinus.hea")
    ]
    assert same(list(found)[1:], singles)
    table = found.failures.to_frame()
    assert table.place.tolist() == [1] and "not beside it" in table.reason[0]
    assert "1 other files passed over" in repr(found) and "1 failures" in repr(found)
    with pytest.raises(EcgFormatError, match="not beside it"):
        found[1]


def test_it_is_a_sequence_and_pickles_as_addresses(folder, singles):
    found = cw.read_many(folder, leads=["II", "V5"])[2:]
    assert len(found) == 3 and found[-1].leads == ("II", "V5")
    assert same([found[2], found[0]], list(found[[2, 0]]))
    sent = pickle.dumps(found)
    assert len(sent) < 2000
    again = pickle.loads(sent)
    assert (
        same(again, found) and again.key == found.key and again.to_frame().equals(found.to_frame())
    )
    assert cw.read_many(found)[0].leads == ("II", "V5")


def test_its_key_is_of_what_it_holds_and_not_of_where_it_lies(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "elsewhere")
    found, moved = cw.read_many(folder), cw.read_many(tmp_path / "elsewhere")
    assert found.key == moved.key != found[1:].key != cw.read_many(folder, start=1).key


def test_patterns_lists_and_base_names(folder, singles):
    assert same(cw.read_many(str(folder / "**" / "*.hea"))[:3], singles)
    assert same(cw.read_many([folder / "a" / "b" / "sinus", "sample:sinus"]), [singles[2]] * 2)
    assert same(cw.read_many([folder / "any.thing", folder / "a"])[1:], singles)
    with pytest.raises(EcgFormatError, match="no file matches"):
        cw.read_many(str(folder / "*.xyz"))
    with pytest.raises(EcgFormatError, match="no such file"):
        cw.read_many(folder / "no" / "such")
    with pytest.raises(EcgError, match="Record is no path"):
        cw.read_many([singles[0]])
    with pytest.raises(EcgFormatError, match="no ECG in 0 files"):
        cw.read_many([])


def test_a_record_of_several_segments_comes_once(tmp_path, singles):
    for name in NAMES[1:]:
        for end in ("hea", "dat"):
            shutil.copy(SAMPLES / f"{name}.{end}", tmp_path)
    n = singles[1].samples
    text = f"whole/2 12 500 {2 * n}\n" + "".join(f"{name} {n}\n" for name in NAMES[1:])
    (tmp_path / "whole.hea").write_text(text)
    (one,) = cw.read_many(tmp_path)
    assert one.samples == 2 * n
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as archive:
        for file in sorted(tmp_path.glob("*.[hd]*")):
            archive.write(file, f"in/{file.name}")
    (zipped,) = cw.read_many(tmp_path / "w.zip")
    assert np.array_equal(zipped.signal, one.signal)


def test_links_in_a_circle_and_devices_do_not_hold_it_up(folder):
    (folder / "a" / "circle").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    found = cw.read_many(folder)
    assert len(found) == 5
    assert [one.reason for one in found.failures] == ["not a regular file"]


@pytest.fixture
def zipped(tmp_path):
    path = tmp_path / "some.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in NAMES:
            for end in ("hea", "dat"):
                archive.write(SAMPLES / f"{name}.{end}", f"in/{name}.{end}")
        archive.writestr("in/notes.txt", "nothing")
    return path


def shard(path, names=NAMES):
    with tarfile.open(path, "w") as archive:
        for name in names:
            for end in ("hea", "dat"):
                archive.add(SAMPLES / f"{name}.{end}", f"./{name}.{end}")
            label = tarfile.TarInfo(f"./{name}.json")
            label.size = 2
            archive.addfile(label, io.BytesIO(b"{}"))
    return path


def test_zips_and_shards_give_what_the_files_give(zipped, tmp_path, singles):
    assert same(cw.read_many(zipped), singles)
    whole = shard(tmp_path / "shard-000.tar")
    assert same(cw.read_many(whole), singles)
    both = cw.read_many(tmp_path)
    assert len(both) == 6 and len(both.failures) == 0
    assert same(pickle.loads(pickle.dumps(both)), singles * 2)
    assert not list(tmp_path.rglob("*.dat"))  # nothing is unpacked


@pytest.mark.parametrize(
    "name", ["../out.hea", "/etc/out.hea", "a/../../out.hea", "C:/out.hea", "..\\o.hea"]
)
def test_names_that_point_outside_are_refused(tmp_path, name):
    data = (SAMPLES / "sinus.hea").read_bytes()
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr(name, data)
    with tarfile.open(tmp_path / "t.tar", "w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    for path in (tmp_path / "z.zip", tmp_path / "t.tar"):
        with pytest.raises(EcgFormatError, match="points outside the archive"):
            cw.read_many(path)


def test_bombs_are_refused_by_what_they_say(zipped, tmp_path, monkeypatch):
    monkeypatch.setattr("cofe_widgets.io.gather.MAX_MEMBER_BYTES", 50_000)
    for path in (zipped, shard(tmp_path / "s.tar")):
        found = cw.read_many(path)
        assert sum("at most are read" in one.reason for one in found.failures) == 3
        assert list(found) == []  # of each record the header is left


def test_a_member_that_unpacks_to_more_than_it_says_is_cut_off(zipped, monkeypatch):
    found = cw.read_many(zipped)
    monkeypatch.setattr(address, "MAX_MEMBER_BYTES", 50_000)
    assert list(found) == []
    assert all("unpacks to more than" in one.reason for one in found.failures)


def test_shards_that_lie_about_sizes_or_hold_links_are_refused(tmp_path):
    path = shard(tmp_path / "s.tar")
    data = path.read_bytes()
    (tmp_path / "cut.tar").write_bytes(data[: len(data) // 2])
    cut = cw.read_many(tmp_path / "cut.tar")
    assert len(cut) < 3 and "s" in cut.failures[0].reason
    with tarfile.open(tmp_path / "link.tar", "w") as archive:
        archive.add(SAMPLES / "sinus.hea", "sinus.hea")
        link = tarfile.TarInfo("sinus.dat")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    linked = cw.read_many(tmp_path / "link.tar")
    assert list(linked) == []
    assert {one.reason[:14] for one in linked.failures} == {
        "is no plain fi",
        "WFDB: its signal"[:14],
    }


def test_an_archive_that_is_none_is_said(tmp_path):
    (tmp_path / "z.zip").write_bytes(b"PK\x03\x04" + bytes(200))
    with pytest.raises(EcgFormatError, match=r"no ECG"):
        cw.read_many(tmp_path / "z.zip")
    (tmp_path / "a.tar.gz").write_bytes(b"\x1f\x8b" + bytes(200))
    found = cw.read_many(tmp_path / "a.tar.gz")
    assert "unpack it first" in found.check()[0].reason


def test_an_encrypted_file_is_listed(zipped, tmp_path):
    data = bytearray(zipped.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1  # the flag of the first file in the list
    (tmp_path / "locked.zip").write_bytes(bytes(data))
    found = cw.read_many(tmp_path / "locked.zip")
    assert any("encrypted" in one.reason for one in found.failures)
