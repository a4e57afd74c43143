"""`ConceptGrid`: which concepts a model uses, as a live grid; what lies behind a cell is a click away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as w
import traitlets as t

from ...ecg import Record
from ...errors import ExplainError
from ...explain.concepts import ConceptScores, concepts
from ...markup import escaped, html_table, plain
from ...report.concepts import class_line, of_models
from ...report.reasons import percent
from ...wrapper.records import listed
from ..core.jobs import Finish, Jobs, Update, Work
from ..plots.concepts import CLICKED_THROUGH, Cell, GridPlot, distribution

if TYPE_CHECKING:
    from ...wrapper import Predictor

#: Records of each kind that are offered behind a cell.
_EXTREMES = 8
_KIND = "concepts"
_LEGEND = (
    "Blue: the concept speaks for the class; orange: against it; grey: it cannot be told apart in this layer. "
    "★ separable, and all CAVs agree. Square: the concept's own class. A click on a cell tells more."
)
_AGREE = {
    "yes": "It agrees with the TCAV score.",
    "no": "It contradicts the TCAV score.",
    "undecided": "It decides nothing: no star, as many layers for as against, or an interval that holds zero.",
    "not asked": "The ECG cannot be moved along this concept.",
}


class ConceptGrid(w.VBox):
    """Which concepts a model uses (TCAV), layer by layer and class by class.

    Parameters
    ----------
    scores : ConceptScores, optional
        Computed ones; otherwise they are computed here, with progress, and can be stopped.
    records : iterable of Record, optional
        Those that the scores are of: a record behind a cell then opens in an `EcgViewer`.
    models : Predictor or list of Predictor, optional
        To compute with.
    concepts, classes, labels, **options
        Of `cofe_widgets.concepts`.

    Attributes
    ----------
    scores : ConceptScores or None
    chosen : tuple of str
        Concept, layer and class of the cell whose details are shown; can be set.
    busy : bool
        Whether scores are being computed.
    opened : int
        Place of the record on screen; -1 for none.

    Raises
    ------
    ExplainError
        When there are neither scores nor records and models, or the records are not those of the scores.
    """

    scores: ConceptScores | None = t.Any(None, allow_none=True)  # type: ignore[assignment]
    chosen: tuple[str, ...] = t.Tuple(())  # type: ignore[assignment]
    busy: bool = t.Bool(False)  # type: ignore[assignment]
    opened: int = t.Int(-1)  # type: ignore[assignment]

    def __init__(
        self,
        scores: ConceptScores | None = None,
        records: Iterable[Record] | None = None,
        models: Predictor | Sequence[Predictor] | None = None,
        concepts: Iterable[Any] | None = None,
        classes: Sequence[str] | None = None,
        labels: Iterable[Any] | None = None,
        **options: Any,
    ) -> None:
        self.records = [] if records is None else listed(records)
        if scores is not None and not isinstance(scores, ConceptScores):
            raise ExplainError(f"scores is a {type(scores).__name__}: expected cw.concepts(...)")
        if scores is None and (models is None or not self.records):
            raise ExplainError(
                "give scores=cw.concepts(...), or records= and models= to compute them"
            )
        if scores is not None and self.records and len(self.records) != scores.members.shape[1]:
            raise ExplainError(
                f"{len(self.records)} records and scores of {scores.members.shape[1]}: give those that the "
                "scores are of"
            )
        self._models = models
        self._asked = {"concepts": concepts, "classes": classes, "labels": labels, **options}
        self._jobs = Jobs(self._heard, {_KIND: self._begin})
        self._jobs.handle({"type": "ready", "view": "grid"})
        self._build()
        super().__init__(self._parts, layout=w.Layout(padding="4px"))
        self.add_class("cofe-concepts")
        if scores is not None:
            self._take(scores)

    @property
    def value(self) -> ConceptScores | None:
        """The scores, as other panels of an audit call theirs."""
        return self.scores

    # -- computing

    def start(self) -> None:
        """Compute the scores, in the background where there is an event loop."""
        if self._models is None:
            raise ExplainError("there are no models to compute with: give models=")
        self._jobs.begin(_KIND)

    def stop(self) -> None:
        """Cancel what runs."""
        self._jobs.stop()

    def _begin(self, _: dict[str, Any], __: Sequence[bytes]) -> tuple[dict[str, Any], Work]:
        return {}, self._work()

    def _work(self) -> Work:
        found = None
        assert self._models is not None
        for step in concepts.steps(self.records, self._models, **self._asked):
            found = step.result
            frame = None if step.partial is None else {"scores": step.partial}
            yield Update({"fraction": step.fraction, "message": step.message}, frame=frame)
        assert found is not None
        return Finish(apply=lambda: self._take(found))

    def _heard(self, content: dict[str, Any], _: list[bytes]) -> None:
        """What a job says, told to the parts of the widget."""
        kind = content["type"]
        if kind == "snapshot":  # for views that come later
            return
        if kind == "step":
            self._progress.value = float(content["fraction"])
            self._say(str(content["message"]))
            if content["frame"] is not None:
                partial = content["frame"]["scores"]
                self._grid.show(partial, f"Concepts that {of_models(partial)} uses, so far")
                self._grid_box.layout.display = ""
            self._jobs.handle({"type": "ack", "id": content["id"], "seq": content["seq"]})
            return
        self.busy = kind == "start"
        self._stop.disabled, self._go.disabled = not self.busy, self.busy or self._models is None
        self._progress.layout.visibility = "visible" if self.busy else "hidden"
        if kind == "cancelled":
            self._say("Stopped.")
        elif kind == "error":
            self._say(str(content["message"]), wrong=True)

    def _say(self, words: str, wrong: bool = False) -> None:
        role = "alert" if wrong else "status"
        self._message.value = f'<span role="{role}">{escaped(words)}</span>'

    # -- showing

    def _build(self) -> None:
        """The parts: progress, the grid, menus for a cell, and what lies behind it."""
        self._go = w.Button(description="Compute", disabled=self._models is None)
        self._stop = w.Button(description="Stop", disabled=True)
        self._go.on_click(lambda _: self.start())
        self._stop.on_click(lambda _: self.stop())
        self._progress = w.FloatProgress(
            0.0, min=0.0, max=1.0, layout=w.Layout(visibility="hidden")
        )
        self._message = w.HTML()
        bar = w.HBox([self._go, self._stop, self._progress, self._message])
        bar.layout.display = "none" if self._models is None else ""
        self._grid = GridPlot(self._choose)
        self._grid_box = w.VBox(
            [self._grid.figure, w.HTML(f"{CLICKED_THROUGH}<small>{_LEGEND}</small>")],
            layout=w.Layout(display="none"),
        )
        self._menus = [w.Dropdown(description=name) for name in ("Concept", "Layer", "Class")]
        for menu in self._menus:
            menu.observe(self._from_menus, "value")
        self._about = w.HTML()
        self._plot = w.VBox(layout=w.Layout(min_width="480px"))
        self._causal = w.HTML()
        self._lists = [
            w.Select(description=name, options=[], rows=6, layout=w.Layout(width="420px"))
            for name in ("Rises", "Falls")
        ]
        for one in self._lists:
            one.observe(self._from_list, "value")
        self._ecg = w.VBox()
        self._details = w.VBox(
            [
                w.HBox(self._menus),
                self._about,
                w.HBox(
                    [
                        self._plot,
                        w.VBox([w.HTML("<b>Examples along the concept</b>"), *self._lists]),
                    ],
                    layout=w.Layout(flex_flow="row wrap"),
                ),
                self._causal,
                self._ecg,
            ],
            layout=w.Layout(display="none"),
        )
        self._words = w.HTML()
        self._parts = [bar, self._grid_box, self._details, self._words]

    def _take(self, scores: ConceptScores) -> None:
        """Scores that are complete take the place of those on screen."""
        self.chosen = ()
        self.scores = scores
        self._progress.value = 1.0
        self._say("")
        self._grid.show(scores, f"Concepts that {of_models(scores)} uses (TCAV)")
        self._grid_box.layout.display = self._details.layout.display = ""
        self._words.value = (
            f"<details><summary>In words</summary><p>{escaped(scores.words())}</p></details>"
        )
        names = (scores.names, scores.layers, scores.outputs)
        options = [list(names[0]), list(names[1]), self._classes(scores)]
        for menu, some in zip(self._menus, options, strict=True):
            menu.unobserve(self._from_menus, "value")
            menu.options = some
            menu.observe(self._from_menus, "value")
        self.chosen = self._first(scores)

    @staticmethod
    def _classes(scores: ConceptScores) -> list[str]:
        """The classes that have examples."""
        return [
            name for name, note in zip(scores.outputs, scores.classes.note, strict=True) if not note
        ]

    def _first(self, scores: ConceptScores) -> tuple[str, ...]:
        """A cell to begin with: of the first concept its own class, in the last layer."""
        classes = self._classes(scores)
        own = [one for one in scores.owns(scores.names[0]) if one in classes]
        return scores.names[0], scores.layers[-1], (own or classes)[0]

    def _choose(self, cell: Cell) -> None:
        if self.scores is not None:
            i, j, k = cell
            self.chosen = self.scores.names[i], self.scores.layers[j], self.scores.outputs[k]

    def _from_menus(self, _: Any) -> None:
        values = tuple(menu.value for menu in self._menus)
        if all(values):
            self.chosen = values

    @t.validate("chosen")
    def _is_cell(self, proposal: Any) -> tuple[str, ...]:
        value = tuple(proposal["value"])
        if not value:
            return ()
        if self.scores is None or len(value) != 3:
            raise t.TraitError(f"chosen={value!r}: expected (concept, layer, class) of the scores")
        for one, known in zip(
            value, (self.scores.names, self.scores.layers, self.scores.outputs), strict=True
        ):
            if one not in known:
                raise t.TraitError(f"chosen={value!r}: no {one!r} in {', '.join(known)}")
        return value

    @t.observe("chosen")
    def _show_cell(self, change: Any) -> None:
        if not change["new"] or self.scores is None:
            return
        scores = self.scores
        concept, layer, output = change["new"]
        for menu, value in zip(self._menus, change["new"], strict=True):
            if value in menu.options:
                menu.value = value
        cell = scores.names.index(concept), scores.layers.index(layer), scores.outputs.index(output)
        self._grid.mark(cell)
        self._about.value = self._cell_words(cell)
        self._plot.children = (distribution(scores, cell),)
        self._causal.value = self._causal_words(concept, output)
        found = scores.extremes(concept, layer, output, _EXTREMES)
        self.opened = -1
        self._ecg.children = ()
        for menu, which in zip(self._lists, ("positive", "negative"), strict=True):
            menu.unobserve(self._from_list, "value")
            menu.options = [
                (self._record_words(place, float(scores.sensitivity[(*cell, place)])), place)
                for place in found[which]
            ]
            menu.value = None
            menu.observe(self._from_list, "value")

    def _cell_words(self, cell: Cell) -> str:
        scores = self.scores
        assert scores is not None
        i, j, k = cell
        low, middle, high = scores.quartiles[(slice(None), *cell)]
        star = "★ all conditions hold" if scores.stars[cell] else "no star"
        grey = (
            ""
            if scores.separable[i, j]
            else "; it cannot be told apart in this layer: nothing follows"
        )
        row = scores.concepts.iloc[i]
        output = scores.outputs[k]
        layers = class_line(scores, str(row.concept), output)
        return (
            f"<p><b>{escaped(row.concept)}</b> ({escaped(row.title)}; {row.positives} with it, "
            f"{row.negatives} without) in <b>{escaped(scores.layers[j])}</b> for <b>{escaped(output)}</b> "
            f"({scores.classes.examples.iloc[k]} examples): TCAV {middle:.2f} ({low:.2f} to {high:.2f}), "
            f"accuracy {percent(float(scores.mean_accuracy[i, j]))}, effect {scores.effects[cell]:+.2f} "
            f"log-odds; {star}{grey}. All layers: {escaped(layers)}.</p>"
        )

    def _causal_words(self, concept: str, output: str) -> str:
        scores = self.scores
        assert scores is not None
        table = scores.causal
        rows = table[(table.concept == concept) & (table["class"] == output)]
        if not len(rows):
            return "<p>No causal check was asked for (causal=0).</p>"
        shown = rows[["edit", "records", "met", "change", "low", "high", "note"]].rename(
            columns={
                "edit": "moved by",
                "met": "rule answers as moved",
                "change": "change of log-odds",
                "low": "95 % from",
                "high": "to",
            }
        )
        said = _AGREE[str(rows.agree.iloc[0])]
        return f"<p><b>Causal check.</b> {said}</p>{html_table(shown, index=False)}"

    def _record_words(self, place: int, along: float) -> str:
        """What a record is called in a list: its place, its labels."""
        said = ""
        if self.records:
            meta = self.records[place].meta
            labels = meta.get("labels") or ()
            labels = labels if isinstance(labels, str) else " ".join(map(str, labels))
            said = " · ".join(filter(None, (labels, str(meta.get("title", "")))))
            said += " (simulated)" if meta.get("source") == "simulated" else ""
        return plain(f"records[{place}] {said} {along:+.3g}")

    def _from_list(self, change: Any) -> None:
        """A record of a list in the viewer; the other list lets go of its own."""
        place = change["new"]
        if place is None:
            return
        for one in self._lists:
            if one is not change["owner"]:
                one.value = None
        self.open_record(int(place))

    def open_record(self, place: int) -> None:
        """Open one of the records.

        Raises
        ------
        ExplainError
            When there is no such record.
        """
        from ..viewer.viewer import EcgViewer

        if not self.records:
            self._ecg.children = (w.HTML("Give records= to open them here."),)
            return
        if not 0 <= place < len(self.records):
            raise ExplainError(f"no record {place}: there are {len(self.records)}")
        for old in self._ecg.children:
            old.close()
        self._ecg.children = (EcgViewer(self.records[place]),)
        self.opened = place

    # -- elsewhere

    def picture(self, theme: str = "light") -> str:
        """The grid as a still SVG.

        Raises
        ------
        ExplainError
            When nothing was computed yet.
        """
        if self.scores is None:
            raise ExplainError("nothing was computed yet: start() does it")
        return self.scores.figure(theme=theme)
