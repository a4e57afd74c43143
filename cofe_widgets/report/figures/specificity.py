"""Spatial and temporal specificity of attribution methods in one picture: Wagner et al. 2024, figure 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...ecg import LEADS
from ...markup import escaped
from .lines import DASHES, key, stroke, styles, upright
from .palette import PALETTE

Array = NDArray[np.float64]
#: Pixels: one panel, its two plots, what lies above a row and between plots.
_WIDTH, _HEIGHT, _LEFT, _GAP, _TOP, _FOOT = 660, 208, 44, 40, 34, 40
_SPATIAL, _BEAT_SHARE = 330, 0.3
_KEY, _MARGIN = 30, 12


@dataclass(frozen=True)
class SpecificityPanel:
    """What one model's maps look at.

    Attributes
    ----------
    title : str
    wave : "p", "qrs" or "t"
        Colour of the span.
    span_s : tuple of float
        Where the wave that the model measures lies, s after R.
    spatial : mapping of method to array, shape (12, records)
        Spatial specificity for each lead's output.
    temporal : mapping of method to (median, lower, upper), each of shape (times,)
    times_s, beat_mv : array, shape (times,)
        When, and the median beat (mean size of the leads).
    """

    title: str
    wave: str
    span_s: tuple[float, float]
    spatial: Mapping[str, Array]
    temporal: Mapping[str, tuple[Array, Array, Array]]
    times_s: Array
    beat_mv: Array


def specificity_svg(
    panels: Sequence[SpecificityPanel],
    dummies: Sequence[str] = (),
    columns: int = 2,
    theme: str = "light",
) -> str:
    """The panels, row by row, under one key.

    Parameters
    ----------
    panels : sequence of SpecificityPanel
    dummies : sequence of str
        Of the methods, the maps that know nothing of the model: drawn dashed.
    columns : int
    theme : "light" or "dark"
    """
    names = list(dict.fromkeys(name for panel in panels for name in panel.spatial))
    style = styles(names, dummies, theme)
    rows = -(-len(panels) // columns)
    width = columns * _WIDTH + 2 * _MARGIN
    height = _KEY + rows * (_HEIGHT + _TOP + _FOOT) + _MARGIN
    colour = PALETTE[theme]
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="system-ui, sans-serif" font-size="11" fill="{colour["text"]}">',
        f'<rect width="{width}" height="{height}" fill="{colour["paper"]}"/>',
        key({name: name for name in names}, style, _MARGIN + _LEFT, width)[0],
    ]
    for k, panel in enumerate(panels):
        x = _MARGIN + (k % columns) * _WIDTH
        y = _KEY + (k // columns) * (_HEIGHT + _TOP + _FOOT)
        out.append(f'<g transform="translate({x} {y})">{_panel(panel, style, theme)}</g>')
    return "\n".join([*out, "</svg>"])


def _panel(panel: SpecificityPanel, style: dict[str, tuple[str, str]], theme: str) -> str:
    title = f'<text x="{_LEFT}" y="20" font-weight="600">{escaped(panel.title)}</text>'
    left = _spatial(panel, style, theme)
    x = _LEFT + _SPATIAL + _GAP
    right = _temporal(panel, style, theme, _WIDTH - x - _MARGIN)
    return (
        f'{title}<g transform="translate({_LEFT} {_TOP})">{left}</g>'
        f'<g transform="translate({x} {_TOP})">{right}</g>'
    )


def _frame(x: float, y: float, width: float, height: float, theme: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="none" '
        f'stroke="{PALETTE[theme]["major"]}"/>'
    )


def _spatial(panel: SpecificityPanel, style: dict[str, tuple[str, str]], theme: str) -> str:
    """For each lead and method the quartiles as a bar, the median as a dot."""
    top = max(0.3, *(float(np.nanmax(np.nanpercentile(v, 75, axis=1), initial=0))
                     for v in panel.spatial.values()))  # fmt: skip
    top = min(1.0, np.ceil(top * 10) / 10)
    step = _SPATIAL / len(LEADS)
    out = [_frame(0, 0, _SPATIAL, _HEIGHT, theme)]

    def y(value: float) -> float:
        return _HEIGHT * (1 - min(value, top) / top)

    for tick in np.arange(0, top + 1e-9, 0.1 if top <= 0.6 else 0.2):
        out.append(f'<text x="-5" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:.1f}</text>')
    chance = y(1 / len(LEADS))
    major = PALETTE[theme]["major"]
    out.append(f'<path d="M0 {chance:.1f}h{_SPATIAL}" stroke="{major}" stroke-dasharray="4 3"/>')
    for row, lead in enumerate(LEADS):
        centre = (row + 0.5) * step
        out.append(f'<text x="{centre:.1f}" y="{_HEIGHT + 14}" text-anchor="middle">{lead}</text>')
        if row:
            out.append(f'<path d="M{row * step:.1f} 0v{_HEIGHT}" stroke="{major}" opacity="0.5"/>')
        for k, (name, values) in enumerate(panel.spatial.items()):
            known = values[row][np.isfinite(values[row])]
            if not len(known):
                continue
            low, middle, high = np.percentile(known, [25, 50, 75])
            x = row * step + (k + 1) * step / (len(panel.spatial) + 1)
            colour = style[name][0]
            out.append(
                f'<path d="M{x:.1f} {y(low):.1f}V{y(high):.1f}" {stroke((colour, ""), 2)} opacity="0.45"/>'
            )
            out.append(_mark(x, y(middle), style[name]))
    out.append(upright("spatial specificity", _HEIGHT / 2, -30))
    return "".join(out)


def _mark(x: float, y: float, style: tuple[str, str]) -> str:
    """A dot; of a map that knows nothing an open circle, square or diamond."""
    colour, dash = style
    if not dash:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{colour}"/>'
    kind = DASHES.index(dash) % 3
    if not kind:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="none" stroke="{colour}"/>'
    turned = f' transform="rotate(45 {x:.1f} {y:.1f})"' if kind == 2 else ""
    return (
        f'<rect x="{x - 2:.1f}" y="{y - 2:.1f}" width="4" height="4" fill="none" '
        f'stroke="{colour}"{turned}/>'
    )


@dataclass(frozen=True)
class _Axes:
    """Where a moment of the beat and a value lie: ``low`` at the foot, ``high`` at the top."""

    times_s: Array
    width: float
    top: float
    foot: float
    low: float
    high: float

    def x(self, time: float) -> float:
        """Of a moment, s after R."""
        first, last = float(self.times_s[0]), float(self.times_s[-1])
        return (min(max(time, first), last) - first) / (last - first) * self.width

    def points(self, values: Array) -> list[str]:
        """Of a curve, as SVG writes them."""
        share = (values - self.low) / max(self.high - self.low, 1e-12)
        at = self.foot - share.clip(0, 1) * (self.foot - self.top)
        return [f"{self.x(t):.1f},{y:.1f}" for t, y in zip(self.times_s, at, strict=True)]

    def curve(self, values: Array, style: tuple[str, str]) -> str:
        """A line."""
        return f'<polyline points="{" ".join(self.points(values))}" {stroke(style)}/>'

    def band(self, lower: Array, upper: Array, colour: str) -> str:
        """What lies between two curves."""
        around = [*self.points(upper), *self.points(lower)[::-1]]
        return f'<polygon points="{" ".join(around)}" fill="{colour}" opacity="0.13"/>'


def _temporal(
    panel: SpecificityPanel, style: dict[str, tuple[str, str]], theme: str, width: float
) -> str:
    """The beat above, when in it the maps look below, the wave that is measured shaded in both."""
    upper_foot = _BEAT_SHARE * _HEIGHT
    known = {name: one for name, one in panel.temporal.items() if np.isfinite(one[0]).all()}
    most = max((float(median.max()) for median, _, _ in known.values()), default=1.0) * 1.15
    beat = panel.beat_mv
    above = _Axes(panel.times_s, width, 4, upper_foot - 4, float(beat.min()), float(beat.max()))
    below = _Axes(panel.times_s, width, upper_foot + 8, _HEIGHT, 0.0, most)
    a, b = (above.x(time) for time in panel.span_s)
    wash, opacity = PALETTE[theme][panel.wave], PALETTE[theme]["wave_opacity"]
    out = [
        f'<rect x="{a:.1f}" y="0" width="{b - a:.1f}" height="{_HEIGHT}" fill="{wash}" '
        f'opacity="{opacity}"/>',
        _frame(0, 0, width, upper_foot, theme),
        _frame(0, below.top, width, below.foot - below.top, theme),
        above.curve(beat, (PALETTE[theme]["trace"], "")),
    ]
    for name, (_, lower, upper) in known.items():
        if not style[name][1]:
            out.append(below.band(lower, upper, style[name][0]))
    out += [below.curve(median, style[name]) for name, (median, _, _) in known.items()]
    for time in (-0.2, 0.0, 0.2, 0.4):
        said = f"{1000 * time:+.0f}" if time else "R"
        out.append(
            f'<text x="{above.x(time):.1f}" y="{_HEIGHT + 14}" text-anchor="middle">{said}</text>'
        )
    out.append(
        f'<text x="{width / 2:.1f}" y="{_HEIGHT + 28}" text-anchor="middle">ms after R</text>'
    )
    out.append(upright("beat", upper_foot / 2, -8))
    out.append(upright("relevance", (below.top + below.foot) / 2, -8))
    return "".join(out)
