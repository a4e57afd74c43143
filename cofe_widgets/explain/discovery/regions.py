"""Where two groups of beats differ: the cluster permutation test of Maris & Oostenveld (2007)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import LEADS
from ...errors import ExplainError
from ..glocal.aligned import BEAT_FS, BEAT_S

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
PERMUTATIONS = 1000
#: Two-sided p from which a sample joins a run (the test's free choice; it moves sensitivity, not validity).
JOINS = 0.05
#: Groups smaller than this cannot be told from chance.
LEAST = 4
#: Permutations worked on together.
TOGETHER = 50
REGIONS: dict[str, str | tuple[str, ...]] = {
    "lead": LEADS,
    **dict.fromkeys(("start_ms", "end_ms", "difference", "mass", "p"), "number"),
}


def regions(
    one: NDArray[Any],
    other: NDArray[Any],
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> pd.DataFrame:
    """Stretches of a lead in which two groups differ, corrected for all samples and leads at once.

    Parameters
    ----------
    one, other : ndarray, shape (records, 12, samples)
        Aligned beats or maps; NaN in leads that are not seen.
    permutations, seed : int

    Returns
    -------
    DataFrame
        A row a run of samples of one sign whose t-test gives p < 0.05 each: lead, start_ms and end_ms
        about R, difference (mean of ``one`` less ``other``), mass (sum of |t|), and p: the share of
        permutations in which any run of any lead weighs as much. Smallest p first.

    Raises
    ------
    ExplainError
        For groups of fewer than four.

    Notes
    -----
    Maris & Oostenveld, "Nonparametric statistical testing of EEG- and MEG-data", 2007. It controls the
    chance of any false region; where a region begins and ends is not certain.
    """
    import pandas as pd
    from scipy.stats import t as student

    if min(len(one), len(other)) < LEAST:
        raise ExplainError(
            f"groups of {len(one)} and {len(other)} records: {LEAST} at least in each"
        )
    shape = one.shape[1:]
    rows = np.concatenate((one, other)).astype(float).reshape(len(one) + len(other), -1)
    seen = np.isfinite(rows).all(axis=0)
    # A sample that is alike in all says nothing; of tiny spread t would be noise of rounding.
    seen &= np.ptp(np.nan_to_num(rows), axis=0) > 0
    rows = np.where(seen, np.nan_to_num(rows), 0.0)
    bar = float(student.isf(JOINS / 2, len(rows) - 2))
    first = _members(len(one), len(rows), permutations, np.random.default_rng(seed))
    size = _t(first[:1], rows, seen).reshape(1, *shape)
    starts, ends, masses = _runs(size, bar)[1:]
    heaviest = [
        _heaviest(_t(some, rows, seen).reshape(len(some), *shape), bar)
        for some in np.array_split(first, max(1, len(first) // TOGETHER))
    ]
    chance = np.sort(np.concatenate(heaviest))
    p = (len(chance) - np.searchsorted(chance, masses - 1e-9)) / len(chance)
    gap = (rows[: len(one)].mean(axis=0) - rows[len(one) :].mean(axis=0)).reshape(shape)
    found = []
    for a, b, mass, one_p in zip(starts, ends, masses, p, strict=True):
        lead, start = divmod(int(a), shape[1])
        end = int(b) - lead * shape[1]
        change = float(gap[lead, start:end].mean())
        ms = ((start / BEAT_FS + BEAT_S[0]) * 1e3, (end / BEAT_FS + BEAT_S[0]) * 1e3)
        found.append((LEADS[lead], *ms, change, float(mass), float(one_p)))
    table = pd.DataFrame(found, columns=list(REGIONS))
    return table.sort_values(["p", "mass"], ascending=[True, False], ignore_index=True)


def _members(first: int, n: int, times: int, rng: np.random.Generator) -> Array:
    """Who is of the first group, ``(1 + times, n)``: as it is, then permuted."""
    out = np.zeros((times + 1, n))
    out[0, :first] = 1
    order = np.argsort(rng.random((times, n)), axis=1)[:, :first]
    np.put_along_axis(out[1:], order, 1.0, axis=1)
    return out


def _t(first: Array, rows: Array, seen: NDArray[np.bool_]) -> Array:
    """Student's t of every sample, ``(draws, samples)``, of those that are first against the others."""
    n = len(rows)
    n1 = first[0].sum()
    rows = rows - rows.mean(axis=0)
    total = (rows**2).sum(axis=0)
    mean = (first @ rows) / n1
    other = -mean * n1 / (n - n1)
    within = np.maximum(
        total - n1 * mean**2 - (n - n1) * other**2, 1e-12 * np.maximum(total, 1e-30)
    )
    scale = np.sqrt(within / (n - 2) * (1 / n1 + 1 / (n - n1)))
    return np.where(seen, (mean - other) / scale, 0.0)


def _runs(t: Array, bar: float) -> tuple[NDArray[np.intp], ...]:
    """Runs of one sign beyond a bar: draw of each, where it begins and ends in (lead x time), its mass."""
    _, leads, samples = t.shape
    sign = np.where(np.abs(t) > bar, np.sign(t), 0)
    new = np.ones(sign.shape, bool)
    new[:, :, 1:] = sign[:, :, 1:] != sign[:, :, :-1]
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], sign.size)
    mass = np.add.reduceat(np.abs(t).ravel(), starts)
    there = sign.ravel()[starts] != 0
    starts, ends, mass = starts[there], ends[there], mass[there]
    draw = starts // (leads * samples)
    return draw, starts - draw * leads * samples, ends - draw * leads * samples, mass


def _heaviest(t: Array, bar: float) -> Array:
    """The mass of the heaviest run of each draw, 0 where there is none."""
    draw, _, _, mass = _runs(t, bar)
    out = np.zeros(len(t))
    np.maximum.at(out, draw, mass)
    return out
