"""A glocal map as bqplot figures: the 12 x 24 segments, and answers beside labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import bqplot as bq
import numpy as np
from numpy.typing import NDArray

from ...ecg import LEADS
from ...report.figures.palette import PALETTE
from ...vocabulary.segments import SEGMENTS
from .look import GRID, INK, QUIET, RED, axis, figure, scale, ticks

if TYPE_CHECKING:
    import pandas as pd

_LIGHT = PALETTE["light"]
_BLUE, _ORANGE = _LIGHT["positive"], _LIGHT["negative"]
_ROW_PX, _LEFT_PX, _TOP_PX = 22, 46, 124
_WIDTH_PX = 900


class SegmentGrid:
    """Leads by segments as a heat map: a click on a cell chooses it.

    Parameters
    ----------
    chosen : callable
        Told the lead and the segment.

    Attributes
    ----------
    figure : bqplot.Figure
    """

    def __init__(self, chosen: Callable[[str, str], None]) -> None:
        self._tell = chosen
        down, across = bq.OrdinalScale(reverse=True), bq.OrdinalScale()
        self._colours = bq.ColorScale(colors=["#eef3fa", _BLUE], min=0.0, max=1.0)
        self.cells = bq.GridHeatMap(
            color=np.zeros((len(LEADS), len(SEGMENTS))),
            row=list(LEADS),
            column=list(SEGMENTS),
            scales={"row": down, "column": across, "color": self._colours},
            opacity=1.0,
            stroke="transparent",
            null_color=GRID,
            selected_style={"stroke": RED, "stroke-width": 3},
            unselected_style={"opacity": 1.0},
        )
        self.cells.on_element_click(self._clicked)
        look = {"grid_lines": "none", "tick_format": ""}
        upright = {"tick_rotate": -60, "tick_style": {"font-size": "11px", "text-anchor": "start"}}
        self.figure = figure(
            [self.cells],
            [axis(across, "", "top", **look, **upright), axis(down, "", "left", **look)],
            height_px=_TOP_PX + 12 + _ROW_PX * len(LEADS),
            width_px=_WIDTH_PX,
            margin={"left": _LEFT_PX, "top": _TOP_PX, "bottom": 12, "right": 16},
        )

    def show(self, values: NDArray[Any], title: str, signed: bool = False) -> None:
        """Draw the cells; those that are NaN are empty.

        Parameters
        ----------
        values : ndarray, shape (12, 24)
        title : str
        signed : bool
            Whether zero is the middle of the colours.
        """
        known = values[np.isfinite(values)]
        most = float(np.abs(known).max()) if len(known) else 1.0
        with self._colours.hold_sync():
            self._colours.colors = [_ORANGE, "#f4f5f7", _BLUE] if signed else ["#eef3fa", _BLUE]
            self._colours.min, self._colours.max = (-most if signed else 0.0), most
        self.cells.color = np.where(np.isfinite(values), values, np.nan).astype(float)
        self.figure.title = title

    def mark(self, lead: str, segment: str) -> None:
        """Show which cell is chosen."""
        self.cells.selected = np.array([[LEADS.index(lead), SEGMENTS.index(segment)]])

    def _clicked(self, _: Any, event: dict[str, Any]) -> None:
        data = event.get("data", {})
        row, column = (data.get(name) for name in ("rowNum", "columnNum"))
        whole = isinstance(row, int) and isinstance(column, int)
        if whole and row < len(LEADS) and column < len(SEGMENTS):
            self._tell(LEADS[row], SEGMENTS[column])


def answers_beside_labels(classes: pd.DataFrame, outputs: Sequence[str]) -> bq.Figure:
    """Mean answers over mean labels, a point a class with its name; on the dashed line they are one.

    Parameters
    ----------
    classes : DataFrame
        `GlocalMap.classes`.
    outputs : sequence of str
    """
    x, y = scale(0.0, 1.0), scale(0.0, 1.0)
    scales: dict[str, Any] = {"x": x, "y": y}
    known = classes[np.isfinite(classes.label) & classes.answer.between(0, 1)]
    marks: list[bq.Mark] = [
        bq.Lines(
            scales=scales, x=[0, 1], y=[0, 1], colors=[QUIET], stroke_width=1.0, line_style="dashed"
        ),
        bq.Scatter(
            scales=scales,
            x=known.label.to_numpy(float),
            y=known.answer.to_numpy(float),
            names=np.array([str(one) for one in known.index]),
            display_names=True,
            colors=[_BLUE],
            default_size=48,
            apply_clip=False,
        ),
    ]
    axes = [
        axis(x, "mean label", tick_values=ticks(0.0, 1.0)),
        axis(y, "mean answer", "left", tick_values=ticks(0.0, 1.0)),
    ]
    head = "Answers beside labels" if len(known) else "Answers: no labels are known"
    found = figure(marks, axes, head, height_px=300, width_px=360)
    for one in axes:
        one.color = INK
    return found
