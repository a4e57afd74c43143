"""Maps aligned by beats and segments, as a task: what a glocal map of any number of ECGs is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ...ecg import Record
from ...errors import AuditError, ExplainError
from ...explain.glocal import Aligned, GlocalMap, gathered
from ...wrapper import Predictor

if TYPE_CHECKING:
    from ..run.results import AuditResults


@dataclass(frozen=True)
class Glocal:
    """The row of a glocal map of every record: `explain.glocal.Aligned`.

    Column ``answer``, and arrays ``answers``, ``relevance``, ``amplitude``, ``seconds``, ``signal``,
    ``attribution``. `map_of` joins the rows of a finished audit.

    Attributes
    ----------
    f : Predictor
    target : str
    method : str
        Of `ATTRIBUTION_METHODS`.
    options : mapping
        Of the method.
    """

    f: Predictor
    target: str
    method: str = "saliency"
    options: Mapping[str, Any] = field(default_factory=dict)

    name: ClassVar[str] = "glocal"
    many: ClassVar[bool] = True

    def __call__(self, records: Sequence[Record]) -> list[dict[str, Any] | Exception]:
        """A row a record, or why there is none."""
        rows = Aligned(self.f, self.target, self.method, self.options)(records)
        k = self.f.index(self.target)
        return [
            ExplainError(row["failure"])
            if "failure" in row
            else {"answer": float(row["answers"][k]), **row}
            for row in rows
        ]

    def map_of(self, results: AuditResults, top: int | None = 100) -> GlocalMap:
        """The glocal map of the records with the highest answers; labels are not in the results.

        Raises
        ------
        AuditError
            When the results are of another task.
        """
        table = results.table
        if "answer" not in table:
            raise AuditError("these results hold no aligned maps: run the task glocal")
        order = table.sort_values("answer", ascending=False, kind="stable").record
        chosen = {int(one) for one in (order if top is None else order[:top])}
        rows: dict[int, dict[str, Any]] = {place: {"place": place} for place in chosen}
        for name in (*Aligned.arrays, "answers"):
            for place, value in results.each_array(name):
                if place in chosen:
                    rows[place][name] = value
        failed = results.failures
        failures = [(int(a), str(b)) for a, b in zip(failed.record, failed.reason, strict=True)]
        seen = len(table) + len(failures)
        return gathered(self.f, self.target, self.method, list(rows.values()), failures, seen)
