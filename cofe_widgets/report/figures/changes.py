"""What counterfactuals of many records changed, as a picture: a row a measurement."""

from __future__ import annotations

from math import isfinite, log2
from typing import TYPE_CHECKING

import numpy as np

from ...markup import escaped
from ...vocabulary.diagnoses import title
from ...vocabulary.measurements import MEASUREMENTS
from .palette import PALETTE

if TYPE_CHECKING:
    import pandas as pd

#: Widths and heights, px.
_LABEL, _PLOT, _ROW, _HEAD, _FOOT = 264, 420, 22, 56, 50
#: Where the axis is labelled: it is even in the logarithm of 1 + size.
_SIZES = (1, 3, 10, 30, 100)


def changes_figure(
    original: pd.DataFrame,
    counterfactual: pd.DataFrame,
    table: pd.DataFrame,
    target: str,
    theme: str = "light",
) -> str:
    """Medians and quartiles of every change, in the smallest changes that count.

    Parameters
    ----------
    original, counterfactual : DataFrame
        Measurements of the records reached, the same rows.
    table : DataFrame
        `audit.compare` of them.
    target : str
    theme : "light" or "dark"
    """
    colour = PALETTE[theme]
    sizes = {}
    for key in original.columns:
        about = MEASUREMENTS[str(key)]
        change = about.change(original[key].to_numpy(float), counterfactual[key].to_numpy(float))
        sizes[str(key)] = np.sort(change[np.isfinite(change)]) / about.least
    far = max([log2(1 + 3), *(_place(abs(one).max()) for one in sizes.values() if len(one))]) * 1.04
    middle = _LABEL + _PLOT / 2
    bottom = _HEAD + _ROW * len(sizes)
    out = [
        _text(12, 22, f"Towards {title(target)}: what changed, {len(original)} records", weight=600)
    ]
    for at in (0, *_SIZES, *(-one for one in _SIZES)):
        x = middle + _place(at) / far * _PLOT / 2
        if abs(_place(at)) <= far:
            out.append(
                f'<path d="M{x:.1f} {_HEAD}V{bottom}" stroke="currentColor" opacity="0.18"/>'
            )
            out.append(_text(x, _HEAD - 8, f"{at:+d}" if at else "0", anchor="middle", quiet=True))
    for k, (key, size) in enumerate(sizes.items()):
        y = _HEAD + _ROW * (k + 0.5)
        about = MEASUREMENTS[key]
        least = f"{about.least * about.scale:g} {about.symbol}".rstrip()
        out.append(_text(_LABEL - 10, y + 4, f"{about.title} ({least})", anchor="end"))
        if not len(size):
            out.append(
                _text(middle, y + 4, "never measurable in both", anchor="middle", quiet=True)
            )
            continue
        ends = [middle + _place(one) / far * _PLOT / 2 for one in np.percentile(size, [25, 50, 75])]
        p = float(table.loc[key, "wilcoxon_p_holm"])
        seen = isfinite(p) and p < 0.05 and abs(np.median(size)) >= 1
        hue = colour["changed"] if seen else "currentColor"
        out.append(
            f'<g opacity="{1 if seen else 0.55}"><path d="M{ends[0]:.1f} {y:g}H{ends[2]:.1f}" '
            f'stroke="{hue}" stroke-width="5" stroke-linecap="round" opacity="0.45"/>'
            f'<circle cx="{ends[1]:.1f}" cy="{y:g}" r="4" fill="{hue}"/></g>'
        )
    legend = "medians and quartiles, in the smallest changes that count (in brackets);"
    out.append(_text(12, bottom + 20, legend, quiet=True))
    told = "in colour: more than one of them, and more than chance (Wilcoxon, Holm, p < 0.05)"
    out.append(_text(12, bottom + 36, told, quiet=True))
    width, height = _LABEL + _PLOT + 24, bottom + _FOOT
    label = escaped(f"what counterfactuals towards {target} changed")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{label}" font-family="system-ui, sans-serif" '
        f'font-size="12" color="{colour["text"]}" fill="{colour["text"]}"><rect width="{width}" '
        f'height="{height}" fill="{colour["paper"]}"/>{"".join(out)}</svg>'
    )


def _place(size: float) -> float:
    """Where a change lies on the axis: small ones apart, large ones still on it."""
    return float(np.sign(size) * np.log2(1 + abs(size)))


def _text(
    x: float, y: float, text: str, anchor: str = "start", weight: int = 400, quiet: bool = False
) -> str:
    opacity = ' opacity="0.72"' if quiet else ""
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-weight="{weight}"{opacity}>'
        f"{escaped(text)}</text>"
    )
