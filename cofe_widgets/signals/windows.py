"""Long records in windows: pieces that overlap, each answerable for its own stretch of time.

Beats are found, waves delineated and beats measured a window at a time, so that a day of ECG needs
no more memory than two minutes of it, and a bad hour spoils no other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..ecg import Record

#: Records up to this length are looked at whole.
LONG_S = 120.0
#: A window answers for so long at most, and sees so much on either side of it: itself it is not long.
WINDOW_S, OVERLAP_S = 110.0, 4.0
#: Two windows may see one R-peak at their seam at moments that differ by this.
SEAM_S = 0.05
#: Peaks of two windows this near are one beat.
SAME_BEAT_S = 0.2


class Window(NamedTuple):
    """A piece of a record.

    Attributes
    ----------
    record : Record
        The piece, with what it sees beyond its own stretch.
    start_s : float
        Where the piece begins, s from the start of the record.
    from_s, to_s : float
        The stretch it answers for, s from the start of the record; those of all windows tile it.
    """

    record: Record
    start_s: float
    from_s: float
    to_s: float

    def owns(self, times_s: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which moments of the record lie in the stretch, or so near that the next may miss them."""
        return np.asarray((times_s >= self.from_s - SEAM_S) & (times_s < self.to_s + SEAM_S))


def in_windows(
    record: Record, seconds: float = WINDOW_S, overlap: float = OVERLAP_S
) -> Iterator[Window]:
    """The windows of a record in order of time, all equally long but the first and the last.

    Parameters
    ----------
    record : Record
    seconds, overlap : float
        What a window answers for at most, and what it sees on either side of it.
    """
    count = max(1, math.ceil(record.duration_s / seconds - 1e-6))
    size = math.ceil(record.samples / count)
    beyond = round(overlap * record.fs)
    for first in range(0, record.samples, size):
        last = min(first + size, record.samples)
        start, stop = max(0, first - beyond), min(record.samples, last + beyond)
        piece = record.crop(start / record.fs, stop / record.fs)
        yield Window(piece, start / record.fs, first / record.fs, last / record.fs)


def one_a_beat(times_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of the ascending moments of several windows to keep: of two at a seam, the first."""
    return np.append(True, np.diff(times_s) > SAME_BEAT_S)[: len(times_s)]


def evenly(windows: int, most: int) -> NDArray[np.intp]:
    """Indices of at most ``most`` of so many windows, spread evenly over all."""
    count = min(windows, most)
    return np.asarray((np.arange(count) + 0.5) * windows / max(count, 1), dtype=np.intp)
