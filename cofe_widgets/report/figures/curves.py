"""The curves of a scorecard: what is left of maps, and of answers, step by step; dummies dashed beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...markup import escaped
from ...vocabulary.diagnoses import title_with_code
from .lines import Style, key, stroke, styles, upright
from .palette import PALETTE

if TYPE_CHECKING:
    import pandas as pd

_WIDTH, _HEIGHT, _LEFT, _TOP, _FOOT, _GAP, _MARGIN = 380, 200, 52, 40, 44, 36, 12
_COLUMNS, _HEAD, _GREY = 2, 26, "#8a919c"
#: What the model itself answers at the steps of a curve.
MODEL, MODEL_SAID = "", "the model's own AUROC (or mean score)"
#: By check, or else by its category: what goes from left to right, and upwards.
AXES = {
    "randomisation": ("share of layers randomised, from the output", "|r| with the model's map"),
    "faithfulness": ("share of samples changed", "what holds of the answer"),
    "insertion": ("share of samples put back", "what holds of the answer"),
    "perturbation": ("share of samples replaced", "AUROC, or what holds"),
}


def curves_figure(
    curves: pd.DataFrame, table: pd.DataFrame, model: str, theme: str = "light"
) -> str:
    """A panel a target and check, a line a method; what knows nothing of the model is dashed.

    Parameters
    ----------
    curves, table : DataFrame
        `Scorecard.curves` and the rows of `Scorecard.table` that they belong to.
    model : str
    theme : "light" or "dark"

    Returns
    -------
    str
        SVG.
    """
    titles = dict(zip(table.method, table.title, strict=True))
    dummies = set(table.method[table.dummy])
    drawn = [name for name in titles if (curves.method == name).any()]
    style = styles(drawn, dummies, theme)
    said = {name: titles[name] for name in drawn}
    panels = list(dict.fromkeys(zip(curves.target, curves.check, strict=True)))
    columns = min(_COLUMNS, len(panels))
    width = 2 * _MARGIN + columns * (_LEFT + _WIDTH + _GAP)
    if any(_is_judged(curves, target, check) for target, check in panels):
        style[MODEL], said[MODEL] = (_GREY, ""), MODEL_SAID
    words, top = key(said, style, _MARGIN + _LEFT, width - _MARGIN)
    top += _HEAD
    high = _TOP + _HEIGHT + _FOOT
    height = top + -(-len(panels) // columns) * high + _MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:g}" width="{width}" '
        f'height="{height:g}" role="img" aria-label="{escaped(f"curves of maps of {model}")}" '
        f'font-family="system-ui, sans-serif" font-size="11" fill="{PALETTE[theme]["text"]}">',
        f'<rect width="{width}" height="{height:g}" fill="{PALETTE[theme]["paper"]}"/>',
        f'<text x="{_MARGIN}" y="20" font-size="14" font-weight="600">{escaped(f"Maps of {model}")}</text>',
        f'<g transform="translate(0 {_HEAD})">{words}</g>',
    ]
    for k, (target, check) in enumerate(panels):
        x = _MARGIN + _LEFT + (k % columns) * (_LEFT + _WIDTH + _GAP)
        y = top + _TOP + (k // columns) * high
        rows = table[(table.target == target) & (table.check == check)].iloc[0]
        mine = curves[(curves.target == target) & (curves.check == check)]
        about = f"{rows.check_title} · {title_with_code(target)}"
        axes = AXES.get(check) or AXES.get(str(rows.category), ("step", "value"))
        panel = _panel(mine, drawn, axes, about, style, theme)
        out.append(f'<g transform="translate({x} {y:g})">{panel}</g>')
    return "\n".join([*out, "</svg>"])


def _is_judged(curves: pd.DataFrame, target: str, check: str) -> bool:
    """Whether the model's own answer is a share (an AUROC), which goes into a plot from 0 to 1."""
    own = curves[(curves.target == target) & (curves.check == check) & (curves.method == MODEL)]
    return len(own) > 0 and bool(own.value.between(0, 1).all())


def _panel(
    curves: pd.DataFrame,
    names: Sequence[str],
    axes: tuple[str, str],
    title: str,
    style: dict[str, Style],
    theme: str,
) -> str:
    """One plot. Values are shares or |r|; what is below 0 (minus a distance, of values) widens it."""
    across, up = axes
    shown = [name for name in (MODEL, *names) if name in style and (curves.method == name).any()]
    if MODEL in shown and not _is_judged(curves, curves.target.iloc[0], curves.check.iloc[0]):
        shown.remove(MODEL)
    known = curves[curves.method.isin(shown)]
    values = known.value[np.isfinite(known.value)]
    low, high = (
        min(0.0, values.min() if len(values) else 0.0),
        max(1.0, values.max() if len(values) else 1.0),
    )
    last = float(known.step.max()) or 1.0
    colour = PALETTE[theme]
    out = [
        f'<text x="0" y="-12" font-weight="600">{escaped(title)}</text>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke="{colour["major"]}"/>',
    ]

    def y(value: float) -> float:
        return _HEIGHT * (1 - (value - low) / (high - low))

    for tick in np.linspace(low, high, 6):
        out.append(f'<path d="M0 {y(tick):.1f}h{_WIDTH}" stroke="{colour["minor"]}"/>')
        out.append(f'<text x="-6" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:.1f}</text>')
    for share in np.linspace(0, last, 6):
        x = _WIDTH * share / last
        out.append(f'<text x="{x:.1f}" y="{_HEIGHT + 15}" text-anchor="middle">{share:.0%}</text>')
    for name in shown:
        mine = known[(known.method == name) & np.isfinite(known.value)]
        points = " ".join(
            f"{_WIDTH * step / last:.1f},{y(value):.1f}"
            for step, value in zip(mine.step, mine.value, strict=True)
        )
        wide = 3.0 if name == MODEL else 1.8
        out.append(f'<polyline points="{points}" {stroke(style[name], wide)}/>')
    out.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT + 32}" text-anchor="middle">{across}</text>')
    out.append(upright(up, _HEIGHT / 2, -38))
    return "".join(out)
