"""All of a long record in one strip: its heart rate, or its envelope, and where there is no signal."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record, runs
from ...markup import escaped, line
from ..labels import clock
from .palette import PALETTE

#: Of the strip, in its own units; the time axis stands below.
WIDTH, HEIGHT, BOTTOM = 1000, 84, 14
#: Between two labels of the time axis, s.
_TICKS_S = (60, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_MOST_TICKS = 13
#: A heart rate is the median of so long; slower and faster than this it is no heart's, per minute.
_COLUMNS = 600
_RATES = (20.0, 300.0)
#: Grey that can be read on light and on dark ground, as nothing behind the strip is painted.
_GREY, _LINE = "#8a919c", PALETTE["light"]["positive"]


def overview_svg(record: Record, r_peaks_s: NDArray[np.float64] | None = None) -> str:
    """A record of any length in a strip.

    Parameters
    ----------
    record : Record
    r_peaks_s : ndarray, shape (beats,), optional
        With them the heart rate is drawn, else the envelope of lead II or the first lead.

    Returns
    -------
    str
        SVG on no ground.
    """
    rated = r_peaks_s is not None and len(r_peaks_s) > 2
    body = _rate(record, r_peaks_s) if rated else _envelope(record)
    words = f"{'heart rate' if rated else 'envelope'} over {clock(record.duration_s)}"
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" preserveAspectRatio="none" role="img" '
            f'aria-label="{words}">',
            *_time_axis(record.duration_s),
            *_blind(record),
            *body,
            "</svg>",
        ]
    )


def as_uri(svg: str) -> str:
    """An SVG as the source of an image, which cannot run anything."""
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode('ascii')}"


def _x(share: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.asarray(WIDTH * np.asarray(share))


def _text(x: float, y: float, words: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="sans-serif" font-size="11" fill="{_GREY}">'
        f"{words}</text>"
    )


def _time_axis(total_s: float) -> Iterator[str]:
    step = next((s for s in _TICKS_S if total_s / s < _MOST_TICKS), _TICKS_S[-1])
    base = HEIGHT - BOTTOM
    for at in np.arange(0, total_s, step):
        x = float(_x(at / total_s))
        yield f'<path d="M{x:.1f} 0V{base}" stroke="{_GREY}" stroke-width="0.5" opacity="0.5"/>'
        yield _text(x + 2, HEIGHT - 3, clock(at)[:-3])


def _blind(record: Record) -> Iterator[str]:
    """Where no lead has any samples."""
    blind = np.asarray(record.mask.all(axis=0))
    for first, last in runs(blind):
        x, end = _x(first / record.samples), _x(last / record.samples)
        yield (
            f'<rect x="{x:.1f}" y="0" width="{max(end - x, 1.0):.1f}" height="{HEIGHT - BOTTOM}" '
            f'fill="{_GREY}" fill-opacity="0.35"><title>no signal</title></rect>'
        )


def _rate(record: Record, r_peaks_s: NDArray[np.float64] | None) -> Iterator[str]:
    """Median heart rate of each column, a line that breaks where there are no beats."""
    peaks = np.asarray(r_peaks_s, float)
    rate = 60 / np.diff(peaks)
    column = (peaks[1:] / record.duration_s * _COLUMNS).astype(int).clip(0, _COLUMNS - 1)
    known = (rate > _RATES[0]) & (rate < _RATES[1])
    rate, column = rate[known], column[known]
    order = np.lexsort((rate, column))
    rate, column = rate[order], column[order]
    which, first, count = np.unique(column, return_index=True, return_counts=True)
    median = np.full(_COLUMNS, np.nan)
    median[which] = rate[first + count // 2]
    low = 20 * np.floor(np.nanmin(median) / 20) if len(which) else 40.0
    high = max(20 * np.ceil(np.nanmax(median) / 20) if len(which) else 120.0, low + 20)
    y = (HEIGHT - BOTTOM - 3) * (1 - (median - low) / (high - low)) + 2
    for value in (low, high):
        at = (HEIGHT - BOTTOM - 3) * (1 - (value - low) / (high - low)) + 2
        yield _text(2, at + (8 if value == high else -1), f"{value:.0f}/min")
    x, pen, steps = _x((np.arange(_COLUMNS) + 0.5) / _COLUMNS), "M", []
    for k in range(_COLUMNS):
        if np.isnan(y[k]):
            pen = "M"
            continue
        steps.append(f"{pen}{x[k]:.1f} {y[k]:.1f}")
        pen = "L"
    yield f'<path d="{"".join(steps)}" stroke="{_LINE}" stroke-width="1.4" fill="none"/>'


def _envelope(record: Record) -> Iterator[str]:
    """Least and greatest sample of each column of one lead, its middle taken off."""
    lead = "II" if "II" in record.leads else record.leads[0]
    row = record.signal[record.leads.index(lead)]
    starts = np.unique(np.linspace(0, len(row), _COLUMNS, endpoint=False).astype(int))
    low, high = np.fmin.reduceat(row, starts), np.fmax.reduceat(row, starts)
    known = np.isfinite(low)
    size = float(np.quantile(np.abs(np.append(low[known], high[known])), 0.98)) or 1.0
    half = (HEIGHT - BOTTOM) / 2
    y0, y1 = (half - half * np.clip(one / size, -1, 1) for one in (high, low))
    x = _x((starts + 0.5 * len(row) / len(starts)) / len(row))
    bars = "".join(f"M{x[k]:.1f} {y0[k]:.1f}V{y1[k] + 0.5:.1f}" for k in np.flatnonzero(known))
    yield f'<path d="{bars}" stroke="{_LINE}" stroke-width="1.2"/>'
    yield _text(2, 9, escaped(line(lead, 16)))
