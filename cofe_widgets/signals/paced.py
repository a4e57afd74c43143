"""Paced beats: a QRS does not begin before the spike that sets it off is over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .quality.fault import Fault
from .waves import Wave

#: A pacing spike is seen in so many leads within so short a time.
LEADS, TOGETHER_S = 3, 0.01
#: It comes at most so long before R, in so large a share of the beats.
BEFORE_S, SHARE = 0.2, 0.6
#: A QRS seems to begin at most so long before the spike is over.
MOST_EARLY_MS = 40.0


def after_spike(qrs: Wave, r_peaks_s: NDArray[np.float64], faults: Sequence[Fault]) -> Wave:
    """The QRS from the end of the spike, where it seemed to begin before that.

    What replaces a spike is a line, and its bend is taken for the first of the QRS.

    Parameters
    ----------
    qrs : Wave
    r_peaks_s : ndarray, shape (beats,)
        Of the beats whose QRS it is.
    faults : sequence of Fault
        Those of kind ``"spike"`` count.
    """
    spans = np.array(sorted((one.start_s, one.end_s) for one in faults if one.kind == "spike"))
    if len(spans) < LEADS or not len(r_peaks_s):
        return qrs
    group = np.cumsum(np.diff(spans[:, 0], prepend=spans[0, 0]) > TOGETHER_S)
    ends = np.array(
        [np.median(spans[group == k, 1]) for k in np.flatnonzero(np.bincount(group) >= LEADS)]
    )
    if not len(ends):
        return qrs
    last = np.searchsorted(ends, r_peaks_s) - 1
    delay = np.where(last >= 0, r_peaks_s - ends[np.maximum(last, 0)], np.inf)
    paced = delay < BEFORE_S
    if paced.mean() < SHARE:
        return qrs
    end_ms = -1000 * float(np.median(delay[paced]))
    early = 0 < end_ms - qrs.onset_ms <= MOST_EARLY_MS
    return qrs._replace(onset_ms=end_ms) if early else qrs
