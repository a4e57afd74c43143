"""Stretches of a lead that are marked on the paper: where there is no signal, or none to be trusted.

The twin of ``js/src/viewer/marks.ts``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ...ecg import Record
from ...markup import escaped
from ...signals.quality import Fault, screened
from .palette import PALETTE
from .paper import Paper

_COLOURS = PALETTE["light"]
#: Of a row's height, above and below its baseline; between two lines of the hatching, mm.
_REACH, _STEP_MM = 0.36, 1.6
#: A spike is marked this wide, or nobody would see the mark, s.
_LEAST_S = 0.08
_WORDS = {
    "flat": "flat line",
    "saturated": "amplifier at its limit",
    "silent": "lead off",
    "artefact": "artefact",
    "spike": "spike",
}
#: No more marks are read out: whoever listens wants to hear the rest of the page, too.
_MOST_SPOKEN = 12


class Mark(NamedTuple):
    """A marked stretch of one lead.

    Attributes
    ----------
    lead : str
    start_s, end_s : float
    kind : str
        ``"gap"`` where there is nothing; any other where what there is is not to be trusted.
    title : str
        A few words, printed in the stretch and read out.
    """

    lead: str
    start_s: float
    end_s: float
    kind: str
    title: str


def gaps(record: Record) -> list[Mark]:
    """A mark for every stretch of a lead that is no heart's: gaps, flat lines, artefacts, spikes."""
    return [
        _mark(fault) for fault in screened(record).faults if fault.is_dead or fault.kind == "spike"
    ]


def _mark(fault: Fault) -> Mark:
    if fault.kind == "gap":
        return Mark(fault.lead, fault.start_s, fault.end_s, "gap", "no signal")
    spread = max(0.0, _LEAST_S - (fault.end_s - fault.start_s)) / 2
    start, end = max(0.0, fault.start_s - spread), fault.end_s + spread
    return Mark(fault.lead, start, end, fault.kind, _WORDS[fault.kind])


def within(marks: Iterable[Mark], start_s: float, end_s: float) -> list[Mark]:
    """The marks, or parts of them, of a stretch of the record; seconds from its start."""
    return [
        mark._replace(
            start_s=max(mark.start_s, start_s) - start_s, end_s=min(mark.end_s, end_s) - start_s
        )
        for mark in marks
        if mark.end_s > start_s and mark.start_s < end_s
    ]


def spoken(marks: Sequence[Mark]) -> str:
    """The marks in words, as the picture's description has them; empty when there are none."""
    told = [f"{m.lead} {m.start_s:.1f} to {m.end_s:.1f} s: {m.title}" for m in marks[:_MOST_SPOKEN]]
    more = len(marks) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more else "")


def packed_marks(marks: Iterable[Mark]) -> list[dict[str, str | float]]:
    """Marks as the browser reads them, with the name of their colour in the palette."""
    return [
        {"lead": m.lead, "from": m.start_s, "to": m.end_s, "colour": _colour(m), "title": m.title}
        for m in marks
    ]


def _colour(mark: Mark) -> str:
    """Name in the palette: nothing is grey, what is not to be trusted is not."""
    return "text" if mark.kind == "gap" else "negative"


def marks_svg(sheet: Paper, marks: Sequence[Mark]) -> Iterator[str]:
    """The marks hatched on the paper, their words where there is room and as tooltips."""
    reach = _REACH * sheet.row_height
    for panel in sheet.panels:
        for mark in marks:
            first, last = max(panel.t0, mark.start_s), min(panel.t1, mark.end_s)
            if mark.lead != panel.lead or not last > first:
                continue
            x, end = (panel.x + (t - panel.t0) * sheet.speed for t in (first, last))
            top, bottom = panel.baseline - reach, panel.baseline + reach
            colour = _COLOURS[_colour(mark)]
            words = f"{mark.lead}, {mark.start_s:.2f} to {mark.end_s:.2f} s: {mark.title}"
            yield (
                f"<g><title>{escaped(words)}</title>"
                f'<rect x="{x:.2f}" y="{top:.2f}" width="{end - x:.2f}" height="{2 * reach:.2f}" '
                f'fill-opacity="0"/>'
                f'<path d="{_hatching(x, end, top, bottom)}" stroke="{colour}" '
                f'stroke-width="0.2" stroke-opacity="0.4"/>'
            )
            if end - x > 1.6 * len(mark.title) + 2:
                yield (
                    f'<text x="{x + 1:.2f}" y="{bottom - 0.8:.2f}" font-family="sans-serif" '
                    f'font-size="2.6" fill="{_COLOURS["text"]}" stroke="{_COLOURS["paper"]}" '
                    f'stroke-width="0.8" paint-order="stroke">{escaped(mark.title)}</text>'
                )
            yield "</g>"


def _hatching(left: float, right: float, top: float, bottom: float) -> str:
    """Lines that rise by 45 degrees within a rectangle, all on one raster."""
    high = bottom - top
    at = np.arange(np.floor((left - high) / _STEP_MM) * _STEP_MM, right, _STEP_MM)
    x0, x1 = np.maximum(at, left), np.minimum(at + high, right)
    lines = zip(x0, bottom - (x0 - at), x1, bottom - (x1 - at), strict=True)
    return "".join(f"M{a:.2f} {b:.2f}L{c:.2f} {d:.2f}" for a, b, c, d in lines if c > a)
