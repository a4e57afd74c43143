"""`GlocalPanel`: where a model looks over a group, and the records behind every cell of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as w
import numpy as np
import traitlets as t

from ...ecg import LEADS
from ...errors import ExplainError
from ...explain.attribution import ATTRIBUTION_METHODS, Attribution
from ...explain.glocal import GlocalMap, glocal
from ...explain.glocal.result import cell as place_of
from ...explain.glocal.result import typical
from ...markup import escaped, plain
from ...report.figures.glocal import beats_figure
from ...signals.delineation import delineate
from ...steps import Step
from ...vocabulary.segments import SEGMENTS
from ..core.work_bar import WorkBar
from ..plots.glocal import SegmentGrid, answers_beside_labels

if TYPE_CHECKING:
    from ...ecg import Record
    from ...wrapper import Predictor

#: Who may be the group -> how many with the highest answers, and which of them at all.
HIGHEST, EVERYBODY, SO_LABELLED = "100 highest answers", "all records", "labelled so"
SELECTED = "those selected in the group"
#: What a cell shows -> its values, and whether they have a sign.
LENGTH, SHARE, ABOVE_SIGNAL = (
    "relevance per length",
    "share of all relevance",
    "less that of |signal|",
)
_SHOWN: dict[str, tuple[Callable[[GlocalMap], Any], bool]] = {
    LENGTH: (lambda value: value.segments, False),
    SHARE: (lambda value: value.share, False),
    ABOVE_SIGNAL: (lambda value: value.segments - typical(value.amplitude), True),
}
_LISTED = 12
#: A sample is marked as of a segment from this probability on.
LEAST_LIKELY = 0.1


class GlocalPanel(w.VBox):
    """Figure 4 of Wagner et al. 2024, live: beats, answers and labels, 12 x 24 segments.

    Parameters
    ----------
    records : sequence of Record
    f : Predictor
    labels : sequence, optional
        For every record the outputs that are true of it; unless given, ``record.meta["labels"]``.
    value : GlocalMap, optional
        Computed already, of these records.

    Attributes
    ----------
    value : GlocalMap or None
    target, method, group, shown : str
        Class, attribution method, who is the group, and what a cell shows.
    cell : tuple of str
        Lead and segment whose records are listed; can be set.
    selected : tuple of int
        Places of records that were selected elsewhere; can be the group.
    opened : int
        Place of the record on screen; -1 for none.
    """

    value: GlocalMap | None = t.Any(None, allow_none=True)  # type: ignore[assignment]
    target: str = t.Unicode("")  # type: ignore[assignment]
    method: str = t.Unicode("saliency")  # type: ignore[assignment]
    group: str = t.Unicode(HIGHEST)  # type: ignore[assignment]
    shown: str = t.Unicode(LENGTH)  # type: ignore[assignment]
    cell: tuple[str, ...] = t.Tuple(())  # type: ignore[assignment]
    selected: tuple[int, ...] = t.Tuple(())  # type: ignore[assignment]
    opened: int = t.Int(-1)  # type: ignore[assignment]

    def __init__(
        self,
        records: Sequence[Record],
        f: Predictor,
        labels: Sequence[Sequence[str] | None] | None = None,
        value: GlocalMap | None = None,
    ) -> None:
        self._records, self._f, self._labels = records, f, labels
        self.bar = WorkBar(self._steps, self._take, self._draw)
        menus = {
            "target": w.Dropdown(description="Class", options=list(f.outputs)),
            "method": w.Dropdown(description="Method", options=list(ATTRIBUTION_METHODS)),
            "group": w.Dropdown(
                description="Group", options=[HIGHEST, EVERYBODY, SO_LABELLED, SELECTED]
            ),
            "shown": w.Dropdown(description="Cells", options=list(_SHOWN)),
        }
        menus["method"].value = "saliency"
        self._grid = SegmentGrid(self._choose)
        self._beats, self._words, self._plot = w.HTML(), w.HTML(), w.VBox()
        self._list = w.Select(options=[], rows=8, layout=w.Layout(width="440px"))
        self._list.observe(self._from_list, "value")
        self._about, self._ecg = w.HTML(), w.VBox()
        self._result = w.VBox(
            [
                self._words,
                w.HBox([self._beats, self._plot], layout=w.Layout(flex_flow="row wrap")),
                self._grid.figure,
                w.HTML(
                    "<small>A click on a cell lists the records in whose map it weighs most.</small>"
                ),
                self._about,
                self._list,
                self._ecg,
            ],
            layout=w.Layout(display="none"),
        )
        row = w.HBox(list(menus.values()), layout=w.Layout(flex_flow="row wrap"))
        super().__init__([row, self.bar, self._result])
        self.add_class("cofe-glocal")
        for name, menu in menus.items():
            t.link((menu, "value"), (self, name))
        if value is not None:
            self.target, self.method = value.target, value.method
            self._take(value)

    # -- computing

    def _steps(self) -> Iterator[Step[Any]]:
        top = 100 if self.group == HIGHEST else None
        options: dict[str, Any] = {"top": top, "labels": self._labels}
        if self.group == SO_LABELLED:
            options["group"] = self._labelled()
        elif self.group == SELECTED:
            some = {id(self._records[place]) for place in self.selected}
            if not some:
                raise ExplainError(
                    "nothing is selected: draw a lasso in the tab of the group first"
                )
            options["group"] = lambda record, _: id(record) in some
        return glocal.steps(self._records, self._f, self.target, self.method, **options)

    def _labelled(self) -> Callable[[Record, Any], bool]:
        """Whether a record is labelled as the class that is explained."""
        target, told = self.target, self._labels
        if told is None:
            return lambda record, _: target in (record.meta.get("labels") or ())
        true = {
            id(record): target in (one or ())
            for record, one in zip(self._records, told, strict=True)
        }
        return lambda record, _: true[id(record)]

    def _take(self, value: GlocalMap) -> None:
        self.cell = ()
        self.value = value
        self._draw(value)
        self._words.value = f"<p>{escaped(value.words())}</p>"

    def _draw(self, value: GlocalMap) -> None:
        """A map, whole or as far as it is."""
        self._beats.value = beats_figure(value)
        self._plot.children = (answers_beside_labels(value.classes, value.outputs),)
        self._cells(value)
        self._result.layout.display = ""

    def _cells(self, value: GlocalMap) -> None:
        values, signed = _SHOWN[self.shown][0](value), _SHOWN[self.shown][1]
        self._grid.show(values, f"{self.shown}, {len(value)} of {value.seen} records", signed)

    @t.validate("shown")
    def _is_shown(self, proposal: Any) -> str:
        if proposal["value"] not in _SHOWN:
            raise t.TraitError(f"shown={proposal['value']!r}: choose of {', '.join(_SHOWN)}")
        return str(proposal["value"])

    @t.observe("shown")
    def _again(self, _: Any) -> None:
        if self.value is not None:
            self._cells(self.value)

    # -- what lies behind a cell

    def _choose(self, lead: str, segment: str) -> None:
        if self.value is not None:
            self.cell = (lead, segment)

    @t.validate("cell")
    def _is_cell(self, proposal: Any) -> tuple[str, ...]:
        value = tuple(proposal["value"])
        if value and (len(value) != 2 or value[0] not in LEADS or value[1] not in SEGMENTS):
            raise t.TraitError(f"cell={value!r}: expected a lead and a segment")
        return value

    @t.observe("cell")
    def _behind(self, change: Any) -> None:
        value = self.value
        self._close()
        if not change["new"] or value is None:
            self._about.value, self._list.options = "", []
            return
        lead, segment = change["new"]
        self._grid.mark(lead, segment)
        i, j = place_of(lead, segment)
        low, high = (float(one[i, j]) for one in value.intervals)
        has = int(np.isfinite(value.relevance[:, i, j]).sum())
        self._about.value = (
            f"<p><b>{escaped(segment)} in {escaped(lead)}</b>: {value.segments[i, j]:.2f} times an even "
            f"spread ({low:.2f} to {high:.2f}), {value.share[i, j]:.1%} of all relevance; {has} of "
            f"{len(value)} records have it. Those in whose map it weighs most:</p>"
        )
        rows = {int(place): k for k, place in enumerate(value.places)}
        self._list.unobserve(self._from_list, "value")
        self._list.options = [
            (self._named(place, float(value.relevance[rows[place], i, j])), place)
            for place in value.contributors(lead, segment, _LISTED)
        ]
        self._list.value = None
        self._list.observe(self._from_list, "value")

    def _named(self, place: int, size: float) -> str:
        """What a record is called in the list."""
        meta = self._records[place].meta
        labels = meta.get("labels") or ()
        labels = labels if isinstance(labels, str) else " ".join(map(str, labels))
        kind = " (simulated)" if meta.get("source") == "simulated" else ""
        return plain(f"records[{place}] {labels}{kind}: {size:.1f} times even")

    def _from_list(self, change: Any) -> None:
        if change["new"] is not None:
            self.open_record(int(change["new"]))

    def _close(self) -> None:
        for old in self._ecg.children:
            old.close()
        self._ecg.children = ()
        self.opened = -1

    def open_record(self, place: int) -> None:
        """Open one of the records, with the segment of the chosen cell marked in it.

        Raises
        ------
        ExplainError
            When there is no such record.
        """
        from ..viewer.viewer import EcgViewer

        if not 0 <= place < len(self._records):
            raise ExplainError(f"no record {place}: there are {len(self._records)}")
        self._close()
        record = self._records[place]
        self._ecg.children = (EcgViewer(record, attribution=self._marked(record)),)
        self.opened = place

    def _marked(self, record: Record) -> Attribution | None:
        """The chosen segment as a band behind its lead: how likely each sample is of it."""
        if not self.cell or self.cell[0] not in record.leads:
            return None
        soft = delineate(record).soft
        if soft is None:
            return None
        lead, segment = self.cell
        row = record.leads.index(lead)
        values = np.zeros(record.signal.shape, np.float32)
        likely = np.nan_to_num(soft[row, :, SEGMENTS.index(segment)])
        values[row] = np.where(likely >= LEAST_LIKELY, likely, 0)
        return Attribution(values, record, f"{segment} in {lead}", "segment")
