"""Concept scores as pictures: the paper's figure 5, concepts and layers by classes, and its figure 11."""

from __future__ import annotations

from math import isfinite
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ...markup import escaped
from ...vocabulary.diagnoses import title
from ..concepts import of_models
from ..reasons import percent
from .matrix import matrix_svg
from .palette import PALETTE

if TYPE_CHECKING:
    from ...explain.concepts import ConceptScores

#: Widths and heights, px.
_LEFT, _LAYER, _COLUMN, _ROW, _GAP, _RIGHT, _HEAD = 196, 84, 58, 21, 9, 86, 100
#: Of a letter of the lines below.
_LETTER_PX = 5.9
_QUIET = "#8a919c"
_GREY_OPACITY = 0.22


def concept_correlation(scores: ConceptScores, theme: str = "light") -> str:
    """Matthews correlation of concepts and classes, the paper's figure 11; SVG."""
    table = scores.correlation
    known = table.columns[table.notna().any(axis=0)]
    head = "Agreement of concepts and labels (Matthews correlation)"
    return matrix_svg(table[known].to_numpy(float), list(table.index), list(known), head, theme)


def concept_grid(scores: ConceptScores, theme: str = "light") -> str:
    """TCAV scores, the paper's figure 5: rows are layers within concepts, columns classes; SVG.

    Blue above a half (the concept speaks for the class), orange below; grey where the concept cannot be
    told in a layer; a star where all three conditions hold; a bold frame round a concept's own class.
    """
    colour = PALETTE[theme]
    asked = [k for k, note in enumerate(scores.classes.note) if not note]
    skipped = [
        f"{name} ({note.split(':')[0]})"
        for name, note in zip(scores.outputs, scores.classes.note, strict=True)
        if note
    ]
    left = _LEFT + _LAYER
    body: list[str] = []
    y = float(_HEAD)
    for i in range(len(scores.names)):
        part, y = _concept(scores, i, asked, y, colour)
        body += part
        y += _GAP
    width = max(left + _COLUMN * len(asked) + _RIGHT, 640)
    foot = _foot(scores, skipped, width - 24)
    height = y + 16 * len(foot) + 44
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" font-family="system-ui, sans-serif" role="img" '
        f'aria-label="{escaped(f"concepts of {of_models(scores)}")}">',
        f'<rect width="100%" height="100%" fill="{colour["paper"]}"/>',
        _text(
            12, 24, f"Concepts that {of_models(scores)} uses (TCAV)", 15, colour["text"], weight=600
        ),
        _text(left + _COLUMN * len(asked) + 10, _HEAD - 8, "accuracy", 10.5, _QUIET),
    ]
    for column, k in enumerate(asked):
        at = f"translate({left + (column + 0.55) * _COLUMN:g} {_HEAD - 8}) rotate(-32)"
        name = scores.outputs[k]
        hint = f"{title(name)}, {scores.classes.examples.iloc[k]} examples"
        out.append(
            f'<text transform="{at}" font-size="12" fill="{colour["text"]}">'
            f"<title>{escaped(hint)}</title>{escaped(name)}</text>"
        )
    out += body
    out += _legend(left, y + 8, colour)
    out += [_text(12, y + 44 + 16 * k, line, 11, _QUIET) for k, line in enumerate(foot)]
    return "\n".join([*out, "</svg>"])


def _concept(
    scores: ConceptScores, i: int, asked: list[int], top: float, colour: dict[str, Any]
) -> tuple[list[str], float]:
    """The rows of one concept, and where they end."""
    row = scores.concepts.iloc[i]
    left = _LEFT + _LAYER
    if not isfinite(float(scores.mean_accuracy[i].max())):
        head = _text(12, top + 15, str(row.concept), 12, colour["text"], weight=600)
        return [head, _text(_LEFT, top + 15, f"not asked: {row.note}", 11, _QUIET)], top + _ROW
    middle = top + _ROW * len(scores.layers) / 2
    count = f"{row.positives} with, {row.negatives} without"
    out = [
        _text(
            12, middle, str(row.concept)[:30], 12, colour["text"], weight=600, hint=str(row.title)
        ),
        _text(12, middle + 14, count, 10, _QUIET),
    ]
    y = top
    for j, layer in enumerate(scores.layers):
        accuracy, sure = float(scores.mean_accuracy[i, j]), bool(scores.separable[i, j])
        out.append(
            _text(left - 8, y + 15, layer[-18:], 10.5, colour["text"] if sure else _QUIET, "end")
        )
        for column, k in enumerate(asked):
            out.append(_cell(scores, i, j, k, left + column * _COLUMN, y, colour))
        out.append(_text(left + len(asked) * _COLUMN + 14, y + 15, percent(accuracy), 10.5, _QUIET))
        y += _ROW
    for column, k in enumerate(asked):
        if scores.outputs[k] in str(row.own).split(";"):
            out.append(
                f'<rect x="{left + column * _COLUMN:g}" y="{top:g}" width="{_COLUMN}" '
                f'height="{y - top:g}" fill="none" stroke="{colour["text"]}" stroke-width="2.2"/>'
            )
    return out, y


def _cell(
    scores: ConceptScores, i: int, j: int, k: int, x: float, y: float, colour: dict[str, Any]
) -> str:
    low, middle, high = (float(one) for one in scores.quartiles[:, i, j, k])
    sure, star = bool(scores.separable[i, j]), bool(scores.stars[i, j, k])
    said = (
        f"{scores.concepts.concept.iloc[i]}, {scores.layers[j]}, {scores.outputs[k]}: TCAV {middle:.2f} "
        f"({low:.2f} to {high:.2f}), accuracy {percent(float(scores.mean_accuracy[i, j]))}"
    )
    fill, opacity = _QUIET, _GREY_OPACITY
    if sure and isfinite(middle):
        fill = colour["positive"] if middle >= 0.5 else colour["negative"]
        opacity = 0.06 + 0.84 * min(1.0, 2 * abs(middle - 0.5))
    if not sure:
        said += ": it cannot be told apart here"
    mark = "★" if star else ""
    return (
        f"<g><title>{escaped(said)}</title>"
        f'<rect x="{x + 1:g}" y="{y + 1:g}" width="{_COLUMN - 2}" height="{_ROW - 2}" fill="{fill}" '
        f'fill-opacity="{opacity:.2f}"/>'
        f'<text x="{x + _COLUMN / 2:g}" y="{y + 15.5:g}" font-size="13" text-anchor="middle" '
        f'fill="{colour["text"]}">{mark}</text></g>'
    )


def _legend(x: float, y: float, colour: dict[str, Any]) -> list[str]:
    """The scale of the colours, from 0 over a half to 1."""
    steps = 21
    out = [_text(x - 8, y + 11, "TCAV score", 11, _QUIET, "end")]
    for k in range(steps):
        share = k / (steps - 1)
        hue = colour["positive"] if share >= 0.5 else colour["negative"]
        out.append(
            f'<rect x="{x + 8 * k:g}" y="{y:g}" width="8" height="12" fill="{hue}" '
            f'fill-opacity="{0.06 + 0.84 * abs(2 * share - 1):.2f}"/>'
        )
    for share in (0.0, 0.5, 1.0):
        out.append(_text(x + 4 + 160 * share, y + 24, f"{share:g}", 10, _QUIET, "middle"))
    return out


def _foot(scores: ConceptScores, skipped: list[str], width: float) -> list[str]:
    found = scores.dummy_stars
    lines = [
        "★ separable (accuracy above 70 %), quartiles within 0.25 and on one side of 0.5",
        "grey: not separable in this layer · bold frame: the concept's own class",
    ]
    if found["cells"]:
        lines.append(
            f"random concepts: a star in {int(found['stars'])} of {int(found['cells'])} cells "
            f"({percent(found['rate'])})"
        )
    simulated = int(scores.provenance.get("simulated_records", 0))
    if simulated:
        lines.append(f"{simulated} of {scores.members.shape[1]} records are simulated")
    if skipped:
        lines.append("too few examples: " + ", ".join(skipped))
    return [part for line in lines for part in wrap(line, int(width / _LETTER_PX))]


def _text(
    x: float,
    y: float,
    text: str,
    size: float,
    fill: str,
    anchor: str = "start",
    weight: int = 400,
    hint: str = "",
) -> str:
    told = f"<title>{escaped(hint)}</title>" if hint else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="{fill}">{told}{escaped(text)}</text>'
    )
