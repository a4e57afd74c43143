"""How alike two maps are: between methods, and between models that learned the same (Arends et al. 2025).

Maps are smoothed over time (Savitzky-Golay, 31 samples, third order), and correlated point by point.
"Calculated pointwise across all time samples and leads and then averaged to obtain a single similarity
score per ECG" is read so: one correlation for each ECG and pair of maps, over all samples of all
leads; their mean over pairs is the ECG's score. Pure numpy and scipy: maps in, numbers out.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...explain.attribution.similarity import smoothed

Array = NDArray[np.float64]
Kind = Literal["pearson", "spearman"]
KINDS = ("pearson", "spearman")


def correlations(maps: NDArray[Any], kind: Kind = "pearson") -> Array:
    """The correlation of every two maps of each ECG.

    Parameters
    ----------
    maps : ndarray, shape (maps, n, leads, samples)
        Several maps (methods or models) of the same ``n`` ECGs, smoothed or not.
    kind : {"pearson", "spearman"}
        Spearman's is that of the ranks; ties share the mean of theirs.

    Returns
    -------
    ndarray, shape (maps, maps, n)
        -1 to 1; NaN with a map that is the same everywhere.

    Raises
    ------
    ValueError
        For another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r}: expected 'pearson' or 'spearman'")
    given = np.asarray(maps, float)
    flat = given.reshape(*given.shape[:2], -1)
    if kind == "spearman":
        from scipy.stats import rankdata

        flat = rankdata(flat, axis=-1)
    flat = flat - flat.mean(axis=-1, keepdims=True)
    size = np.linalg.norm(flat, axis=-1, keepdims=True)
    unit = np.divide(flat, size, out=np.full_like(flat, np.nan), where=size > 0)
    return np.einsum("and,bnd->abn", unit, unit).clip(-1.0, 1.0)


def mean_over_pairs(found: Array) -> Array:
    """Mean of ``(maps, maps, n)`` over all pairs of different maps, ``(n,)``: an ECG's score.

    Over methods it says how far they agree, over seeds how far one method agrees with itself. Pairs
    that are NaN are left out; NaN where none is known.
    """
    pairs = found[np.triu_indices(len(found), 1)]
    known = np.isfinite(pairs)
    total = np.where(known, pairs, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def inter_method(maps: NDArray[Any], kind: Kind = "pearson") -> Array:
    """Similarity of smoothed maps of methods ``(methods, n, leads, samples)``: ``(methods, methods, n)``."""
    return correlations(smoothed(maps), kind)


def self_consistency(maps: NDArray[Any], kind: Kind = "pearson") -> Array:
    """Similarity of one method's smoothed maps over models ``(seeds, n, leads, samples)``: ``(n,)``."""
    return mean_over_pairs(correlations(smoothed(maps), kind))
