"""Bytes of a clinical file to a `Record`: a module a format family, one `read` that sniffs.

A new format is a module with a `format.Format` in it, and a line in `formats.FORMATS`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from ..ecg import Record
from ..errors import EcgFormatError
from ..signals.quality import with_warnings
from .formats import FORMATS, names, of_several_files
from .recognise import recognised
from .samples import SAMPLE_PREFIX, sample_names, sample_path
from .source import Source
from .wanted import Wanted
from .xml import document, is_xml, root_of

__all__ = ["EcgFormatError", "read", "sample_names", "sample_path"]

#: What `read` takes: a path, the bytes of a file, or the files of one upload by name.
Readable: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | Mapping[str, bytes]"
)


def read(
    source: Readable,
    name: str | None = None,
    *,
    leads: Sequence[str] | Mapping[str, str] | None = None,
    start: float | None = None,
    end: float | None = None,
    fs: float | None = None,
    keep_identity: bool = False,
) -> Record:
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
    leads : sequence of str, or mapping of str to str, optional
        The leads to keep, in this order; or new names of signals by their names in the file,
        ``{"ECG1": "II"}``.
    start, end : float, optional
        The part to read, in seconds from the beginning; of a WFDB record no more is read.
    fs : float, optional
        The sampling rate in Hz of a file that gives none. A file that gives another one is refused.
    keep_identity : bool
        Whether ``meta`` may hold who it is and when exactly, where the file says so.

    Returns
    -------
    Record
        In millivolts, standard leads in standard order; limb leads that the file leaves out are
        derived from the others, and so are stretches that are missing. ``meta`` holds ``source``,
        ``format`` and, where the file gives them, ``age`` (years), ``sex`` (M or F), ``recorded``
        (year and time of day), ``device``, ``statements`` (the device's diagnosis),
        ``high_pass_hz``, ``low_pass_hz``, and ``warnings`` (sentences) where the file is doubtful,
        where signals were left out, are leads of unknown position, or are faulty (see `quality`). It
        never holds a name or a number of a person, apart from the file's own name in ``source``.

    Raises
    ------
    EcgFormatError
        When the file is not there, of no known format, damaged, too large, or holds no ECG; says
        which file, which format, what is wrong.
    EcgError
        When ``leads``, ``start``, ``end`` or ``fs`` make no sense.
    """
    found = _source(source, name, Wanted.of(leads, start, end, fs, keep_identity))
    try:
        if found.size == 0:
            raise found.refuse("", "the file is empty")
        for one in FORMATS:
            if one.sniff(found):
                return _named(with_warnings(one.read(found)), source)
        for one in FORMATS:
            header = one.header_of(found) if one.header_of else None
            if header is not None:
                return with_warnings(one.read(header))
        raise _unknown(found)
    except MemoryError as error:
        reason = "more than memory holds: read a part, read(..., start=0, end=3600) in seconds"
        raise found.refuse("", reason) from error
    except OSError as error:
        raise found.refuse("", f"cannot be read: {error.strerror or error}") from error


def _named(record: Record, source: object) -> Record:
    """The record; of an embedded example under the title "Simulated sample: NAME"."""
    if not (isinstance(source, str) and source.startswith(SAMPLE_PREFIX)):
        return record
    name = source.removeprefix(SAMPLE_PREFIX)
    return record.with_signal(record.signal, title=f"Simulated sample: {name}")


def _source(source: Readable, name: str | None, wanted: Wanted) -> Source:
    """What `read` was given, as the one file to open."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return Source(name or "upload", data=bytes(source), wanted=wanted)
    if isinstance(source, Mapping):
        return _upload(source, wanted)
    text = os.fspath(source)
    if text.startswith(SAMPLE_PREFIX):
        return _on_disk(sample_path(text.removeprefix(SAMPLE_PREFIX)), wanted)
    return _on_disk(Path(text), wanted)


def _upload(files: Mapping[str, bytes], wanted: Wanted) -> Source:
    """The header among the files of one upload, or its only file."""
    if not files:
        raise EcgFormatError("upload", "", "no file was given")
    uploads: dict[str, bytes] = {}
    for path, data in files.items():
        name = path.replace("\\", "/").rpartition("/")[2]
        if name in uploads:
            raise EcgFormatError(
                name, "", "two files of this name in one upload: open one at a time"
            )
        uploads[name] = bytes(data)
    sources = [Source(n, data=d, uploads=uploads, wanted=wanted) for n, d in uploads.items()]
    for one in of_several_files():
        headers = one.whole([source for source in sources if one.sniff(source)])
        if len(headers) == 1:
            return headers[0]
        called = [s for s in sources if s.name.lower().endswith(one.extensions[0])]
        if not headers and len(called) == 1:
            return called[0]  # what is wrong with it is to be said
    if len(sources) == 1:
        return sources[0]
    said = ", ".join(uploads)
    raise EcgFormatError(said, "", "several files that are not one record: open one ECG at a time")


def _on_disk(path: Path, wanted: Wanted) -> Source:
    """The file at ``path``; the record in that folder, or of that base name."""
    try:
        if path.is_dir():
            return _only_header(path, wanted)
        if not path.exists():
            beside = Source(path.name, path, wanted=wanted)
            endings = [one.extensions[0] for one in of_several_files()]
            header = beside.companion(*(path.name + end for end in endings))
            if header is None:
                raise EcgFormatError(path.name, "", f"no such file: {path}")
            return header
        if not path.is_file():
            raise EcgFormatError(path.name, "", "not a regular file")
        with path.open("rb"):
            return Source(path.name, path, wanted=wanted)
    except (OSError, ValueError) as error:
        if isinstance(error, EcgFormatError):
            raise
        raise EcgFormatError(path.name, "", f"cannot be opened: {error}") from error


def _only_header(folder: Path, wanted: Wanted) -> Source:
    """The header of the one record in a folder."""
    formats = of_several_files()
    files = sorted(folder.iterdir())
    headers: list[Source] = []
    for one in formats:
        mine = [path for path in files if path.name.lower().endswith(one.extensions[0])]
        headers += one.whole([Source(path.name, path, wanted=wanted) for path in mine])
    if len(headers) == 1:
        return headers[0]
    said = " or ".join(one.name for one in formats)
    reason = f"a folder with {len(headers)} {said} records: give one of its files"
    raise EcgFormatError(folder.name or str(folder), "", reason)


def _unknown(source: Source) -> EcgFormatError:
    """The error about a file of no known format: what it is instead, as far as its first bytes tell."""
    read_here = f"formats read here: {names()}"
    format, hint = recognised(source.head)
    if source.name.lower().endswith(".hea"):
        reason = "its first line does not say name, number of signals, rate and samples"
        return source.refuse("", f"not a WFDB header: {reason}")
    if format:
        return source.refuse(format, hint or f"not read yet; {read_here}")
    if is_xml(source.head):
        document(source, "XML")
        return source.refuse("XML", f"its root <{root_of(source)}> is none of the {read_here}")
    if source.name.lower().endswith((".dat", ".mat")):
        reason = "a signal file says neither rate nor gain: open it together with its .hea header"
        return source.refuse("", reason)
    return source.refuse("", f"of no known format; {read_here}")
