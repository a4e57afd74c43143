"""A model's answer over one quantity: along a counterfactual's path, or over a measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...report.outputs import output_of
from ...vocabulary.measurements import MEASUREMENTS

if TYPE_CHECKING:
    from ...explain import Counterfactual


@dataclass(frozen=True)
class Curve:
    """A model's answer over one quantity, for `AnswerPlot` to draw.

    Attributes
    ----------
    x, answers : sequence of float
        The curve; empty before there is one.
    output : mapping
        The output as `report.outputs.described` knows it.
    name, unit : str
        What lies along x, and its unit.
    span : (float, float)
        Ends of the x axis.
    digits : int
        Worth printing of x behind the point.
    level : float, optional
        The answer asked for: a dashed line.
    home : float, optional
        x of the ECG itself: a dashed line.
    """

    x: Sequence[float]
    answers: Sequence[float]
    output: Mapping[str, Any]
    name: str
    unit: str
    span: tuple[float, float]
    digits: int = 2
    level: float | None = None
    home: float | None = None

    def at(self, x: float) -> float:
        """The answer at x, between points by interpolation; NaN where there is no curve."""
        return float(np.interp(x, self.x, self.answers)) if len(self.x) else float("nan")

    @property
    def range(self) -> tuple[float, float]:
        """The answers that the plot spans: all that there can be, or all that there are."""
        if self.output["probability"]:
            return 0.0, 1.0
        level = [] if self.level is None else [self.level]
        seen, room = [*self.answers, *level], 10.0 ** -self.output["digits"]
        return (min(seen) - room, max(seen) + room) if seen else (0.0, 1.0)

    @property
    def over(self) -> str:
        """The label of the x axis."""
        name = self.name[0].upper() + self.name[1:]
        return f"{name}, {self.unit}" if self.unit else name

    @property
    def says(self) -> str:
        """The label of the answer's axis."""
        output = self.output
        if output["probability"]:
            return f"probability of {output['name']}"
        unit = f", {output['unit']}" if output["unit"] else ""
        return f"{output['title'] or output['name']}{unit}"


def along_path(cf: Counterfactual, level: float | None = None) -> Curve:
    """The answer over the severity of a counterfactual; ``level`` in place of the one it was asked."""
    x, answers = (tuple(map(float, values)) for values in (cf.severities, cf.predictions))
    asked = float(cf.level if level is None else level)
    return Curve(x, answers, output_of(cf), "severity", "", (0.0, 1.0), level=asked)


def over_dial(
    dial: Mapping[str, Any], points: Sequence[Sequence[float]], output: Mapping[str, Any]
) -> Curve:
    """The answer over a dialled measurement, in its own unit; the change of what is absent.

    Parameters
    ----------
    dial : mapping
        As `edit_state.dials` makes it.
    points : sequence of (change, answer)
    output : mapping
        As `report.outputs.described` makes it.
    """
    about, now = MEASUREMENTS[dial["name"]], dial["now"]
    base = 0.0 if now is None else float(now)
    name = f"change of {about.in_sentence}" if now is None else about.in_sentence
    x, answers = [base + change for change, _ in points], [answer for _, answer in points]
    span = base + dial["low"], base + dial["high"]
    return Curve(x, answers, output, name, about.symbol, span, about.digits, home=base)
