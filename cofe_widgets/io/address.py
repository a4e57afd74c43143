"""Where one record of a collection lies: small, checked, and opened wherever it travels to."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..ecg import Record
from ..errors import EcgFormatError
from . import read
from .zarr_store import record_at

#: Of a file inside an archive no more is read: a day of three leads at 360 Hz has less.
MAX_MEMBER_BYTES = 256 * 2**20
Kind = Literal["file", "zip", "tar", "zarr"]


@dataclass(frozen=True)
class Member:
    """A file inside an archive.

    Attributes
    ----------
    name : str
        Its whole name there.
    size : int
        Bytes, as the archive says; what is read is never more.
    offset : int
        Where a tar holds its bytes; of a zip -1, which is asked by name.
    """

    name: str
    size: int
    offset: int = -1


@dataclass(frozen=True)
class Address:
    """Where one record lies.

    Attributes
    ----------
    kind : "file", "zip", "tar" or "zarr"
    path : str
        The file, the archive or the store.
    members : tuple of Member
        Of an archive the files of the record, its header first.
    place : int
        Its place in a Zarr store.
    size : int
        Bytes of the file; so that another file of the same name is told from it.
    inside : str
        Its path below what was given to `read_many`, by which it is known wherever that lies.
    """

    kind: Kind
    path: str
    members: tuple[Member, ...] = ()
    place: int = -1
    size: int = 0
    inside: str = ""

    @property
    def name(self) -> str:
        """What to call it in a message: its path, and its place or name inside."""
        if self.kind == "zarr":
            return f"{Path(self.path).name}[{self.place}]"
        if self.members:
            return f"{self.inside or Path(self.path).name}/{self.members[0].name}"
        return self.inside or self.path

    @property
    def key(self) -> str:
        """Hash of where it lies below what was given, and of how large it is."""
        parts = (self.kind, self.inside, self.place, self.size, self.members)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]

    def open(self, wanted: Mapping[str, Any] | None = None) -> Record:
        """The record, with the options of `read`.

        Raises
        ------
        EcgFormatError
            When it cannot be read; says which and why.
        """
        how = dict(wanted or {})
        if self.kind == "file":
            return read(self.path, **how)
        if self.kind == "zarr":
            return record_at(self.path, self.place, how)
        try:
            held = _of_zip(self) if self.kind == "zip" else _of_tar(self)
        except MemoryError as error:
            raise EcgFormatError(self.name, "", "more than memory holds") from error
        # A damaged archive makes its library raise what it will; zlib's error is none of OSError's.
        except (OSError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
            raise EcgFormatError(self.name, "", f"cannot be taken out: {error}") from error
        except EcgFormatError:
            raise
        except Exception as error:
            raise EcgFormatError(self.name, "", f"is damaged: {error}") from error
        if len(held) == 1:
            ((name, data),) = held.items()
            return read(data, name, **how)
        return read(held, **how)


@dataclass(frozen=True)
class Failure:
    """A record that did not open, or a file that was refused.

    Attributes
    ----------
    place : int
        Its place in the collection; -1 for a file that never became a record of it.
    name : str
    reason : str
    """

    place: int
    name: str
    reason: str


@dataclass
class Found:
    """What a search for records has come to.

    Attributes
    ----------
    addresses : list of Address
    passed_over : int
        Files that hold no ECG.
    refused : list of Failure
        Archives and files that cannot be trusted, or looked into.
    """

    addresses: list[Address] = field(default_factory=list)
    passed_over: int = 0
    refused: list[Failure] = field(default_factory=list)

    def refuse(self, name: str, reason: str) -> None:
        """Note what is not opened, and why."""
        self.refused.append(Failure(-1, name, reason))


def _own(name: str) -> str:
    return name.rpartition("/")[2]


def _of_zip(address: Address) -> dict[str, bytes]:
    held = {}
    with zipfile.ZipFile(address.path) as archive:
        for member in address.members:
            held[_own(member.name)] = zip_bytes(archive, member.name, MAX_MEMBER_BYTES)
    return held


def zip_bytes(archive: zipfile.ZipFile, name: str, most: int, start_only: bool = False) -> bytes:
    """What a member of a zip holds, unpacked no further than ``most`` bytes, whatever its size is said to be.

    Raises
    ------
    EcgFormatError
        When it is longer, unless its start alone is wanted.
    """
    with archive.open(name) as file:
        data = file.read(most if start_only else most + 1)
    if len(data) > most:
        raise EcgFormatError(_own(name), "", f"unpacks to more than {most / 1e6:.0f} MB")
    return data


def _of_tar(address: Address) -> dict[str, bytes]:
    held = {}
    with open(address.path, "rb") as file:
        for member in address.members:
            if member.size > MAX_MEMBER_BYTES:
                most = MAX_MEMBER_BYTES / 1e6
                raise EcgFormatError(_own(member.name), "", f"has more than {most:.0f} MB")
            file.seek(member.offset)
            data = file.read(member.size)
            if len(data) < member.size:
                raise EcgFormatError(_own(member.name), "", "the shard ends in the middle of it")
            held[_own(member.name)] = data
    return held
