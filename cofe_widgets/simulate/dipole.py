"""From hearts and rhythms to leads: every sample sums the kernels of the beats around it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .heart import KERNELS, P_KERNELS, Hearts
from .rhythm import Rhythms

Array = NDArray[np.float32]


def beat_index(r_s: Array, time_s: Array) -> NDArray[np.int64]:
    """Index of the last beat at or before each sample, ``(n, samples)``."""
    n, samples = r_s.shape[0], time_s.size
    step = time_s[1] - time_s[0]
    first = np.clip(np.ceil((r_s - time_s[0]) / step), 0, samples).astype(np.int64)
    counts = np.zeros((n, samples + 1), np.int64)
    np.add.at(counts, (np.arange(n)[:, None], first), 1)
    return np.clip(np.cumsum(counts[:, :-1], axis=1) - 1, 0, r_s.shape[1] - 2)


def beat_waves(hearts: Hearts, rhythms: Rhythms, time_s: Array) -> Array:
    """Time course of each kernel, unit height, ``(n, kernels, samples)``."""
    index = beat_index(rhythms.r_s, time_s)
    t_centre = hearts.t_centre_s(rhythms.rr_s)
    out = np.zeros((index.shape[0], len(KERNELS), time_s.size), np.float32)
    for shift in (-1, 0, 1):  # two beats before the sample, and the one after
        beat = np.maximum(index + shift, 0)
        tau = time_s - np.take_along_axis(rhythms.r_s, beat, axis=1)
        for k, name in enumerate(KERNELS):
            # Repolarisation may last beyond an early next beat; the rest of a beat does not.
            if shift == -1 and name not in ("ST", "T"):
                continue
            centre = hearts.mu[:, k, None]
            if name == "T":
                centre = np.take_along_axis(t_centre, beat, axis=1)
            offset = tau - centre
            width = hearts.rise[:, k, None]
            if name in ("ST", "T"):
                width = np.where(offset < 0, width, hearts.fall[:, k, None])
            scaled = offset / width
            kernel = np.exp(-0.5 * scaled * scaled)
            out[:, k] += kernel if shift != -1 else kernel * (index > 0)
    out[:, P_KERNELS] *= rhythms.p_wave[:, None, None]
    return out


def project(hearts: Hearts, waves: Array) -> Array:
    """Eight independent leads in mV, ``(n, 8, samples)``, of the kernels' time courses."""
    weights = np.matmul(hearts.lead_matrix, np.swapaxes(hearts.vectors, 1, 2))
    return np.matmul(weights.astype(np.float32), waves)
