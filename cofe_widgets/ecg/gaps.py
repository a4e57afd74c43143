"""Samples that are missing: NaN in the signal, bridged where they are few."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import EcgError

#: Missing samples up to this length are bridged by a straight line; longer runs are gaps.
MAX_NAN_RUN_S = 0.04


def runs(flags: ArrayLike) -> NDArray[np.intp]:
    """Start and end (exclusive) of every run of True in ``flags`` (samples,): shape ``(runs, 2)``."""
    edges = np.diff(np.concatenate(([0], np.asarray(flags, np.int8), [0])))
    return np.flatnonzero(edges).reshape(-1, 2)


def without_short(signal: NDArray[np.float32], fs: float) -> NDArray[np.float32]:
    """Non-finite samples as NaN, short runs of them replaced by a line."""
    bad = ~np.isfinite(signal)
    if not bad.any():
        return signal
    if bad.all():
        raise EcgError("every sample of every lead is missing (NaN or infinite)")
    signal[bad] = np.nan
    limit = max(1, round(MAX_NAN_RUN_S * fs))
    for row in np.flatnonzero(bad.any(axis=1) & ~bad.all(axis=1)):
        gaps = runs(bad[row])
        short = gaps[gaps[:, 1] - gaps[:, 0] <= limit]
        at = np.concatenate([np.arange(*gap) for gap in short] or [np.empty(0, int)])
        good = np.flatnonzero(~bad[row])
        signal[row, at] = np.interp(at, good, signal[row, good])
    return signal


def masked(
    signal: NDArray[np.float32], mask: NDArray[np.bool_], step: float
) -> NDArray[np.float32]:
    """``signal`` with NaN wherever ``mask``, of which one sample lasts ``1 / step``, is missing."""
    position = np.arange(signal.shape[1]) * step
    last = mask.shape[1] - 1
    before, after = (np.clip(at.astype(int), 0, last) for at in (position, np.ceil(position)))
    return np.where(mask[:, before] | mask[:, after], np.float32(np.nan), signal)


def bridged(signal: NDArray[Any], gone: NDArray[np.bool_]) -> NDArray[Any]:
    """``signal`` (leads, samples) with straight lines over what is ``gone``; zero in a lead all gone."""
    if not gone.any():
        return signal
    out, time = signal.copy(), np.arange(signal.shape[1])
    for row in np.flatnonzero(gone.any(axis=1)):
        there = ~gone[row]
        line = np.interp(time[gone[row]], time[there], signal[row, there]) if there.any() else 0.0
        out[row, gone[row]] = line
    return out
