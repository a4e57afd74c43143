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
#: Gaussian groups whose gaps a partition must beat, and whose stability ranks candidates.
NULLS, RANKING = 99, 5
#: A standard deviation of their gaps is taken for no smaller.
LEAST_SPREAD = 0.02
#: Fewer records than this are no cluster.
LEAST = 4
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


def projected(x: Array) -> tuple[Array, Array]:
    """Principal components up to 75 % of the variance, ``(n, components)``; and two at least, for pictures."""
    from sklearn.decomposition import PCA

    made = PCA(svd_solver="full")
    found = made.fit_transform(x)
    kept = int(np.searchsorted(np.cumsum(made.explained_variance_ratio_), VARIANCE)) + 1
    return found[:, :kept], found[:, : max(kept, 2)]


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
    null : (candidates,)
        The same of Gaussian groups, on average.
    gap : (candidates,)
        How empty it is between the clusters, see `gap`.
    p : float
        The share of Gaussian groups any of whose candidates has a gap that stands out as much.
    chosen : int
        The candidate whose stability exceeds the null most; of those with a gap, where any has one, and
        never one that splits off a few outliers unless all do.
    """

    candidates: list[Candidate]
    partitions: Labels
    stability: Array
    null: Array
    gap: Array
    p: float
    chosen: int

    @property
    def structure(self) -> bool:
        """Whether any candidate has a gap that Gaussian groups have not."""
        return self.p < ALPHA


def judged(x: Array, ks: Sequence[int], seed: int = 0) -> Iterator[float | Judged]:
    """Fit a grid; choose by stability; hold the valleys between clusters against Gaussian groups.

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
    (2008). Stability alone cannot be tested so: an elongated Gaussian is cut alike every time.
    """
    rng = np.random.default_rng(seed)
    n = len(x)
    scale = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    some = grid(ks, n)
    partitions = _fits(x, scale, some, seed)
    part = x[rng.permutation(n)[: round(ENOUGH / SHARE)]]
    yield 0.1
    stable = _stability(part, scale, some, rng)
    # Few Gaussian groups suffice for means, which only rank candidates.
    usual = []
    for k in range(RANKING):
        yield 0.1 + 0.5 * (k + 1) / RANKING
        usual.append(_stability(rng.normal(size=part.shape) * scale, scale, some, rng))
    gaps = gap(part, _fits(part, scale, some, seed))
    nulls = np.zeros((NULLS, len(some)))
    for k in range(NULLS):
        drawn = rng.normal(size=part.shape) * scale
        nulls[k] = gap(drawn, _fits(drawn, scale, some, seed))
        yield 0.6 + 0.4 * (k + 1) / (NULLS + 1)
    null = np.mean(usual, axis=0)
    mean, spread = nulls.mean(axis=0), np.maximum(nulls.std(axis=0, ddof=1), LEAST_SPREAD)
    excess = (gaps - mean) / spread
    best = ((nulls - mean) / spread).max(axis=1)
    p = (1 + int((best >= excess.max()).sum())) / (1 + NULLS)
    # A candidate without a gap is no answer where another has one, and one that splits off outliers is none.
    held = stable - null + np.where(excess >= np.quantile(best, 1 - ALPHA), 2.0, 0.0)
    held = np.where(gaps > 0, held, held - 4)
    yield Judged(some, partitions, stable, null, gaps, p, int(held.argmax()))


def _fits(x: Array, scale: Array, some: Sequence[Candidate], seed: int) -> Labels:
    return np.stack([one.fit(x / scale if one.whitened else x, seed) for one in some])


def gap(x: Array, partitions: Labels) -> Array:
    """Of each partition how empty it is between its clusters, 0 to 1: that of its worst pair.

    Of two clusters, on the line through their centres, one less the share of their records within the
    middle third between the centres. 0 where a cluster holds fewer than four records or a twentieth of
    all: outliers are no group.
    """
    out = np.zeros(len(partitions))
    for j, labels in enumerate(partitions):
        k = int(labels.max()) + 1
        if k < 2 or np.bincount(labels).min() < max(LEAST, 0.05 * len(x)):
            continue
        centres = np.stack([x[labels == one].mean(axis=0) for one in range(k)])
        found = []
        for a in range(k):
            for b in range(a):
                line = centres[a] - centres[b]
                rows = x[(labels == a) | (labels == b)]
                at = (rows - centres[b]) @ line / max(float(line @ line), 1e-12)
                found.append(1 - np.mean((at > 1 / 3) & (at < 2 / 3)))
        out[j] = min(found)
    return out


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
