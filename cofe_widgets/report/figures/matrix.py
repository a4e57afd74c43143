"""A table of likenesses as a picture: a coloured square for every two of several names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...markup import escaped
from .palette import PALETTE

_CELL, _LABEL, _PIXELS_A_LETTER, _MARGIN = 34, 20, 6.4, 12


def matrix_svg(
    values: NDArray[Any],
    rows: Sequence[str],
    columns: Sequence[str],
    title: str = "",
    theme: str = "light",
) -> str:
    """Correlations as squares: blue above zero, orange below, as deep as they are far from it.

    Parameters
    ----------
    values : ndarray, shape (rows, columns)
        -1 to 1; NaN is left empty.
    rows, columns : names of them
    title : str
    theme : "light" or "dark"
    """
    colour = PALETTE[theme]
    left = _MARGIN + _PIXELS_A_LETTER * max(map(len, rows)) + 8
    top = _MARGIN + (_LABEL if title else 0) + _PIXELS_A_LETTER * max(map(len, columns)) * 0.72 + 8
    width = left + _CELL * len(columns) + _MARGIN + 40
    width = max(width, 2 * _MARGIN + 1.1 * _PIXELS_A_LETTER * len(title))
    height = top + _CELL * len(rows) + _MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" font-family="system-ui, sans-serif" '
        f'font-size="11" fill="{colour["text"]}">',
        f'<rect width="100%" height="100%" fill="{colour["paper"]}"/>',
        f'<text x="{_MARGIN}" y="{_MARGIN + 8}" font-weight="600">{escaped(title)}</text>',
    ]
    for k, name in enumerate(columns):
        at = f"translate({left + (k + 0.6) * _CELL:.1f} {top - 6:.1f}) rotate(-45)"
        out.append(f'<text transform="{at}">{escaped(name)}</text>')
    for i, name in enumerate(rows):
        y = top + i * _CELL
        out.append(
            f'<text x="{left - 6:.1f}" y="{y + _CELL / 2 + 4:.1f}" text-anchor="end">{escaped(name)}</text>'
        )
        for k, value in enumerate(np.asarray(values)[i]):
            if not np.isfinite(value):
                continue
            x = left + k * _CELL
            hue = colour["positive"] if value >= 0 else colour["negative"]
            depth = min(1.0, abs(float(value)))
            out.append(
                f'<rect x="{x + 1:.1f}" y="{y + 1:.1f}" width="{_CELL - 2}" height="{_CELL - 2}" '
                f'fill="{hue}" fill-opacity="{0.85 * depth:.2f}"/>'
                f'<text x="{x + _CELL / 2:.1f}" y="{y + _CELL / 2 + 4:.1f}" '
                f'text-anchor="middle">{round(float(value), 2) + 0.0:.2f}</text>'
            )
    return "\n".join([*out, "</svg>"])
