"""What the windows of a record show, joined into one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..windows import Window, one_a_beat

if TYPE_CHECKING:
    import pandas as pd


class Part(NamedTuple):
    """What one window shows of the stretch that it answers for; times from the start of the record.

    ``soft`` is that of the window's whole piece, at the rate of the network; None for one of several.
    Beats of ``fiducials`` count the R-peaks of the part, blocked P waves go on after those.
    """

    soft: NDArray[np.float32] | None
    r_peaks_s: NDArray[np.float64]
    fiducials: pd.DataFrame
    method: str
    agreement: float


def part_of(
    window: Window,
    soft: NDArray[np.float32],
    r_peaks_s: NDArray[np.float64],
    fiducials: pd.DataFrame,
    method: str,
    agreement: float,
) -> Part:
    """The part that a window answers for, of what was found in its whole piece, times in the piece."""
    if window.is_whole:
        return Part(soft, r_peaks_s, fiducials, method, agreement)
    peaks = r_peaks_s + window.start_s
    table = fiducials.copy()
    for name in ("onset_ms", "peak_ms", "offset_ms"):
        table[name] += 1000 * window.start_s
    keep = window.owns(peaks)
    # A P wave that no QRS follows is the window's in which it peaks, whichever lead one looks at.
    alone = table[table["beat"] >= len(peaks)].groupby("beat")["peak_ms"].min() / 1000
    alone = alone.reindex(range(len(peaks), int(table["beat"].max() if len(table) else -1) + 1))
    inside = (alone >= window.from_s) & (alone < window.to_s)
    return Part(None, peaks[keep], _only(table, np.append(keep, inside)), method, agreement)


def joined(parts: Sequence[Part]) -> Part:
    """One of all, in order of time: ``method`` is that of most beats, ``agreement`` their mean."""
    if len(parts) == 1:
        return parts[0]
    import pandas as pd

    peaks = np.concatenate([part.r_peaks_s for part in parts])
    keep = one_a_beat(peaks)
    total, blocked, at, tables = int(keep.sum()), 0, 0, []
    number = np.cumsum(keep) - 1
    for part in parts:
        mine = slice(at, at + len(part.r_peaks_s))
        at = mine.stop
        beat = part.fiducials["beat"].to_numpy()
        more = int(max(beat.max(initial=-1) + 1 - len(part.r_peaks_s), 0))
        new = np.append(number[mine], total + blocked + np.arange(more))
        blocked += more
        stays = np.append(keep[mine], np.ones(more, bool))
        table = part.fiducials[stays[beat]]
        tables.append(table.assign(beat=new[table["beat"].to_numpy()]))
    whole = pd.concat(tables, ignore_index=True).sort_values("beat", kind="stable")
    beats = np.array([len(part.r_peaks_s) for part in parts])
    agreement = np.array([part.agreement for part in parts])
    told = np.isfinite(agreement) & (beats > 0)
    soft = sum(n for n, part in zip(beats, parts, strict=True) if part.method == "soft")
    return Part(
        None,
        peaks[keep],
        whole.reset_index(drop=True),
        "soft" if 2 * soft >= beats.sum() else "detector",
        float(np.average(agreement[told], weights=beats[told])) if told.any() else float("nan"),
    )


def _only(table: pd.DataFrame, keep: NDArray[np.bool_]) -> pd.DataFrame:
    """The rows of some beats, these numbered anew."""
    number = np.cumsum(keep) - 1
    beat = table["beat"].to_numpy()
    kept = table[keep[beat]] if len(beat) else table
    return kept.assign(beat=number[kept["beat"].to_numpy()]).reset_index(drop=True)
