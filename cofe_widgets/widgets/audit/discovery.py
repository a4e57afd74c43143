"""`ClustersPanel`: what splits a group of records, with a lasso around those that are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

import bqplot as bq
import ipywidgets as w
import numpy as np
import traitlets as t

from ...explain.discovery import Clusters, discover
from ...explain.discovery.result import REPRESENTATIONS
from ...markup import escaped
from ...report.discovery import SPLIT_BY
from ...report.figures.discovery import KINDS, beats_figure
from ...steps import Step
from ..core.work_bar import WorkBar
from ..plots.look import axis, figure

if TYPE_CHECKING:
    from ...ecg import Record
    from ...wrapper import Predictor

COLOURS = ("cluster", "label", "sex", "age", "prediction")
UNKNOWN, NOT_KNOWN = "#9aa0a6", "not known"
#: From low to high, of one hue.
_RAMP = ("#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#08519c", "#08306b")
_AGES = (40.0, 50.0, 60.0, 70.0, 80.0)
_CHANCES = (0.1, 0.25, 0.5, 0.75, 0.9)
#: Room about the points, of their width and height.
ROOM = 0.12
_HOW_MANY = (("most stable of 2 to 4", 0), ("2", 2), ("3", 3), ("4", 4), ("5", 5))


class ClustersPanel(w.VBox):
    """t-SNE of a group, coloured by what is chosen; a lasso selects records, whose mean beats are drawn.

    Parameters
    ----------
    records : sequence of Record
        The group.
    f : Predictor
    labels : sequence of str or None, optional
        As `cw.discover` takes them.

    Attributes
    ----------
    value : Clusters or None
    selected : tuple of int
        Places of the records within the lasso; can be set.
    target, representation, colour : str
    clusters : int
        How many; 0 lets stability choose.
    """

    value: Clusters | None = t.Any(None, allow_none=True)  # type: ignore[assignment]
    selected: tuple[int, ...] = t.Tuple(())  # type: ignore[assignment]
    target: str = t.Unicode("")  # type: ignore[assignment]
    representation: str = t.Enum(REPRESENTATIONS, REPRESENTATIONS[0])  # type: ignore[assignment]
    clusters: int = t.Int(0)  # type: ignore[assignment]
    colour: str = t.Enum(COLOURS, COLOURS[0])  # type: ignore[assignment]

    def __init__(
        self,
        records: Sequence[Record],
        f: Predictor,
        labels: Sequence[str | None] | None = None,
    ) -> None:
        self._records, self._f, self._given = records, f, labels
        self.bar = WorkBar(self._steps, self._take)
        menus = self._menus()
        self._legend, self._words = w.HTML(), w.HTML()
        self._picture, self._chosen = w.HTML(), w.HTML()
        self._colours = w.Dropdown(description="Colour", options=list(COLOURS))
        self.scatter, self.figure = self._plot()
        self._none = w.Button(description="Select none", disabled=True)
        self._none.on_click(lambda _: self._forget())
        head = w.HBox([self._colours, self._none], layout=w.Layout(flex_flow="row wrap"))
        beside = [head, self._legend, self.figure, self._chosen, self._words, self._picture]
        self._shown = w.VBox(beside, layout=w.Layout(display="none"))
        super().__init__([menus, self.bar, self._shown])
        t.link((self._colours, "value"), (self, "colour"))
        self.scatter.observe(self._lassoed, "selected")

    def _menus(self) -> w.HBox:
        target = w.Dropdown(description="Class", options=list(self._f.outputs))
        options = [(SPLIT_BY[one], one) for one in REPRESENTATIONS]
        by = w.Dropdown(description="Split by", options=options)
        count = w.Dropdown(description="Clusters", options=list(_HOW_MANY))
        for menu, name in ((target, "target"), (by, "representation"), (count, "clusters")):
            t.link((menu, "value"), (self, name))
        return w.HBox([target, by, count], layout=w.Layout(flex_flow="row wrap"))

    def _plot(self) -> tuple[bq.Scatter, bq.Figure]:
        scales = {"x": bq.LinearScale(), "y": bq.LinearScale()}
        dots = bq.Scatter(
            x=[],
            y=[],
            scales=scales,
            default_size=60,
            unselected_style={"opacity": "0.2"},
            selected_style={"opacity": "1"},
        )
        axes = [axis(scales["x"], "t-SNE 1"), axis(scales["y"], "t-SNE 2", "left")]
        shown = figure([dots], axes, "", height_px=380, width_px=620)
        lasso = bq.interacts.LassoSelector(
            x_scale=scales["x"], y_scale=scales["y"], marks=[dots], color=KINDS[0]
        )
        shown.interaction = lasso
        return dots, shown

    def _steps(self) -> Iterator[Step[Any]]:
        steps = discover.steps(
            self._records,
            self._f,
            self.target,
            self.representation,
            self.clusters or None,
            self._given,
        )
        return steps

    def _take(self, value: Clusters) -> None:
        self._forget()
        self.value = value

    # -- what is shown

    @t.observe("value")
    def _show(self, _: Any) -> None:
        if self.value is None:
            return
        self._frame(self.value.embedding)
        with self.scatter.hold_sync():
            self.scatter.x, self.scatter.y = self.value.embedding.T.copy()
        self._paint()
        self._words.value = f"<p>{escaped(self.value.words())}</p>"
        self._picture.value = self.value.figure()
        self._beats()
        self._shown.layout.display = ""

    def _frame(self, points: np.ndarray[Any, Any]) -> None:
        """Leave room around the outermost points, that a lasso can pass outside of them."""
        low, high = points.min(axis=0), points.max(axis=0)
        room = ROOM * np.maximum(high - low, 1e-6)
        for k, one in enumerate((self.scatter.scales["x"], self.scatter.scales["y"])):
            with one.hold_sync():
                one.min, one.max = float(low[k] - room[k]), float(high[k] + room[k])

    @t.observe("colour")
    def _paint(self, _: Any = None) -> None:
        if self.value is None:
            return
        kinds = self._kinds(self.value)
        names = sorted(set(kinds) - {NOT_KNOWN}, key=_in_order)
        shades = _shades(names, self.colour)
        self.scatter.colors = [shades[kind] for kind in kinds]
        told = [
            f'<span style="color:{shades[one]}">●</span> {escaped(one)} ({kinds.count(one)})'
            for one in [*names, *([NOT_KNOWN] if NOT_KNOWN in kinds else [])]
        ]
        self._legend.value = "&emsp;".join(told)

    def _kinds(self, value: Clusters) -> list[str]:
        """What each record is, by the colour chosen."""
        if self.colour == "cluster":
            return [f"cluster {int(k)}" for k in value.labels]
        if self.colour == "label":
            return [one or NOT_KNOWN for one in value.truth]
        if self.colour == "prediction":
            answers = value.answers[:, value.outputs.index(value.target)]
            edges = _CHANCES if self._f.output != "linear" else tuple(_parts(answers))
            return [_between(float(one), edges, 2) for one in answers]
        metas = [self._records[int(place)].meta for place in value.places]
        if self.colour == "sex":
            return [{"F": "women", "M": "men"}.get(str(m.get("sex")), NOT_KNOWN) for m in metas]
        return [_between(_number(m.get("age")), _AGES, 0) for m in metas]

    # -- what is selected

    def _forget(self) -> None:
        """Select none, and take the lassos away: a new one would add to theirs."""
        self.figure.interaction.reset()
        self.selected = ()

    def _lassoed(self, change: Any) -> None:
        if self.value is None:
            return
        found = () if change["new"] is None else np.ravel(change["new"])
        rows = sorted({int(k) for k in found})
        self.selected = tuple(int(self.value.places[k]) for k in rows)

    @t.observe("selected")
    def _beats(self, _: Any = None) -> None:
        self._none.disabled = not self.selected
        if self.value is None or not self.selected:
            hint = "Draw around points to see their mean beats." if self.value is not None else ""
            self._chosen.value = f"<p>{hint}</p>"
            if self.scatter.selected is not None and len(self.scatter.selected):
                self.scatter.selected = None
            return
        rows = np.flatnonzero(np.isin(self.value.places, self.selected))
        now = self.scatter.selected
        if now is None or sorted(map(int, np.ravel(now))) != rows.tolist():
            self.scatter.selected = rows
        self._chosen.value = beats_figure(self.value, self.selected)

    @t.validate("selected")
    def _of_the_group(self, proposal: Any) -> tuple[int, ...]:
        known = set() if self.value is None else set(map(int, self.value.places))
        asked = tuple(int(one) for one in proposal["value"])
        strange = [one for one in asked if one not in known]
        if strange:
            raise t.TraitError(
                f"record {strange[0]} is not among those that were clustered: choose of value.places"
            )
        return asked


def _shades(names: Sequence[str], colour: str) -> dict[str, str]:
    """A colour a kind: of one hue from low to high where there is an order."""
    if colour in ("age", "prediction"):
        steps = np.linspace(0, len(_RAMP) - 1, max(len(names), 1)).round().astype(int)
        found = {one: _RAMP[k] for one, k in zip(names, steps, strict=False)}
    else:
        found = {one: KINDS[k % len(KINDS)] for k, one in enumerate(names)}
    return found | {NOT_KNOWN: UNKNOWN}


def _between(value: float, edges: Sequence[float], digits: int) -> str:
    """The part between two edges that a value lies in, in words."""
    if not isfinite(value):
        return NOT_KNOWN
    k = int(np.searchsorted(edges, value, side="right"))
    if k == 0:
        return f"under {edges[0]:.{digits}f}"
    if k == len(edges):
        return f"{edges[-1]:.{digits}f} and over"
    return f"{edges[k - 1]:.{digits}f} to {edges[k]:.{digits}f}"


def _in_order(name: str) -> tuple[int, str]:
    """Under the first edge comes first, over the last one last."""
    return (0 if name.startswith("under ") else 2 if name.endswith(" and over") else 1, name)


def _parts(values: np.ndarray[Any, Any]) -> list[float]:
    """Edges that part values into fifths."""
    return sorted(set(np.quantile(values, (0.2, 0.4, 0.6, 0.8)).tolist()))


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
