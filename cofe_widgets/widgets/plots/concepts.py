"""Concept scores as bqplot figures: the live grid, and what lies behind one cell of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import bqplot as bq
import numpy as np
from numpy.typing import NDArray

from ...explain.concepts.result import LEAST_ACCURACY
from ...report.figures.palette import PALETTE
from .look import INK, QUIET, RED, axis, figure, scale, text, ticks

if TYPE_CHECKING:
    from ...explain.concepts import ConceptScores

Cell = tuple[int, int, int]
_LIGHT = PALETTE["light"]
#: Where a score is a half, where a concept cannot be told apart, and what is written on cells.
_HALF, _GREY, _ON_CELL = "#f4f5f7", "#a9afb8", "#16181d"
#: bqplot takes a grid of one row or column for a list: another stands beside it, without a name.
_BLANK = "\u00a0"
_ROW_PX, _COLUMN_PX, _LEFT_PX, _TOP_PX = 22, 62, 250, 86
#: The class of the figure, and the style by which what lies over cells lets clicks through.
_CLASS = "cofe-concept-grid"
CLICKED_THROUGH = f"<style>.{_CLASS} .object_grp {{ pointer-events: none; }}</style>"
#: Scores are shown in so many steps from 0 to 1.
_STEPS = 40
_NOT_TOLD, _EMPTY = "not told apart", "empty"


def _mixed(share: float) -> str:
    """The colour of a score: of one hue below a half and of another above, as deep as it lies far from it."""
    end = _LIGHT["positive"] if share >= 0.5 else _LIGHT["negative"]
    pairs = zip(*(bytes.fromhex(colour[1:]) for colour in (_HALF, end)), strict=True)
    depth = abs(2 * share - 1)
    return "#" + bytes(round(a + depth * (b - a)) for a, b in pairs).hex()


#: What a cell may say, and its colour.
_COLOURS = {
    **{str(k): _mixed(k / _STEPS) for k in range(_STEPS + 1)},
    _NOT_TOLD: _GREY,
    _EMPTY: "transparent",
}


class GridPlot:
    """The grid of a `ConceptScores`: a click on a cell chooses it.

    Parameters
    ----------
    chosen : callable
        Told (concept, layer, class), as places in the scores.

    Attributes
    ----------
    figure : bqplot.Figure
    """

    def __init__(self, chosen: Callable[[Cell], None]) -> None:
        self._tell = chosen
        self._rows: list[tuple[int, int]] = []
        self._columns: list[int] = []
        self._starred: list[Cell] = []
        self._framed: list[Cell] = []
        down, across = bq.OrdinalScale(reverse=True), bq.OrdinalScale()
        colours = bq.OrdinalColorScale(domain=list(_COLOURS), colors=list(_COLOURS.values()))
        self.cells = bq.GridHeatMap(
            color=np.full((2, 2), _EMPTY),
            row=[_BLANK, _BLANK * 2],
            column=[_BLANK, _BLANK * 2],
            scales={"row": down, "column": across, "color": colours},
            opacity=1.0,
            stroke="transparent",
            interactions={},
            selected_style={"stroke": RED, "stroke-width": 3},
            unselected_style={"opacity": 1.0},
        )
        scales = {"x": across, "y": down}
        self.stars = text(
            scales, x=[], y=[], text=[], align="middle", y_offset=-1,
            colors=[_ON_CELL], default_size=14,
        )  # fmt: skip
        self.own = bq.Scatter(
            scales=scales, x=[], y=[], marker="square", fill=False, stroke=_ON_CELL,
            colors=[_ON_CELL], stroke_width=1.6, default_size=150, apply_clip=False,
        )  # fmt: skip
        self.cells.on_element_click(self._clicked)
        look = {"grid_lines": "none", "tick_format": ""}
        # Clicks on stars and squares are clicks on the cells below them: see `CLICKED_THROUGH`.
        self.figure = figure(
            [self.cells, self.own, self.stars],
            [axis(across, "", "top", **look), axis(down, "", "left", **look)],
            height_px=160,
            width_px=900,
            margin={"left": _LEFT_PX, "top": _TOP_PX, "bottom": 12},
        )
        self.figure.add_class(_CLASS)

    def show(self, scores: ConceptScores, title: str) -> None:
        """Draw the grid; classes with too few examples and concepts that were not asked are left out."""
        known = [bool(np.isfinite(one).any()) for one in scores.mean_accuracy]
        rows = [k for k in range(len(scores.names)) if known[k]]
        self._rows = [(i, j) for i in rows for j in range(len(scores.layers))]
        self._columns = [k for k, note in enumerate(scores.classes.note) if not note]
        middle = np.where(scores.separable[:, :, None], scores.quartiles[1], np.nan)
        values = np.array([middle[i, j, self._columns] for i, j in self._rows])
        steps = np.round(_STEPS * np.nan_to_num(values)).astype(int).astype(str)
        colour = np.where(np.isnan(values), _NOT_TOLD, steps)
        names = [f"{scores.names[i]} · {scores.layers[j]}" for i, j in self._rows]
        classes = [scores.outputs[k] for k in self._columns]
        cells = [(i, j, k) for i, j in self._rows for k in self._columns]
        self._starred = [one for one in cells if scores.stars[one]]
        own = {scores.names[i]: set(scores.owns(scores.names[i])) for i in rows}
        self._framed = [one for one in cells if scores.outputs[one[2]] in own[scores.names[one[0]]]]
        self.cells.selected = None
        with (
            self.cells.hold_trait_notifications()
        ):  # rows, columns and colours are checked together
            self.cells.row, self.cells.column, self.cells.color = _at_least_two(
                names, classes, colour
            )
        self._place(self.own, self._framed, names, classes)
        self.stars.text = ["★"] * len(self._starred)
        self._place(self.stars, self._starred, names, classes)
        self.figure.title = title
        self.figure.layout.height = f"{_TOP_PX + 12 + _ROW_PX * len(names)}px"
        self.figure.layout.max_width = f"{_LEFT_PX + 40 + _COLUMN_PX * max(len(classes), 4)}px"

    def mark(self, cell: Cell) -> None:
        """Show which cell is chosen."""
        row = self._rows.index((cell[0], cell[1])) if (cell[0], cell[1]) in self._rows else None
        if row is not None and cell[2] in self._columns:
            self.cells.selected = np.array([[row, self._columns.index(cell[2])]])

    def _place(self, mark: bq.Mark, cells: list[Cell], rows: list[str], columns: list[str]) -> None:
        places = {one: k for k, one in enumerate(self._rows)}
        with mark.hold_sync():
            mark.x = np.array([columns[self._columns.index(k)] for _, _, k in cells], dtype=str)
            mark.y = np.array([rows[places[i, j]] for i, j, _ in cells], dtype=str)

    def _clicked(self, _: Any, event: dict[str, Any]) -> None:
        data = event.get("data", {})
        row, column = (data.get(name) for name in ("rowNum", "columnNum"))
        if (
            isinstance(row, int)
            and isinstance(column, int)
            and row < len(self._rows)
            and column < len(self._columns)
        ):
            self._tell((*self._rows[row], self._columns[column]))


def _at_least_two(
    rows: list[str], columns: list[str], colour: NDArray[np.str_]
) -> tuple[list[str], list[str], NDArray[np.str_]]:
    """A grid with a nameless row and column where it has one alone."""
    short = [int(len(names) == 1) for names in (rows, columns)]
    colour = np.pad(colour, [(0, short[0]), (0, short[1])], constant_values=_EMPTY)
    return rows + [_BLANK] * short[0], columns + [_BLANK] * short[1], colour


def distribution(scores: ConceptScores, cell: Cell) -> bq.Figure:
    """Of one cell: every TCAV score, those of random concepts, and the accuracies, a point a CAV."""
    i, j, k = cell
    dummy = scores.concepts.dummy.to_numpy(bool)
    lanes = [
        ("TCAV scores", scores.scores[:, :, i, j, k].ravel(), RED),
        ("of random concepts", scores.scores[:, :, dummy, j, k].ravel(), QUIET),
        ("accuracy", scores.accuracy[:, :, i, j].ravel(), INK),
        ("of random concepts", scores.accuracy[:, :, dummy, j].ravel(), QUIET),
    ]
    x, y = scale(0.0, 1.0), scale(-0.6, len(lanes) - 0.4, reverse=True)
    scales: dict[str, Any] = {"x": x, "y": y}
    marks: list[bq.Mark] = [
        _guide(scales, 0.5, (-0.5, 1.5), "dashed"),
        _guide(scales, LEAST_ACCURACY, (1.5, 3.5), "dashed"),
    ]
    for lane, (_, values, colour) in enumerate(lanes):
        known = values[np.isfinite(values)]
        if not len(known):
            continue
        heights = lane + 0.22 * np.sin(2.4 * np.arange(len(known)))
        marks.append(
            bq.Scatter(
                scales=scales,
                x=known,
                y=heights,
                colors=[colour],
                default_size=26,
                opacities=[0.55],
                apply_clip=False,
            )
        )
        if colour is not QUIET:
            marks.append(_bar(scales, known, lane, colour))
    names = {str(k): name for k, (name, _, _) in enumerate(lanes)}
    levels = np.arange(len(lanes), dtype=float)
    down = axis(y, "", "left", tick_values=levels, tick_labels=names, grid_lines="none")
    across = axis(x, "0.5 and 70 % are dashed", tick_values=ticks(0.0, 1.0))
    head = f"{scores.concepts.concept.iloc[i]} in {scores.layers[j]} for {scores.outputs[k]}"
    margin = {"left": 150, "right": 24}
    found = figure(marks, [across, down], head, height_px=262, width_px=560, margin=margin)
    found.layout.min_width = "460px"
    return found


def _guide(scales: dict[str, Any], at: float, span: tuple[float, float], style: str) -> bq.Lines:
    look = {"colors": [QUIET], "stroke_width": 1.0, "line_style": style}
    return bq.Lines(scales=scales, x=[at, at], y=list(span), **look)


def _bar(scales: dict[str, Any], values: NDArray[np.float64], lane: int, colour: str) -> bq.Lines:
    """From the first quartile to the third, below the points."""
    low, high = np.quantile(values, (0.25, 0.75))
    return bq.Lines(
        scales=scales, x=[float(low), float(high)], y=[lane + 0.36] * 2,
        colors=[colour], stroke_width=3.0,
    )  # fmt: skip
