"""How alike two maps are: their correlation after smoothing, as Arends et al. (2026) compare methods."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The Savitzky-Golay filter of Arends et al.: so many samples, third order.
SMOOTH_SAMPLES, SMOOTH_ORDER = 31, 3


def flat(maps: NDArray[Any]) -> NDArray[np.float64]:
    """A row a map."""
    return maps.reshape(len(maps), -1).astype(float)


def smoothed(maps: NDArray[Any]) -> NDArray[np.float64]:
    """Maps after a Savitzky-Golay filter along time (31 samples, third order)."""
    from scipy.signal import savgol_filter

    window = min(SMOOTH_SAMPLES, maps.shape[-1] - (maps.shape[-1] + 1) % 2)  # odd, and no longer
    order = min(SMOOTH_ORDER, window - 1)
    return np.asarray(savgol_filter(maps.astype(float), window, order, axis=-1))


def pearson(maps: NDArray[Any], others: NDArray[Any]) -> NDArray[np.float64]:
    """Correlation over all leads and samples of each record, ``(n,)``; NaN where a map is constant."""
    a, b = (rows - rows.mean(axis=1, keepdims=True) for rows in (flat(maps), flat(others)))
    norm = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray(np.where(norm > 0, (a * b).sum(axis=1) / np.where(norm > 0, norm, 1.0), nan))
