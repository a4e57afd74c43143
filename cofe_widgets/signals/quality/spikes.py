"""Brief spikes: narrower than any wave of a heart, from contacts, static, or a pacemaker."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...ecg import bridged, runs

#: A spike is over within this much of its top on either side; the top of a QRS is not.
REACH_S = 0.012
#: Share of its height above the chord over `REACH_S` that a third of the reach shows: of a spike
#: nearly all, of the top of a QRS about a third.
NARROW = 0.62
#: A spike is as tall as this, and so many times as tall as what else bends the trace.
LEAST_SPIKE_MV, TIMES_NOISE = 0.1, 10.0
#: Where the rate is too low to see the width, it must be so many times as tall as what beats show.
TIMES_BEAT = 3.0
#: Below this rate, Hz, a third of the reach is less than a sample.
SEEN_FS = 200.0
#: Share of its height under which a spike is over.
OVER = 0.1
#: A QRS bends a trace over this reach, and by this share of what it does in its usual second, so near.
QRS_REACH_S, QRS_SHARE, NEAR_S = 0.04, 0.3, 0.03
#: What is narrow while more than this share of the leads shows a QRS is a notch of it,
#: unless it is narrow in that share of the leads.
QRS_LEADS, SPIKE_LEADS = 0.3, 0.6
#: In one or two leads, what comes more often than so many times a second is the beat.
OFTEN_HZ = 0.4


class Spikes(NamedTuple):
    """Spikes of every lead.

    Attributes
    ----------
    where : ndarray of bool, shape (leads, samples)
        The samples they take up.
    height_mv : ndarray, shape (leads, samples)
        Height above the chord.
    bridged : ndarray, shape (leads, samples)
        The signal with each replaced by its chord.
    """

    where: NDArray[np.bool_]
    height_mv: NDArray[np.float64]
    bridged: NDArray[np.float64]


def find_spikes(
    signal: NDArray[np.float64], fs: float, dead: NDArray[np.bool_] | None = None
) -> Spikes:
    """The brief spikes of ``signal`` (leads, samples), without hum, bridged where it is ``dead``."""
    from scipy.ndimage import maximum_filter1d

    dead = np.zeros(signal.shape, bool) if dead is None else dead
    wide = max(2, round(REACH_S * fs))
    height = np.abs(_above_chord(signal, wide))
    noise = _usual(height, dead)
    tall = height > np.maximum(LEAST_SPIKE_MV, TIMES_NOISE * noise)
    where = np.zeros(signal.shape, bool)
    if tall.any():
        if fs < SEEN_FS:
            sharp = height > TIMES_BEAT * _of_beats(height, fs)
        else:
            narrow = max(1, wide // 3)
            above = maximum_filter1d(np.abs(_above_chord(signal, narrow)), 2 * narrow + 1, axis=1)
            sharp = above > NARROW * height
        found = np.argwhere(
            (height >= maximum_filter1d(height, 2 * wide + 1, axis=1)) & tall & sharp
        )
        for row, top in found:
            where[row, _extent(signal[row], int(top), wide)] = True
        for row, top in found[~_are_spikes(signal, where, found, fs, dead)]:
            where[row, _extent(signal[row], int(top), wide)] = False
    return Spikes(where, height, bridged(signal, where))


def _are_spikes(
    signal: NDArray[np.float64],
    where: NDArray[np.bool_],
    found: NDArray[np.intp],
    fs: float,
    dead: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Which of the spikes ``found`` (row, sample) are spikes, and no sharp part of a QRS."""
    from scipy.ndimage import maximum_filter1d

    leads = len(signal)
    if leads < 3:
        often = np.bincount(found[:, 0], minlength=leads) > OFTEN_HZ * signal.shape[1] / fs
        return ~often[found[:, 0]]
    bend = np.abs(_above_chord(bridged(signal, where), max(2, round(QRS_REACH_S * fs))))
    size = 2 * round(NEAR_S * fs) + 1
    beat = maximum_filter1d(bend / (QRS_SHARE * _of_beats(bend, fs) + 1e-9), size, axis=1) > 1
    sharp = maximum_filter1d(where, size, axis=1)
    at = found[:, 1]
    alive = ~dead[:, at]  # a dead lead shows neither
    living = np.maximum(alive.sum(axis=0), 1)
    shown = ((beat & ~sharp)[:, at] & alive).sum(axis=0) / living
    narrow = (sharp[:, at] & alive).sum(axis=0) / living
    return np.asarray((shown <= QRS_LEADS) | (narrow >= SPIKE_LEADS))


def _above_chord(signal: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Height of each sample above the chord between the samples ``reach`` before and after it."""
    out = np.zeros(signal.shape)
    inner = slice(reach, -reach)
    out[:, inner] = signal[:, inner] - (signal[:, : -2 * reach] + signal[:, 2 * reach :]) / 2
    return out


def _usual(height: NDArray[np.float64], dead: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The median height of each lead where it is alive, ``(leads, 1)``; infinite where it is nowhere."""
    if not dead.any():
        return np.asarray(np.median(height, axis=1, keepdims=True))
    out = np.full((len(height), 1), np.inf)
    for row in np.flatnonzero(~dead.all(axis=1)):
        out[row] = np.median(height[row, ~dead[row]])
    return out


def _of_beats(height: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """How tall the beats' own tops are: the median of the seconds' largest, ``(leads, 1)``."""
    second = max(1, round(fs))
    count = max(1, height.shape[1] // second)
    blocks = height[:, : count * second].reshape(len(height), count, -1)
    return np.asarray(np.median(blocks.max(axis=2), axis=1)[:, None])


def _extent(trace: NDArray[np.float64], top: int, reach: int) -> slice:
    """The samples of a spike: around its top, as far as it stands above its chord."""
    first, last = max(top - reach, 0), min(top + reach, len(trace) - 1)
    chord = np.linspace(trace[first], trace[last], last - first + 1)
    above = np.abs(trace[first : last + 1] - chord)
    high = runs(above > OVER * above[top - first])
    for start, end in high.tolist():
        if start <= top - first < end:
            return slice(first + start, first + end)
    return slice(top, top + 1)
