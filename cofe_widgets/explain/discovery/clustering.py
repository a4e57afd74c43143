"""Partitions of records: the paper's grid of clusterers, and which of them stands, judged without labels."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Labels = NDArray[np.intp]
CLUSTERERS = ("k-means", "Gaussian mixture", "agglomerative")
#: Share of the variance that the principal components keep (section 2.5).
VARIANCE = 0.75
#: Subsamples of a partition, the share of records in each, and records from which more say nothing new.
DRAWS, SHARE, ENOUGH = 5, 0.8, 400
#: Groups without structure that a partition must beat.
NULLS = 24
#: A standard deviation of theirs is taken for no smaller: where every Gaussian is cut alike it says nothing.
LEAST_SPREAD = 0.1
#: Agglomerative clustering holds all distances: of no more records than this.
MOST_DISTANCES = 8000
ALPHA = 0.05


@dataclass(frozen=True)
class Candidate:
    """One cell of the grid."""

    clusterer: str
    whitened: bool
    k: int

    def fit(self, x: Array, seed: int = 0) -> Labels:
        """Which cluster each row of ``x`` is in, the largest first."""
        found = _fit(self, x, seed)
        order = np.argsort(-np.bincount(found, minlength=self.k), kind="stable")
        return np.argsort(order)[found]


def _fit(one: Candidate, x: Array, seed: int) -> Labels:
    from sklearn.cluster import AgglomerativeClustering, KMeans
    from sklearn.mixture import GaussianMixture

    made: Any
    if one.clusterer == "k-means":
        made = KMeans(one.k, n_init=2, random_state=seed)
    elif one.clusterer == "Gaussian mixture":
        # On unit variance: keeps a component of few records from collapsing onto them.
        made = GaussianMixture(one.k, reg_covar=0.01, random_state=seed)
        x = x / max(float(x.std()), 1e-12)
    else:
        made = AgglomerativeClustering(one.k)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence: the stability says what it is worth
        return np.asarray(made.fit_predict(x), np.intp)


def projected(x: Array) -> tuple[Array, Array, float]:
    """Principal components up to 75 % of the variance, their standard deviations, the share they keep."""
    from sklearn.decomposition import PCA

    made = PCA(VARIANCE, svd_solver="full").fit(x)
    found = made.transform(x)
    return found, found.std(axis=0), float(made.explained_variance_ratio_.sum())


def grid(ks: Sequence[int], n: int) -> list[Candidate]:
    """Clusterers x projections x numbers of clusters, as many as ``n`` records allow."""
    kinds = CLUSTERERS if n <= MOST_DISTANCES else CLUSTERERS[:2]
    return [Candidate(name, white, k) for k in ks for name in kinds for white in (False, True)]


@dataclass(frozen=True)
class Judged:
    """What a grid comes to, a row a candidate.

    Attributes
    ----------
    candidates : list of Candidate
    partitions : (candidates, n) int
    stability : (candidates,)
        Mean adjusted Rand index of the partition and those of subsamples.
    null, excess : (candidates,)
        Mean stability of Gaussian groups, and by how many of their standard deviations this exceeds it.
    p : float
        That the best excess of a Gaussian group is as large.
    chosen : int
        The candidate of the largest excess.
    """

    candidates: list[Candidate]
    partitions: Labels
    stability: Array
    null: Array
    excess: Array
    p: float
    chosen: int

    @property
    def structure(self) -> bool:
        """Whether any candidate beats the null."""
        return self.p < ALPHA


def judged(x: Array, ks: Sequence[int], seed: int = 0) -> Iterator[float | Judged]:
    """Fit a grid and judge it by stability against Gaussian groups of the same variances.

    Parameters
    ----------
    x : ndarray, shape (n, components)
        Uncorrelated, as `projected` gives them.
    ks : sequence of int
    seed : int

    Yields
    ------
    float, then Judged
        Shares of the work done; the verdict last.

    Notes
    -----
    Stability after Ben-Hur, Elisseeff & Guyon (2002); the parametric null after Liu et al., SigClust
    (2008). The null is one Gaussian, so a group that is single and skewed may pass for structured.
    """
    rng = np.random.default_rng(seed)
    n = len(x)
    scale = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    some = grid(ks, n)
    partitions = np.stack([one.fit(x / scale if one.whitened else x, seed) for one in some])
    size = min(n, round(ENOUGH / SHARE))
    part = x[rng.permutation(n)[:size]]
    seen = _stability(part, scale, some, rng)
    chance = []
    for k in range(NULLS):
        yield (k + 1) / (NULLS + 1)
        chance.append(_stability(rng.normal(size=part.shape) * scale, scale, some, rng))
    nulls = np.array(chance)
    mean = nulls.mean(axis=0)
    spread = np.maximum(nulls.std(axis=0, ddof=1), LEAST_SPREAD)
    excess = (seen - mean) / spread
    best = ((nulls - mean) / spread).max(axis=1)
    p = (1 + int((best >= excess.max()).sum())) / (1 + NULLS)
    yield Judged(some, partitions, seen, mean, excess, p, int(excess.argmax()))


def _stability(
    x: Array, scale: Array, some: Sequence[Candidate], rng: np.random.Generator
) -> Array:
    """Of each candidate the mean adjusted Rand index of the whole's partition and its subsamples'."""
    from sklearn.metrics import adjusted_rand_score

    draws = [rng.permutation(len(x))[: round(SHARE * len(x))] for _ in range(DRAWS)]
    out = np.zeros(len(some))
    for j, one in enumerate(some):
        own = x / scale if one.whitened else x
        whole = one.fit(own)
        alike = [adjusted_rand_score(whole[rows], one.fit(own[rows])) for rows in draws]
        out[j] = np.mean(alike)
    return out


def assigned(truth: NDArray[Any], found: NDArray[Any]) -> NDArray[np.bool_]:
    """Which records are right after clusters are assigned to classes one to one (Kuhn 1955).

    A cluster beyond the number of classes is wrong throughout, and so is a class without a cluster.
    """
    from scipy.optimize import linear_sum_assignment

    names, true = np.unique(truth, return_inverse=True)
    clusters, own = np.unique(found, return_inverse=True)
    count = np.zeros((len(clusters), len(names)))
    np.add.at(count, (own, true), 1)
    rows, columns = linear_sum_assignment(-count)
    to = np.full(len(clusters), -1)
    to[rows] = columns
    return np.asarray(to[own] == true)
