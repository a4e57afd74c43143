"""A counterfactual of every record, and what it changed, as a task: rows of `CounterfactualTable`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ...ecg import Record
from ...errors import ExplainError
from ...wrapper import Predictor
from ..names import Names
from ..numbers import MEASUREMENTS
from ..questions import NOTHING, Questions, Source, answered, ask, facts_of, failed
from ..store import Store
from ..tables import Row

#: Records that are searched for together.
TOGETHER = 8
_BEFORE, _AFTER = "original_", "counterfactual_"


@dataclass(frozen=True)
class Counterfactuals:
    """What a counterfactual of each record changed; a row a direction.

    Columns as `CounterfactualTable.outcomes` has them, then `MEASUREMENTS` of the record
    (``original_qrs_ms``) and of its counterfactual (``counterfactual_qrs_ms``).

    Attributes
    ----------
    f : Predictor
    target : str
    level, by, both_ways, seed
        As `counterfactual_table` takes them.
    search : mapping
        Other arguments of `counterfactual`.
    keep_failed : bool
        Whether a record without a counterfactual has a row that says why, or is a failure of the run.
    """

    f: Predictor
    target: str
    level: float | None = None
    by: float | None = None
    both_ways: bool = False
    seed: int = 0
    search: Mapping[str, Any] = field(default_factory=dict)
    keep_failed: bool = False

    name: ClassVar[str] = "counterfactuals"
    many: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self.questions()  # refuses what cannot be asked before work begins

    def questions(self) -> Questions:
        """What is asked of every record, checked."""
        return Questions(self.f, self.target, self.level, self.by, self.both_ways)

    def __call__(self, records: Sequence[Record]) -> list[Any]:
        """The rows of each record, or why there are none."""
        asked, how = self.questions(), {"severities": 2, **self.search}
        facts = facts_of(self.f, self.target, self.seed, how)
        rows: dict[int, list[Row]] = {place: [] for place in range(len(records))}
        for first in range(0, len(records), TOGETHER):
            part: Sequence[Source] = records[first : first + TOGETHER]
            some = list(enumerate(part, first))
            questions, broken = ask(some, asked, Store(None), facts, Names(None, False))
            for row in (*broken, *answered(questions, asked, Store(None), how, self.seed, None)):
                rows[row[0]["record"]].append(row)
        return [self._said(some) for some in rows.values()]

    def _said(self, rows: list[Row]) -> Any:
        if not self.keep_failed and all(row[0]["failure"] for row in rows):
            return ExplainError(rows[0][0]["failure"])
        return [_flat(row) for row in rows]


def _flat(row: Row) -> dict[str, Any]:
    outcome, before, after = row
    told = {key: value for key, value in outcome.items() if key not in ("record", "name")}
    told |= {_BEFORE + key: before[key] for key in MEASUREMENTS}
    return told | {_AFTER + key: after[key] for key in MEASUREMENTS}


def rows_of(told: Iterable[Mapping[str, Any]], failures: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Rows of a `CounterfactualTable`, of what a run with ``keep_failed`` has come to."""
    rows: list[Row] = []
    for one in told:
        outcome = {k: v for k, v in one.items() if not k.startswith((_BEFORE, _AFTER))}
        before, after = (
            {key: float(one[start + key]) for key in MEASUREMENTS} for start in (_BEFORE, _AFTER)
        )
        rows.append((outcome, before, after))
    for one in failures:
        rows.append((failed(one["record"], one["name"], one["reason"]), NOTHING, NOTHING))
    return rows
