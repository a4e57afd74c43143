"""Pacing spikes: found at the record's own rate and cut out, before anything is filtered or measured.

A pacemaker's stimulus is over in two milliseconds, and what recorders make of it in some ten. Left in,
it rings through every filter, is taken for the QRS that follows it and stretches that to the left.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..ecg import INDEPENDENT_LEADS, Record

#: A spike rises above both its neighbours at this distance ...
REACH_MS = 8.0
#: ... by so much, by so many times what the signal does in the FLANK_MS before, and by so many times
#: what it has moved in those after: a QRS, however sharp, has flanks.
LEAST_MV, QUIET, NARROW, FLANK_MS = 0.15, 4.0, 2.0, 20.0
#: So many leads (all, where there are fewer) and this share of them show it, within this time.
LEADS, SHARE, TOGETHER_MS = 3, 0.3, 4.0
#: What rings and decays after it is cut out too: above this share of it, for as long as this.
RINGS, RINGING_MS = 0.12, 40.0
#: Below this rate a spike is no narrower than a QRS.
LEAST_FS = 200.0


class Pacing(NamedTuple):
    """Where a record was paced, and the record without it."""

    spikes_s: NDArray[np.float64]
    record: Record


def without_pacing(record: Record) -> Pacing:
    """Find the pacing spikes of a record and draw straight lines in their place.

    Parameters
    ----------
    record : Record

    Returns
    -------
    Pacing
        Seconds of the spikes, ascending; the record, itself where there is none.
    """
    nothing = Pacing(np.empty(0), record)
    if record.fs < LEAST_FS:
        return nothing
    reach = max(1, round(REACH_MS / 1000 * record.fs))
    wide = reach + round(FLANK_MS / 1000 * record.fs)
    if record.samples < 4 * wide:
        return nothing
    rows = [n for n, lead in enumerate(record.leads) if lead in INDEPENDENT_LEADS]
    signal = record.signal[rows] if rows else record.signal
    tall = _rise(signal, reach)
    # Few samples are candidates, and most records have none: flanks are looked at there alone.
    lead, at = np.nonzero(tall >= LEAST_MV)
    inside = (at >= wide) & (at < record.samples - wide)
    lead, at = lead[inside], at[inside]
    if not len(at):
        return nothing
    before = signal[lead[:, None], at[:, None] - np.arange(reach, wide + 1)]
    after = signal[lead[:, None], at[:, None] + np.arange(reach, wide + 1)]
    narrow = tall[lead, at] > QUIET * np.ptp(before, axis=1)
    moved = np.median(after, axis=1) - np.median(before, axis=1)
    narrow &= tall[lead, at] > NARROW * np.abs(moved)
    lead, at = lead[narrow], at[narrow]
    spikes = _shared(lead, at, tall, len(signal), record.fs)
    if not len(spikes):
        return nothing
    return Pacing(spikes / record.fs, record._derive(_bridged(record, spikes, reach)))


def _rise(signal: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """How far each sample rises above (or falls below) both its neighbours ``reach`` away, mV."""
    out = np.zeros_like(signal)
    left = signal[:, reach:-reach] - signal[:, : -2 * reach]
    right = signal[:, reach:-reach] - signal[:, 2 * reach :]
    out[:, reach:-reach] = np.where(left * right > 0, np.minimum(np.abs(left), np.abs(right)), 0.0)
    return out


def _shared(
    lead: NDArray[np.intp],
    at: NDArray[np.intp],
    tall: NDArray[np.float32],
    leads: int,
    fs: float,
) -> NDArray[np.intp]:
    """Moments at which enough of the leads show a spike: of each the sample where it is tallest."""
    order = np.argsort(at, kind="stable")
    lead, at = lead[order], at[order]
    gap = max(1, round(TOGETHER_MS / 1000 * fs))
    group = np.cumsum(np.diff(at, prepend=at[:1]) > gap)
    out = []
    least = max(min(LEADS, leads), SHARE * leads)
    for k in np.unique(group):
        some = group == k
        if len(np.unique(lead[some])) >= least:
            out.append(at[some][tall[lead[some], at[some]].argmax()])
    return np.array(out, dtype=np.intp)


def _bridged(record: Record, spikes: NDArray[np.intp], reach: int) -> NDArray[np.float32]:
    """The signal with a straight line from before each spike to where it has rung out."""
    out = np.array(record.signal)
    longest = round(RINGING_MS / 1000 * record.fs)
    for spike in spikes:
        first = max(0, spike - reach)
        stop = min(record.samples - 1, spike + longest)
        piece = out[:, first : stop + 1].astype(float)
        size = np.abs(piece[:, : 2 * reach + 1] - piece[:, :1]).max(axis=1, keepdims=True)
        # Ringing turns to and fro from sample to sample; a QRS that begins does not.
        rough = np.zeros_like(piece)
        rough[:, 1:-1] = np.abs(np.diff(piece, 2, axis=1))
        rings = (rough > RINGS * size) & (size > LEAST_MV)
        rings[:, : 2 * reach] = True
        rung = min(piece.shape[1] - rings.any(axis=0)[::-1].argmax(), piece.shape[1] - 1)
        # What decays after it comes nearer to the level before, a QRS goes away from it.
        away = np.nansum(np.abs(piece[:, rung:] - piece[:, :1]), axis=0)
        last = rung + int(away.argmin())
        along = np.linspace(0.0, 1.0, last + 1)
        out[:, first : first + last + 1] = piece[:, :1] * (1 - along) + piece[:, [last]] * along
    return out
