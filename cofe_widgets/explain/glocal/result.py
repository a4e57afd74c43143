"""The glocal map of a group: its rows, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import LEADS
from ...errors import ExplainError
from ...late import late
from ...markup import escaped, html_table, line
from ...values import Value, checks
from ...vocabulary.segments import SEGMENTS
from .aligned import SHAPES

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float32]
#: Cells that are marked (figure 4).
TOP = 7
#: Resamples of the group for intervals.
DRAWS = 1000
FAILURES: dict[str, str | tuple[str, ...]] = {"record": "whole", "failure": "text"}


@dataclass(frozen=True, eq=False)
class GlocalMap(Value):
    """Where a model looks over a group of records, a row a record.

    Attributes
    ----------
    target, method : str
    outputs : tuple of str
        Of the model.
    places : ndarray, shape (n,)
        Which of the records given, counted from 0.
    answers, labels : ndarray, shape (n, outputs)
        Predictions, and what is true (1, 0; NaN where nobody said).
    relevance, amplitude : ndarray, shape (n, 12, 24)
        Mean of |map|, and of |signal|, in each segment over that in the whole record: 1 is an even
        spread. NaN where the record lacks the segment.
    seconds : ndarray, shape (n, 12, 24)
        How long each segment lasts in a beat.
    signal, attribution : ndarray, shape (n, 12, 200)
        Median beats of the record (mV) and of |map| over its mean, 300 ms before R to 500 ms after it.
    failures : DataFrame
        The records that could not be aligned: record (its place), failure.
    seen : int
        Records looked at, of which this group was taken.
    provenance : dict
    """

    target: str
    method: str
    outputs: tuple[str, ...]
    places: NDArray[np.float64]
    answers: NDArray[np.float32]
    labels: NDArray[np.float32]
    relevance: NDArray[np.float32]
    amplitude: NDArray[np.float32]
    seconds: NDArray[np.float32]
    signal: NDArray[np.float32]
    attribution: NDArray[np.float32]
    failures: pd.DataFrame
    seen: int
    provenance: dict[str, Any] = field(default_factory=dict)

    _error = ExplainError

    def __len__(self) -> int:
        return len(self.places)

    # -- what the group comes to

    @cached_property
    def segments(self) -> Array:
        """Relevance per segment length, ``(12, 24)``: mean over the records that have the segment; 1 is even.

        NaN where fewer than half of the records have it.
        """
        return typical(self.relevance)

    @cached_property
    def share(self) -> Array:
        """Share of all relevance that lies in each segment, ``(12, 24)``: its length times its mean; sums to 1."""
        part = np.nan_to_num(self.relevance) * np.nan_to_num(self.seconds)
        total = part.sum(axis=(1, 2), keepdims=True)
        return np.asarray((part / np.where(total > 0, total, 1)).mean(axis=0), np.float32)

    @cached_property
    def intervals(self) -> tuple[Array, Array]:
        """Ends of the 95 % intervals of ``segments``, by a bootstrap of the records."""
        means = resampled(self.relevance, DRAWS)
        low, high = np.nanpercentile(means, [2.5, 97.5], axis=0)
        return np.asarray(low, np.float32), np.asarray(high, np.float32)

    @cached_property
    def top(self) -> tuple[tuple[str, str], ...]:
        """The seven (lead, segment) of the most relevance per segment length, first the highest."""
        order = np.argsort(np.where(np.isfinite(self.segments), -self.segments, np.inf), axis=None)
        places = [np.unravel_index(k, self.segments.shape) for k in order[:TOP]]
        return tuple((LEADS[i], SEGMENTS[j]) for i, j in places if np.isfinite(self.segments[i, j]))

    @cached_property
    def like_signal(self) -> float:
        """Spearman correlation over the cells with the same map of |signal|, which knows no model."""
        return correlation(self.segments, typical(self.amplitude))

    @cached_property
    def spread(self) -> float:
        """How alike the records are: median Spearman correlation of a record's cells with the others' mean."""
        if len(self) < 3:
            return float("nan")
        count = np.isfinite(self.relevance).sum(axis=0)
        total = np.nansum(self.relevance, axis=0)
        found = []
        for row in self.relevance[:: max(1, len(self) // 50)]:
            with np.errstate(invalid="ignore", divide="ignore"):
                others = (total - np.nan_to_num(row)) / (count - np.isfinite(row))
            found.append(correlation(row, others))
        return float(np.nanmedian(found))

    @cached_property
    def beat(self) -> Array:
        """Median beat of the group, mV, ``(12, 200)``."""
        return _median(self.signal)

    @cached_property
    def beat_attribution(self) -> Array:
        """Median over the group of |map| about R, over its mean, ``(12, 200)``."""
        return _median(self.attribution)

    @cached_property
    def classes(self) -> pd.DataFrame:
        """Mean answer and mean label by output; NaN where nobody said what is true."""
        import pandas as pd

        with np.errstate(invalid="ignore"):
            known = np.isfinite(self.labels)
            told = np.where(known.any(axis=0), np.nansum(self.labels, axis=0), np.nan)
            label = told / np.maximum(known.sum(axis=0), 1)
        columns = {"answer": self.answers.mean(axis=0), "label": label}
        return pd.DataFrame(columns, index=pd.Index(self.outputs, name="output"))

    def contributors(self, lead: str, segment: str, most: int = 10) -> list[int]:
        """Places of the records in whose map the cell weighs most, first the heaviest.

        Raises
        ------
        ExplainError
            When there is no such lead or segment.
        """
        i, j = cell(lead, segment)
        size = self.relevance[:, i, j]
        order = np.argsort(np.where(np.isfinite(size), -size, np.inf), kind="stable")
        return [int(self.places[k]) for k in order[:most] if np.isfinite(size[k])]

    # -- shown

    def to_frame(self) -> pd.DataFrame:
        """A row a lead and segment: relevance per length and its interval, share, s a beat, that of |signal|."""
        import pandas as pd

        rows = pd.MultiIndex.from_product([LEADS, SEGMENTS], names=["lead", "segment"])
        low, high = self.intervals
        columns = {
            "relevance": self.segments,
            "low": low,
            "high": high,
            "share": self.share,
            "seconds": typical(self.seconds),
            "of_signal": typical(self.amplitude),
            "records": np.isfinite(self.relevance).sum(axis=0),
        }
        return pd.DataFrame({k: np.asarray(v).ravel() for k, v in columns.items()}, index=rows)

    def words(self) -> str:
        """Where the model looks in this group, and what that is worth, in sentences."""
        return str(late("glocal_words")(self))

    def figure(self, theme: str = "light") -> str:
        """Figure 4 of the paper for this group, SVG: beats, answers against labels, 12 x 24 segments."""
        return str(late("glocal_figure")(self, theme))

    def __repr__(self) -> str:
        top = ", ".join(f"{segment} in {lead}" for lead, segment in self.top[:3])
        return f"GlocalMap({line(self.target)} by {line(self.method)}, {len(self)} of {self.seen} records: {top})"

    def _repr_html_(self) -> str:
        failed = html_table(self.failures, index=False) if len(self.failures) else ""
        return f"<p>{escaped(self.words())}</p>{self.figure()}{failed}"

    def _check(self) -> None:
        """Refuse arrays of other shapes."""
        super()._check()
        n = len(self.places)
        checks.array(self.places, "places", np.float64, (n,), size=2**31, low=0)
        for name in ("answers", "labels"):
            shape = (n, len(self.outputs))
            checks.array(getattr(self, name), name, np.float32, shape, missing=True)
        for name, shape in SHAPES.items():
            checks.array(getattr(self, name), name, np.float32, (n, *shape), missing=True)
        checks.frame(self.failures, "failures", FAILURES)
        checks.number(self.seen, "seen", 0)
        if not n:
            raise ValueError("it has no records")


def cell(lead: str, segment: str) -> tuple[int, int]:
    """Places of a lead and a segment.

    Raises
    ------
    ExplainError
        When there is no such lead or segment.
    """
    if lead not in LEADS or segment not in SEGMENTS:
        raise ExplainError(
            f"no segment {segment!r} of lead {lead!r}: leads are {', '.join(LEADS)}; segments "
            f"{', '.join(SEGMENTS)}"
        )
    return LEADS.index(lead), SEGMENTS.index(segment)


def typical(rows: Array) -> Array:
    """Mean over the records that have a cell; NaN where fewer than half have it."""
    count = np.isfinite(rows).sum(axis=0)
    total = np.nansum(rows, axis=0, dtype=float)
    return np.where(2 * count >= len(rows), total / np.maximum(count, 1), np.nan).astype(np.float32)


def resampled(rows: Array, draws: int, seed: int = 0) -> NDArray[np.float64]:
    """Means of the records drawn anew, ``(draws, 12, 24)``; cells that a record lacks have no say in it."""
    rng = np.random.default_rng(seed)
    n = len(rows)
    weight = rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
    flat = rows.reshape(n, -1).astype(np.float64)
    there = np.isfinite(flat).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (weight @ np.nan_to_num(flat)) / (weight @ there)
    return np.asarray(means.reshape(draws, *rows.shape[1:]))


def correlation(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Spearman correlation over the cells that both have."""
    from scipy.stats import spearmanr

    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < 3 or not (np.ptp(one[both]) > 0 and np.ptp(other[both]) > 0):
        return float("nan")
    return float(spearmanr(one[both], other[both]).statistic)


def _median(rows: Array) -> Array:
    """Median over records; NaN in a lead that none has."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmedian(rows, axis=0), np.float32)
