"""Long records in windows: pieces that overlap, each answerable for its own stretch of time.

Beats are found, waves delineated and beats measured a window at a time, so that a day of ECG needs
no more memory than five minutes of it, and a bad hour spoils no other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..ecg import Record
from .quality import screened_parts

#: Records up to this length are looked at whole.
LONG_S = 300.0
#: A window answers for so long at most, and sees so much on either side of it: itself it is not long.
WINDOW_S, OVERLAP_S = 290.0, 4.0
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

    @property
    def is_whole(self) -> bool:
        """Whether it is the record itself."""
        return self.start_s == 0 and self.to_s >= self.record.duration_s

    def owns(self, times_s: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which moments of the record lie in the stretch, or so near that the next may miss them."""
        return np.asarray((times_s >= self.from_s - SEAM_S) & (times_s < self.to_s + SEAM_S))


class Span(NamedTuple):
    """Where a window lies, in samples of the record: its piece, and the stretch it answers for."""

    start: int
    stop: int
    first: int
    last: int


def spans(record: Record, seconds: float = WINDOW_S, overlap: float = OVERLAP_S) -> list[Span]:
    """The windows of a record in order of time, all equally long but the first and the last.

    Parameters
    ----------
    record : Record
    seconds, overlap : float
        What a window answers for at most, and what it sees on either side of it.
    """
    count = max(1, math.ceil(record.duration_s / seconds - 1e-6))
    size, beyond = math.ceil(record.samples / count), round(overlap * record.fs)
    out = []
    for first in range(0, record.samples, size):
        last = min(first + size, record.samples)
        out.append(Span(max(0, first - beyond), min(record.samples, last + beyond), first, last))
    return out


def windows(record: Record, chosen: Iterable[Span]) -> Iterator[Window]:
    """The windows at some spans of a record, which is screened for faults as a whole."""
    chosen, fs = list(chosen), record.fs
    pieces = screened_parts(record, [(at.start / fs, at.stop / fs) for at in chosen])
    for at, piece in zip(chosen, pieces, strict=True):
        yield Window(piece, at.start / fs, at.first / fs, at.last / fs)


def one_a_beat(times_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of the ascending moments of several windows to keep: of two at a seam, the first."""
    return np.append(True, np.diff(times_s) > SAME_BEAT_S)[: len(times_s)]
