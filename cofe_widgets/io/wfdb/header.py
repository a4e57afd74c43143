"""The text header (``.hea``) of a WFDB record: parsed, and refused where it contradicts itself.

Source: the WFDB Applications Guide, header(5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...ecg import lead_name
from ...errors import EcgError
from ..source import Source

NAME = "WFDB"
MAX_SIGNALS = 256
MAX_HEADER_BYTES = 1024**2
#: Gain that the standard prescribes where a header gives none.
DEFAULT_GAIN = 200.0

BYTES_PER_SAMPLE = {
    "8": 1.0,
    "16": 2.0,
    "24": 3.0,
    "32": 4.0,
    "61": 2.0,
    "80": 1.0,
    "160": 2.0,
    "212": 1.5,
    "310": 4 / 3,
    "311": 4 / 3,
}
TO_MV = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "v": 1e3, "nv": 1e-6}

_RECORD_LINE = re.compile(
    r"(?P<name>[^\s/]+)(?P<segments>/\d+)?[ \t]+(?P<signals>\d+)"
    r"(?:[ \t]+(?P<fs>\d+\.?\d*(?:e[+-]?\d+)?)(?:/[-\d.e+]*(?:\([-\d.e+]*\))?)?"
    r"(?:[ \t]+(?P<samples>\d+)(?:[ \t]+(?P<when>.*))?)?)?[ \t]*",
    re.IGNORECASE,
)
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_SIGNAL_LINE = re.compile(
    r"(?P<file>\S+)[ \t]+(?P<format>\d+)(?:x(?P<per_frame>\d+))?(?::(?P<skew>\d+))?"
    r"(?:\+(?P<offset>\d+))?"
    rf"(?:[ \t]+(?P<gain>{_NUMBER})(?:\((?P<baseline>[-+]?\d+)\))?(?:/(?P<unit>\S+))?"
    r"(?:[ \t]+(?P<bits>-?\d+)(?:[ \t]+(?P<zero>-?\d+)(?:[ \t]+(?P<first>-?\d+)"
    r"(?:[ \t]+(?P<checksum>-?\d+)(?:[ \t]+(?P<block>\d+)"
    r"(?:[ \t]+(?P<name>.*?))?)?)?)?)?)?)?[ \t]*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Signal:
    """One signal line of a header."""

    file: str
    format: str
    per_frame: int
    skew: int
    offset: int
    gain: float
    baseline: int
    unit: str
    first: int
    checksum: int | None
    name: str
    calibrated: bool


@dataclass(frozen=True)
class Header:
    """A header in which every field has a value, its signals in order."""

    fs: float
    samples: int
    when: str
    signals: tuple[Signal, ...]
    comments: tuple[str, ...]


def is_lead(name: str) -> bool:
    """Whether a signal's name is that of an ECG lead."""
    try:
        lead_name(name)
    except EcgError:
        return False
    return True


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def is_header(source: Source) -> bool:
    """Whether a file is a header: text, a name, a number of signals, and as many lines for them."""
    return _first_line(source.head) is not None


def _first_line(head: bytes) -> re.Match[str] | None:
    """The record line, when ``head`` starts a header."""
    if b"\0" in head:
        return None
    lines = [line for line in _lines(head.decode("latin-1")) if not line.startswith("#")]
    match = _RECORD_LINE.fullmatch(lines[0]) if lines else None
    if match is None or len(lines) < 2:
        return match if match and match["signals"] == "0" else None
    return match if match["segments"] or _SIGNAL_LINE.fullmatch(lines[1]) else None


def header_of(source: Source) -> Source | None:
    """The header beside a signal file, or a header of the same upload; None without one."""
    stem = source.name.rpartition(".")[0] or source.name
    candidates = [source.companion(f"{stem}.hea")]
    if source.path is None:
        candidates += [source.companion(name) for name in source.uploads if name.endswith(".hea")]
    return next((c for c in candidates if c is not None and is_header(c)), None)


def parse(source: Source) -> Header:
    """The header's fields; a contradiction inside it is refused."""
    if source.size > MAX_HEADER_BYTES:
        raise source.refuse(NAME, f"the header has {source.size / 1e6:.0f} MB: it is damaged")
    lines = _lines(source.read(MAX_HEADER_BYTES).decode("utf-8", errors="replace"))
    comments = tuple(line.lstrip("#").strip() for line in lines if line.startswith("#"))
    lines = [line for line in lines if not line.startswith("#")]
    match = _RECORD_LINE.fullmatch(lines[0]) if lines else None
    if match is None:
        raise source.refuse(NAME, f"its first line is no record line: {lines[:1]}")
    if match["segments"]:
        raise source.refuse(NAME, "it only lists other segments: open the header of one of them")
    count = int(match["signals"])
    if count == 0 or count > MAX_SIGNALS or len(lines) != count + 1:
        raise source.refuse(
            NAME, f"the header announces {count} signals and describes {len(lines) - 1}"
        )
    signals = tuple(_signal(source, line) for line in lines[1:])
    fs = float(match["fs"] or 250.0)  # the standard's default
    return Header(fs, int(match["samples"] or 0), match["when"] or "", signals, comments)


def _signal(source: Source, line: str) -> Signal:
    match = _SIGNAL_LINE.fullmatch(line)
    if match is None:
        raise source.refuse(NAME, f"not a signal line: {line[:80]!r}")
    if match["format"] not in BYTES_PER_SAMPLE:
        kind = "FLAC-compressed, " if match["format"] in ("508", "516", "524") else ""
        raise source.refuse(
            NAME,
            f"signal format {match['format']} is {kind}not read here: "
            "write the record again in format 16",
        )
    gain = float(match["gain"] or 0)
    if gain and not 1e-9 <= abs(gain) <= 1e12:
        raise source.refuse(NAME, f"a gain of {match['gain']} is no gain")
    zero = int(match["zero"] or 0)
    unit = match["unit"] or "mV"
    name = match["name"] or ""
    if is_lead(name) and unit.lower() not in TO_MV:
        raise source.refuse(NAME, f"lead {name} is in {unit!r}, which is no unit of voltage")
    per_frame = int(match["per_frame"] or 1)
    if not 1 <= per_frame <= 1000:
        raise source.refuse(NAME, f"{per_frame} samples a frame: the header is damaged")
    return Signal(
        file=match["file"],
        format=match["format"],
        per_frame=per_frame,
        skew=int(match["skew"] or 0),
        offset=int(match["offset"] or 0),
        gain=gain or DEFAULT_GAIN,
        baseline=int(match["baseline"] or zero),
        unit=unit.lower(),
        first=int(match["first"] or zero),
        checksum=None if match["checksum"] is None else int(match["checksum"]),
        name=name,
        calibrated=gain != 0,
    )
