"""Which measurements tell the clusters of a group apart: what a split means on the paper."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..ecg import Record
from ..errors import AuditError, EcgError
from ..signals import measure
from ..vocabulary.measurements import MEASUREMENTS
from .statistics import holm

if TYPE_CHECKING:
    import pandas as pd

    from ..explain.discovery import Clusters

Array = NDArray[np.float64]
#: Fewer records of a cluster with a value are not compared.
LEAST = 4


def splits(
    clusters: Clusters, records: Sequence[Record], first: int = 0, second: int = 1
) -> pd.DataFrame:
    """Measurements of two clusters beside each other.

    Parameters
    ----------
    clusters : Clusters
    records : sequence of Record
        Those it was made of, in the same order.
    first, second : int

    Returns
    -------
    DataFrame, index measurement
        n_first, n_second (records in which it was measured), their medians, change (of medians, first less
        second), effect (rank-biserial: chance that one of the first exceeds one of the second, less the
        opposite; -1 to 1), p (Mann-Whitney, two-sided), p_holm over all measurements, unit. The largest
        effect first. A circular measurement, an axis in degrees, is turned so that its mean direction is
        zero before it is compared.

    Raises
    ------
    AuditError
        When the records are not as many as were given then, or there are no two such clusters.

    Notes
    -----
    The clusters were not made of these measurements, but of what depends on them: p says how clear a
    difference is, not that the clusters are real.
    """
    import pandas as pd

    if len(records) != clusters.seen:
        raise AuditError(
            f"{len(records)} records for clusters of {clusters.seen}: give those it was made of, in order"
        )
    if first == second or not all(0 <= one < clusters.k for one in (first, second)):
        raise AuditError(
            f"clusters {first} and {second}: there are {clusters.k}, numbered from 0; two of them differ"
        )
    table = pd.DataFrame([_measured(records[int(place)]) for place in clusters.places])
    rows = {}
    for name in [one for one in table if one in MEASUREMENTS]:
        values = table[name].to_numpy(float)
        if MEASUREMENTS[str(name)].unit == "deg":
            values = _turned(values)
        one, other = (values[clusters.labels == k] for k in (first, second))
        rows[name] = _compared(one[np.isfinite(one)], other[np.isfinite(other)])
    columns = ["n_first", "n_second", "first", "second", "change", "effect", "p"]
    out = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    out["p_holm"] = holm(out.p)
    out["unit"] = [MEASUREMENTS[str(name)].unit for name in out.index]
    out.index.name = "measurement"
    return out.sort_values("effect", key=np.abs, ascending=False, kind="stable")


def _measured(record: Record) -> dict[str, float]:
    """Its measurements; nothing where it cannot be measured."""
    try:
        return measure(record)
    except EcgError:
        return {}


def _turned(degrees: Array) -> Array:
    """Angles about their mean direction, which is added again: no jump within the group."""
    around = np.exp(1j * np.radians(degrees[np.isfinite(degrees)])).mean() if len(degrees) else 0
    middle = float(np.degrees(np.angle(around)))
    return (degrees - middle + 180) % 360 - 180 + middle


def _compared(one: Array, other: Array) -> tuple[int, int, float, float, float, float, float]:
    """Numbers, medians, change, rank-biserial effect and Mann-Whitney's p of two groups."""
    from scipy.stats import mannwhitneyu

    a, b = (float(np.median(values)) if len(values) else nan for values in (one, other))
    if min(len(one), len(other)) < LEAST:
        return len(one), len(other), a, b, a - b, nan, nan
    found = mannwhitneyu(one, other, alternative="two-sided")
    effect = 2 * float(found.statistic) / (len(one) * len(other)) - 1
    return len(one), len(other), a, b, a - b, effect, float(found.pvalue)
