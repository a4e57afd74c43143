"""The same beat, method beside method: the median beat of a record with each map as a band behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import EcgError
from ...markup import escaped
from ...signals import median_beat
from ...signals.beats import TIME_MS, cut
from ...vocabulary.diagnoses import title_with_code
from .palette import PALETTE
from .shade import SMOOTH_S

if TYPE_CHECKING:
    from ...explain import Attribution

#: Of a method: title, badge, and how alike its map is to the first.
Head = tuple[str, str, str]
Array = NDArray[np.floating]
_LIGHT = PALETTE["light"]
#: Leads that are shown: those that carry most of the maps.
SHOWN = 4
#: Of a beat, ms about R.
FROM_MS, TO_MS = -320.0, 560.0
#: mm/s; mm/mV, the first with which all leads have room; px per mm.
SPEED, GAINS, SCALE = 50.0, (10.0, 5.0, 2.5), 5.0
_WIDE = (TO_MS - FROM_MS) / 1000 * SPEED
#: mm between columns, for the lead names, above and below a trace, of a line of words, above them; of a page.
_GAP, _LEFT, _ROOM, _LINE, _TOP = 4.0, 12.0, 3.0, 3.9, 7.0
_LEAST_WIDTH = 118.0
#: A row is no lower and no taller than this, mm.
_LEAST_ROW, _MOST_ROW = 15.0, 32.0
_MOST_ROW_ALONE = 44.0
#: Bands are drawn in stretches of this length (mm) and so many depths; opacity of full depth.
_STEP_MM, _DEPTHS, _OPACITY = 0.5, 12, 0.78
_SOFT = "#667080"
_LETTERS = 33  # of a line of a column's head


@dataclass(frozen=True)
class Beat:
    """The beat of a record and the maps of its beats, averaged.

    ``traces`` and each of ``maps``: (leads, samples) on ``time_ms``.
    """

    time_ms: Array
    traces: Array
    maps: tuple[Array, ...]


def maps_svg(attributions: Sequence[Attribution], heads: Sequence[Head]) -> str:
    """Maps of one record as columns; a row each of the leads that carry most of them.

    Parameters
    ----------
    attributions : sequence of Attribution
        Of one ECG and target.
    heads : sequence of Head
        What stands above each.

    Returns
    -------
    str
        SVG. Where the record has no beat that comes back, the picture says so.
    """
    first = attributions[0]
    try:
        beat = mean_beat(attributions)
    except EcgError as error:
        return _page(150, 14, f"no median beat: {error}", [_text(4, 8, f"No median beat: {error}")])
    leads = carrying(beat.maps)
    panels, wide, foot, gain = _laid_out(beat, leads, heads)
    parts = [
        _text(4, _TOP - 1.5, f"The same beat: maps for {title_with_code(first.target)}", 3.4, 600)
    ]
    for k, (title, *_) in enumerate(heads):
        x = _LEFT + k * (_WIDE + _GAP)
        parts.append(_text(x, _TOP + _LINE, title, 3.3, 600))
        lines = enumerate(_lines(heads[k], len(heads) == 1))
        parts += [_text(x, _TOP + _LINE * (2 + n), said, 2.5, colour=_SOFT) for n, said in lines]
    limits = [_limit(one) for one in beat.maps]
    for panel in panels:
        depths = beat.maps[panel.method][panel.lead] / limits[panel.method]
        parts += _grid(panel)
        parts += _band(panel, beat.time_ms, depths)
        parts.append(_trace(panel, beat.time_ms, beat.traces[panel.lead], gain))
        if not panel.method:
            parts.append(_text(panel.x - 10, panel.middle + 1, first.leads[panel.lead], 3.3, 600))
    parts += _legend(foot + 4.5, first.target, gain)
    names = ", ".join(f"{title}: {badge}{said and f', {said}'}" for title, badge, said in heads)
    shown = ", ".join(first.leads[lead] for lead in leads)
    words = f"The median beat in {shown} with the maps for {first.target} of {names}"
    return _page(wide, foot + 11, words, parts)


@dataclass(frozen=True)
class _Panel:
    """One lead of one method: its corner, height and the height of its level, mm."""

    method: int
    lead: int
    x: float
    y: float
    height: float
    middle: float


def _laid_out(
    beat: Beat, leads: list[int], heads: Sequence[Head]
) -> tuple[list[_Panel], float, float, float]:
    """The panels, the width of the page, where they end, and the gain.

    Methods are columns and leads rows; the leads of one method alone stand beside each other.
    """
    alone = len(heads) == 1
    head = _TOP + _LINE * (1 + max(len(_lines(one, alone)) for one in heads)) + 1
    low, high = beat.traces[leads].min(axis=1).clip(max=0), beat.traces[leads].max(axis=1).clip(0)
    if alone:
        low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
    most = _MOST_ROW_ALONE if alone else _MOST_ROW
    gain = next((g for g in GAINS if (g * (high - low)).max() + 2 * _ROOM <= most), GAINS[-1])
    tall = np.clip(gain * (high - low) + 2 * _ROOM, _LEAST_ROW, most)
    slack = (tall - gain * (high - low)) / 2
    tops = np.full(len(leads), head) if alone else head + np.cumsum(tall + 1) - tall - 1
    step = _WIDE + _GAP + (8 if alone else 0)
    panels = [
        _Panel(
            method,
            lead,
            _LEFT + (row if alone else method) * step,
            float(tops[row]),
            float(tall[row]),
            float(tops[row] + slack[row] + gain * high[row]),
        )
        for method in range(len(heads))
        for row, lead in enumerate(leads)
    ]
    width = max(panels[-1].x + _WIDE + _GAP, _LEAST_WIDTH)
    return panels, width, float((tops + tall).max()), gain


def _lines(head: Head, alone: bool) -> list[str]:
    """What stands below the title of a column."""
    return [row for said in head[1:] for row in wrap(said, 4 * _LETTERS if alone else _LETTERS)]


def _limit(values: Array) -> float:
    """The size of full depth of a map."""
    return float(np.percentile(np.abs(values), 99)) or float(np.abs(values).max()) or 1.0


def mean_beat(attributions: Sequence[Attribution]) -> Beat:
    """The median beat of the record, and each map averaged over the beats of its main kind.

    Maps are averaged over 40 ms first, as the band behind the traces. What the model sees as one beat is
    shown as it is.

    Raises
    ------
    EcgError
        When the record shows no beat that comes back.
    """
    from scipy.ndimage import uniform_filter1d

    record = attributions[0].record
    width = max(1, round(SMOOTH_S * record.fs))
    smooth = [uniform_filter1d(one.values.astype(float), width, axis=-1) for one in attributions]
    if record.meta.get("median_beat"):
        return Beat(
            TIME_MS[0] + 1000 * np.arange(record.samples) / record.fs,
            record.signal.astype(float),
            tuple(smooth),
        )
    found = median_beat(record)
    inside = (FROM_MS <= TIME_MS) & (TIME_MS <= TO_MS)
    time_ms = TIME_MS[inside]
    peaks = found.r_peaks_s[found.is_main]
    last_s = (record.samples - 1) / record.fs
    whole = (peaks + time_ms[0] / 1000 >= 0) & (peaks + time_ms[-1] / 1000 <= last_s)
    peaks = peaks[whole] if whole.any() else peaks
    maps = (cut(one, record.fs, peaks, time_ms).mean(axis=0) for one in smooth)
    return Beat(time_ms, np.nan_to_num(found.signal[:, inside].astype(float)), tuple(maps))


def carrying(maps: Sequence[Array]) -> list[int]:
    """The leads that carry most of the maps, each map counting the same; in the order of the record."""
    sizes = [np.abs(one).sum(axis=1) for one in maps]
    shares = np.mean([one / (one.sum() or 1.0) for one in sizes], axis=0)
    return sorted(np.argsort(-shares, kind="stable")[:SHOWN].tolist())


def _x(time_ms: Array) -> Array:
    return np.asarray((time_ms - FROM_MS) / 1000 * SPEED)


def _grid(panel: _Panel) -> Iterator[str]:
    x, y, tall = panel.x, panel.y, panel.height
    yield f'<rect x="{x:g}" y="{y:.2f}" width="{_WIDE:g}" height="{tall:.2f}" fill="{_LIGHT["paper"]}"/>'
    for step, colour, stroke in ((1.0, "minor", 0.1), (5.0, "major", 0.16)):
        r = float(_x(np.array(0.0))) % step  # R and the level lie on lines
        first = panel.middle - step * np.floor((panel.middle - y) / step)
        lines = "".join(f"M{x + a:.2f} {y:.2f}v{tall:.2f}" for a in np.arange(r, _WIDE, step))
        lines += "".join(f"M{x:g} {b:.2f}h{_WIDE:g}" for b in np.arange(first, y + tall, step))
        yield f'<path d="{lines}" stroke="{_LIGHT[colour]}" stroke-width="{stroke}" fill="none"/>'


def _band(panel: _Panel, time_ms: Array, depths: Array) -> Iterator[str]:
    """A map behind the trace of a lead: hue says the sign, depth the size."""
    places = np.floor(_x(time_ms) / _STEP_MM).astype(int)
    bins, starts = np.unique(places, return_index=True)
    means = np.add.reduceat(depths, starts) / np.diff([*starts, len(places)])
    level = np.rint(np.clip(means, -1, 1) * _DEPTHS).astype(int)
    level[(bins < 0) | (bins >= round(_WIDE / _STEP_MM))] = 0
    for depth in np.unique(level[level != 0]):
        boxes = "".join(
            f"M{panel.x + a:.2f} {panel.y:.2f}h{_STEP_MM}v{panel.height:.2f}h-{_STEP_MM}z"
            for a in bins[level == depth] * _STEP_MM
        )
        colour = _LIGHT["positive" if depth > 0 else "negative"]
        opacity = _OPACITY * abs(depth) / _DEPTHS
        yield (
            f'<path d="{boxes}" fill="{colour}" fill-opacity="{opacity:.2f}" '
            'shape-rendering="crispEdges"/>'
        )


def _trace(panel: _Panel, time_ms: Array, mv: Array, gain: float) -> str:
    heights = np.clip(panel.middle - gain * mv, panel.y, panel.y + panel.height)
    inside = (_x(time_ms) >= 0) & (_x(time_ms) <= _WIDE)
    places = zip(_x(time_ms[inside]), heights[inside], strict=True)
    points = " ".join(f"{panel.x + a:.2f},{b:.2f}" for a, b in places)
    return (
        f'<polyline points="{points}" stroke="{_LIGHT["trace"]}" stroke-width="0.32" fill="none" '
        'stroke-linejoin="round"/>'
    )


def _legend(y: float, target: str, gain: float) -> Iterator[str]:
    x = _LEFT
    for depth in range(-_DEPTHS, _DEPTHS + 1):
        colour = _LIGHT["positive" if depth > 0 else "negative"]
        yield (
            f'<rect x="{x + (depth + _DEPTHS) * 0.8:.2f}" y="{y - 2.3:.2f}" width="0.8" height="2.6" '
            f'fill="{colour}" fill-opacity="{_OPACITY * abs(depth) / _DEPTHS:.2f}" '
            'shape-rendering="crispEdges"/>'
        )
    after = x + 0.8 * (2 * _DEPTHS + 1) + 2
    yield _text(after, y, f"orange: against {target}; blue: for {target}", 2.7, colour=_SOFT)
    note = f"each map in its own depth; {SPEED:g} mm/s, {gain:g} mm/mV"
    yield _text(x, y + _LINE, note, 2.7, colour=_SOFT)


def _text(
    x: float, y: float, text: str, size: float = 3, weight: int = 400, colour: str = ""
) -> str:
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" font-size="{size:g}" font-weight="{weight}" '
        f'fill="{colour or _LIGHT["text"]}">{escaped(text)}</text>'
    )


def _page(width: float, height: float, words: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:.2f}" '
        f'width="{SCALE * width:.0f}" height="{SCALE * height:.0f}" role="img" '
        f'aria-label="{escaped(words)}" font-family="system-ui, sans-serif">'
        f'<rect width="{width:g}" height="{height:.2f}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )
