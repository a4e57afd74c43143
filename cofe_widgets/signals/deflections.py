"""Q, R and S of each lead: the deflections a QRS complex is made of.

Named as the CSE working party does (Recommendations for measurement standards in quantitative
electrocardiography, Eur Heart J 1985;6:815): Q is the negative deflection before the first
positive one, R a positive one, S a negative one after it; a complex without any positive
deflection is QS, and counts as Q.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Nothing lower or briefer is a deflection: the CSE's 20 uV and 6 ms.
LEAST_MV, LEAST_MS = 0.02, 6.0
NAMES = ("Q", "R", "S")


class Deflections(NamedTuple):
    """Deflections Q, R, S (in this order, the second axis) of the QRS of each lead.

    Attributes
    ----------
    onset_ms, peak_ms, offset_ms : ndarray, shape (leads, 3)
        On the time axis of the signal; NaN where a lead lacks the deflection. Neighbours meet where
        the trace crosses the isoelectric level.
    amplitude_mv : ndarray, shape (leads, 3)
        Q and S negative, R positive.
    """

    onset_ms: NDArray[np.float64]
    peak_ms: NDArray[np.float64]
    offset_ms: NDArray[np.float64]
    amplitude_mv: NDArray[np.float64]


def deflections(signal: NDArray[np.floating], time_ms: NDArray[np.float64]) -> Deflections:
    """Q, R and S of a QRS complex in every lead.

    Parameters
    ----------
    signal : ndarray, shape (leads, samples)
        From QRS onset to QRS offset, mV from the isoelectric level.
    time_ms : ndarray, shape (samples,)

    Notes
    -----
    Of several positive deflections (rsR') the tallest is R, of several negative ones after the
    first positive the deepest is S. A first or last stretch that merely leads into the P or the ST
    segment, without a peak of its own, is no deflection.
    """
    signal = np.asarray(signal, dtype=float)
    known = np.isfinite(signal).all(axis=1)
    lead = np.repeat(np.flatnonzero(known), signal.shape[1])
    return ragged(signal[known].ravel(), np.tile(time_ms, int(known.sum())), lead, len(signal))


def ragged(
    trace: NDArray[np.float64], time_ms: NDArray[np.float64], row: NDArray[np.intp], rows: int
) -> Deflections:
    """Q, R and S of many QRS complexes of any lengths at once.

    Parameters
    ----------
    trace, time_ms, row : ndarray, shape (samples,)
        The complexes one after the other: mV, ms, and which complex each sample is of, ascending.
    rows : int
        How many complexes there are; one without samples has no deflection.
    """
    out = Deflections(*np.full((4, rows, len(NAMES)), np.nan))
    if not len(trace):
        return out
    onset, peak, offset, height, of = _stretches(trace, time_ms, row)
    order = np.arange(len(of))
    first_up = np.full(rows, len(of))
    np.minimum.at(first_up, of[height > 0], order[height > 0])
    before, after = order < first_up[of], (order > first_up[of]) & (height < 0)
    for name, some, deepest in ((0, before, True), (1, height > 0, False), (2, after, True)):
        k = np.flatnonzero(some)
        k = k[np.lexsort((k, height[k] if deepest else -height[k], of[k]))]
        best = k[np.diff(of[k], prepend=-1) > 0]
        for array, values in zip(out, (onset, peak, offset, height), strict=True):
            array[of[best], name] = values[best]
    # A notched QS is one complex.
    k = order[before & (first_up[of] == len(of))]
    ends = np.diff(of[k], prepend=-1) > 0, np.diff(of[k], append=rows) > 0
    out.onset_ms[of[k[ends[0]]], 0] = onset[k[ends[0]]]
    out.offset_ms[of[k[ends[1]]], 0] = offset[k[ends[1]]]
    return out


def _stretches(
    trace: NDArray[np.float64], time_ms: NDArray[np.float64], row: NDArray[np.intp]
) -> tuple[NDArray[Any], ...]:
    """What lies between the crossings of the level and is tall and long enough, in order.

    Onset, peak and offset in ms, height in mV, and of which row.
    """
    apart = np.diff(row) > 0
    turns = np.flatnonzero((np.diff(trace >= 0)) | apart)
    firsts, lasts = np.append(0, turns + 1), np.append(turns, len(trace) - 1)
    rise = trace[turns] - trace[turns + 1]
    share = trace[turns] / np.where(rise == 0, 1, rise)
    crossing = time_ms[turns] + share * (time_ms[turns + 1] - time_ms[turns])
    begins, ends = np.append(True, apart[turns]), np.append(apart[turns], True)
    onset = np.where(begins, time_ms[firsts], np.append(0, crossing))
    offset = np.where(ends, time_ms[lasts], np.append(crossing, 0))
    size = np.abs(trace)
    tallest = np.maximum.reduceat(size, firsts)
    which = np.repeat(np.arange(len(firsts)), lasts - firsts + 1)
    top = np.flatnonzero(size == tallest[which])
    top = top[np.diff(which[top], prepend=-1) > 0]  # the first of several
    led = np.maximum(np.where(begins, size[firsts], 0), np.where(ends, size[lasts], 0))
    keep = (tallest >= LEAST_MV + led) & (offset - onset >= LEAST_MS)
    found = onset, time_ms[top], offset, trace[top], row[firsts]
    return tuple(values[keep] for values in found)
