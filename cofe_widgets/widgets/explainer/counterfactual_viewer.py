"""`CounterfactualViewer`: an ECG, its counterfactual under a severity slider, and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...ecg import Record
from ...report.figures.shade import Shade
from ...report.figures.shares import shares_band
from ...report.labels import note
from ...report.outputs import output_of, said
from ...report.reasons import answers, packed_reasons
from ...report.rows import changes
from ..core.codec import pack
from ..core.component import packed_shade
from ..plots.curves import along_path
from .view import ExplainerView

if TYPE_CHECKING:
    from bqplot import Figure

    from ...explain import Attribution, Counterfactual
    from ..plots.answer import AnswerPlot


def packed_found(value: Counterfactual) -> dict[str, Any]:
    """A counterfactual with all that is said of it, as the browser shows it.

    Measures, and asks the model what it needs and for the trust card: seconds on a slow machine.
    Both answers have the same original: what the model needs comes without frame 0.
    """
    both = answers(value)
    alone = both is None or value.is_needed
    needed = None if both is None or alone else _packed(both[1], first_frame=1)
    return {**_packed(value), "needed": needed}


def _packed(value: Counterfactual, first_frame: int = 0) -> dict[str, Any]:
    """One of the two answers."""
    both = answers(value)
    band = None if both is None else shares_band(value)
    card = value.trust
    rows = [
        {
            "name": row.name,
            "value": row.shown() if row.value is not None else "",
            "yardstick": row.yardstick,
            "verdict": row.verdict,
            "sentence": row.sentence,
        }
        for row in card.rows
    ]
    return {
        "fs": value.original.fs,
        "leads": list(value.original.leads),
        "frames": pack(value.signals[first_frame:]),
        "severities": [float(s) for s in value.severities],
        "predictions": [float(p) for p in value.predictions],
        "target": value.target,
        "level": float(value.level),
        "reached": bool(value.reached),
        "space": value.space,
        "message": value.message,
        "note": note(value.original),
        "changes": changes(value),
        "trust": {"headline": card.headline, "rows": rows},
        "words": str(value.words()),
        "reasons": None if both is None else packed_reasons(both[0]),
        "shares": None if band is None else packed_shade(band),
    }


class CounterfactualViewer(ExplainerView):
    """A counterfactual over its original, with a severity slider that needs no kernel.

    Parameters
    ----------
    counterfactual : Counterfactual or sequence of Counterfactual
        As `cofe_widgets.counterfactual` returns it: one answer, or several of the same ECG.
    attribution : Attribution, optional
        Of the same ECG: shown as a band behind the trace on demand.
    """

    def __init__(
        self,
        counterfactual: Counterfactual | Sequence[Counterfactual],
        attribution: Attribution | None = None,
    ) -> None:
        found = list(counterfactual) if isinstance(counterfactual, Sequence) else [counterfactual]
        super().__init__(("counterfactual",))
        first = found[0]
        self._show_record(first.original)
        self.model = str(first.provenance.get("model", ""))
        self._outputs = [output_of(first)]
        self._answer = {first.target: float(first.predictions[0])}
        self.target, self.level = first.target, float(first.level)
        self._show_counterfactuals(found, [packed_found(one) for one in found])
        if attribution is not None:
            self._show_attribution(attribution)
            self.show_attribution = True

    counterfactuals: Sequence[Counterfactual] = ()
    _answer_plot: AnswerPlot | None = None

    @property
    def answer_figure(self) -> Figure:
        """The model's answer over the severity, a bqplot figure: show it in a cell, add marks to it.

        It follows ``counterfactual``, ``chosen``, ``show_needed``, ``severity``, and ``level`` where that
        is asked of the output the path moves; its marker can be dragged and the points of its curve
        clicked, which sets ``severity``. Made on first use; closed with this widget.
        """
        if self._answer_plot is None:
            from ..plots.answer import AnswerPlot

            self._answer_plot = AnswerPlot(self._walk_to, "No counterfactual yet")
            shown = ["_found", "chosen", "show_needed", "severity", "level", "target"]
            self.observe(self._draw_answer, shown)
            self._draw_answer()
        return self._answer_plot.figure

    def _walk_to(self, severity: float) -> None:
        self.severity = min(max(round(severity, 2), 0.0), 1.0)

    def _draw_answer(self, _: Any = None) -> None:
        assert self._answer_plot is not None
        value = self.counterfactual
        if value is None:
            return self._answer_plot.show(None)
        asked = self.level if self.target == value.target else None
        return self._answer_plot.show(along_path(value, asked), self.severity)

    def close(self) -> None:
        """Take the widget away, and its figure."""
        if self._answer_plot is not None:
            self._answer_plot.close()
        super().close()

    @property
    def counterfactual(self) -> Counterfactual | None:
        """The answer on screen: with ``show_needed`` what the model needs; None before there is one."""
        found = self.counterfactuals
        if not found:
            return None
        value = found[min(self.chosen, len(found) - 1)]
        both = answers(value) if self.show_needed else None
        return both[1] if both else value

    def _show_record(self, record: Record) -> None:
        self.counterfactuals = ()
        super()._show_record(record)

    def _show_counterfactuals(
        self, values: Sequence[Counterfactual], packed: list[dict[str, Any]]
    ) -> None:
        self.counterfactuals = values
        with self.hold_sync():
            self.severity, self.chosen = 1.0, 0
            self._found = packed

    def _drawn(self) -> tuple[Record | None, Record | None]:
        """The ECG on screen and what lies over it."""
        value = self.counterfactual
        if value is None:
            return self.record, None
        return value.original, value.record(severity=self.severity)

    def _shade(self) -> Shade | None:
        """The band behind the traces of the picture."""
        value = self.counterfactual
        if self.show_shares and value is not None and answers(value):
            return shares_band(value)
        return super()._shade()

    def _heading(self) -> str:
        """What stands above the page."""
        value = self.counterfactual
        if value is None or self.mode != "counterfactual":
            return super()._heading()
        output = output_of(value)
        if not output["probability"]:
            return f"What would it take for {said(output, value.level)}?"
        return f"What would make the model say {value.target}?"
