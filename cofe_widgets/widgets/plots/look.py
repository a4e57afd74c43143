"""The look of every bqplot figure: fonts, colours of either theme, axes, margins."""

from __future__ import annotations

from typing import Any

import bqplot as bq
import numpy as np
from ipywidgets import Layout
from numpy.typing import NDArray

from ...report.figures.palette import PALETTE


def _between(one: str, other: str) -> str:
    """The colour halfway between two, ``#rrggbb``."""
    pairs = zip(*(bytes.fromhex(colour[1:]) for colour in (one, other)), strict=True)
    return "#" + bytes(sum(pair) // 2 for pair in pairs).hex()


#: The counterfactual's red: bqplot has one colour for light and dark pages, hence one between theirs.
RED = _between(*(PALETTE[theme]["changed"] for theme in ("light", "dark")))
#: Text, what is quiet beside it, and lines of the grid: JupyterLab's own, which follow its theme.
INK = f"var(--jp-content-font-color1, {PALETTE['light']['text']})"
QUIET = "var(--jp-content-font-color2, #667080)"
GRID = "var(--jp-border-color2, #dfe3e8)"
_TEXT_PX = 12


def axis(on: bq.Scale, label: str, side: str = "bottom", **options: Any) -> bq.Axis:
    """An axis with a label and a quiet grid.

    Parameters
    ----------
    on : bqplot.Scale
    label : str
        What the axis shows, with its unit.
    side : str
        ``"bottom"`` or ``"left"``.
    **options
        Of `bqplot.Axis`: ``tick_values``, ``tick_format``, ``num_ticks`` ...
    """
    look: dict[str, Any] = {
        "label_color": INK,
        "color": QUIET,
        "grid_color": GRID,
        "tick_style": {"font-size": f"{_TEXT_PX}px", "fill": QUIET},
        "tick_format": "~g",
        "label_offset": "38px" if side == "left" else "32px",
    }
    return bq.Axis(scale=on, label=label, side=side, **(look | options))


def scale(low: float = 0.0, high: float = 1.0, **options: Any) -> bq.LinearScale:
    """A scale from ``low`` to ``high`` and no farther, whatever is drawn on it."""
    return bq.LinearScale(min=low, max=high, allow_padding=False, **options)


def ticks(low: float, high: float, most: int = 6) -> NDArray[np.float64]:
    """Round numbers between two ends, in steps of 1, 2 or 5 times a power of ten."""
    least = (high - low) / most
    ten = 10.0 ** np.floor(np.log10(least))
    step = next(size * ten for size in (1, 2, 5, 10) if size * ten >= 0.999 * least)
    return np.arange(np.ceil(low / step - 1e-6), np.floor(high / step + 1e-6) + 1) * step


def text(scales: dict[str, bq.Scale], **options: Any) -> bq.Label:
    """Small quiet words in a figure."""
    look: dict[str, Any] = {"colors": [QUIET], "default_size": _TEXT_PX, "font_weight": "normal"}
    return bq.Label(scales=scales, apply_clip=False, **(look | options))


def figure(
    marks: list[bq.Mark],
    axes: list[bq.Axis],
    title: str = "",
    *,
    height_px: int = 264,
    width_px: int = 560,
    margin: dict[str, int] | None = None,
) -> bq.Figure:
    """A figure on the page's own ground.

    Parameters
    ----------
    marks, axes : list
    title : str
        Said above it; a screen reader reads it too.
    height_px, width_px : int
        Its height, and the most it takes of the width there is.
    margin : dict of str to int, optional
        Of ``top``, ``bottom``, ``left`` and ``right`` those that differ from the usual.
    """
    return bq.Figure(
        marks=marks,
        axes=axes,
        title=title,
        title_style={"fill": INK, "font-size": "14px", "font-weight": "600"},
        background_style={"fill": "none"},
        legend_style={"fill": "none", "stroke": "none"},
        legend_text={"fill": INK, "font-size": f"{_TEXT_PX}px"},
        fig_margin={"top": 48, "bottom": 46, "left": 56, "right": 18} | (margin or {}),
        padding_y=0.0,
        display_toolbar=False,
        layout=Layout(width="100%", max_width=f"{width_px}px", height=f"{height_px}px"),
    )
