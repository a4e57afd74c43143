"""Beats cut from a record onto one time axis about R, and which of them are of the main kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Rate of the time axis of a beat, Hz.
BEAT_FS = 500.0
#: Time axis of a beat, ms after R: room for a PR of 0.4 s before and a QT of 0.65 s after.
TIME_MS = np.arange(-500.0, 700.0 + 1, 1000 / BEAT_FS)
#: Two beats are of one kind when their QRS correlate above this in the median lead.
SAME_QRS = 0.85
#: ... and a beat that differs from the median of those by this share of it is of another one.
OTHER_SHAPE = 0.5
#: Step in which the same shape is looked for elsewhere.
SHIFT_MS = 4.0
#: Where the QRS is looked for.
QRS = slice(*np.searchsorted(TIME_MS, (-80.0, 120.0)).tolist())
#: A lead is clear when the QRS of its beats correlate above this, or differ (RMS) by less than this.
CLEAR_QRS, QUIET_MV = 0.5, 0.04


def between(start_ms: float, end_ms: float) -> slice:
    """The samples of `TIME_MS` from ``start_ms`` up to ``end_ms``; never empty."""
    first, last = np.searchsorted(TIME_MS, (start_ms, end_ms))
    first = min(int(first), len(TIME_MS) - 1)
    return slice(first, max(int(last), first + 1))


def cut(
    signal: NDArray[np.float64],
    fs: float,
    r_peaks_s: NDArray[np.float64],
    time_ms: NDArray[np.float64] = TIME_MS,
) -> NDArray[np.float64]:
    """Beats on a common time axis with R exactly at zero, by four-point Lagrange interpolation.

    Not `generative.time_warp.cubic`, whose curve (Catmull-Rom) is smooth where two stretches meet,
    as gradients need, and not exact for cubics: all measurements rest on this one.

    Parameters
    ----------
    signal : ndarray, shape (leads, samples)
    fs : float
    r_peaks_s : ndarray, shape (beats,)
    time_ms : ndarray, shape (times,)

    Returns
    -------
    ndarray, shape (beats, leads, times)
        Beyond the ends of the record the first or last sample is repeated.
    """
    position = (r_peaks_s[:, None] + time_ms / 1000) * fs
    base = np.floor(position).astype(np.intp)
    t = position - base
    # Lagrange weights of the samples at -1, 0, 1, 2 about the position.
    weights = (
        -t * (t - 1) * (t - 2) / 6,
        (t + 1) * (t - 1) * (t - 2) / 2,
        -(t + 1) * t * (t - 2) / 2,
        (t + 1) * t * (t - 1) / 6,
    )
    last = signal.shape[1] - 1
    out = np.zeros((len(signal), *position.shape))
    for offset, weight in zip((-1, 0, 1, 2), weights, strict=True):
        out += signal[:, np.clip(base + offset, 0, last)] * weight
    return np.swapaxes(out, 0, 1)


def median_of_known(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """The median over an axis of what is not NaN; quick where nothing is, as nearly always."""
    return np.asarray((np.nanmedian if np.isnan(values).any() else np.median)(values, axis=axis))


def main_kind(beats: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which beats show the QRS that most beats show, and which leads show it again and again.

    Parameters
    ----------
    beats : ndarray, shape (beats, leads, len(TIME_MS))

    Returns
    -------
    main : ndarray of bool, shape (beats,)
        False for ectopic beats and artefacts.
    clear : ndarray of bool, shape (leads,)
        False for leads whose QRS drowns in noise.
    """
    qrs = beats[:, :, QRS]
    qrs = qrs - qrs.mean(axis=2, keepdims=True)
    dead = np.isnan(qrs).any(axis=2)
    qrs = np.where(dead[:, :, None], 0.0, qrs)
    norm = np.linalg.norm(qrs, axis=2, keepdims=True)
    qrs = np.swapaxes(qrs / np.where(norm > 0, norm, 1.0), 0, 1)
    by_lead = qrs @ np.swapaxes(qrs, 1, 2)
    if dead.any():
        main, clear = _main_of_what_lives(by_lead, dead.T)
        main[main] = _one_shape(beats[main])
        return main, clear | _quiet(beats[main])
    # The median over leads: neither a noisy lead nor the tallest one decides alone.
    alike = np.median(by_lead, axis=0)
    friends = (alike > SAME_QRS).sum(axis=1) + alike.mean(axis=1)
    main = alike[friends.argmax()] > SAME_QRS
    main[main] = _one_shape(beats[main])
    clear = np.median(by_lead[:, main][:, :, main], axis=(1, 2)) > CLEAR_QRS
    return main, clear | _quiet(beats[main])


def _quiet(beats: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Leads whose beats differ by next to nothing: a QRS that lies across them is small, not unclear."""
    qrs = beats[:, :, QRS] - beats[:, :, QRS].mean(axis=2, keepdims=True)
    alive = np.isfinite(qrs[:, :, 0]).any(axis=0)
    out = np.zeros(beats.shape[1], bool)
    differs = qrs[:, alive] - median_of_known(qrs[:, alive], axis=0)
    out[alive] = median_of_known(np.sqrt(np.square(differs).mean(axis=2)), axis=0) < QUIET_MV
    return out


def _main_of_what_lives(
    by_lead: NDArray[np.float64], dead: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """`main_kind` of likenesses (leads, beats, beats) where a lead has no say on beats it lacks."""
    by_lead = np.where(dead[:, :, None] | dead[:, None, :], np.nan, by_lead)
    known = ~np.isnan(by_lead).all(axis=0)
    alike = np.zeros(known.shape)
    alike[known] = median_of_known(by_lead[:, known], axis=0)
    friends = (alike > SAME_QRS).sum(axis=1) + alike.mean(axis=1)
    main = alike[friends.argmax()] > SAME_QRS
    pairs = by_lead[:, main][:, :, main].reshape(len(by_lead), -1)
    some = ~np.isnan(pairs).all(axis=1)
    clear = np.zeros(len(by_lead), bool)
    clear[some] = median_of_known(pairs[some], axis=1) > CLEAR_QRS
    return main, clear


def _one_shape(beats: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Beats without those of a second shape, where several differ from the median in one same way.

    Intermittent bundle branch block and fusion correlate well with the beats they come between.
    """
    qrs = beats[:, :, QRS]
    qrs = qrs - qrs.mean(axis=2, keepdims=True)
    seen = np.isfinite(qrs[:, :, 0]).any(axis=0)
    middle = median_of_known(qrs[:, seen], axis=0)
    # Of a beat that lacks a lead what it has is compared.
    rest = np.nansum(np.square(qrs[:, seen] - middle), axis=(1, 2))
    whole = np.nansum(np.where(np.isnan(qrs[:, seen]), 0.0, np.square(middle)), axis=(1, 2))
    odd = rest > OTHER_SHAPE**2 * whole
    if not 0 < odd.sum() < len(beats) / 2:
        return np.ones(len(beats), bool)
    return ~odd


def of_shape(
    beats: NDArray[np.float64],
    median: NDArray[np.float64],
    window: slice = QRS,
    reach_ms: float = 0,
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which of some beats look like a median beat, in most of the leads that show them.

    Parameters
    ----------
    beats : ndarray, shape (beats, leads, len(TIME_MS))
    median : ndarray, shape (leads, len(TIME_MS))
    window : slice
        What of the median beat is compared; its QRS.
    reach_ms : float
        How far from its place the same is looked for in the beats.

    Returns
    -------
    alike : ndarray of bool, shape (beats,)
    shift_ms : ndarray, shape (beats,)
        By how much later each shows it; zero where it does not.
    """
    own = median[:, window] - median[:, window].mean(axis=1, keepdims=True)
    steps = range(-round(reach_ms / SHIFT_MS), round(reach_ms / SHIFT_MS) + 1)
    found = []
    for step in steps:
        by = round(step * SHIFT_MS / 1000 * BEAT_FS)
        some = beats[:, :, window.start + by : window.stop + by]
        some = some - some.mean(axis=2, keepdims=True)
        size = np.linalg.norm(some, axis=2) * np.linalg.norm(own, axis=1)
        likeness = (some * own).sum(axis=2) / np.maximum(size, 1e-12)
        known = np.isfinite(likeness).any(axis=1)
        middle = np.ones(len(beats))  # nothing is known against a beat that no lead shows
        middle[known] = median_of_known(likeness[known], axis=1)
        found.append(middle)
    best = np.argmax(found, axis=0)
    alike = np.max(found, axis=0) > SAME_QRS
    return alike, np.where(alike, (best - len(steps) // 2) * SHIFT_MS, 0.0)


def t_waves(
    beats: NDArray[np.float64],
    r_peaks_s: NDArray[np.float64],
    usual: NDArray[np.bool_],
    median: NDArray[np.float64],
    t_ms: tuple[float, float],
) -> NDArray[np.bool_]:
    """Which of the beats found are nothing but the T wave of the beat before.

    They come within ``t_ms`` of a beat of the usual shape, ``usual``, whose ST and T are to beyond them
    those of beats that nothing follows so soon, or else the median beat's.

    Parameters
    ----------
    beats, r_peaks_s, median
        As for `of_shape`.
    usual : ndarray of bool, shape (beats,)
        What `of_shape` says of their QRS.
    t_ms : tuple of float
        The stretch from QRS to beyond T, ms after R.
    """
    after = np.diff(r_peaks_s, prepend=-np.inf) * 1000
    soon = ~usual & (after > t_ms[0]) & (after < t_ms[1]) & np.append(False, usual[:-1])
    before = np.flatnonzero(soon) - 1
    # Where extrasystoles follow many beats they are in the median, too.
    alone = beats[usual & ~np.append(soon[1:], True)]
    whole = np.isfinite(alone).all(axis=(0, 2))
    if len(alone) > 1 and whole.any():
        median, beats = median_of_known(alone[:, whole], axis=0), beats[:, whole]
    soon[soon] = of_shape(beats[before], median, between(*t_ms))[0]
    return soon
