"""Which files among many are ECGs: told by their first bytes, a record of several files once."""

from __future__ import annotations

import os
import re
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from glob import iglob
from pathlib import Path

from ..errors import EcgFormatError
from .address import MAX_MEMBER_BYTES, Address, Found, Member, zip_bytes
from .format import Format
from .formats import FORMATS
from .samples import SAMPLE_PREFIX
from .source import HEAD_BYTES, Source
from .zarr_store import is_store, length

#: Files in one archive: a list of more is no collection of ECGs that anybody packed.
MOST_MEMBERS = 5_000_000
_OUTSIDE = "its name points outside the archive"
_WORDS = re.compile(rb"[^\s]+")
#: Called with how many files were looked at since the last time.
Watcher = Callable[[int], None]


def gathered(where: Iterable[str | os.PathLike[str]], watch: Watcher) -> Found:
    """The records at paths: files, folders, archives, Zarr stores, patterns.

    Raises
    ------
    EcgFormatError
        When a path or pattern is not there.
    """
    found = Found()
    for one in where:
        text = os.fspath(one)
        path = Path(text)
        if text.startswith(SAMPLE_PREFIX):
            found.addresses.append(Address("file", text, inside=text))
        elif path.exists():
            _at(path, found, watch)
        elif any(sign in text for sign in "*?["):
            matches = sorted(iglob(text, recursive=True))
            if not matches:
                raise EcgFormatError(text, "", "no file matches this pattern")
            top = Path(text[: min(text.find(sign) % (len(text) + 1) for sign in "*?[")]).parent
            _of_files([Path(match) for match in matches], top, found, watch, deep=True)
        else:
            _base_name(path, found)
    return found


def _at(path: Path, found: Found, watch: Watcher) -> None:
    if path.is_dir():
        _of_store(path, found) if is_store(path) else _of_folder(path, found, watch)
        return
    before = len(found.addresses)
    _of_files([path], path.parent, found, watch)
    if len(found.addresses) == before and not _is_archive(path):
        # It was named: what it lacks is to be said, by `read`, when it is opened.
        found.passed_over = max(0, found.passed_over - 1)
        found.addresses.append(_file(path, path.parent))


def _base_name(path: Path, found: Found) -> None:
    """A record that is named without its ending, as WFDB does; or one that is not there."""
    if not path.parent.is_dir():
        raise EcgFormatError(path.name, "", f"no such file or folder: {path}")
    found.addresses.append(Address("file", str(path), inside=path.name))


def _of_folder(top: Path, found: Found, watch: Watcher) -> None:
    """Every ECG below a folder; links to folders are not followed, so that none runs in a circle."""
    for folder, folders, names in os.walk(top, onerror=lambda e: _unseen(e, found)):
        here = Path(folder)
        folders.sort()
        for name in list(folders):
            if is_store(here / name):
                folders.remove(name)
                _of_store(here / name, found)
        _of_files([here / name for name in sorted(names)], top, found, watch)


def _unseen(error: OSError, found: Found) -> None:
    found.refuse(str(error.filename), f"cannot be looked into: {error.strerror or error}")


def _of_files(
    paths: list[Path], top: Path, found: Found, watch: Watcher, deep: bool = False
) -> None:
    """ECGs among files, by folder; of several files that are one record the header alone."""
    folders: dict[Path, dict[str, Source]] = defaultdict(dict)
    for path in paths:
        watch(1)
        if path.is_dir():
            if deep:
                _at(path, found, watch)
        elif not path.is_file():
            found.refuse(str(path), "not a regular file")
        elif zipfile.is_zipfile(path) and _is_archive(path):
            _of_zip(path, top, found, watch)
        elif _is_archive(path):
            _of_shard(path, top, found, watch)
        else:
            folders[path.parent][path.name] = Source(path.name, path)
    for sources in folders.values():
        records, passed = among(sources, found)
        found.passed_over += passed
        found.addresses += [_file(sources[names[0]].path, top) for names in records]


def _file(path: Path | None, top: Path) -> Address:
    assert path is not None
    inside = path.relative_to(top) if path.is_relative_to(top) else path
    try:
        size = path.stat().st_size
    except OSError:  # gone since; said when it is opened
        size = 0
    return Address("file", str(path), size=size, inside=inside.as_posix())


def among(sources: Mapping[str, Source], found: Found) -> tuple[list[list[str]], int]:
    """Records among the files of one folder: the names of each one's files, header first.

    Returns
    -------
    records : list of list of str
    passed : int
        How many files hold no ECG and belong to none.
    """
    matched: dict[str, Format] = {}
    for name, source in sources.items():
        try:
            one = next((one for one in FORMATS if source.size and one.sniff(source)), None)
        except OSError as error:
            found.refuse(name, f"cannot be read: {error.strerror or error}")
            continue
        if one is not None:
            matched[name] = one
    by_stem = defaultdict(list)
    for name in sources:
        by_stem[_stem(name)].append(name)
    records, used = [], set(matched)
    for one in FORMATS:
        mine = [sources[name] for name, format in matched.items() if format is one]
        for header in one.whole(mine):
            beside = _beside(header, sources, by_stem, matched) if one.header_of else []
            records.append([header.name, *beside])
            used.update(beside)
    records.sort()
    return records, len(sources) - len(used)


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _beside(
    header: Source,
    sources: Mapping[str, Source],
    by_stem: Mapping[str, list[str]],
    matched: Mapping[str, Format],
) -> list[str]:
    """Files that a header names, that its segments name, or that are called as it is."""
    beside: dict[str, None] = {}
    waiting = [header.name]
    while waiting:
        name = waiting.pop()
        words = [b.decode("utf-8", "replace") for b in _WORDS.findall(sources[name].head)]
        for word in (_stem(name), *(word.rpartition("/")[2] for word in words)):
            for other in (*([word] if word in sources else ()), *by_stem.get(word, ())):
                if other != header.name and other not in beside:
                    beside[other] = None
                    if other in matched:
                        waiting.append(other)
    return list(beside)


# -- archives


def _is_archive(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError:
        return False
    return head[:4] in (b"PK\x03\x04", b"PK\x05\x06") or head[257:262] == b"ustar"


def _of_zip(path: Path, top: Path, found: Found, watch: Watcher) -> None:
    """Records in a zip. Only starts of its files are unpacked here."""
    base = _file(path, top)
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            if len(infos) > MOST_MEMBERS:
                raise EcgFormatError(path.name, "ZIP", f"lists {len(infos)} files")
            members: dict[str, Member] = {}
            heads: dict[str, bytes] = {}
            for info in infos:
                watch(1)
                if info.flag_bits & 1:
                    found.refuse(f"{path.name}/{info.filename}", "is encrypted: unpack it first")
                elif _sound(path, info.filename, info.file_size, members, found):
                    try:
                        heads[info.filename] = zip_bytes(
                            archive, info.filename, HEAD_BYTES, start_only=True
                        )
                    except Exception as error:  # whatever a damaged archive raises
                        found.refuse(f"{path.name}/{info.filename}", f"is damaged: {error}")
                        continue
                    members[info.filename] = Member(info.filename, info.file_size)
    except EcgFormatError as error:
        found.refuse(base.name, error.reason)
    except Exception as error:
        found.refuse(base.name, f"is no zip that can be read: {error}")
    else:
        _add(base, "zip", members, heads, found)


def _of_shard(path: Path, top: Path, found: Found, watch: Watcher) -> None:
    """Records in an uncompressed tar (WebDataset shards are such)."""
    base = _file(path, top)
    members: dict[str, Member] = {}
    heads: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:") as archive, path.open("rb") as file:
            for info in archive:
                watch(1)
                if info.isdir():
                    continue
                if not info.isreg() or info.sparse is not None:  # links, devices, sparse files
                    found.refuse(f"{path.name}/{info.name}", "is no plain file of its own")
                elif not _sound(path, info.name, info.size, members, found):
                    continue
                elif info.offset_data + info.size > base.size:
                    found.refuse(f"{path.name}/{info.name}", "the shard ends in the middle of it")
                else:
                    file.seek(info.offset_data)
                    heads[info.name] = file.read(min(info.size, HEAD_BYTES))
                    members[info.name] = Member(info.name, info.size, info.offset_data)
                if len(members) > MOST_MEMBERS:
                    raise EcgFormatError(path.name, "tar", "lists too many files")
    except Exception as error:  # tarfile raises many things on damaged headers
        found.refuse(base.name, f"is damaged after {len(members)} files: {error}")
    _add(base, "tar", members, heads, found)


def _sound(path: Path, name: str, size: int, known: Mapping[str, Member], found: Found) -> bool:
    """Whether a member can be trusted by its name and size; refuses it otherwise."""
    parts = name.replace("\\", "/").split("/")
    reason = ""
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
        reason = _OUTSIDE
    elif name in known:
        reason = "is there twice: which one is meant cannot be told"
    elif size > MAX_MEMBER_BYTES:
        reason = f"unpacks to {size / 1e6:.0f} MB, {MAX_MEMBER_BYTES / 1e6:.0f} MB at most are read"
    if reason:
        found.refuse(f"{path.name}/{name[-120:]}", reason)
    return not reason


def _add(
    base: Address,
    kind: str,
    members: Mapping[str, Member],
    heads: Mapping[str, bytes],
    found: Found,
) -> None:
    for folder, names in _folders(members):
        prefix = f"{folder}/" if folder else ""
        sources = {name: Source(name, data=heads[prefix + name]) for name in names}
        records, passed = among(sources, found)
        found.passed_over += passed
        for files in records:
            own = tuple(members[prefix + name] for name in files)
            found.addresses.append(
                Address(kind, base.path, own, size=base.size, inside=base.inside)  # type: ignore[arg-type]
            )


def _folders(names: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    folders = defaultdict(list)
    for name in names:
        folder, _, own = name.rpartition("/")
        folders[folder].append(own)
    yield from sorted(folders.items())


def _of_store(path: Path, found: Found) -> None:
    try:
        n = length(path)
    except EcgFormatError as error:
        found.refuse(path.name, error.reason)
        return
    found.addresses += [
        Address("zarr", str(path), place=place, inside=path.name) for place in range(n)
    ]
