"""`SubgroupsPanel`: whom a model errs on, and what it takes for what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as w
import traitlets as t

from ...audit.subgroups import Subgroups, subgroups
from ...markup import escaped, html_table
from ...steps import Step
from ..core.work_bar import WorkBar

if TYPE_CHECKING:
    from ...ecg import Record
    from ...wrapper import Predictor

#: False alarms by label that are shown.
_MOST_CONFUSED = 12


class SubgroupsPanel(w.VBox):
    """Errors by age, sex and rate, a class at a time.

    Parameters
    ----------
    records : sequence of Record
    f : Predictor
    labels : sequence, optional
        As `cofe_widgets.audit.subgroups` takes them.

    Attributes
    ----------
    value : Subgroups or None
    target : str
        The class that is shown.
    """

    value: Subgroups | None = t.Any(None, allow_none=True)  # type: ignore[assignment]
    target: str = t.Unicode("")  # type: ignore[assignment]

    def __init__(
        self,
        records: Sequence[Record],
        f: Predictor,
        labels: Sequence[Sequence[str] | None] | None = None,
    ) -> None:
        self._records, self._f, self._labels = records, f, labels
        self.bar = WorkBar(self._steps, self._take)
        self._menu = w.Dropdown(description="Class", options=list(f.outputs))
        self._words, self._picture, self._confused = w.HTML(), w.HTML(), w.HTML()
        self._shown = w.VBox(
            [self._words, self._menu, self._picture, self._confused],
            layout=w.Layout(display="none"),
        )
        super().__init__([self.bar, self._shown])
        t.link((self._menu, "value"), (self, "target"))

    def _steps(self) -> Iterator[Step[Any]]:
        return subgroups.steps(self._f, self._records, labels=self._labels)

    def _take(self, value: Subgroups) -> None:
        self.value = value

    @t.observe("value", "target")
    def _show(self, _: Any) -> None:
        if self.value is None:
            return
        self._words.value = f"<p>{escaped(self.value.words())}</p>"
        self._picture.value = self.value.figure(self.target)
        table = self.value.confused
        mine = table[(table.target == self.target) & (table.false_alarms > 0)]
        mine = mine.sort_values("share", ascending=False).head(_MOST_CONFUSED)
        told = html_table(mine.drop(columns="target"), "{:.2f}".format, index=False)
        head = f"Records of these labels that are falsely called {self.target}"
        none = "No record of another label is falsely called so."
        self._confused.value = (
            f"<p><b>{escaped(head)}</b></p>{told}" if len(mine) else f"<p>{none}</p>"
        )
        self._shown.layout.display = ""
