"""What a file is that is not read here, as far as its first bytes tell: so that it is called by its name."""

from __future__ import annotations

import codecs
import re

import numpy as np

from .source import Source
from .xml import root_of

_NO_SAMPLES = "a picture of an ECG, without its samples: export the signals instead"
#: How a file starts and where, its name, what to do; empty where the format is to be read one day.
_STARTS = (
    (0, b"%PDF", "PDF", _NO_SAMPLES),
    (0, b"\x89PNG", "PNG", _NO_SAMPLES),
    (0, b"\xff\xd8\xff", "JPEG", _NO_SAMPLES),
    (0, b"II*\0", "TIFF", _NO_SAMPLES),
    (0, b"MM\0*", "TIFF", _NO_SAMPLES),
    (0, b"{\\rtf", "RTF", _NO_SAMPLES),
    (0, b"PK\x03\x04", "ZIP", "an archive: unpack it first"),
    (0, b"\x1f\x8b", "gzip", "an archive: unpack it first"),
    (0, b"7z\xbc\xaf", "7z", "an archive: unpack it first"),
    (0, b"Rar!", "RAR", "an archive: unpack it first"),
    (0, b"fLaC", "FLAC", ""),
    (0, b"\x80\x04\x95", "pickle", "it could run any program when it is opened: never read here"),
    (0, b"\x93NUMPY", "NumPy", "an array says neither rate nor leads: cw.Record(array, fs, leads)"),
    (128, b"DICM", "DICOM", ""),
    (0, b"0       ", "EDF", ""),
    (0, b"\xffBIOSEMI", "BDF", ""),
    (0, b"GDF ", "GDF", ""),
    (0, b"ISHNE", "ISHNE", ""),
    (16, b"SCPECG", "SCP-ECG", ""),
    (0, b"\x89HDF", "HDF5", ""),
    (0, b"MATLAB 5.0", "MATLAB 5", ""),
    (0, b"MATLAB 7.3", "MATLAB 7.3", ""),
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
_SEPARATORS = re.compile(r"[,;\t ]+")
_NUMBER = re.compile(r"[-+]?[0-9]{0,18}\.?[0-9]{0,18}(?:[eE][-+]?[0-9]{1,3})?")


def recognised(head: bytes) -> tuple[str, str]:
    """Name of the format that a file of another kind has, and what to do; empty where unknown."""
    for start, magic, name, hint in _STARTS:
        if head[start : start + len(magic)] == magic:
            return name, hint
    if _is_matlab_4(head):
        return "MATLAB 4", "a signal file says neither rate nor gain: open it with its .hea header"
    if _is_table(head):
        return "CSV", ""
    return "", ""


def format_of(source: Source) -> str:
    """What a file is that should have been something else; empty where it may be samples."""
    return "XML" if root_of(source) else recognised(source.head)[0]


def is_text(head: bytes) -> bool:
    """Whether a file starts as text: UTF-8 without control characters."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return len(head.translate(None, _CONTROLS)) == len(head)


def _is_matlab_4(head: bytes) -> bool:
    """Whether a file starts with the header of a MATLAB 4 matrix, on a machine of today."""
    if len(head) < 24:
        return False
    kind, rows, columns, imaginary, length = np.frombuffer(head, "<i4", 5).tolist()
    name = head[20 : 20 + max(0, min(length, 64))]
    return (
        kind in (0, 10, 20, 30, 40, 50)
        and min(rows, columns) > 0
        and imaginary in (0, 1)
        and len(name) > 1
        and name.endswith(b"\0")
        and name[:-1].isascii()
        and name[:-1].decode("ascii").isidentifier()
    )


def _is_table(head: bytes) -> bool:
    """Whether a file is a table of numbers in text, perhaps under a line of names."""
    if not is_text(head):
        return False
    text = head[:8192].decode("utf-8", "ignore")
    lines = text.splitlines()[:12] if len(head) <= 8192 else text.splitlines()[:-1][:12]
    fields = [word for line in lines[1:] for word in _SEPARATORS.split(line.strip()) if word]
    numbers = [word for word in fields if word.strip("+-.eE") and _NUMBER.fullmatch(word)]
    return len(fields) > 1 and len(numbers) > 0.8 * len(fields)
