"""The beats of a record with the intervals between them, none of which crosses what nobody saw."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..ecg import Record, runs

#: Where no lead shows anything for so long, a beat may have been missed; none is found so near to it.
BLIND_S = 0.06


class Beats(NamedTuple):
    """The beats of a record.

    Attributes
    ----------
    r_peaks_s : ndarray, shape (beats,)
    rr_ms : ndarray, shape (beats,)
        The interval before each; NaN before the first, and across a stretch in which no lead shows
        anything: nobody knows how many beats fell into it.
    """

    r_peaks_s: NDArray[np.float64]
    rr_ms: NDArray[np.float64]


def blind_stretches(record: Record) -> NDArray[np.float64]:
    """Where a beat may have been missed, for no lead shows anything: start and end in s, ``(n, 2)``."""
    found = runs(np.asarray(record.mask.all(axis=0))) / record.fs
    return np.asarray(found[found[:, 1] - found[:, 0] >= BLIND_S])


def seen_beats(peaks: NDArray[np.float64], blind_s: NDArray[np.float64]) -> Beats:
    """Beats clear of stretches in which nothing is seen, and the intervals that none of them cuts."""
    blind_s = blind_s[blind_s[:, 1] - blind_s[:, 0] >= BLIND_S]
    if len(blind_s):
        near = (peaks[:, None] > blind_s[:, 0] - BLIND_S) & (
            peaks[:, None] < blind_s[:, 1] + BLIND_S
        )
        peaks = peaks[~near.any(axis=1)]
    rr_ms = np.diff(peaks, prepend=np.nan) * 1000
    if len(blind_s) and len(peaks) > 1:
        cut = (blind_s[:, 0] > peaks[:-1, None]) & (blind_s[:, 0] < peaks[1:, None])
        rr_ms[1:][cut.any(axis=1)] = np.nan
    return Beats(peaks, rr_ms)
