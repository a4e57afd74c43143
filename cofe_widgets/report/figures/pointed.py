"""Where a map and a counterfactual point: two lanes below each trace, in a third colour where they agree.

The twin of ``js/src/viewer/pointed.ts``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...explain.agreement import BOTH, CHANGE, MAP, Agreement
from .palette import PALETTE
from .paper import Paper

#: Height of a lane, mm; of a row's height, from its baseline to the lower edge of the lanes.
_LANE_MM, _REACH = 0.9, 0.42
_COLOURS = {MAP: "positive", CHANGE: "changed", BOTH: "t"}


def pointed_svg(sheet: Paper, found: Agreement) -> Iterator[str]:
    """The lanes of every panel: the map in the upper one, the counterfactual in the lower one."""
    for panel in sheet.panels:
        if panel.lead not in found.leads:
            continue
        first, last = round(panel.t0 * found.fs), round(panel.t1 * found.fs)
        row = found.where[found.leads.index(panel.lead), first:last]
        floor = panel.baseline + _REACH * sheet.row_height
        for bits, colour in _COLOURS.items():
            high = (2 if bits == BOTH else 1) * _LANE_MM
            top = floor - (2 if bits & MAP else 1) * _LANE_MM
            boxes = "".join(
                f"M{panel.x + a * sheet.speed / found.fs:.2f} {top:.2f}"
                f"h{(b - a) * sheet.speed / found.fs:.2f}v{high:.2f}"
                f"H{panel.x + a * sheet.speed / found.fs:.2f}z"
                for a, b in _stretches(row == bits)
            )
            if boxes:
                yield f'<path d="{boxes}" fill="{PALETTE["light"][colour]}"/>'


def _stretches(inside: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where a row is true, ``[first, last)``."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], inside.view(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
