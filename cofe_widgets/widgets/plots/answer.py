"""A model's answer over one quantity, as a bqplot figure with a marker to drag."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import bqplot as bq
import numpy as np

from ...report.outputs import said
from .curves import Curve
from .look import QUIET, RED, axis, figure, scale, text, ticks


class AnswerPlot:
    """The figure, its marks, and the hand on its marker.

    The marks stay the same objects while what they show changes, so that marks which a user adds to
    ``figure.marks`` stay too. Points of the curve can be clicked, the marker dragged.

    Parameters
    ----------
    picked : callable, optional
        Told of x where a person puts the marker.
    idle : str
        The title where there is no curve.
    """

    def __init__(self, picked: Callable[[float], None] | None = None, idle: str = "") -> None:
        self._picked, self._idle = picked, idle
        self._placing = False
        self._now: tuple[Curve, float, float | None] | None = None
        x, y = scale(), scale()
        scales = {"x": x, "y": y}
        dashed = {"line_style": "dashed", "colors": [QUIET], "stroke_width": 1.2}
        self.asked = bq.Lines(scales=scales, **dashed)
        self.home = bq.Lines(scales=scales, **dashed)
        self.line = bq.Lines(scales=scales, colors=[RED], stroke_width=2.0)
        self.points = bq.Scatter(scales=scales, colors=[RED], default_size=18, apply_clip=False)
        self.marker = bq.Scatter(scales=scales, colors=[RED], default_size=150, apply_clip=False)
        self.asked_text, self.home_text = text(scales), text(scales)
        self.axes = (
            axis(x, "", tick_values=ticks(0.0, 1.0)),
            axis(y, "", "left", tick_values=ticks(0.0, 1.0)),
        )
        marks = [self.home, self.asked, self.line, self.points, self.home_text, self.asked_text]
        self.figure = figure([*marks, self.marker], list(self.axes), idle)
        ends = self.figure.scale_x, self.figure.scale_y, self.figure.layout
        self._models = [self.figure, *marks, self.marker, *self.axes, x, y, *ends]
        self._scales = x, y
        if picked is not None:
            self.marker.set_trait("enable_move", True)
            self.marker.restrict_x = self.marker.update_on_move = True
            self.marker.drag_size = 1.0
            self.marker.observe(self._dragged, "x")
            self.marker.on_drag_end(lambda *_: self._settle())
            self.points.on_element_click(self._clicked)

    def close(self) -> None:
        """Take the figure away, and what it is made of; marks that a user added are the user's."""
        for model in self._models:
            model.close()

    def show(self, curve: Curve | None, at: float = 0.0, answer: float | None = None) -> None:
        """Draw a curve, or none, and the marker.

        Parameters
        ----------
        curve : Curve or None
        at : float
            x of the marker.
        answer : float, optional
            The answer there; without it, the curve's.
        """
        if curve is None or len(curve.x) < 2:
            self._now = None
            for mark in (self.line, self.points, self.marker, self.home, self.asked):
                _draw(mark, [], [])
            for words in (self.home_text, self.asked_text):
                _say(words, "", 0.0, 0.0)
            self.figure.title = self._idle
            return
        for one, ends in zip(self._scales, (curve.span, curve.range), strict=True):
            with one.hold_sync():
                one.min, one.max = ends
        self._label(curve)
        _draw(self.line, curve.x, curve.answers)
        _draw(self.points, curve.x, curve.answers)
        self._place_lines(curve)
        self.place(curve, at, answer)

    def place(self, curve: Curve, at: float, answer: float | None = None) -> None:
        """Put the marker, and say in the title where it is."""
        self._now = curve, at, answer
        answer = curve.at(at) if answer is None else answer
        # A marker under a hand is where it is: written back, it would jump behind the hand.
        near = len(self.marker.x) == 1 and abs(self.marker.x[0] - at) < 0.6 * 10.0**-curve.digits
        self._put(self.marker.x[0] if near else at, answer)
        where = f"{curve.name} {at:.{curve.digits}f} {curve.unit}".strip().replace("-", "−")
        self.figure.title = f"{said(curve.output, answer)} at {where}"

    def _put(self, x: float, y: float) -> None:
        self._placing = True
        try:
            _draw(self.marker, [x], [y])
        finally:
            self._placing = False

    def _settle(self) -> None:
        """Let go, the marker lies where it says it is."""
        if self._now is not None:
            curve, at, answer = self._now
            self._put(at, curve.at(at) if answer is None else answer)

    def _label(self, curve: Curve) -> None:
        labels = curve.over, curve.says
        for one, label, ends in zip(self.axes, labels, (curve.span, curve.range), strict=True):
            one.label, one.tick_values = label, ticks(*ends)

    def _place_lines(self, curve: Curve) -> None:
        (left, right), (low, high) = curve.span, curve.range
        level, home = curve.level, curve.home
        asked = [] if level is None else [level, level]
        _draw(self.asked, [left, right] if asked else [], asked)
        _draw(self.home, [] if home is None else [home, home], [] if home is None else [low, high])
        if level is not None:
            top = level > low + 0.88 * (high - low)
            self.asked_text.y_offset = 14 if top else -5
            value = said({**curve.output, "name": "asked", "title": "asked"}, level)
            _say(self.asked_text, value, left + 0.01 * (right - left), level)
        if home is not None:
            up = curve.at(home) < (low + high) / 2
            self.home_text.y_offset = 12 if up else -5
            late = home > left + 0.8 * (right - left)
            with self.home_text.hold_sync():
                self.home_text.align, self.home_text.x_offset = (
                    ("end", -5) if late else ("start", 5)
                )
            _say(self.home_text, "this ECG", home, high if up else low)

    def _dragged(self, change: Any) -> None:
        if not self._placing and self._picked is not None and len(change["new"]) == 1:
            self._picked(float(change["new"][0]))

    def _clicked(self, _: Any, content: Mapping[str, Any]) -> None:
        index = content.get("data", {}).get("index")
        if self._picked is not None and index is not None and 0 <= index < len(self.points.x):
            self._picked(float(self.points.x[index]))


def _draw(mark: bq.Mark, x: Sequence[float], y: Sequence[float]) -> None:
    with mark.hold_sync():
        mark.x, mark.y = np.asarray(x, float), np.asarray(y, float)


def _say(label: bq.Label, words: str, x: float, y: float) -> None:
    with label.hold_sync():
        label.text, label.x, label.y = np.array([words]), np.array([x]), np.array([y])
