"""Intervals over records: what a figure of these records would be for others drawn like them.

Every figure of a scorecard is computed from weights of records, so that all methods and dummies of
a run share their draws and are compared in pairs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

#: Draws, and the share of them that an interval leaves out on either side.
DRAWS, TAIL = 2000, 0.025


def weights(n: int, seed: int) -> NDArray[np.float64]:
    """How often each of ``n`` records is drawn, ``(1 + DRAWS, n)``; in the first row each is there once."""
    drawn = np.random.default_rng([seed, n]).multinomial(n, np.full(n, 1 / n), size=DRAWS)
    return np.concatenate((np.ones((1, n)), drawn)).astype(float)


def means(values: Array, weights: Array) -> NDArray[np.float64]:
    """Weighted means of ``(n, k)`` values that are known, ``(draws, k)``; NaN where none is drawn."""
    known = np.isfinite(values)
    count = weights @ known
    total = weights @ np.where(known, values, 0.0)
    return np.where(count > 0, total / np.where(count > 0, count, 1.0), np.nan)


def aurocs(values: Array, kind: NDArray[np.bool_], weights: Array) -> NDArray[np.float64]:
    """Area under the ROC curve of each of ``k`` scores ``(n, k)``, ``(draws, k)``.

    Parameters
    ----------
    kind : (n,)
        Which records are of the kind that should have the higher score. NaN where only one kind is drawn.
    """
    ill, well = values[kind], values[~kind]
    above = (ill[:, None] > well) + 0.5 * (ill[:, None] == well)  # (ill, well, k)
    of_ill, of_well = weights[:, kind], weights[:, ~kind]
    count = (of_ill.sum(axis=1) * of_well.sum(axis=1))[:, None]
    columns = [((of_ill @ above[..., k]) * of_well).sum(axis=1) for k in range(values.shape[1])]
    total = np.stack(columns, axis=1)
    return np.where(count > 0, total / np.where(count > 0, count, 1.0), np.nan)


def interval(draws: Array) -> tuple[float, float]:
    """Percentile interval (95 %) of what was drawn; NaN of nothing."""
    known = draws[np.isfinite(draws)]
    if not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, (TAIL, 1 - TAIL))
    return float(low), float(high)
