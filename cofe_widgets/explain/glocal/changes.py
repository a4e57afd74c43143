"""What counterfactuals change in a group, aligned as the maps are: beside where the model looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import LEADS, Record
from ...errors import EcgError, ExplainError, WrapError
from ...late import late
from ...markup import escaped, line
from ...provenance import provenance
from ...signals.delineation import delineate
from ...steps import Step, Work, streamed
from ...values import Value, checks
from ...vocabulary.segments import SEGMENTS
from ...wrapper import Predictor
from ..counterfactual import Counterfactual, counterfactual
from ..counterfactual.objective import Objective
from .aligned import BEAT_S, NO_BEATS, Row, beats_of, in_twelve, segment_means
from .result import FAILURES, GlocalMap, correlation, typical

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 8
SHAPES = {
    **dict.fromkeys(("change", "size"), (len(LEADS), len(SEGMENTS))),
    **dict.fromkeys(("before", "after"), (len(LEADS), len(BEAT_S))),
}
#: Maps that know nothing, of which an agreement must be told apart.
SHUFFLES = 1000


@dataclass(frozen=True, eq=False)
class GlocalChanges(Value):
    """What counterfactuals of a group change in each segment of each lead.

    Attributes
    ----------
    target : str
    places : ndarray, shape (n,)
        Which of the records given, counted from 0.
    change, size : ndarray, shape (n, 12, 24)
        Mean of the change, and of its size, mV, in each segment of the original's beat. Beats before and
        after are compared at the same time from R: what irregular or faster beats change is not in it.
    before, after : ndarray, shape (n, 12, 200)
        Median beats, mV.
    unreached : int
        Records whose counterfactual did not reach the level; they are not among the rows.
    failures : DataFrame
        Records without a counterfactual, or without beats: record (its place), failure.
    seen : int
    provenance : dict
    """

    target: str
    places: NDArray[np.float64]
    change: NDArray[np.float32]
    size: NDArray[np.float32]
    before: NDArray[np.float32]
    after: NDArray[np.float32]
    unreached: int
    failures: pd.DataFrame
    seen: int
    provenance: dict[str, Any] = field(default_factory=dict)

    _error = ExplainError

    def __len__(self) -> int:
        return len(self.places)

    @property
    def segments(self) -> NDArray[np.float32]:
        """Mean size of the change, mV, ``(12, 24)``; NaN where fewer than half of the records have the segment."""
        return typical(self.size)

    @property
    def signed(self) -> NDArray[np.float32]:
        """Mean change, mV, ``(12, 24)``."""
        return typical(self.change)

    @property
    def top(self) -> list[tuple[str, str]]:
        """The seven (lead, segment) that change most."""
        size = np.where(np.isfinite(self.segments), self.segments, -np.inf)
        places = [np.unravel_index(k, size.shape) for k in np.argsort(-size, axis=None)[:7]]
        return [(LEADS[i], SEGMENTS[j]) for i, j in places if np.isfinite(size[i, j])]

    def agreement(self, value: GlocalMap, seed: int = 0) -> dict[str, float]:
        """How the map of a group ranks the cells beside what counterfactuals change in them.

        Returns
        -------
        dict
            ``r``, Spearman's correlation over the cells; ``p``, the share of maps that know nothing which
            do as well: the map's own cells, its leads in another order and its beat turned; ``of_signal``,
            the correlation of |signal| with the changes, in the records of the map.
        """
        changed = self.segments
        rng = np.random.default_rng(seed)
        r = correlation(value.segments, changed)
        by_chance = []
        for _ in range(SHUFFLES):
            turned = np.roll(value.segments, int(rng.integers(len(SEGMENTS))), axis=1)
            by_chance.append(correlation(turned[rng.permutation(len(LEADS))], changed))
        p = (1 + np.sum(np.array(by_chance) >= r)) / (1 + SHUFFLES)
        signal = correlation(typical(value.amplitude), changed)
        return {"r": r, "p": float(p), "of_signal": signal}

    def to_frame(self) -> pd.DataFrame:
        """A row a lead and segment: mean change and mean size of it, mV."""
        import pandas as pd

        rows = pd.MultiIndex.from_product([LEADS, SEGMENTS], names=["lead", "segment"])
        columns = {"change_mv": self.signed.ravel(), "size_mv": self.segments.ravel()}
        return pd.DataFrame(columns, index=rows)

    def words(self) -> str:
        """What changes, in sentences."""
        return str(late("changes_words")(self))

    def figure(self, theme: str = "light") -> str:
        """Median beats before and after, and the 12 x 24 changes; SVG."""
        return str(late("glocal_changes_figure")(self, theme))

    def __repr__(self) -> str:
        return line(f"GlocalChanges(towards {self.target}, {len(self)} of {self.seen} records)")

    def _repr_html_(self) -> str:
        return f"<p>{escaped(self.words())}</p>{self.figure()}"

    def _check(self) -> None:
        """Refuse arrays of other shapes."""
        super()._check()
        n = len(self.places)
        for name, shape in SHAPES.items():
            checks.array(getattr(self, name), name, np.float32, (n, *shape), missing=True)
        checks.frame(self.failures, "failures", FAILURES)
        checks.number(self.unreached, "unreached", 0)
        checks.number(self.seen, "seen", 0)
        if not n:
            raise ValueError("it has no records")


@streamed
def glocal_changes(
    records: Iterable[Record], f: Predictor, target: str, level: float = 0.9, **search: Any
) -> Work[GlocalChanges]:
    """What counterfactuals change in a group: the map beside `glocal` of what would change the answer.

    Parameters
    ----------
    records : iterable of Record
        Best those that are not the target: about half a second each.
    f : Predictor
    target : str
    level : float
        The answer to reach.
    **search
        Of `counterfactual`.

    Returns
    -------
    GlocalChanges

    Raises
    ------
    ExplainError
        No records, or none whose counterfactual reached the level.
    """
    Objective(f, target, level)
    rows: list[Row] = []
    failures: list[tuple[int, str]] = []
    unreached = seen = 0
    numbered = iter(enumerate(records))
    while chunk := list(islice(numbered, CHUNK)):
        for place, found in _asked(chunk, f, target, level, search):
            seen += 1
            if isinstance(found, Exception):
                failures.append((place, str(found)))
            elif not found.reached:
                unreached += 1
            else:
                row = changed_by(found)
                if "failure" in row:
                    failures.append((place, row["failure"]))
                else:
                    rows.append({**row, "place": place})
            yield Step(0.0, f"{seen} records", None)
    if not rows:
        why = failures[0][1] if failures else f"{unreached} of {seen} did not reach {level:g}"
        raise ExplainError(f"no counterfactual towards {target} can be aligned: {why[:200]}")
    import pandas as pd

    arrays = {k: np.stack([row[k] for row in rows]).astype(np.float32) for k in SHAPES}
    table = pd.DataFrame(failures, columns=["record", "failure"])
    told = provenance(f, level=level, search=search)
    value = GlocalChanges(
        target=target,
        places=np.array([row["place"] for row in rows], float),
        unreached=unreached,
        failures=table,
        seen=seen,
        provenance=told,
        **arrays,
    )
    yield Step(1.0, repr(value), None, value)


def _asked(
    chunk: list[tuple[int, Record]],
    f: Predictor,
    target: str,
    level: float,
    search: dict[str, Any],
) -> Iterator[tuple[int, Counterfactual | Exception]]:
    """Counterfactuals together, or one by one where one spoils the batch."""
    how: dict[str, Any] = {"level": level, "severities": 2, **search}
    try:
        found = counterfactual([record for _, record in chunk], f, target, **how)
        yield from zip([place for place, _ in chunk], found, strict=True)
        return
    except (EcgError, ExplainError, WrapError):
        pass
    for place, record in chunk:
        try:
            yield place, counterfactual(record, f, target, **how)
        except (EcgError, ExplainError, WrapError) as error:
            yield place, error


def changed_by(cf: Counterfactual) -> Row:
    """What one counterfactual changes, aligned; a dict with ``failure`` where it cannot be."""
    before, after = cf.original, cf.record(1.0)
    try:
        first, second = delineate([before, after])
    except EcgError as error:
        return {"failure": str(error)}
    if first.soft is None:
        return {"failure": "longer than five minutes: give parts of it, record.crop(start, end)"}
    beats = [
        beats_of(one.signal.astype(float), one.fs, where.r_peaks_s)
        for one, where in ((before, first), (after, second))
    ]
    if not all(map(len, beats)):
        return {"failure": NO_BEATS}
    a, b = (np.median(one, axis=0) for one in beats)
    # Probability of each segment about R, mean over the beats of the original.
    leads, samples, kinds = first.soft.shape
    flat = first.soft.transpose(0, 2, 1).reshape(leads * kinds, samples).astype(float)
    soft = beats_of(flat, before.fs, first.r_peaks_s).mean(axis=0)
    soft = soft.reshape(leads, kinds, -1).transpose(0, 2, 1)
    row: Row = {
        "change": segment_means(b - a, soft),
        "size": segment_means(np.abs(b - a), soft),
        "before": a,
        "after": b,
    }
    return {name: in_twelve(one, before.leads) for name, one in row.items()}
