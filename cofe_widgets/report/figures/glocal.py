"""A glocal map as a picture: figure 4 of Wagner et al. 2024 for one group, or several beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import LEADS
from ...errors import ExplainError
from ...explain.attribution.registry import title_of
from ...markup import escaped
from ...vocabulary.diagnoses import title_with_code
from ...vocabulary.segments import SEGMENTS
from .palette import PALETTE

if TYPE_CHECKING:
    from ...explain.glocal import GlocalMap

#: Widths and heights, px.
_MARGIN, _HEAD, _CELL, _ROW, _LEAD = 12, 42, 23, 15, 36
_BEATS, _ACROSS, _GAP = 4, 3, 10
_WIDE = _LEAD + _CELL * len(SEGMENTS)
_BEAT_HIGH, _NAMES = 74, 64
_BARS = 16
#: Depths of shade that are told apart, and mV from the bottom to the top of a beat's box.
_DEPTHS, _MV = 12, 3.0


def glocal_figure(value: GlocalMap, theme: str = "light") -> str:
    """The picture of one group."""
    return glocal_figures([value], theme)


def glocal_figures(values: Sequence[GlocalMap], theme: str = "light") -> str:
    """Groups beside each other: beats coloured by attribution, answers and labels, 12 x 24 segments.

    Parameters
    ----------
    values : sequence of GlocalMap
        Six at most.
    theme : "light" or "dark"

    Raises
    ------
    ExplainError
        For none, or too many to be told apart.
    """
    if not 1 <= len(values) <= 6:
        raise ExplainError(
            f"{len(values)} glocal maps: from one to six can stand beside each other"
        )
    colour = PALETTE[theme]
    parts, x, height = [], 0.0, 0.0
    for value in values:
        block, tall = _block(value, colour)
        parts.append(f'<g transform="translate({x:g} 0)">{block}</g>')
        x, height = x + _WIDE + 2 * _MARGIN, max(height, tall)
    label = escaped(f"glocal maps of {', '.join(one.target for one in values)}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {x:g} {height:g}" width="{x:g}" '
        f'height="{height:g}" role="img" aria-label="{label}" font-family="system-ui, sans-serif" '
        f'font-size="11" color="{colour["text"]}" fill="{colour["text"]}">'
        f'<rect width="{x:g}" height="{height:g}" fill="{colour["paper"]}"/>{"".join(parts)}</svg>'
    )


def _block(value: GlocalMap, colour: dict[str, Any]) -> tuple[str, float]:
    out = [_text(_MARGIN, 20, title_with_code(value.target), weight=600, size=14)]
    about = f"{title_of(value.method)}; {len(value)} of {value.seen} records"
    out.append(_text(_MARGIN, 36, about, quiet=True))
    y = float(_HEAD)
    out += _beats(value, colour, y)
    y += _BEATS * (_BEAT_HIGH + _GAP) + 4
    bars, tall = _bars(value, colour, y)
    out += bars
    y += tall
    cells, tall = _cells(value, colour, y)
    return "".join([*out, *cells]), y + tall


def _beats(value: GlocalMap, colour: dict[str, Any], top: float) -> list[str]:
    """Median beats of twelve leads, shaded by how much of the map lies on each moment."""
    wide = (_WIDE - (_ACROSS - 1) * _GAP) / _ACROSS
    most = float(np.nanpercentile(value.beat_attribution, 99.5))
    out = []
    for k, lead in enumerate(LEADS):
        x = _MARGIN + (k // _BEATS) * (wide + _GAP)
        y = top + (k % _BEATS) * (_BEAT_HIGH + _GAP)
        shade, beat = value.beat_attribution[k], value.beat[k]
        out.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{_BEAT_HIGH}" fill="none" '
            'stroke="currentColor" opacity="0.15"/>'
        )
        out.append(_text(x + 3, y + 11, lead, weight=600))
        if not np.isfinite(beat).all():
            out.append(
                _text(x + wide / 2, y + _BEAT_HIGH / 2, "not seen", quiet=True, anchor="middle")
            )
            continue
        step = wide / len(beat)
        for first, count, depth in runs(shade, most):
            out.append(
                f'<rect x="{x + first * step:.1f}" y="{y:.1f}" width="{count * step:.1f}" '
                f'height="{_BEAT_HIGH}" fill="{colour["positive"]}" fill-opacity="{0.85 * depth:.2f}"/>'
            )
        rest = float(np.median(beat))
        level = y + _BEAT_HIGH * 0.56 - (beat - rest) / _MV * _BEAT_HIGH
        level = np.clip(level, y, y + _BEAT_HIGH)
        points = " ".join(f"{x + i * step:.1f},{v:.1f}" for i, v in enumerate(level))
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour["trace"]}"/>')
    return out


def runs(shade: NDArray[Any], most: float) -> list[tuple[int, int, float]]:
    """Stretches of one depth: where each begins, its samples, its depth from 0 to 1; those of none left out."""
    if not most > 0:
        return []
    depth = np.rint(np.clip(np.nan_to_num(shade) / most, 0, 1) * _DEPTHS).astype(int)
    starts = np.flatnonzero(np.r_[True, depth[1:] != depth[:-1]])
    ends = np.r_[starts[1:], len(depth)]
    return [
        (int(a), int(b - a), depth[a] / _DEPTHS)
        for a, b in zip(starts, ends, strict=True)
        if depth[a]
    ]


def _bars(value: GlocalMap, colour: dict[str, Any], top: float) -> tuple[list[str], float]:
    """Mean answers above mean labels, a bar each."""
    left, wide = _MARGIN + 70, _WIDE - 76
    out = []
    for k, row in enumerate(value.classes.itertuples()):
        y = top + _BARS * k
        out.append(_text(left - 6, y + 10, str(row.Index)[:10], anchor="end"))
        if np.isfinite(row.label):
            out.append(
                f'<rect x="{left}" y="{y + 7:.1f}" width="{wide * row.label:.1f}" height="5" '
                'fill="currentColor" opacity="0.35"/>'
            )
        if 0 <= row.answer <= 1:
            out.append(
                f'<rect x="{left}" y="{y + 1:.1f}" width="{wide * row.answer:.1f}" height="5" '
                f'fill="{colour["accent"]}"/>'
            )
        else:
            out.append(_text(left, y + 10, f"{row.answer:.3g}"))
    y = top + _BARS * len(value.classes)
    told = (
        "grey, where known: mean label" if np.isfinite(value.labels).any() else "labels not known"
    )
    out.append(_text(left, y + 10, f"blue: mean answer; {told}", quiet=True))
    return out, _BARS * len(value.classes) + 26


def _cells(value: GlocalMap, colour: dict[str, Any], top: float) -> tuple[list[str], float]:
    """The 12 x 24 segments, as deep as the relevance per length, the seven highest marked."""
    size = value.segments
    most = float(np.nanmax(size)) if np.isfinite(size).any() else 1.0
    y0 = top + _NAMES
    out = []
    for j, segment in enumerate(SEGMENTS):
        at = f"translate({_MARGIN + _LEAD + (j + 0.65) * _CELL:.1f} {y0 - 5:.1f}) rotate(-60)"
        out.append(f'<text transform="{at}">{escaped(segment)}</text>')
    for i, lead in enumerate(LEADS):
        y = y0 + _ROW * i
        out.append(_text(_MARGIN + _LEAD - 6, y + 12, lead, anchor="end"))
        for j, segment in enumerate(SEGMENTS):
            x = _MARGIN + _LEAD + _CELL * j
            if not np.isfinite(size[i, j]):
                out.append(_text(x + _CELL / 2, y + 11, "·", anchor="middle", quiet=True))
                continue
            mark = (
                ' stroke="currentColor" stroke-width="1.8"' if (lead, segment) in value.top else ""
            )
            depth = max(float(size[i, j]) / most, 0) if most else 0.0
            out.append(
                f"<g><title>{escaped(f'{segment} in {lead}: {size[i, j]:.2f} times even')}</title>"
                f'<rect x="{x + 1:.1f}" y="{y + 1:.1f}" width="{_CELL - 2}" height="{_ROW - 2}" '
                f'fill="{colour["positive"]}" fill-opacity="{0.06 + 0.9 * depth:.2f}"{mark}/></g>'
            )
    y = y0 + _ROW * len(LEADS) + 16
    legend = (
        f"relevance per length: deepest {most:.1f} times an even spread; framed: the seven highest"
    )
    out.append(_text(_MARGIN, y, legend, quiet=True))
    out.append(_text(_MARGIN, y + 14, "·: fewer than half of the records have it", quiet=True))
    return out, _NAMES + _ROW * len(LEADS) + 42


def _text(
    x: float,
    y: float,
    text: str,
    anchor: str = "start",
    weight: int = 400,
    quiet: bool = False,
    size: float = 11,
) -> str:
    opacity = ' opacity="0.72"' if quiet else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" '
        f'font-size="{size:g}"{opacity}>{escaped(text)}</text>'
    )
