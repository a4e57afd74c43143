"""Two groups, or two models, against each other: which of the 288 cells differ by more than chance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import LEADS
from ...errors import ExplainError
from ...late import late
from ...markup import escaped, line
from ...values import Value, checks
from ...vocabulary.segments import SEGMENTS
from .result import DRAWS, GlocalMap, resampled, typical

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float32]
#: Groups smaller than this cannot be told from chance.
LEAST = 4
PERMUTATIONS = 2000
SHAPE = (len(LEADS), len(SEGMENTS))


@dataclass(frozen=True, eq=False)
class GlocalDifference(Value):
    """Relevance per segment length of one map less that of another.

    Attributes
    ----------
    names : tuple of str
        Of the two.
    change, low, high : ndarray, shape (12, 24)
        The difference, and the ends of its 95 % interval by a bootstrap of the records of each; NaN where
        fewer than half of either group have the segment.
    p : ndarray, shape (12, 24)
        Of no difference, corrected for all cells at once: the share of permutations whose largest
        standardised difference anywhere is at least this one (Westfall & Young 1993).
    paired : bool
        Whether both are of the same records.
    provenance : dict
    """

    names: tuple[str, ...]
    change: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    p: NDArray[np.float32]
    paired: bool
    provenance: dict[str, Any] = field(default_factory=dict)

    _error = ExplainError

    @property
    def cells(self) -> list[tuple[str, str]]:
        """The (lead, segment) that differ (p < 0.05), the largest difference first."""
        order = np.argsort(np.where(self.p < 0.05, -np.abs(self.change), np.inf), axis=None)
        places = [np.unravel_index(k, SHAPE) for k in order]
        return [(LEADS[i], SEGMENTS[j]) for i, j in places if self.p[i, j] < 0.05]

    def to_frame(self) -> pd.DataFrame:
        """A row a lead and segment: change, low, high, p."""
        import pandas as pd

        rows = pd.MultiIndex.from_product([LEADS, SEGMENTS], names=["lead", "segment"])
        columns = {name: getattr(self, name).ravel() for name in ("change", "low", "high", "p")}
        return pd.DataFrame(columns, index=rows)

    def words(self) -> str:
        """Which cells differ, in sentences; that none does, where none does."""
        return str(late("difference_words")(self))

    def figure(self, theme: str = "light") -> str:
        """The 12 x 24 differences, those that are no chance framed; SVG."""
        return str(late("difference_figure")(self, theme))

    def __repr__(self) -> str:
        first, second = self.names
        return line(
            f"GlocalDifference({first} less {second}: {len(self.cells)} of 288 cells differ)"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escaped(self.words())}</p>{self.figure()}"

    def _check(self) -> None:
        """Refuse arrays of other shapes."""
        super()._check()
        for name in ("change", "low", "high", "p"):
            checks.array(getattr(self, name), name, np.float32, SHAPE, missing=True)
        if len(self.names) != 2:
            raise ValueError(f"it has {len(self.names)} names: expected two")


def difference(
    one: GlocalMap,
    other: GlocalMap,
    names: tuple[str, str] | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> GlocalDifference:
    """Where two groups, or two models on the same records, differ.

    Parameters
    ----------
    one, other : GlocalMap
        By one method. Of the same places in both, the records are taken for the same and compared in
        pairs.
    names : two of str, optional
        What they are called; unless given, by what tells them apart: target, or model.
    permutations, seed : int

    Returns
    -------
    GlocalDifference

    Raises
    ------
    ExplainError
        Other methods, or groups of fewer than four records.

    Notes
    -----
    The largest standardised difference of any cell is compared with its distribution under permutation:
    it corrects for 288 cells at once and, unlike Holm, knows that neighbours go together.
    """
    if one.method != other.method:
        raise ExplainError(f"maps by {one.method} and {other.method}: compare maps of one method")
    if min(len(one), len(other)) < LEAST:
        raise ExplainError(
            f"groups of {len(one)} and {len(other)} records: {LEAST} at least in each"
        )
    paired = np.array_equal(one.places, other.places)
    a, b = one.relevance.astype(float), other.relevance.astype(float)
    change = typical(one.relevance) - typical(other.relevance)
    drawn = resampled(one.relevance, DRAWS, seed)
    # The same draws for pairs; others of their own.
    drawn = drawn - resampled(other.relevance, DRAWS, seed if paired else seed + 1)
    low, high = np.nanpercentile(drawn, [2.5, 97.5], axis=0)
    rng = np.random.default_rng(seed)
    p = _in_pairs(a - b, permutations, rng) if paired else _apart(a, b, permutations, rng)
    told = {
        "seed": seed,
        "permutations": permutations,
        "version": one.provenance.get("version", ""),
    }
    known = np.isfinite(change)
    cells = [np.where(known, v, np.nan).astype(np.float32) for v in (change, low, high, p)]
    return GlocalDifference(
        names or _named(one, other), cells[0], cells[1], cells[2], cells[3], bool(paired), told
    )


def _named(one: GlocalMap, other: GlocalMap) -> tuple[str, str]:
    if one.target != other.target:
        return one.target, other.target
    models = [str(v.provenance.get("model", "")) for v in (one, other)]
    return (models[0], models[1]) if models[0] != models[1] else ("the first", "the second")


def _apart(
    a: NDArray[np.float64], b: NDArray[np.float64], times: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Corrected p of two groups: who belongs to which is permuted."""
    rows = np.concatenate((a, b)).reshape(len(a) + len(b), -1)
    first = np.zeros((times + 1, len(rows)))
    first[0, : len(a)] = 1
    for draw in range(1, times + 1):
        first[draw, rng.permutation(len(rows))[: len(a)]] = 1
    return _corrected(np.abs(_t(first, rows))).reshape(SHAPE)


def _t(first: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Welch's t of every cell, ``(draws, cells)``, of those that are first against the others."""
    there = np.isfinite(rows).astype(float)
    x = np.nan_to_num(rows)
    parts = []
    with np.errstate(invalid="ignore", divide="ignore"):
        for weight in (first, 1 - first):
            n = weight @ there
            mean = (weight @ x) / n
            spread = np.maximum((weight @ x**2) / n - mean**2, 0) * n / (n - 1)
            parts.append((mean, spread / n))
        (m1, v1), (m2, v2) = parts
        return np.asarray((m1 - m2) / np.sqrt(v1 + v2))


def _in_pairs(d: NDArray[np.float64], times: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Corrected p of paired differences: signs of whole records are turned."""
    rows = d.reshape(len(d), -1)
    signs = np.concatenate((np.ones((1, len(d))), rng.choice([-1.0, 1.0], size=(times, len(d)))))
    there = np.isfinite(rows).astype(float)
    x = np.nan_to_num(rows)
    n = there.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (signs @ x) / n
        spread = np.maximum((x**2).sum(axis=0) / n - mean**2, 0) * n / (n - 1)
        return _corrected(np.abs(mean) / np.sqrt(spread / n)).reshape(SHAPE)


def _corrected(size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of statistics ``(1 + draws, cells)``, the first of the data: share of draws whose largest is as large."""
    size = np.where(np.isfinite(size), size, -np.inf)
    most = size.max(axis=1)
    return np.asarray((most[:, None] >= size[0]).mean(axis=0))
