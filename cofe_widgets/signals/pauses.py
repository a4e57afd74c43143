"""Whether a pause between beats holds something as tall as a beat: one that was missed, or an artefact.

An extrasystole that one or two leads show, and the others next to not, has no quorum; what follows it is
a pause, and in the pause it stands.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .filters import pass_band
from .rpeaks import WORKING_FS
from .waves import Wave

#: A pause is so many times as long as the shorter quarter of the intervals.
PAUSE, SHORTER = 1.5, 0.25
#: Wide beats are as tall here as narrow ones.
BAND_HZ = (1.0, 15.0)
#: As tall as this share of a QRS, and so many times what there is as a rule (root of the summed squares).
TALL, TIMES = 0.45, 3.0
#: So long after R, or after the end of T, and so long before the next R, there is nothing to be seen.
AFTER_S, AFTER_T_S, BEFORE_S = 0.3, 0.02, 0.28
#: T of a beat that shows none ends here, s after R.
USUAL_T_END_S = 0.3
#: A QRS reaches so far to either side of R, s.
REACH_S = 0.09


def of_pauses(
    steady: NDArray[np.float64],
    r_peaks_s: NDArray[np.float64],
    rr_ms: NDArray[np.float64],
    t: Wave,
) -> str:
    """What speaks against the number of beats: a sentence, or nothing.

    Parameters
    ----------
    steady : ndarray, shape (leads, samples)
        mV at `WORKING_FS` without wander; NaN where a lead is dead.
    r_peaks_s : ndarray, shape (beats,)
    rr_ms : ndarray, shape (beats,)
        The interval before each beat; NaN where unknown.
    t : Wave
        Of the median beat.
    """
    known = rr_ms[np.isfinite(rr_ms)]
    if len(known) < 3:
        return ""
    pauses = np.flatnonzero(rr_ms > PAUSE * np.quantile(known, SHORTER))
    if not len(pauses):
        return ""
    dead = np.isnan(steady)
    band = pass_band(np.where(dead, 0.0, steady), WORKING_FS, *BAND_HZ)
    height = np.sqrt(np.square(np.where(dead, 0.0, band)).sum(axis=0))
    reach = np.arange(-round(REACH_S * WORKING_FS), round(REACH_S * WORKING_FS) + 1)
    about = np.rint(r_peaks_s * WORKING_FS).astype(np.intp)[:, None] + reach
    qrs = float(np.median(height[about.clip(0, len(height) - 1)].max(axis=1)))
    t_end = t.offset_ms / 1000 if np.isfinite(t.offset_ms) else USUAL_T_END_S
    starts = r_peaks_s[pauses - 1] + max(AFTER_S, t_end + AFTER_T_S)
    bar = max(TALL * qrs, TIMES * float(np.median(height)))
    for start, end in zip(starts, r_peaks_s[pauses] - BEFORE_S, strict=True):
        inside = height[round(start * WORKING_FS) : max(0, round(end * WORKING_FS))]
        if len(inside) and inside.max() > bar:
            at = start + inside.argmax() / WORKING_FS
            return f"a pause holds something as tall as a beat, {at:.1f} s from the start"
    return ""
