"""The ECG as a still SVG: what GitHub, nbconvert and print show instead of the widget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record
from ...markup import escaped, line
from ..labels import note, public_title, shown
from .marks import Mark, gaps, marks_svg, spoken
from .palette import PALETTE
from .paper import PAGE_SECONDS, Panel, Paper, paper, room
from .pointed import pointed_svg
from .shade import Shade

if TYPE_CHECKING:
    import pandas as pd

    from ...explain.agreement import Agreement

_COLOURS = PALETTE["light"]
INK, RED, GROUND = _COLOURS["trace"], _COLOURS["changed"], _COLOURS["paper"]
WAVES = {"P": _COLOURS["p"], "QRS": _COLOURS["qrs"], "T": _COLOURS["t"]}
_STROKE_MM = 0.25  # one vertical stroke of the pen each quarter of a millimetre
_SAME_MV = 0.01  # closer than this the two traces are one line on paper


def ecg_svg(
    record: Record,
    changed: Record | None = None,
    shade: Shade | None = None,
    waves: pd.DataFrame | None = None,
    marks: Sequence[Mark] | None = None,
    pointed: Agreement | None = None,
    layout: str = "3x4+1",
    speed: float = 25,
    gain: float = 10,
    order: str = "standard",
) -> str:
    """The first ten seconds of an ECG on paper.

    Parameters
    ----------
    record : Record
        Drawn in black.
    changed : Record, optional
        Drawn in red where it parts from ``record``.
    shade : Shade, optional
        Drawn as a band behind the traces.
    waves : pandas.DataFrame, optional
        A fiducial table: P, QRS and T as quiet bands, with ticks at onset, peak and offset.
    marks : sequence of Mark, optional
        Stretches to hatch; where samples are missing unless given.
    pointed : Agreement, optional
        Where a map and ``changed`` point: lanes below the traces.
    layout, speed, gain, order
        As of `paper`.

    Returns
    -------
    str
        SVG whose user unit is 1 mm.
    """
    record = shown(record.crop(0, min(PAGE_SECONDS, record.duration_s)))
    marks = gaps(record) if marks is None else marks
    changed = shown(changed) if changed is not None else None
    plain = paper(record.leads, record.duration_s, layout, speed, gain, order)
    above, below = room(plain, lambda panel: _reach(record, panel))
    sheet = paper(record.leads, record.duration_s, layout, speed, gain, order, above, below)
    words = f"ECG: {public_title(record)}, {speed:g} mm/s, {gain:g} mm/mV"
    words += f"; {spoken(marks)}" if marks else ""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {sheet.width:g} {sheet.height:g}" '
        f'width="{4 * sheet.width:g}" height="{4 * sheet.height:g}" role="img" '
        f'aria-label="{escaped(words)}">',
        *_grid(sheet),
    ]
    parts.extend(marks_svg(sheet, marks))
    if shade is not None:
        parts.extend(_band(sheet, shade))
    if waves is not None:
        parts.extend(_waves(sheet, waves, wash=shade is None))
    if pointed is not None:
        parts.extend(pointed_svg(sheet, pointed))
    for panel in sheet.panels:
        parts.extend(_traces(sheet, panel, record, changed))
    parts.extend(_print(sheet, f"{speed:g} mm/s   {gain:g} mm/mV   {note(record)}"))
    return "".join([*parts, "</svg>"])


def _reach(record: Record, panel: Panel) -> tuple[float, float]:
    """How far a panel rises above and falls below its baseline on the paper, in mV."""
    row = record.signal[record.leads.index(panel.lead)]
    part = row[round(panel.t0 * record.fs) : round(panel.t1 * record.fs)]
    part = part[np.isfinite(part)]
    if not len(part):
        return 0.0, 0.0
    ends = np.sort(panel.sign * (np.array([part.min(), part.max()]) - _level(row)))
    return float(ends[1]), float(-ends[0])


def _level(row: NDArray[np.float32]) -> np.float32:
    """The baseline a machine's AC coupling removes: the median of what is there."""
    known = row[np.isfinite(row)]
    return np.float32(np.median(known)) if len(known) else np.float32(0)


def _grid(sheet: Paper) -> Iterator[str]:
    size = f'width="{sheet.width:g}" height="{sheet.height:g}"'
    yield f'<rect {size} fill="{GROUND}"/>'
    for step, colour, width in ((1, _COLOURS["minor"], 0.1), (5, _COLOURS["major"], 0.16)):
        along = "".join(f"M{x:g} 0V{sheet.height:g}" for x in np.arange(0, sheet.width + 1, step))
        across = "".join(f"M0 {y:g}H{sheet.width:g}" for y in np.arange(0, sheet.height + 1, step))
        yield f'<path d="{along}{across}" stroke="{colour}" stroke-width="{width}" fill="none"/>'


def _traces(sheet: Paper, panel: Panel, record: Record, changed: Record | None) -> Iterator[str]:
    row = record.leads.index(panel.lead)
    offset = float(_level(record.signal[row]))  # the same for both traces
    count = int((panel.t1 - panel.t0) * sheet.speed / _STROKE_MM)
    before = _strokes(record, row, panel, count) - offset
    yield _path(sheet, panel, before, INK, [(0, before.shape[1])])
    if changed is None or panel.lead not in changed.leads:
        return
    after = _strokes(changed, changed.leads.index(panel.lead), panel, count) - offset
    if before.shape == after.shape:
        parted = np.abs(before - after).max(axis=0) > _SAME_MV
        edges = np.flatnonzero(np.diff(np.concatenate(([0], parted.view(np.int8), [0]))))
        runs = [(max(0, a - 1), b + 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    else:
        runs = [(0, after.shape[1])]
    yield _path(sheet, panel, after, RED, runs)


def _strokes(record: Record, row: int, panel: Panel, count: int) -> NDArray[np.float64]:
    """Least and greatest value under each stroke of the pen: ``(2, strokes)``."""
    data = record.signal[row].astype(np.float64)
    first = round(panel.t0 * record.fs)
    last = min(data.size, round(panel.t1 * record.fs))
    part = data[first:last]
    starts = np.unique(np.linspace(0, part.size, count, endpoint=False).astype(int))
    return np.stack([np.fmin.reduceat(part, starts), np.fmax.reduceat(part, starts)])


def _path(
    sheet: Paper,
    panel: Panel,
    strokes: NDArray[np.float64],
    colour: str,
    runs: list[tuple[int, int]],
) -> str:
    n = strokes.shape[1]
    x = panel.x + (np.arange(n) + 0.5) / n * (panel.t1 - panel.t0) * sheet.speed
    y = panel.baseline - panel.sign * strokes * sheet.gain
    steps = []
    for first, last in runs:
        pen = "M"
        for k in range(first, min(last, n)):
            if not np.isfinite(y[0, k]):
                pen = "M"  # a gap: the line begins anew behind it
                continue
            steps.append(f"{pen}{x[k]:.2f} {y[0, k]:.2f}")
            if y[0, k] != y[1, k]:
                steps.append(f"V{y[1, k]:.2f}")
            pen = "L"
    return (
        f'<path d="{"".join(steps)}" stroke="{colour}" stroke-width="0.3" fill="none" '
        'stroke-linejoin="round"/>'
    )


def _band(sheet: Paper, shade: Shade) -> Iterator[str]:
    if not shade.limit:
        return
    half = 0.44 * sheet.row_height
    for panel in sheet.panels:
        if panel.lead not in shade.leads:
            continue
        row = shade.values[shade.leads.index(panel.lead)]
        bins = int((panel.t1 - panel.t0) * sheet.speed)  # one a millimetre
        first, last = round(panel.t0 * shade.fs), round(panel.t1 * shade.fs)
        part = row[first:last]
        edges = np.linspace(0, part.size, bins + 1).astype(int)
        if part.size < bins:
            continue
        means = np.add.reduceat(part, edges[:-1]) / np.diff(edges)
        for k, depth in enumerate(np.clip(means / shade.limit, -1, 1)):
            if abs(depth) >= 0.05:
                colour = _COLOURS["positive" if depth > 0 else "negative"]
                yield (
                    f'<rect x="{panel.x + k:.2f}" y="{panel.baseline - half:.2f}" width="1" '
                    f'height="{2 * half:.2f}" fill="{colour}" '
                    f'fill-opacity="{shade.opacity * abs(depth):.2f}"/>'
                )


def _waves(sheet: Paper, table: pd.DataFrame, wash: bool) -> Iterator[str]:
    reach = 0.4 * sheet.row_height
    opacity = f'fill-opacity="{_COLOURS["wave_opacity"]}"'
    for panel in sheet.panels:
        mine = table[(table["lead"] == panel.lead) & table["wave"].isin(list(WAVES))]
        for row in mine.itertuples():
            onset, peak, offset = (row.onset_ms / 1000, row.peak_ms / 1000, row.offset_ms / 1000)
            first, last = max(panel.t0, onset), min(panel.t1, offset)
            if not first < last:
                continue
            x, wide = panel.x + (first - panel.t0) * sheet.speed, (last - first) * sheet.speed
            y = panel.baseline
            box = f'<rect x="{x:.2f}" width="{wide:.2f}" fill="{WAVES[row.wave]}"'
            if wash:
                yield f'{box} y="{y - reach:.2f}" height="{2 * reach:.2f}" {opacity}/>'
            yield f'{box} y="{y + reach - 0.5:.2f}" height="0.5" fill-opacity="0.85"/>'
            at = [panel.x + (t - panel.t0) * sheet.speed for t in (onset, peak, offset)]
            ticks = "".join(f"M{p:.2f} {y + reach:.2f}v-1" for p in at if x <= p <= x + wide)
            yield f'<path d="{ticks}" stroke="{WAVES[row.wave]}" stroke-width="0.2"/>'


def _print(sheet: Paper, words: str) -> Iterator[str]:
    pulses = "".join(
        f"M{p.x - 1.5:g} {p.baseline:g}H{p.x:g}v{-p.height:g}h{p.width:g}v{p.height:g}h1.5"
        for p in sheet.pulses
    )
    yield f'<path d="{pulses}" stroke="{INK}" stroke-width="0.3" fill="none"/>'
    ticks = "".join(f"M{p.x:g} {p.baseline - 5:g}v2.5m0 5v2.5" for p in sheet.panels if p.t0 > 0)
    yield f'<path d="{ticks}" stroke="{INK}" stroke-width="0.25" fill="none"/>'
    style = 'font-family="sans-serif" paint-order="stroke" stroke-width="0.8"'
    yield f'<g {style} stroke="{GROUND}" fill="{INK}" font-size="3.1" font-weight="600">'
    for panel in sheet.panels:
        y = panel.baseline - 0.36 * sheet.row_height
        yield f'<text x="{panel.x + 1:g}" y="{y:.2f}">{_label(panel.label)}</text>'
    yield "</g>"
    yield (
        f'<text x="2" y="{sheet.height - 1.8:g}" font-family="sans-serif" font-size="2.6" '
        f'xml:space="preserve" fill="{INK}">{escaped(words)}</text>'
    )


def _label(lead: str) -> str:
    """A lead's name on paper: with a minus that is one, and short enough for its row."""
    return escaped(line(lead, 16).replace("-", "−"))
