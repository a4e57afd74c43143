"""LUDB: twelve-lead records whose waves cardiologists marked, as labels to learn from.

Kalyakulina et al., "LUDB: a new open-access validation tool for electrocardiogram delineation
algorithms", IEEE Access 8 (2020). Onset, peak and offset of every P, QRS and T are marked in each
lead on its own; the first and last beats of a lead often are not marked, and nothing is known there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...ecg import LEADS, Record
from ...vocabulary.segments import SEGMENTS

WAVES = ("P", "QRS", "T")
_SYMBOLS = dict(zip(("p", "N", "t"), WAVES, strict=True))

_INDEX = {name: k for k, name in enumerate(SEGMENTS)}
#: What a marked sample may be: a row allows one segment or several. The rows after the segments
#: themselves: inside the QRS, at its marked peak, outside all waves; the last one, anything.
IN_QRS, QRS_PEAK, OUTSIDE, ANYTHING = range(len(SEGMENTS), len(SEGMENTS) + 4)


def _allowed() -> NDArray[np.bool_]:
    out = np.zeros((ANYTHING + 1, len(SEGMENTS)), bool)
    out[: len(SEGMENTS)] = np.eye(len(SEGMENTS), dtype=bool)
    out[IN_QRS, _INDEX["QRS onset"] + 1 : _INDEX["QRS offset"]] = True
    out[QRS_PEAK, [_INDEX[name] for name in ("Q peak", "R peak", "S peak")]] = True
    out[OUTSIDE, [_INDEX[name] for name in ("pq", "ql", "L point", "lt", "tp")]] = True
    out[ANYTHING] = True
    return out


#: Rows: what a label means; columns: `SEGMENTS`.
ALLOWED = _allowed()


@dataclass(frozen=True)
class Marked:
    """A record and its marks.

    Attributes
    ----------
    name : str
    record : Record
    waves : dict of wave (P, QRS, T) -> one array (waves, 3) a lead: onset, peak, offset in s, NaN
        where a mark is missing
    """

    name: str
    record: Record
    waves: dict[str, list[NDArray[np.float64]]]

    def span_s(self, lead: int) -> tuple[float, float]:
        """First and last mark of a lead; what lies outside is not known. NaN without marks."""
        marks = np.concatenate([self.waves[wave][lead].ravel() for wave in WAVES])
        marks = marks[np.isfinite(marks)]
        return (float(marks.min()), float(marks.max())) if len(marks) else (np.nan, np.nan)


def read_marks(path: Path, lead: str) -> dict[str, NDArray[np.float64]]:
    """Onset, peak, offset (in samples) of the waves P, QRS and T of one lead."""
    import wfdb

    read = wfdb.rdann(str(path), lead.lower())
    rows: dict[str, list[list[float]]] = {wave: [] for wave in WAVES}
    symbols, samples = ["", *read.symbol, ""], [np.nan, *read.sample, np.nan]
    for i, symbol in enumerate(symbols):
        if symbol in _SYMBOLS:
            onset = samples[i - 1] if symbols[i - 1] == "(" else np.nan
            offset = samples[i + 1] if symbols[i + 1] == ")" else np.nan
            rows[_SYMBOLS[symbol]].append([onset, samples[i], offset])
    return {wave: np.array(some, float).reshape(-1, 3) for wave, some in rows.items()}


def load_ludb(folder: Path, step: int = 1) -> list[Marked]:
    """Every ``step``-th record of a folder that holds marks, in order of their numbers.

    Raises
    ------
    FileNotFoundError
        When the folder holds none.
    """
    from ...io import read

    headers = sorted(folder.glob("*.hea"), key=lambda path: (len(path.stem), path.stem))
    marked = [header for header in headers if header.with_suffix(".ii").exists()]
    out = []
    for header in marked[::step]:
        record = read(header).standard()
        each = [read_marks(header.with_suffix(""), lead) for lead in LEADS]
        waves = {wave: [lead[wave] / record.fs for lead in each] for wave in WAVES}
        out.append(Marked(header.stem, record, waves))
    if not out:
        raise FileNotFoundError(f"{folder} holds no LUDB records (.hea, .dat and .i to .v6)")
    return out


def folds(count: int, of: int) -> NDArray[np.intp]:
    """Fold of each record: dealt in turn."""
    return np.arange(count) % of


def label(
    marked: Marked, lead: int, start_s: float, step_s: float, samples: int
) -> NDArray[np.uint8]:
    """What each sample of a stretch may be: rows of `ALLOWED`.

    The samples lie at ``start_s + k * step_s``. Exact at the marks of P and T and at the bounds of
    the QRS; inside the QRS the marks do not say which deflection is which.
    """
    out = np.full(samples, ANYTHING, np.uint8)

    def at(seconds: float) -> int:
        return round((seconds - start_s) / step_s)

    def put(index: int, what: int) -> None:
        if 0 <= index < samples:
            out[index] = what

    def fill(first: int, last: int, what: int) -> None:
        out[max(first, 0) : max(last, 0)] = what

    first, last = marked.span_s(lead)
    if not np.isfinite(first):
        return out
    fill(at(first), at(last) + 1, OUTSIDE)
    for wave, on_name in zip(WAVES, ("P onset", "QRS onset", "T onset"), strict=True):
        code = _INDEX[on_name]
        qrs = wave == "QRS"
        for onset, peak, offset in marked.waves[wave][lead].tolist():
            if not (onset < peak < offset):  # a mark is missing: nothing is known about the wave
                known = [t for t in (onset, peak, offset) if np.isfinite(t)]
                fill(at(min(known) - 0.15), at(max(known) + 0.15), ANYTHING)
                continue
            on, top, off = at(onset), at(peak), at(offset)
            fill(on, top, IN_QRS if qrs else code + 1)
            fill(top, off, IN_QRS if qrs else code + 3)
            put(top, QRS_PEAK if qrs else code + 2)
            put(on, code)
            put(off, _INDEX["QRS offset"] if qrs else code + 4)
    return out
