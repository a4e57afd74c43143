"""What one position of all dials makes of an ECG, its answer, and the answer over one dial."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...ecg import Record
from ...report.rows import change
from ...signals.criteria.diagnoses import is_irregular
from ...vocabulary.measurements import MEASUREMENTS
from ..core.component import packed_layer

if TYPE_CHECKING:
    from ...generative.directions import Directions, Edit
    from ...wrapper import Predictor

#: Points of a curve over one dial, and how many are computed at a time: a dragged slider waits no longer.
POINTS, TOGETHER = 9, 3
_NEVER_BELOW_ZERO = ("rr_sd_ms", "p_amplitude_mv", "r_amplitude_mv")


class Wanted(NamedTuple):
    """Everything that is dialled."""

    asked: tuple[tuple[str, float], ...]
    dial: str
    predictor: Predictor

    @property
    def around(self) -> tuple[Any, ...]:
        """What a curve over the dial depends on: all but the dial itself."""
        others = tuple(pair for pair in self.asked if pair[0] != self.dial)
        return (self.dial, others, self.predictor)


class EditState:
    """An ECG as dialled; each part is computed when it is first asked for."""

    def __init__(self, edit: Edit, wanted: Wanted) -> None:
        self.edit, self.wanted = edit, wanted

    @cached_property
    def record(self) -> Record:
        """The ECG as dialled; the record itself where nothing is."""
        original: Record = self.edit.record
        if not self.wanted.asked:
            return original
        signal = self.edit.signals(dict(self.wanted.asked))
        return original.with_signal(signal, source="edited")

    @cached_property
    def answers(self) -> dict[str, float]:
        """What the model says of it."""
        return self.wanted.predictor.predict(self.record)

    @cached_property
    def achieved(self) -> dict[str, float]:
        """What is measured on it."""
        from ...signals import measure

        return measure(self.record)

    def shown(self) -> dict[str, Any]:
        """Trace and answer, as the browser shows them."""
        dialled = bool(self.wanted.asked)
        return {"signal": packed_layer(self.record) if dialled else None, "values": self.answers}

    def numbers(self) -> dict[str, Any]:
        """Measurements beside those of the ECG itself, as the browser shows them."""
        before = self.edit.measured
        names = list(self.edit.now)
        irregular = any(is_irregular(values) is True for values in (before, self.achieved))
        rows = [change(name, before[name], self.achieved[name], irregular) for name in names]
        achieved = {name: _finite(self.achieved[name]) for name in names}
        return {"achieved": achieved, "changes": rows if self.wanted.asked else []}


class DialCurve:
    """The answer as one measurement is dialled and the others stay; grows as it is asked to."""

    def __init__(self, edit: Edit, wanted: Wanted, span: tuple[float, float]) -> None:
        self.edit, self.wanted = edit, wanted
        grid = np.linspace(*span, POINTS)
        self._missing = sorted({0.0, *map(float, grid)}, key=abs)  # from the ECG itself outwards
        self._found: dict[float, dict[str, float]] = {}

    def grow(self) -> Iterator[None]:
        """Compute what is missing, a few points at a time."""
        others = {name: size for name, size in self.wanted.asked if name != self.wanted.dial}
        while self._missing:
            some = self._missing[:TOGETHER]
            signals = self.edit.batch([{**others, self.wanted.dial: size} for size in some])
            records = [self.edit.record.with_signal(signal) for signal in signals]
            answers = self.wanted.predictor.predict(records)
            self._found.update(zip(some, answers, strict=True))
            self._missing = self._missing[TOGETHER:]
            yield

    def packed(self, target: str) -> dict[str, Any]:
        """As the browser draws it, for one output."""
        points = [[size, self._found[size][target]] for size in sorted(self._found)]
        return {"name": self.wanted.dial, "points": points}


def dials(directions: Directions, edit: Edit) -> list[dict[str, Any]]:
    """The dials as the browser shows them.

    What the ECG does not have cannot be dialled, but for a P wave, which can be added.
    """
    found = []
    for name in directions.names:
        now, (low, high) = _finite(edit.now[name]), map(float, directions.ranges[name])
        if now is None and name != "p_amplitude_mv":
            continue
        if name in _NEVER_BELOW_ZERO:
            # A whole number of the slider's steps, so that its other end can be reached too.
            steps = 10.0 ** (MEASUREMENTS[name].digits + 1)
            low = max(low, -math.floor((now or 0.0) * steps) / steps)
        words = MEASUREMENTS[name]
        about = {"unit": directions.units[name], "digits": words.digits, "now": now}
        ends = {"low": low, "high": high, "slack": words.least}
        found.append({"name": name, "label": directions.words[name], **about, **ends})
    return found


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
