"""`CounterfactualsPanel`: what would change a model's answer, over a group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as w
import traitlets as t

from ...audit import AuditError, CounterfactualTable, counterfactual_table
from ...markup import escaped, html_table
from ...steps import Step
from ..core.work_bar import WorkBar

if TYPE_CHECKING:
    from ...ecg import Record
    from ...wrapper import Predictor

#: Columns of the table that are shown.
_SHOWN = ("n", "original", "counterfactual", "change", "wilcoxon_p_holm", "rank_biserial", "unit")


class CounterfactualsPanel(w.VBox):
    """Counterfactuals of records that a model does not call a class, and what they change.

    Parameters
    ----------
    records : sequence of Record
    f : Predictor

    Attributes
    ----------
    value : CounterfactualTable or None
    target : str
        The class to reach.
    most : int
        Records asked at most: about half a second each.
    """

    value: CounterfactualTable | None = t.Any(None, allow_none=True)  # type: ignore[assignment]
    target: str = t.Unicode("")  # type: ignore[assignment]
    most: int = t.Int(24, min=3, max=10_000)  # type: ignore[assignment]

    def __init__(self, records: Sequence[Record], f: Predictor) -> None:
        self._records, self._f = records, f
        self.bar = WorkBar(self._steps, self._take)
        self._menu = w.Dropdown(description="Towards", options=list(f.outputs))
        self._count = w.BoundedIntText(description="Records", value=24, min=3, max=10_000)
        self._about, self._table, self._plot = w.HTML(), w.HTML(), w.VBox()
        super().__init__(
            [w.HBox([self._menu, self._count]), self.bar, self._about, self._plot, self._table]
        )
        t.link((self._menu, "value"), (self, "target"))
        t.link((self._count, "value"), (self, "most"))

    def _steps(self) -> Iterator[Step[Any]]:
        answers = self._f.predict(list(self._records))
        asked = [
            record
            for record, answer in zip(self._records, answers, strict=True)
            if self._f.output == "linear" or answer[self.target] < 0.5
        ][: self.most]
        if not asked:
            raise AuditError(
                f"the model calls every record {self.target}: choose another class, or records without it"
            )
        by = {"by": 1.0} if self._f.output == "linear" else {}
        steps = counterfactual_table.steps  # type: ignore[attr-defined]
        found: Iterator[Step[Any]] = steps(asked, self._f, self.target, **by)
        return found

    def _take(self, value: CounterfactualTable) -> None:
        self.value = value

    @t.observe("value")
    def _show(self, _: Any) -> None:
        from ..plots.values import figure

        if self.value is None:
            return
        self._about.value = f"<p>{escaped(repr(self.value))}</p>"
        self._plot.children = (figure(self.value),)
        shown = self.value.table[[one for one in _SHOWN if one in self.value.table]]
        self._table.value = (
            f"<details><summary>In numbers</summary>{html_table(shown)}"
            f"{html_table(self.value.failures, index=False) if len(self.value.failures) else ''}</details>"
        )
