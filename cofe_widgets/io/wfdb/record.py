"""A WFDB record from its header: believed only as far as the signal files bear it out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record
from ...errors import EcgError
from ...vocabulary.leads import standard_lead
from ..choice import choose, listed
from ..format import Format
from ..source import Source
from .comments import about
from .header import DEFAULT_FS, DEFAULT_GAIN, NAME, Signal, is_header, segments_of
from .layout import load, millivolts

_Rows: TypeAlias = "Sequence[NDArray[np.float32]] | NDArray[np.float32]"
#: Of a folder with more headers none is looked into to find the one that lists the others.
_MOST_HEADERS = 500


def read(source: Source) -> Record:
    """Read a record from its header and the signal files beside it.

    Raises
    ------
    EcgFormatError
        On a header that contradicts itself or its signal files, a missing signal file, signals
        that are no ECG, or amplitudes that no gain explains.
    """
    layout = load(source)
    header, signals = layout.header, layout.signals()
    if layout.frames < 1:
        raise source.refuse(NAME, "it holds no samples")
    fs, warnings = source.rate(NAME, header.fs, DEFAULT_FS)
    keys = list(signals)
    try:
        choice = choose(
            [name for name, _ in keys], [signals[key].unit for key in keys], source.wanted
        )
        first, last = source.wanted.window(fs, layout.frames)
    except EcgError as error:
        raise source.refuse(NAME, str(error)) from None
    chosen = [keys[row] for row in choice.rows]
    rows, damaged = millivolts(layout, chosen, first, last)
    described = [signals[key] for key in chosen]
    warnings += layout.notes
    if not all(signal.calibrated for signal in described):
        warnings.append(
            f"no gain is given: the standard's {DEFAULT_GAIN:g} units per mV is assumed"
        )
    if not header.segments:
        rows, note = _with_true_gains(source, described, rows)
        warnings += note
    if damaged:
        warnings.append(f"{listed(damaged)} fails the header's checksum: edited or damaged")
    rates = [fs * signal.per_frame for signal in described]
    meta = {**about(header), "warnings": warnings}
    return source.record(NAME, rows, rates, choice, meta, cut=True)


def header_of(source: Source) -> Source | None:
    """The header beside a signal file, or a header of the same upload; None without one."""
    stem = source.name.rpartition(".")[0] or source.name
    candidates = [source.companion(f"{stem}.hea")]
    if source.path is None:
        uploads = [name for name in source.uploads if name.lower().endswith(".hea")]
        candidates += [source.companion(name) for name in uploads]
    return next((c for c in candidates if c is not None and is_header(c)), None)


def whole(headers: Sequence[Source]) -> list[Source]:
    """Of several headers, those that are not a segment of another one."""
    if not 1 < len(headers) <= _MOST_HEADERS:
        return list(headers)
    segments = {
        f"{name}.hea".casefold()
        for header in headers
        for name in segments_of(header)
        if f"{name}.hea".casefold() != header.name.casefold()
    }
    return [header for header in headers if header.name.casefold() not in segments]


FORMAT = Format(NAME, (".hea", ".dat", ".mat"), is_header, read, header_of, whole)


def _with_true_gains(
    source: Source, signals: Sequence[Signal], rows: _Rows
) -> tuple[_Rows, list[str]]:
    """The rows, at their true gains where the header's were made of the leads' own ranges.

    The published LUDB headers do that: every lead becomes exactly 1 mV tall.
    """
    # fmax and fmin skip NaN in silence; a lead of nothing but NaN fails the comparison.
    spans = np.array([np.fmax.reduce(row) - np.fmin.reduce(row) for row in rows])
    one_tall = len(spans) > 2 and bool(np.all(np.abs(spans - 1.0) < 0.01))
    if not one_tall or len({signal.gain for signal in signals}) < 2:
        return rows, []
    stored = [
        np.rint(row.astype(float) * signal.gain + signal.baseline)
        for signal, row in zip(signals, rows, strict=True)
    ]
    if not _einthoven_holds([signal.name for signal in signals], stored):
        raise source.refuse(
            NAME,
            "its gains make every lead exactly 1 mV tall, so the true amplitudes are lost: "
            "get a header with the recorder's gain",
        )
    note = (
        "the header's gains make every lead exactly 1 mV tall (the published LUDB headers do); "
        "read at 1 µV per unit, with which III = II - I"
    )
    return np.stack([(row / 1000.0).astype(np.float32) for row in stored]), [note]


def _einthoven_holds(names: Sequence[str], stored: Sequence[NDArray[np.float64]]) -> bool:
    """Whether III = II - I in stored units, i.e. one gain served all leads."""
    rows = {standard_lead(name): row for name, row in zip(names, stored, strict=True)}
    if not {"I", "II", "III"} <= rows.keys():
        return False
    error = rows["III"] - rows["II"] + rows["I"]
    return float(np.nanstd(error)) < 0.02 * float(np.nanstd(rows["II"]))
