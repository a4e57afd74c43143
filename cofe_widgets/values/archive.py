"""Files that may be damaged, or mean harm: read up to a limit, whatever they say of themselves.

The one way in for saved values, weights and results of audits.
"""

from __future__ import annotations

import json
import math
import os
import stat
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: A file may hold and unpack to this much. A counterfactual of 1000 frames has 120 MB, a delineation
#: of twelve leads and ten minutes at 250 Hz 173 MB.
MOST_BYTES = 256 * 2**20
#: Its description: 200 bytes a record of an audit, for 50 000 of them.
MOST_TEXT, MOST_ITEMS = 16 * 2**20, 1_500_000
MOST_MEMBERS = 1000
#: Beyond `FREE_BYTES` a file unpacks to so many times its size; recordings shrink to a half.
MOST_RATIO, FREE_BYTES = 50, 32 * 2**20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: Kinds of numpy arrays that a file may hold; never objects, never fields.
_KINDS = frozenset("biufcSUmM")
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def content(path: str | os.PathLike[str], most: int = MOST_BYTES) -> bytes:
    """What a regular file holds.

    Raises
    ------
    OSError
        When it cannot be opened.
    ValueError
        When it is no regular file (a pipe would wait, a device never end), or larger than ``most``.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("it is no file")
        if about.st_size > most:
            raise ValueError(f"{about.st_size / 2**20:.0f} MiB: at most {most >> 20} are read")
        parts, left = [], most
        while left > 0 and (part := os.read(handle, min(left, 1 << 24))):
            parts.append(part)
            left -= len(part)
    finally:
        os.close(handle)
    return b"".join(parts)


def json_of(data: bytes | bytearray, most: int = MOST_TEXT) -> Any:
    """What a JSON text says, once it is known that it can be held: texts of few bytes make many objects.

    Raises
    ------
    ValueError
        When it is too long, has too many items, or is no JSON.
    """
    items = sum(data.count(mark) for mark in (b",", b"[", b"{"))
    if len(data) > most or items > MOST_ITEMS:
        raise ValueError("its description is longer than any value's")
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("its description is nested without end") from None


def is_archive(data: bytes) -> bool:
    """Whether a file is a zip."""
    return zipfile.is_zipfile(BytesIO(data))


def members(data: bytes) -> dict[str, bytearray]:
    """The members of a zip by name.

    Raises
    ------
    ValueError, zipfile.BadZipFile, zlib.error
        When it is damaged, or would unpack to more than any value holds.
    """
    if data.count(b"PK\x01\x02") > 2 * MOST_MEMBERS:  # its directory alone would fill the memory
        raise ValueError(f"it has more than {MOST_MEMBERS} parts")
    with zipfile.ZipFile(BytesIO(data)) as stored:
        infos = stored.infolist()
        # zipfile never gives more of a member than its size here says.
        size = sum(info.file_size for info in infos)
        if len(infos) > MOST_MEMBERS or size > MOST_BYTES:
            raise ValueError("it would unpack to more than any value holds")
        if size > FREE_BYTES + MOST_RATIO * len(data):
            raise ValueError(f"{len(data)} bytes would unpack to {size >> 20} MiB")
        if len({info.filename for info in infos}) < len(infos):
            raise ValueError("it names a part twice")
        if any(info.compress_type not in _METHODS for info in infos):
            raise ValueError("it is packed in a way that values are not")
        return {info.filename: _unpacked(stored, info) for info in infos}


def _unpacked(stored: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytearray:
    out = bytearray()
    with stored.open(info) as part:
        while chunk := part.read(1 << 20):
            out += chunk
    return out


def array_of(data: bytes | bytearray, name: str) -> NDArray[Any]:
    """An array from the bytes of an ``.npy`` file, as many as its header says; never of objects.

    Raises
    ------
    ValueError
        When it is something else.
    """
    held = BytesIO(data)
    try:
        version = np.lib.format.read_magic(held)
        shape, fortran, dtype = _HEADERS[version](held)
    except Exception as error:  # whatever its parser raises: it is Python's own
        raise ValueError(f"array {name} has no header that can be read") from error
    body = memoryview(data)[held.tell() :].toreadonly()
    if min(shape, default=0) < 0:
        raise ValueError(f"array {name} has the shape {shape}"[:100])
    if dtype.kind not in _KINDS or dtype.fields or math.prod(shape) * dtype.itemsize != len(body):
        raise ValueError(f"array {name} is not what its header says")
    array: NDArray[Any] = np.frombuffer(body, dtype).reshape(shape, order="F" if fortran else "C")
    return array.astype(dtype.newbyteorder("="), copy=False)


def write(path: str | os.PathLike[str], parts: dict[str, str | NDArray[Any]]) -> None:
    """Write a zip of texts and arrays: the file appears whole or not at all.

    Raises
    ------
    ValueError
        When an array cannot be written without pickle, or `members` would not read it again.
    """
    size = sum(len(one) if isinstance(one, str) else one.nbytes for one in parts.values())
    if size > MOST_BYTES or len(parts) > MOST_MEMBERS:
        raise ValueError(
            f"{len(parts)} parts of {size / 2**20:.0f} MiB: at most {MOST_MEMBERS} parts and "
            f"{MOST_BYTES >> 20} MiB go into one file"
        )
    part = Path(f"{os.fspath(path)}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as out:
            for name, one in parts.items():
                if isinstance(one, str):
                    out.writestr(name, one)
                    continue
                held = BytesIO()
                np.lib.format.write_array(held, one, allow_pickle=False)
                out.writestr(name, held.getvalue())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
