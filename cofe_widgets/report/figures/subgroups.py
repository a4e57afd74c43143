"""Errors by group as a picture: a row a group, its shares as points with their intervals."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from ...markup import escaped
from ...vocabulary.diagnoses import title_with_code
from .palette import PALETTE

if TYPE_CHECKING:
    import pandas as pd

#: Widths and heights, px.
_LABEL, _COUNT, _COLUMN, _GAP, _ROW, _HEAD, _FOOT = 190, 90, 190, 26, 24, 66, 34
_SHARES = (("auroc", "AUROC"), ("sensitivity", "sensitivity"), ("specificity", "specificity"))
#: The error that a share is of, as `audit.subgroups` names it.
_ERROR = {"sensitivity": "missed", "specificity": "false alarms"}


def subgroups_figure(table: pd.DataFrame, differ: pd.DataFrame, theme: str = "light") -> str:
    """The picture of one target.

    Parameters
    ----------
    table, differ : DataFrame
        Of one target, `Subgroups.table` and `Subgroups.differences`.
    theme : "light" or "dark"
    """
    colour = PALETTE[theme]
    rows = list(table.to_dict("records"))
    marked = {(row.by, row.group, row.error) for row in differ.itertuples()}
    lefts = [_LABEL + _COUNT + k * (_COLUMN + _GAP) for k in range(len(_SHARES))]
    width = lefts[-1] + _COLUMN + 24
    bottom = _HEAD + _ROW * len(rows)
    out = [_text(12, 22, f"{title_with_code(rows[0]['target'])}: errors by group", weight=600)]
    out.append(_text(_LABEL + _COUNT - 16, _HEAD - 10, "cases / records", anchor="end", quiet=True))
    for (_, name), left in zip(_SHARES, lefts, strict=True):
        out.append(_text(left + _COLUMN / 2, _HEAD - 24, name, anchor="middle"))
        for at in (0.0, 0.5, 1.0):
            x = left + at * _COLUMN
            out.append(
                f'<path d="M{x:g} {_HEAD - 4}V{bottom:g}" stroke="currentColor" opacity="0.18"/>'
            )
            out.append(_text(x, _HEAD - 8, f"{at:g}", anchor="middle", quiet=True))
    before = ""
    for k, row in enumerate(rows):
        y = _HEAD + _ROW * (k + 0.5)
        if before and row["by"] != before:
            line = y - _ROW / 2
            out.append(
                f'<path d="M12 {line:g}H{width - 12:g}" stroke="currentColor" opacity="0.25"/>'
            )
        before = row["by"]
        name = row["group"] if row["by"] == row["group"] else f"{row['by']}: {row['group']}"
        out.append(_text(12, y + 4, name))
        count = f"{row['positives']} / {row['n']}"
        out.append(_text(_LABEL + _COUNT - 16, y + 4, count, anchor="end"))
        for (key, _), left in zip(_SHARES, lefts, strict=True):
            differs = (row["by"], row["group"], _ERROR.get(key)) in marked
            out += _interval(
                row, key, left, y, colour["negative" if differs else "accent"], differs
            )
    legend = (
        "points with 95 % intervals; ◆ errs more or less often than the others (Holm, p < 0.05)"
    )
    out.append(_text(12, bottom + 22, legend, quiet=True))
    height = bottom + _FOOT
    label = escaped(f"errors by group for {rows[0]['target']}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-label="{label}" '
        f'font-family="system-ui, sans-serif" font-size="12" color="{colour["text"]}" '
        f'fill="{colour["text"]}"><rect width="{width:g}" height="{height:g}" '
        f'fill="{colour["paper"]}"/>{"".join(out)}</svg>'
    )


def _interval(
    row: dict[str, Any], key: str, left: float, y: float, hue: str, differs: bool
) -> list[str]:
    value, low, high = (row[f"{key}{end}"] for end in ("", "_low", "_high"))
    if not isfinite(value):
        return [_text(left + _COLUMN / 2, y + 4, "too few", anchor="middle", quiet=True)]
    x, ends = left + value * _COLUMN, [left + one * _COLUMN for one in (low, high)]
    said = escaped(f"{value:.2f} ({low:.2f} to {high:.2f})")
    mark = (
        f'<path d="M{x:g} {y - 6:g}l6 6l-6 6l-6 -6z" fill="{hue}"/>'
        if differs
        else f'<circle cx="{x:g}" cy="{y:g}" r="4" fill="{hue}"/>'
    )
    return [
        f"<g><title>{said}</title>"
        f'<path d="M{ends[0]:g} {y:g}H{ends[1]:g}" stroke="{hue}" stroke-width="2"/>{mark}</g>'
    ]


def _text(
    x: float, y: float, text: str, anchor: str = "start", weight: int = 400, quiet: bool = False
) -> str:
    opacity = ' opacity="0.72"' if quiet else ""
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-weight="{weight}"{opacity}>'
        f"{escaped(text)}</text>"
    )
