"""Stretches in which a lead shows no heart: still, at the amplifier's limit, silent, torn about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...ecg import runs

#: No recorded heart stands still for so long in one lead, nor in most leads at once, nor so many
#: times as long as the lead usually does.
STILL_S, STILL_TOGETHER_S, STILL_TIMES = 1.0, 0.2, 3.0
#: Most leads, of more than two.
MOST_LEADS = 0.75
#: A stretch with less than this share of a lead's usual movement stands still.
STILL_SHARE = 0.02
#: ... and one that bends less, mV, does in any lead.
LEAST_MV = 1e-6
#: Still so far from the lead's middle, it is at the amplifier's limit.
LIMIT_MV = 0.3
#: Blocks in which a lead is judged beside the others.
BLOCK_S = 0.5
#: A lead's usual QRS: the median of the tallest of its seconds, where most may be dead this quantile.
USUAL = 0.85
#: A lead with less than this share of its usual QRS, where two leads show more than that.
SILENT_SHARE, SHOWN_SHARE = 0.12, 0.6
#: ... on end for so many blocks, in two of which the others do.
SILENT_BLOCKS = 4
#: So many times a lead's usual QRS, and the tallest lead's, for so long: no beat.
TORN_TIMES, TORN_TALLEST, TORN_S = 4.0, 2.5, 0.25
#: ... and this tall, mV: less is no artefact. A lead whose usual QRS is smaller than that shows none.
LEAST_TORN_MV, LEAST_QRS_MV = 1.0, 0.03

#: A clipped lead stands still this long at its extreme, this far from its middle.
CLIPPED_MS, CLIPPED_MV = 8.0, 0.15
#: ... and reaches it by a step of this.
ABRUPT_MV = 0.012


def still(signal: NDArray[np.float64], fs: float) -> NDArray[np.bool_]:
    """Stretches that stand still, or run along a line as bridged gaps do.

    Parameters
    ----------
    signal : ndarray, shape (leads, samples)
        As recorded; NaN in gaps, which are not looked at.
    fs : float

    Notes
    -----
    A computed heart without noise is still between its beats, and so, now and then, is a recording of
    coarse resolution: what counts is to be still for far longer than the lead usually is.
    """
    flat = np.zeros(signal.shape, bool)
    bend = np.abs(np.diff(signal, 2, axis=1))
    for row, (trace, curve) in enumerate(zip(signal, bend, strict=True)):
        moves = curve[curve > LEAST_MV]  # NaN compares false
        if not len(moves):
            flat[row] = ~np.isnan(trace)
            continue
        found = runs(curve <= max(LEAST_MV, STILL_SHARE * float(np.median(moves))))
        length = found[:, 1] - found[:, 0] + 2  # the bend of three samples
        usual = length[length > 0.04 * fs]
        limit = STILL_TOGETHER_S * fs
        if len(usual) > 4:
            limit = max(limit, STILL_TIMES * float(np.quantile(usual, 0.8)))
        for first, last in found[length >= limit].tolist():
            flat[row, first : last + 2] = True
    together = np.asarray(flat.mean(axis=0) >= MOST_LEADS)
    if len(signal) < 3:
        together = together[:0]
    return _long_ones(flat, together, fs)


def _long_ones(
    flat: NDArray[np.bool_], together: NDArray[np.bool_], fs: float
) -> NDArray[np.bool_]:
    """Of the stretches those that are long, or that most leads share."""
    for row in np.flatnonzero(flat.any(axis=1)):
        for first, last in runs(flat[row]).tolist():
            shared = together[first:last].any() if len(together) else last - first > fs / 2
            if last - first < STILL_S * fs and not shared:
                flat[row, first:last] = False
    return flat


def at_limit(signal: NDArray[np.float64], flat: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the still samples lie at the highest or lowest value of their lead, far from its middle."""
    out = np.zeros(flat.shape, bool)
    for row in np.flatnonzero(flat.any(axis=1)):
        trace = signal[row]
        far = np.abs(trace - np.nanmedian(trace)) > LIMIT_MV
        out[row] = flat[row] & far & ((trace == np.nanmax(trace)) | (trace == np.nanmin(trace)))
    return out


def silent_or_torn(
    band: NDArray[np.float64], fs: float, dead: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where a lead has lost its QRS while the others show theirs, and where it moves as no beat can.

    Parameters
    ----------
    band : ndarray, shape (leads, samples)
        In the band of the QRS, zero in dead stretches.
    fs : float
    dead : ndarray of bool, shape (leads, samples)
    """
    none = np.zeros(band.shape, bool)
    block = round(BLOCK_S * fs)
    count = band.shape[1] // block
    if count < 4:
        return none, none
    shape = (len(band), count, block)
    height = np.abs(band[:, : count * block]).reshape(shape).max(axis=2)
    height[dead[:, : count * block].reshape(shape).mean(axis=2) > 0.5] = np.nan
    # Two blocks together hold a beat of any heart faster than 60 a minute.
    second = np.fmax(height[:, :-1], height[:, 1:])
    some = np.isfinite(second).any(axis=1)
    if not some.any():
        return none, none
    usual = np.full((2, len(band)), np.nan)
    usual[:, some] = np.nanquantile(second[some], (0.5, USUAL), axis=1)
    middle, usual = usual
    share = second / np.where(usual > LEAST_QRS_MV, usual, np.nan)[:, None]
    quiet = np.abs(band) < SILENT_SHARE * np.nan_to_num(usual)[:, None]
    return _silent(share, block, quiet), _torn(band, middle, fs)


def _silent(share: NDArray[np.float64], block: int, quiet: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Stretches of blocks in which a lead shows next to nothing of its QRS and most others do.

    They reach half a second further where the lead is ``quiet`` (leads, samples) for so long.
    """
    none = np.zeros(quiet.shape, bool)
    if len(share) < 3:
        return none
    rows = np.flatnonzero((share < SILENT_SHARE).any(axis=1))
    if not len(rows):
        return none
    out = none.copy()
    shown = np.sort(np.nan_to_num(share), axis=0)[-2]
    for row in rows:
        # Between the beats of a slow heart all leads are silent: there nobody can tell.
        for first, last in runs(share[row] < SILENT_SHARE).tolist():
            seen = (shown[first:last] > SHOWN_SHARE).sum()
            if seen > 1 and last - first >= SILENT_BLOCKS:
                start, end = first * block, (last + 1) * block
                before, after = quiet[row, :start][::-1][:block], quiet[row, end : end + block]
                start -= int(np.append(before, False).argmin())
                out[row, start : end + int(np.append(after, False).argmin())] = True
    return out


def _torn(band: NDArray[np.float64], usual: NDArray[np.float64], fs: float) -> NDArray[np.bool_]:
    """Stretches that are taller, for longer, than any beat of the record."""
    from scipy.ndimage import maximum_filter1d

    out = np.zeros(band.shape, bool)
    bar = np.maximum(TORN_TIMES * usual, max(TORN_TALLEST * np.nanmax(usual), LEAST_TORN_MV))
    for row in np.flatnonzero((np.abs(band) > bar[:, None]).any(axis=1)):
        envelope = maximum_filter1d(np.abs(band[row]), max(1, round(0.1 * fs)))
        high = runs(envelope > bar[row] / 2)
        top = np.maximum.reduceat(envelope, high[:, 0]) if len(high) else np.empty(0)
        for (first, last), most in zip(high.tolist(), top, strict=True):
            if last - first > TORN_S * fs and most > bar[row]:
                out[row, first:last] = True
    return out


def clipped(signal: NDArray[np.float64], fs: float) -> NDArray[np.bool_]:
    """Leads that stand still at their highest or lowest value, time and again, far from the middle.

    A peak cut off by the amplifier has no amplitude to measure.
    """
    still = max(2, round(CLIPPED_MS / 1000 * fs))
    out = np.zeros(len(signal), bool)
    for extreme in (signal.max(axis=1, keepdims=True), signal.min(axis=1, keepdims=True)):
        at = signal == extreme
        if (at.sum(axis=1) < 3 * still).all():
            continue
        far = np.abs(extreme - np.median(signal, axis=1, keepdims=True)) > CLIPPED_MV
        at = (at & far).astype(np.float32)
        total = np.cumsum(np.pad(at, ((0, 0), (1, 0))), axis=1)
        run = total[:, still:] - total[:, :-still] >= still - 0.5
        starts = np.diff(np.pad(run, ((0, 0), (1, 0))).astype(np.int8), axis=1) > 0
        # A blunt peak slows down before it stands still.
        before = np.pad(signal, ((0, 0), (1, 0)), "edge")[:, : starts.shape[1]]
        out |= (starts & (np.abs(before - extreme) > ABRUPT_MV)).sum(axis=1) >= 3
    return out
