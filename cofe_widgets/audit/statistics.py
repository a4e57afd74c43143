"""Paired statistics of measurements before and after: change, p-values, effect sizes, shares."""

from __future__ import annotations

from collections.abc import Mapping
from math import copysign, inf, nan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..vocabulary.measurements import Measurement

if TYPE_CHECKING:
    import pandas as pd

#: Fewer pairs than this are no sample.
LEAST_PAIRS = 3
#: Columns of `compare`.
COLUMNS = (
    "n",
    "original",
    "counterfactual",
    "change",
    "original_mean",
    "counterfactual_mean",
    "change_mean",
    "wilcoxon_p",
    "t_p",
    "rank_biserial",
    "cohens_dz",
)


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """p-values corrected for their number by Holm's step-down method (Holm 1979).

    The k-th smallest of m is multiplied by m - k + 1, and none falls below the one before it. NaN
    (not tested) stays NaN and is not counted. Our own, as scipy corrects for the false discovery
    rate alone and statsmodels would be a heavy dependency for six lines.
    """
    given = np.asarray(p, dtype=float)
    out = np.full(given.shape, nan)
    tested = np.flatnonzero(np.isfinite(given))
    order = tested[np.argsort(given[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    out[order] = np.minimum(np.maximum.accumulate(given[order] * factors), 1.0)
    return out


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927); NaN of nothing."""
    from scipy.stats import binomtest

    if n == 0:
        return nan, nan
    low, high = binomtest(hits, n).proportion_ci(method="wilson")
    return float(low), float(high)


def rank_biserial(change: ArrayLike) -> float:
    """Matched-pairs rank-biserial correlation (Kerby 2014): -1 all fall, 0 as many, 1 all rise.

    Ranks of |change| of those that rise, minus of those that fall, over all; no change is left out.
    """
    from scipy.stats import rankdata

    d = np.asarray(change, dtype=float)
    d = d[np.isfinite(d) & (d != 0)]
    if not len(d):
        return 0.0
    ranks = rankdata(np.abs(d))
    return float((ranks * np.sign(d)).sum() / ranks.sum())


def cohens_dz(change: ArrayLike) -> float:
    """Mean change in standard deviations of the change; infinite where all change alike."""
    d = np.asarray(change, dtype=float)
    d = d[np.isfinite(d)]
    if len(d) < 2:
        return nan
    if not d.any():
        return 0.0
    spread = 0.0 if _alike(d) else d.std(ddof=1)
    return float(d.mean() / spread) if spread else copysign(inf, d.mean())


def _alike(d: NDArray[np.float64]) -> bool:
    return bool(np.ptp(d) <= 1e-12 * np.abs(d).max())


def _p_values(d: NDArray[np.float64]) -> tuple[float, float]:
    """Wilcoxon's and Student's two-sided p of paired differences; 1 where nothing changed."""
    from scipy.stats import ttest_1samp, wilcoxon

    if len(d) < LEAST_PAIRS:
        return nan, nan
    if not d.any():
        return 1.0, 1.0
    # All change by exactly as much: t is infinite.
    return float(wilcoxon(d).pvalue), 0.0 if _alike(d) else float(ttest_1samp(d, 0.0).pvalue)


def compare(
    original: pd.DataFrame,
    counterfactual: pd.DataFrame,
    measurements: Mapping[str, Measurement],
) -> pd.DataFrame:
    """Each measurement before and after, over the records in which both were measured.

    Parameters
    ----------
    original, counterfactual : DataFrame, one row a record, the same rows
        Measurements in columns; NaN where a wave is absent.
    measurements : mapping of str to Measurement
        Those to compare; an angle changes by the shorter way round.

    Returns
    -------
    DataFrame, index measurement
        n (pairs), medians and means (original, counterfactual, change), two-sided paired p of
        Wilcoxon's signed-rank test and of the t-test, each also corrected over the measurements by
        Holm, matched-pairs rank-biserial correlation, Cohen's dz (mean change over its SD), unit.
        With fewer than three pairs there is no p.
    """
    import pandas as pd

    rows = {}
    for name, about in measurements.items():
        a, b = (table[name].to_numpy(float) for table in (original, counterfactual))
        both = np.isfinite(a) & np.isfinite(b)
        a, d = a[both], about.change(a[both], b[both])
        if not len(d):
            rows[name] = dict.fromkeys(COLUMNS, nan) | {"n": 0}
            continue
        pairs = (a, a + d, d)
        values = (np.median(x) for x in pairs), (x.mean() for x in pairs)
        numbers = (*values[0], *values[1], *_p_values(d), rank_biserial(d), cohens_dz(d))
        rows[name] = dict(zip(COLUMNS, (len(d), *map(float, numbers)), strict=True))
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS))
    for test in ("wilcoxon", "t"):
        at = table.columns.get_loc(f"{test}_p") + 1
        table.insert(at, f"{test}_p_holm", holm(table[f"{test}_p"]))
    table["unit"] = [measurements[name].unit for name in table.index]
    table.index.name = "measurement"
    return table
