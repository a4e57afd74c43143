"""Clinical geometry: where every lead, second and millivolt lies on the paper, in millimetres.

Pure, and the twin of ``js/src/core/paper.ts``: both are held to ``tests/report/paper.json``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...ecg import LEADS

LAYOUTS = ("3x4+1", "3x4", "6x2", "12x1")
SPEEDS = (25, 50)  # mm/s
GAINS = (5, 10, 20)  # mm/mV
ORDERS = ("standard", "cabrera")
PAGE_SECONDS = 10.0

_CABRERA = ("aVL", "I", "-aVR", "II", "aVF", "III", *LEADS[6:])
_LEFT = 5.0  # mm before the calibration pulse
_PULSE_S = 0.2
HEADROOM = 20.0  # mm above the first baseline and below the last, unless more is asked for
FOOTROOM = 15.0
_MOST_ROOM = 45.0
_ROW_MM = {"3x4+1": 25.0, "3x4": 25.0, "6x2": 20.0, "12x1": 15.0}
_COLUMNS = {"3x4+1": 4, "3x4": 4, "6x2": 2, "12x1": 1}


@dataclass(frozen=True)
class Panel:
    """One lead, one stretch of time: ``x`` is where ``t0`` lies, ``baseline`` where 0 mV does."""

    lead: str
    label: str
    sign: int
    row: int
    x: float
    baseline: float
    t0: float
    t1: float


@dataclass(frozen=True)
class Pulse:
    """Calibration pulse of a row: 1 mV, 200 ms."""

    x: float
    width: float
    height: float
    baseline: float


@dataclass(frozen=True)
class Paper:
    """A page of ECG paper; lengths in mm, ``speed`` in mm/s, ``gain`` in mm/mV."""

    layout: str
    speed: float
    gain: float
    width: float
    height: float
    row_height: float
    panels: tuple[Panel, ...]
    pulses: tuple[Pulse, ...]

    def point(self, panel: Panel, t: float, mv: float) -> tuple[float, float]:
        """Where ``mv`` millivolts at ``t`` seconds lie: ``(x, y)`` in mm."""
        return (
            panel.x + (t - panel.t0) * self.speed,
            panel.baseline - panel.sign * mv * self.gain,
        )


def paper(
    leads: Sequence[str],
    seconds: float,
    layout: str = "3x4+1",
    speed: float = 25,
    gain: float = 10,
    order: str = "standard",
    headroom: float = HEADROOM,
    footroom: float = FOOTROOM,
) -> Paper:
    """Lay a record out on ECG paper.

    Parameters
    ----------
    leads : sequence of str
        What the record has. Without the twelve standard leads every lead gets a row of its own.
    seconds : float
        What there is to show; a page holds ten seconds.
    layout : {"3x4+1", "3x4", "6x2", "12x1"}
        Rows by columns; columns are successive windows of time; ``+1`` adds a strip of lead II.
    speed : {25, 50}
        mm/s.
    gain : {5, 10, 20}
        mm/mV.
    order : {"standard", "cabrera"}
        Cabrera: aVL, I, -aVR, II, aVF, III.
    headroom, footroom : float
        mm above the first baseline, in fives, and below the last: room for tall waves.
    """
    seconds = min(seconds, PAGE_SECONDS)
    twelve = set(LEADS) <= set(leads)
    printed = (_CABRERA if order == "cabrera" else LEADS) if twelve else tuple(leads)
    shape = layout if twelve else "12x1"
    columns = _COLUMNS[shape]
    per_column = math.ceil(len(printed) / columns)
    window = seconds / columns
    start = _LEFT + _PULSE_S * speed + 5
    row_height = _ROW_MM[shape] * max(1.0, gain / 10)

    def place(label: str, row: int, t0: float, t1: float) -> Panel:
        turned = label not in leads  # -aVR: a lead may itself be called with a minus
        return Panel(
            lead=label[1:] if turned else label,
            label=label,
            sign=-1 if turned else 1,
            row=row,
            x=start + t0 * speed,
            baseline=headroom + row * row_height,
            t0=t0,
            t1=t1,
        )

    panels = [
        place(label, index % per_column, column * window, (column + 1) * window)
        for index, label in enumerate(printed)
        for column in (index // per_column,)
    ]
    if shape == "3x4+1":
        panels.append(place("II", per_column, 0.0, seconds))
    rows = max(panel.row for panel in panels) + 1
    return Paper(
        layout=shape,
        speed=speed,
        gain=gain,
        width=math.ceil((start + seconds * speed) / 5 - 1e-9) * 5 + 5.0,
        height=headroom + (rows - 1) * row_height + footroom,
        row_height=row_height,
        panels=tuple(panels),
        pulses=tuple(
            Pulse(_LEFT, _PULSE_S * speed, gain, headroom + row * row_height) for row in range(rows)
        ),
    )


def room(sheet: Paper, waves: Callable[[Panel], tuple[float, float]]) -> tuple[float, float]:
    """Headroom and footroom for the tallest wave of the first and the deepest of the last row.

    Parameters
    ----------
    sheet : Paper
    waves : callable
        How far a panel rises above and falls below its baseline on the paper, in mV.
    """
    last = max(panel.row for panel in sheet.panels)
    rise = max(waves(panel)[0] for panel in sheet.panels if panel.row == 0) * sheet.gain + 2
    fall = max(waves(panel)[1] for panel in sheet.panels if panel.row == last) * sheet.gain + 5

    def fives(mm: float, least: float) -> float:
        return min(_MOST_ROOM, max(least, math.ceil(mm / 5) * 5.0))

    return fives(rise, HEADROOM), fives(fall, FOOTROOM)
