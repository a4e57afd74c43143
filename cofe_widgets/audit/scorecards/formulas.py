"""What the checks measure, as formulas of arrays: each takes many maps at once and knows no model.

Defined as in Quantus 0.6 (Hedstrom et al., JMLR 2023;24:1) where it has them; ``python -m benchmarks
scorecard`` compares. Maps are ``(n, leads, samples)``, or of any shape whose first axis counts the records.
"""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...explain.attribution.similarity import flat, pearson

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

#: Quantus's guards against the logarithm of nothing and the division by nothing.
_LEAST_SHARE, _LEAST_RELEVANCE = 1e-12, 1e-7


# -- faithfulness


def area(curve: Array) -> NDArray[np.float64]:
    """Mean height of curves ``(..., steps)`` by the trapezoid rule, steps evenly spread from 0 to 1."""
    return np.asarray(np.trapezoid(curve, axis=-1) / (curve.shape[-1] - 1), dtype=float)


def ranks(maps: Array) -> NDArray[np.intp]:
    """Place of every value in the descending order of its record's map, ``(n, values)``, from 0.

    Equal values keep their order, so that a map that says nothing has an order all the same.
    """
    rows = flat(maps)
    order = np.argsort(-rows, axis=1, kind="stable")
    out = np.empty_like(order)
    np.put_along_axis(out, order, np.broadcast_to(np.arange(rows.shape[1]), rows.shape), axis=1)
    return out


def infidelity(change: Array, told: Array, scaled: bool = False) -> NDArray[np.float64]:
    """Mean squared error of what maps tell of perturbations (Yeh et al., NeurIPS 2019, definition 2.1).

    Parameters
    ----------
    change : (n, perturbations)
        By how much the answer falls when a perturbation is taken from the ECG.
    told : (n, perturbations)
        The sum of perturbation times map.
    scaled : bool
        Whether each map is first given the scale that is best for it, and the error is a share of the
        mean squared change: 0 where the map tells everything, 1 where it tells nothing. Without it the
        unit of a map decides, and one that is in no unit (|signal|) cannot be compared.
    """
    if not scaled:
        return np.asarray(np.square(change - told).mean(axis=1))
    power, size = np.square(told).sum(axis=1), np.square(change).sum(axis=1)
    best = (change * told).sum(axis=1) / np.where(power > 0, power, 1.0)
    error = np.square(change - best[:, None] * told).sum(axis=1)
    return np.asarray(np.where(size > 0, error / np.where(size > 0, size, 1.0), nan))


# -- robustness


def sensitivity(maps: Array, others: Array) -> NDArray[np.float64]:
    """``|map - other| / |map|`` of each record, ``(n,)``; max-sensitivity is the largest of several.

    Yeh et al., NeurIPS 2019, definition 3.1, relative to the map's own norm as in Quantus. NaN where
    the map is zero.
    """
    own, other = flat(maps), flat(others)
    norm = np.linalg.norm(own, axis=1)
    return np.asarray(
        np.where(norm > 0, np.linalg.norm(own - other, axis=1) / np.where(norm > 0, norm, 1.0), nan)
    )


# -- randomisation


def spearman(maps: Array, others: Array) -> NDArray[np.float64]:
    """Spearman's correlation of maps, ``(n,)``; equal values share their rank."""
    from scipy.stats import rankdata

    return pearson(rankdata(flat(maps), axis=1), rankdata(flat(others), axis=1))


# -- localisation: how much of the relevance |map| lies where the cause is


def average_precision(maps: Array, causes: Mask) -> NDArray[np.float64]:
    """Area under precision and recall, ``(n,)``: the mean precision at which each cause sample is found.

    As `sklearn.metrics.average_precision_score`: equal values are found together. Chance is the share
    of the samples that are cause. NaN without a cause.
    """
    size, where = np.abs(flat(maps)), causes.reshape(len(causes), -1)
    return np.array([_precision(*row) for row in zip(size, where, strict=True)], dtype=float)


def _precision(size: NDArray[np.float64], cause: Mask) -> float:
    if not cause.any():
        return nan
    order = np.argsort(-size, kind="stable")
    hits = np.cumsum(cause[order])
    last = np.append(np.flatnonzero(np.diff(size[order])), len(size) - 1)  # of equal values
    found = hits[last]
    return float((np.diff(found, prepend=0) * found / (last + 1)).sum() / hits[-1])


def pointing_game(maps: Array, causes: Mask) -> NDArray[np.float64]:
    """Whether the strongest sample lies in the cause, ``(n,)`` 0 or 1 (Zhang et al., IJCV 2018).

    Of several equally strong ones the share that does. (Quantus takes one for enough, which a map of many
    equal bumps always has.) NaN without a cause.
    """
    size, where = np.abs(flat(maps)), causes.reshape(len(causes), -1)
    strongest = size == size.max(axis=1, keepdims=True)
    hit = (strongest & where).sum(axis=1) / strongest.sum(axis=1)
    return np.where(where.any(axis=1), hit, nan)


def relevance_mass(maps: Array, causes: Mask) -> NDArray[np.float64]:
    """Share of the relevance that lies in the cause, ``(n,)`` (Arras et al., Information Fusion 2022).

    0 of a map that is zero throughout; NaN without a cause.
    """
    size, where = np.abs(flat(maps)), causes.reshape(len(causes), -1)
    total = size.sum(axis=1)
    inside = (size * where).sum(axis=1) / np.where(total > 0, total, 1.0)
    return np.where(where.any(axis=1), inside, nan)


def relevance_rank(maps: Array, causes: Mask) -> NDArray[np.float64]:
    """Of as many strongest samples as the cause has, the share that lie in it, ``(n,)`` (ibid.)."""
    where = causes.reshape(len(causes), -1)
    many = where.sum(axis=1)
    strongest = ranks(np.abs(maps)) < many[:, None]
    inside = (strongest & where).sum(axis=1) / np.maximum(many, 1)
    return np.where(many > 0, inside, nan)


# -- complexity


def entropy(maps: Array) -> NDArray[np.float64]:
    """Entropy of the shares of relevance, nats, ``(n,)``: "complexity" (Bhatt et al., IJCAI 2020).

    0 of a map that is one sample, ``log(values)`` of one that is even; NaN of one that is zero.
    """
    size = np.abs(flat(maps))
    total = size.sum(axis=1, keepdims=True)
    share = size / np.where(total > 0, total, 1.0)
    found = -(share * np.log(share + _LEAST_SHARE)).sum(axis=1)
    return np.where(total[:, 0] > 0, found, nan)


def gini(maps: Array) -> NDArray[np.float64]:
    """Gini index of the relevance, ``(n,)``: "sparseness" (Chalasani et al., ICML 2020).

    0 of a map that is even, nearly 1 of one that is one sample; NaN of one that is zero.
    """
    size = np.abs(flat(maps))
    most = size.max(axis=1, keepdims=True)
    size = np.sort(size / np.where(most > 0, most, 1.0) + _LEAST_RELEVANCE, axis=1)
    n = size.shape[1]
    found = ((2 * np.arange(1, n + 1) - n - 1) * size).sum(axis=1) / (n * size.sum(axis=1))
    return np.where(most[:, 0] > 0, found, nan)
