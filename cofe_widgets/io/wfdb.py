"""WFDB: a text header (``.hea``) with signal files (``.dat``, MATLAB ``.mat``, any name) beside it.

The header is parsed here and believed only as far as the signal files bear it out; the samples are
decoded by the format's own library, wfdb, in a folder of its own under names of our own, so that no
name in a header reaches another file.
Source: the WFDB Applications Guide, header(5) and signal(5).
"""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ecg import Record, lead_name
from ..errors import EcgError
from .source import MAX_BYTES, Source

FORMAT = "WFDB"
MAX_SIGNALS = 256
MAX_HEADER_BYTES = 1024**2
#: Gain that the standard prescribes where a header gives none.
DEFAULT_GAIN = 200.0

_BYTES_PER_SAMPLE = {
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
_TO_MV = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "v": 1e3, "nv": 1e-6}

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
class _Signal:
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
class _Header:
    """A header in which every field has a value, its signals in order."""

    fs: float
    samples: int
    when: str
    signals: tuple[_Signal, ...]
    comments: tuple[str, ...]


def sniff(head: bytes) -> bool:
    """Whether a file that starts with ``head`` is a WFDB header."""
    return _first_line(head) is not None


def is_companion(source: Source) -> bool:
    """Whether a file of no format of its own has a WFDB header of its name beside it."""
    return _header_of(source) is not None


def read(source: Source) -> Record:
    """Read a record from its header, or from a signal file that lies beside its header.

    Raises
    ------
    EcgFormatError
        On a header that contradicts itself or its signal files, a missing signal file, signals
        that are no ECG, or amplitudes that no gain explains.
    """
    if not sniff(source.head):
        header_source = _header_of(source)
        assert header_source is not None
        return read(header_source)
    header = _parse(source)
    files = _signal_files(source, header)
    header = _checked_against(source, header, files)
    digital = _samples(source, header, files)
    damaged = _checksum_failures(header, digital)
    chosen = [row for row, signal in enumerate(header.signals) if _is_lead(signal.name)] or list(
        range(len(header.signals))
    )
    rates = {header.signals[row].per_frame for row in chosen}
    if len(rates) > 1:
        raise source.refuse(
            FORMAT, "its leads are sampled at different rates: resample them to one"
        )
    physical, warning = _millivolts(source, [header.signals[r] for r in chosen], digital, chosen)
    names = [header.signals[row].name for row in chosen]
    if damaged:
        warning.append(f"{', '.join(damaged)} fails the header's checksum: edited or damaged")
    meta = {**_about(header), "warning": warning}
    return source.record(FORMAT, physical, header.fs * rates.pop(), names, meta)


def _is_lead(name: str) -> bool:
    try:
        lead_name(name)
    except EcgError:
        return False
    return True


# -- the header -----------------------------------------------------------------------------------


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _first_line(head: bytes) -> re.Match[str] | None:
    """The record line, when ``head`` starts a header: text, a name, a number of signals."""
    if b"\0" in head:
        return None
    lines = [line for line in _lines(head.decode("latin-1")) if not line.startswith("#")]
    match = _RECORD_LINE.fullmatch(lines[0]) if lines else None
    if match is None or len(lines) < 2:
        return match if match and match["signals"] == "0" else None
    return match if match["segments"] or _SIGNAL_LINE.fullmatch(lines[1]) else None


def _header_of(source: Source) -> Source | None:
    """The header beside a signal file, or the one header of the upload."""
    stem = source.name.rpartition(".")[0] or source.name
    candidates = [source.companion(f"{stem}.hea")]
    if source.path is None:
        candidates += [source.companion(name) for name in source.uploads if name.endswith(".hea")]
    return next((c for c in candidates if c is not None and sniff(c.head)), None)


def _parse(source: Source) -> _Header:
    """The header's fields; a contradiction inside it is refused."""
    if source.size > MAX_HEADER_BYTES:
        raise source.refuse(FORMAT, f"the header has {source.size / 1e6:.0f} MB: it is damaged")
    lines = _lines(source.read(MAX_HEADER_BYTES).decode("utf-8", errors="replace"))
    comments = tuple(line.lstrip("#").strip() for line in lines if line.startswith("#"))
    lines = [line for line in lines if not line.startswith("#")]
    match = _RECORD_LINE.fullmatch(lines[0]) if lines else None
    if match is None:
        raise source.refuse(FORMAT, f"its first line is no record line: {lines[:1]}")
    if match["segments"]:
        raise source.refuse(FORMAT, "it only lists other segments: open the header of one of them")
    count = int(match["signals"])
    if count == 0 or count > MAX_SIGNALS or len(lines) != count + 1:
        raise source.refuse(
            FORMAT, f"the header announces {count} signals and describes {len(lines) - 1}"
        )
    signals = tuple(_signal(source, line) for line in lines[1:])
    fs = float(match["fs"] or 250.0)  # the standard's default
    return _Header(fs, int(match["samples"] or 0), match["when"] or "", signals, comments)


def _signal(source: Source, line: str) -> _Signal:
    match = _SIGNAL_LINE.fullmatch(line)
    if match is None:
        raise source.refuse(FORMAT, f"not a signal line: {line[:80]!r}")
    if match["format"] not in _BYTES_PER_SAMPLE:
        kind = "FLAC-compressed, " if match["format"] in ("508", "516", "524") else ""
        raise source.refuse(
            FORMAT,
            f"signal format {match['format']} is {kind}not read here: "
            "write the record again in format 16",
        )
    gain = float(match["gain"] or 0)
    if gain and not 1e-9 <= abs(gain) <= 1e12:
        raise source.refuse(FORMAT, f"a gain of {match['gain']} is no gain")
    zero = int(match["zero"] or 0)
    unit = match["unit"] or "mV"
    name = match["name"] or ""
    if _is_lead(name) and unit.lower() not in _TO_MV:
        raise source.refuse(FORMAT, f"lead {name} is in {unit!r}, which is no unit of voltage")
    per_frame = int(match["per_frame"] or 1)
    if not 1 <= per_frame <= 1000:
        raise source.refuse(FORMAT, f"{per_frame} samples a frame: the header is damaged")
    return _Signal(
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


# -- the signal files -----------------------------------------------------------------------------


def _signal_files(source: Source, header: _Header) -> dict[str, Source]:
    """The files that the header names, by name; one that is not there is named."""
    names = list(dict.fromkeys(signal.file for signal in header.signals))
    files: dict[str, Source] = {}
    for name in names:
        if "/" in name or "\\" in name or name.startswith(".") or name == "-":
            raise source.refuse(FORMAT, f"the header points outside its own folder: {name!r}")
        companion = source.companion(name)
        others = [other for other in source.uploads if not other.endswith(".hea")]
        if companion is None and len(names) == len(others) == 1:
            companion = source.companion(others[0])  # renamed by a browser: "1 (2).dat"
        if companion is None:
            verb = "upload it together with the header" if source.path is None else "put it there"
            raise source.refuse(FORMAT, f"its signal file {name} is not beside it: {verb}")
        files[name] = companion
    if [name for name, _ in groupby(signal.file for signal in header.signals)] != names:
        raise source.refuse(FORMAT, "the signals of one file are not listed together")
    return files


def _checked_against(source: Source, header: _Header, files: dict[str, Source]) -> _Header:
    """The header with its length, once every file is known to hold what the header promises."""
    samples = header.samples
    for name, file in files.items():
        signals = [signal for signal in header.signals if signal.file == name]
        first = signals[0]
        if len({(signal.format, signal.offset) for signal in signals}) > 1:
            raise source.refuse(FORMAT, f"{name} is described in more than one signal format")
        if file.size > MAX_BYTES:
            raise file.refuse(
                FORMAT, f"{file.size / 1e6:.0f} MB: cut out the minute to look at, e.g. with wfdb"
            )
        frame = sum(signal.per_frame for signal in signals)
        there = math.floor((file.size - first.offset) / (frame * _BYTES_PER_SAMPLE[first.format]))
        samples = samples or max(there, 0)
        if there < samples or samples < 1:
            raise source.refuse(
                FORMAT,
                f"{name} is cut off: the header promises {samples} samples of {len(signals)} "
                f"signals, its {file.size} bytes hold {max(there, 0)}",
            )
        if any(signal.skew >= samples for signal in signals):
            raise source.refuse(FORMAT, f"a skew in {name} is longer than the record")
    return _Header(header.fs, samples, header.when, header.signals, header.comments)


def _samples(
    source: Source, header: _Header, files: dict[str, Source]
) -> list[NDArray[np.floating[Any]]]:
    """Samples of every signal as stored (integers in float64), NaN where marked as invalid."""
    import wfdb

    with tempfile.TemporaryDirectory(prefix="cofe-widgets-") as folder:
        ours = {name: f"signals{number}.dat" for number, name in enumerate(files)}
        lines = [f"ecg {len(header.signals)} {header.fs:g} {header.samples}"]
        for number, signal in enumerate(header.signals):
            frame = f"x{signal.per_frame}" if signal.per_frame > 1 else ""
            skew = f":{signal.skew}" if signal.skew else ""
            offset = f"+{signal.offset}" if signal.offset else ""
            # Gain 1, baseline 0: what comes back as physical is the stored integer.
            lines.append(
                f"{ours[signal.file]} {signal.format}{frame}{skew}{offset} 1(0)/mV 0 0 "
                f"{signal.first} 0 0 s{number}"
            )
        (Path(folder) / "ecg.hea").write_text("\n".join(lines) + "\n")
        for name, file in files.items():
            file.place(Path(folder) / ours[name])
        try:
            record = wfdb.rdrecord(str(Path(folder) / "ecg"), smooth_frames=False)
        except Exception as error:
            # wfdb raises whatever its arithmetic meets; the header was sound, so it is the samples.
            raise source.refuse(FORMAT, f"its samples cannot be decoded: {error}") from error
    return list(record.e_p_signal)


def _checksum_failures(header: _Header, digital: Sequence[NDArray[np.floating[Any]]]) -> list[str]:
    """Signals whose samples do not add up, modulo 2**16, to what the header says."""
    return [
        signal.name or signal.file
        for signal, samples in zip(header.signals, digital, strict=True)
        if signal.checksum is not None
        and np.isfinite(samples).all()
        and (int(samples.sum()) - signal.checksum) % 65536
    ]


def _millivolts(
    source: Source,
    signals: Sequence[_Signal],
    digital: Sequence[NDArray[np.floating[Any]]],
    chosen: Sequence[int],
) -> tuple[NDArray[np.floating[Any]], list[str]]:
    """Millivolts of the chosen signals, and what is doubtful about them."""
    stored = np.stack([digital[row] for row in chosen])
    gain = np.array([signal.gain for signal in signals])[:, None]
    baseline = np.array([signal.baseline for signal in signals], float)[:, None]
    unit = np.array([_TO_MV.get(signal.unit, 1.0) for signal in signals])[:, None]
    physical = (stored - baseline) / gain * unit
    warning = []
    if not all(signal.calibrated for signal in signals):
        warning.append(f"no gain is given: the standard's {DEFAULT_GAIN:g} units per mV is assumed")
    if _every_lead_is_one_tall(physical) and len(np.unique(gain)) > 1:
        if not _einthoven_holds([signal.name for signal in signals], stored):
            raise source.refuse(
                FORMAT,
                "its gains make every lead exactly 1 mV tall, so the true amplitudes are lost: "
                "get a header with the recorder's gain",
            )
        physical = stored / 1000.0
        warning.append(
            "the header's gains make every lead exactly 1 mV tall (the published LUDB headers do); "
            "read at 1 µV per unit, with which III = II - I"
        )
    return physical, warning


def _every_lead_is_one_tall(physical: NDArray[np.floating[Any]]) -> bool:
    """Whether gains were made of the leads' own ranges, as in the published LUDB headers."""
    # fmax and fmin skip NaN in silence; a lead of nothing but NaN fails the comparison.
    spans = np.fmax.reduce(physical, axis=1) - np.fmin.reduce(physical, axis=1)
    return len(spans) > 2 and bool(np.all(np.abs(spans - 1.0) < 0.01))


def _einthoven_holds(names: Sequence[str], stored: NDArray[np.floating[Any]]) -> bool:
    """Whether III = II - I in stored units, i.e. one gain served all leads."""
    rows = {lead_name(name): row for name, row in zip(names, stored, strict=True) if _is_lead(name)}
    if not {"I", "II", "III"} <= set(rows):
        return False
    error = rows["III"] - rows["II"] + rows["I"]
    return float(np.nanstd(error)) < 0.02 * float(np.nanstd(rows["II"]))


# -- what the comments say ------------------------------------------------------------------------

_SNOMED = re.compile(r"\d{6,18}")


def _about(header: _Header) -> dict[str, Any]:
    """Age, sex, date and statements, where the header's comments give them."""
    text = "\n".join(header.comments)
    age = re.search(r"<?\bage\b>?\s*:?\s*(\d{1,3})\b", text, re.IGNORECASE)
    sex = re.search(r"<?\bsex\b>?\s*:?\s*([mf])(?:ale|emale)?\b", text, re.IGNORECASE)
    return {
        "age": int(age[1]) if age else None,
        "sex": sex[1].upper() if sex else None,
        "recorded": _when(header.when),
        "statements": _statements(header.comments),
    }


def _statements(comments: Sequence[str]) -> tuple[str, ...]:
    """Diagnoses: after ``Dx:`` in one line, or the lines that follow ``<diagnoses>:``."""
    for number, line in enumerate(comments):
        key, colon, value = line.partition(":")
        key = key.strip(" <>").lower()
        if key == "dx" and colon:
            codes = [code.strip() for code in value.split(",") if code.strip()]
            return tuple(f"SNOMED CT {c}" if _SNOMED.fullmatch(c) else c for c in codes)
        if key == "diagnoses" and colon:
            return tuple(line.strip() for line in comments[number + 1 :] if line.strip())
    return ()


def _when(text: str) -> str | None:
    """Date and time of the record line in ISO form; both orders and styles are in use."""
    for style in ("%H:%M:%S %d/%m/%Y", "%d-%b-%Y %H:%M:%S"):
        try:
            return datetime.strptime(text.partition(".")[0].strip(), style).isoformat(sep=" ")
        except ValueError:
            continue
    return None
