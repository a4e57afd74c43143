"""A scorecard as a picture: methods by checks, coloured by whether dummies are beaten, dummies at the bottom."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from ...markup import escaped
from ...vocabulary.diagnoses import title_with_code
from ..scorecard import shown
from .palette import PALETTE

if TYPE_CHECKING:
    import pandas as pd

Cell = dict[str, Any]
_FONT = 'font-family="system-ui, sans-serif"'
#: Widths and heights, px.
LABEL, COLUMN, ROW, HEAD, GAP = 176, 78, 26, 76, 8
_LETTERS = 11  # of a heading's line
#: Fill (by name in the palette) and mark of a judgement: colours alone do not say it.
JUDGED = {"yes": ("positive", 0.30, "✓"), "no": ("negative", 0.34, "✗")}
_RULE = "#8a919c"


def scorecard_figure(table: pd.DataFrame, model: str, theme: str = "light") -> str:
    """The picture of a scorecard's table, one target below the other.

    Parameters
    ----------
    table : DataFrame
        `Scorecard.table`, or some of its targets.
    model : str
    theme : "light" or "dark"

    Returns
    -------
    str
        SVG.
    """
    parts: list[str] = []
    y, width = 0.0, 0.0
    for target in dict.fromkeys(table.target):
        mine = table[table.target == target]
        block, height, across = _block(
            mine, f"Maps of {model} for {title_with_code(target)}", y, theme
        )
        parts += block
        y, width = y + height, max(width, across)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {y:g}" width="{width:g}" '
        f'height="{y:g}" role="img" aria-label="{escaped(f"scorecard of {model}")}" {_FONT} '
        f'fill="{PALETTE[theme]["text"]}">'
        f'<rect width="{width:g}" height="{y:g}" fill="{PALETTE[theme]["paper"]}"/>{"".join(parts)}</svg>'
    )


def _block(
    table: pd.DataFrame, title: str, top: float, theme: str
) -> tuple[list[str], float, float]:
    """One target's table: its parts, height and width."""
    cells: dict[tuple[str, str], Cell] = {
        (str(row["method"]), str(row["check"])): {str(k): v for k, v in row.items()}
        for row in table.to_dict("records")
    }
    checks = [_first(cells, check=name) for name in dict.fromkeys(table.check)]
    order = table.sort_values("dummy", kind="stable")
    names = [_first(cells, method=name) for name in dict.fromkeys(order.method)]
    lefts, width = _lefts(checks)
    out = [_text(10, top + 22, title, 15, weight=600)]
    y = top + 34
    for category, some in groupby(
        zip(checks, lefts, strict=True), key=lambda one: one[0]["category"]
    ):
        columns = list(some)
        first, last = columns[0][1], columns[-1][1] + COLUMN
        out.append(_text((first + last) / 2, y + 12, category, 11, "middle", faint=True))
        out.append(f'<path d="M{first + 3:g} {y + 17:g}H{last - 3:g}" stroke="{_RULE}"/>')
    for check, x in zip(checks, lefts, strict=True):
        out += _heading(check, x + COLUMN / 2, y + 32)
    y += HEAD
    for before, name in zip([None, *names[:-1]], names, strict=True):
        if name["dummy"] and (before is None or not before["dummy"]):
            y += GAP
            out.append(f'<path d="M10 {y - GAP / 2:g}H{width - 10:g}" stroke="{_RULE}"/>')
        out.append(_text(10, y + 17, name["title"], 12, faint=name["dummy"]))
        for check, x in zip(checks, lefts, strict=True):
            cell = cells.get((name["method"], check["check"]))
            out += _cell(cell, x, y, theme) if cell else []
        y += ROW
    legend = (
        "✓ better than the best dummy, or than the check's own bar (95 % interval over records) · "
        "✗ that is not shown · no mark: undecided, or nothing to judge · "
        "the last rows are dummies, which know nothing of the model"
    )
    out.append(_text(10, y + 17, legend, 11, faint=True))
    return out, y + 30 - top, max(width, 10 + 6.0 * len(legend))


def _first(cells: dict[tuple[str, str], Cell], **of: str) -> Cell:
    return next(cell for cell in cells.values() if all(cell[k] == v for k, v in of.items()))


def _lefts(checks: list[Cell]) -> tuple[list[float], float]:
    """Where columns begin, a gap between categories, and where the last ends."""
    out, x, before = [], float(LABEL), None
    for check in checks:
        x += GAP if before not in (None, check["category"]) else 0
        out.append(x)
        x, before = x + COLUMN, check["category"]
    return out, x + 10


def _heading(check: Cell, x: float, y: float) -> list[str]:
    lines: list[str] = []
    for word in check["check_title"].replace("-", "- ").split():
        joined = f"{lines[-1]}{'' if lines[-1].endswith('-') else ' '}{word}" if lines else word
        if lines and len(joined) <= _LETTERS:
            lines[-1] = joined
        else:
            lines.append(word)
    arrow = "↑ better" if check["better"] == "higher" else "↓ better"
    texts = [_text(x, y + 13 * k, line, 11, "middle") for k, line in enumerate(lines)]
    return [*texts, _text(x, y + 13 * len(lines), arrow, 9.5, "middle", faint=True)]


def _cell(cell: Cell, x: float, y: float, theme: str) -> list[str]:
    hue, opacity, mark = JUDGED.get(cell["beats"], ("text", 0.05, ""))
    fill = PALETTE[theme][hue]
    value = shown(cell["value"], cell["unit"])
    said = _said(cell)
    return [
        f"<g><title>{escaped(said)}</title>",
        f'<rect x="{x + 1:g}" y="{y + 1:g}" width="{COLUMN - 2}" height="{ROW - 2}" rx="3" '
        f'fill="{fill}" fill-opacity="{opacity:g}"/>',
        _text(x + COLUMN / 2, y + 17, f"{value} {mark}".strip(), 12, "middle"),
        "</g>",
    ]


def _said(cell: Cell) -> str:
    """What the pointer is told of a cell."""
    if cell["note"]:
        return f"{cell['title']}, {cell['check_title']}: {cell['note']}"
    unit = cell["unit"]
    low, high = shown(cell["low"], unit), shown(cell["high"], unit)
    said = f"{cell['title']}, {cell['check_title']}: {shown(cell['value'], unit)} ({low} to {high}, n {cell['n']})"
    if cell["best_dummy"]:
        said += f"; best dummy {cell['best_dummy']} {shown(cell['dummy_value'], unit)}"
    return said


def _text(
    x: float,
    y: float,
    text: str,
    size: float,
    anchor: str = "start",
    faint: bool = False,
    weight: int = 400,
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill-opacity="{0.75 if faint else 1:g}">{escaped(text)}</text>'
    )
