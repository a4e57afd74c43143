"""Q, R and S of each lead: the deflections a QRS complex is made of.

Named as the CSE working party does (Recommendations for measurement standards in quantitative
electrocardiography, Eur Heart J 1985;6:815): Q is the negative deflection before the first
positive one, R a positive one, S a negative one after it; a complex without any positive
deflection is QS, and counts as Q.
"""

from __future__ import annotations

from typing import NamedTuple

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
    out = np.full((4, len(signal), len(NAMES)), np.nan)
    for lead, trace in enumerate(np.asarray(signal, dtype=float)):
        if np.isfinite(trace).all():
            for name, found in _named(_stretches(trace, time_ms)).items():
                out[:, lead, NAMES.index(name)] = found
    return Deflections(*out)


#: Onset, peak, offset in ms, height in mV.
_Stretch = tuple[float, float, float, float]


def _stretches(trace: NDArray[np.float64], time_ms: NDArray[np.float64]) -> list[_Stretch]:
    """What lies between the crossings of the level and is tall and long enough, in order."""
    turns = np.flatnonzero(np.diff(trace >= 0))
    share = trace[turns] / (trace[turns] - trace[turns + 1])
    crossings = time_ms[turns] + share * (time_ms[turns + 1] - time_ms[turns])
    firsts, lasts = np.append(0, turns + 1), np.append(turns, len(trace) - 1)
    onsets, offsets = np.append(time_ms[0], crossings), np.append(crossings, time_ms[-1])
    out = []
    for first, last, onset, offset in zip(firsts, lasts, onsets, offsets, strict=True):
        piece = np.abs(trace[first : last + 1])
        peak = int(piece.argmax())
        ends = [piece[0] if first == 0 else 0.0, piece[-1] if last == len(trace) - 1 else 0.0]
        if piece[peak] >= LEAST_MV + max(ends) and offset - onset >= LEAST_MS:
            at = first + peak
            out.append((float(onset), float(time_ms[at]), float(offset), float(trace[at])))
    return out


def _named(stretches: list[_Stretch]) -> dict[str, _Stretch]:
    """Which of the stretches are Q, R and S."""
    positive = [i for i, one in enumerate(stretches) if one[3] > 0]
    before = stretches[: positive[0]] if positive else stretches
    after = [one for one in stretches[positive[0] :] if one[3] < 0] if positive else []
    found = {}
    if before:
        found["Q"] = min(before, key=lambda one: one[3])
        if not positive:
            # A notched QS is one complex.
            found["Q"] = (before[0][0], found["Q"][1], before[-1][2], found["Q"][3])
    if positive:
        found["R"] = max((stretches[i] for i in positive), key=lambda one: one[3])
    if after:
        found["S"] = min(after, key=lambda one: one[3])
    return found
