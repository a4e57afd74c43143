"""Bytes of a clinical file to a `Record`: a module a format family, one `read` that sniffs.

A new format is a module with a `format.Format` in it, and a line in `formats.FORMATS`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from ..ecg import Record
from ..errors import EcgFormatError
from .formats import FORMATS, names, of_several_files
from .samples import SAMPLE_PREFIX, sample_names, sample_path
from .source import MAX_BYTES, Source
from .xml import is_xml, screened

__all__ = ["EcgFormatError", "read", "sample_names", "sample_path"]

#: What `read` takes: a path, the bytes of a file, or the files of one upload by name.
Readable: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | Mapping[str, bytes]"
)

_NO_SAMPLES = "a picture of an ECG, without its samples: export the signals instead"
#: What else turns up under an upload button: where and how it starts, its name, what to do.
_OTHERS = (
    (0, b"%PDF", "PDF", _NO_SAMPLES),
    (0, b"\x89PNG", "PNG", _NO_SAMPLES),
    (0, b"\xff\xd8\xff", "JPEG", _NO_SAMPLES),
    (0, b"PK\x03\x04", "ZIP", "an archive: unpack it first"),
    (0, b"\x1f\x8b", "gzip", "an archive: unpack it first"),
    (128, b"DICM", "DICOM", ""),
    (0, b"0       ", "EDF", ""),
    (16, b"SCPECG", "SCP-ECG", ""),
    (0, b"\x89HDF", "HDF5", ""),
    (0, b"MATLAB 5.0", "MATLAB", "no WFDB header of its name is beside it"),
)


def read(source: Readable, name: str | None = None) -> Record:
    """Read an electrocardiogram; the format is told by the content, never by the file's name.

    Parameters
    ----------
    source : path, bytes, or mapping of file name to bytes
        A file (of WFDB: header, signal file or their common base name), a folder with one WFDB
        record, the bytes of a file, or the files of one upload, e.g.
        ``{"1.hea": ..., "1.dat": ...}``. ``"sample:sinus"`` is an embedded example; see
        `sample_names`.
    name : str, optional
        What to call the bytes in messages and in ``meta["source"]``.

    Returns
    -------
    Record
        In millivolts, standard leads in standard order; limb leads that the file leaves out are
        derived from the others. ``meta`` holds ``source``, ``format`` and, where the file gives
        them, ``age`` (years), ``sex`` (M or F), ``recorded``, ``device``, ``statements`` (the
        device's diagnosis), ``high_pass_hz``, ``low_pass_hz``, and ``warnings`` (sentences)
        where the file is doubtful. It never holds a name or a number of a person.

    Raises
    ------
    EcgFormatError
        When the file is not there, of no known format, damaged, too large, or holds no ECG; says
        which file, which format, what is wrong.
    """
    found = _source(source, name)
    if found.size == 0:
        raise found.refuse("", "the file is empty")
    if found.size > MAX_BYTES:
        raise found.refuse("", f"{found.size / 1e6:.0f} MB: larger than any ECG read here")
    for one in FORMATS:
        if one.sniff(found):
            return _named(one.read(found), source)
    for one in FORMATS:
        header = one.header_of(found) if one.header_of else None
        if header is not None:
            return one.read(header)
    raise _unknown(found)


def _named(record: Record, source: object) -> Record:
    """The record; of an embedded example under the title "Simulated sample: NAME"."""
    if not (isinstance(source, str) and source.startswith(SAMPLE_PREFIX)):
        return record
    name = source.removeprefix(SAMPLE_PREFIX)
    return record.with_signal(record.signal, title=f"Simulated sample: {name}")


def _source(source: Readable, name: str | None) -> Source:
    """What `read` was given, as the one file to open."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return Source(name or "upload", data=bytes(source))
    if isinstance(source, Mapping):
        return _upload(source)
    text = os.fspath(source)
    if text.startswith(SAMPLE_PREFIX):
        return _on_disk(sample_path(text.removeprefix(SAMPLE_PREFIX)))
    return _on_disk(Path(text))


def _upload(files: Mapping[str, bytes]) -> Source:
    """The header among the files of one upload, or its only file."""
    if not files:
        raise EcgFormatError("upload", "", "no file was given")
    uploads = {os.path.basename(name): bytes(data) for name, data in files.items()}
    sources = [Source(name, data=data, uploads=uploads) for name, data in uploads.items()]
    headers = [s for s in sources if any(one.sniff(s) for one in of_several_files())]
    if len(headers) == 1 or len(sources) == 1:
        return (headers or sources)[0]
    said = ", ".join(uploads)
    raise EcgFormatError(said, "", "several files that are not one record: open one ECG at a time")


def _on_disk(path: Path) -> Source:
    """The file at ``path``; the record in that folder, or of that base name."""
    try:
        if path.is_dir():
            return _only_header(path)
        if not path.exists():
            for one in of_several_files():
                header = path.with_name(path.name + one.extensions[0])
                if header.is_file():
                    return Source(header.name, header)
            raise EcgFormatError(path.name, "", f"no such file: {path}")
        if not path.is_file():
            raise EcgFormatError(path.name, "", "not a regular file")
        with path.open("rb"):
            return Source(path.name, path)
    except (OSError, ValueError) as error:
        if isinstance(error, EcgFormatError):
            raise
        raise EcgFormatError(path.name, "", f"cannot be opened: {error}") from error


def _only_header(folder: Path) -> Source:
    """The header of the one record in a folder."""
    formats = of_several_files()
    headers = sorted(path for one in formats for path in folder.glob(f"*{one.extensions[0]}"))
    if len(headers) == 1:
        return Source(headers[0].name, headers[0])
    said = " or ".join(one.name for one in formats)
    reason = f"a folder with {len(headers)} {said} records: give one of its files"
    raise EcgFormatError(folder.name or str(folder), "", reason)


def _unknown(source: Source) -> EcgFormatError:
    """The error about a file of no known format: what it is instead, as far as its first bytes tell."""
    head, read_here = source.head, f"formats read here: {names()}"
    for start, magic, format, hint in _OTHERS:
        if head[start : start + len(magic)] == magic:
            return source.refuse(format, hint or f"not read yet; {read_here}")
    if is_xml(head):
        root, _ = screened(source, "XML")
        return source.refuse("XML", f"its root <{root}> is none of the {read_here}")
    if source.name.endswith((".dat", ".mat")):
        reason = "a signal file says neither rate nor gain: open it together with its .hea header"
        return source.refuse("", reason)
    if source.name.endswith(".hea"):
        reason = "its first line does not say name, number of signals, rate and samples"
        return source.refuse("", f"not a WFDB header: {reason}")
    return source.refuse("", f"of no known format; {read_here}")
