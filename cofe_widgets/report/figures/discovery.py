"""Clusters as a picture: figures 6 (t-SNE) and 7 (mean beats, where they differ) of Wagner et al. 2024."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import LEADS
from ...explain.glocal.aligned import BEAT_S
from ...markup import escaped
from ...vocabulary.diagnoses import title_with_code
from ..discovery import SPLIT_BY
from .glocal import runs
from .palette import PALETTE

if TYPE_CHECKING:
    from ...explain.discovery import Clusters

#: Widths and heights, px.
_MARGIN, _HEAD, _WIDE, _GAP = 12, 46, 920, 12
_CLOUD, _LEGEND = 300, 20
_ACROSS, _BEAT_HIGH = 4, 84
#: mV from the bottom to the top of a beat's box, at least; and where its baseline lies, from the top.
_MV, _REST = 3.0, 0.56
#: Colours of kinds, of nearly one lightness and told apart without red and green (Okabe & Ito), and signs.
KINDS = (
    PALETTE["light"]["positive"],
    PALETTE["dark"]["negative"],
    "#00917a",
    "#b0579a",
    "#7a6f00",
    PALETTE["dark"]["p"],
    PALETTE["light"]["qrs"],
    "#6f6f76",
)
#: Clusters whose beats are drawn.
_MOST = 4


def clusters_figure(value: Clusters, theme: str = "light") -> str:
    """Both figures of one group, one above the other."""
    colour = PALETTE[theme]
    about = f"split by {SPLIT_BY[value.representation]}; {len(value)} of {value.seen} records"
    out = [_text(_MARGIN, 20, title_with_code(value.target), weight=600, size=14)]
    told = "" if value.structure else "; no structure beyond one Gaussian group"
    out.append(_text(_MARGIN, 38, about + told, quiet=True))
    cloud, y = _clouds(value, _HEAD)
    out += cloud
    drawn = min(value.k, _MOST)
    mv = _tall([_mean(value.signal[value.labels == k]) for k in range(drawn)])
    for k in range(drawn):
        rows, marks = value.labels == k, _marked(value) if k < 2 else {}
        beats, y = _beats(value, rows, f"cluster {k}", KINDS[k], marks, colour, mv, y)
        out += beats
    out.append(_text(_MARGIN, y + 10, _legend(value, mv), quiet=True))
    return _page(out, y + 24, f"clusters of {value.target} by {value.representation}", colour)


def beats_figure(value: Clusters, places: Sequence[int], theme: str = "light") -> str:
    """Mean beats of some of the records, shaded by their mean map, SVG.

    Parameters
    ----------
    value : Clusters
    places : sequence of int
        Of the records, as `Clusters.places` says them; at least one.
    theme : "light" or "dark"
    """
    colour = PALETTE[theme]
    rows = np.isin(value.places, np.asarray(places, float))
    mv = _tall([_mean(value.signal[rows])])
    out, y = _beats(value, rows, "selection", colour["accent"], {}, colour, mv, 8)
    out.append(_text(_MARGIN, y + 10, _scale(mv), quiet=True))
    return _page(out, y + 24, "mean beats of the selection", colour)


def _page(parts: Sequence[str], high: float, name: str, colour: dict[str, Any]) -> str:
    wide, label = _WIDE + 2 * _MARGIN, escaped(name)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high:g}" width="{wide}" '
        f'height="{high:g}" style="max-width:100%;height:auto" role="img" aria-label="{label}" '
        f'font-family="system-ui, sans-serif" font-size="11" color="{colour["text"]}" fill="{colour["text"]}">'
        f'<rect width="{wide}" height="{high:g}" fill="{colour["paper"]}"/>{"".join(parts)}</svg>'
    )


def _clouds(value: Clusters, top: float) -> tuple[list[str], float]:
    """t-SNE by label, where any is known, beside t-SNE by cluster."""
    clusters = [f"cluster {int(k)}" for k in value.labels]
    sides = [("by cluster", clusters, sorted(set(clusters)))]
    if any(value.truth):
        truth = [one or "not known" for one in value.truth]
        sides.insert(0, ("by label", truth, _as_clusters(truth, value.labels)))
    wide = (_WIDE - _GAP) / 2
    out: list[str] = []
    for k, (name, kinds, names) in enumerate(sides):
        x = _MARGIN + k * (wide + _GAP)
        out.append(_text(x, top + 12, f"t-SNE {name}", weight=600))
        out += _cloud(value.embedding, kinds, names, x, top + _LEGEND, wide)
    return out, top + _LEGEND + _CLOUD + 24


def _as_clusters(truth: Sequence[str], labels: NDArray[Any]) -> list[str]:
    """The labels in the order of the clusters they lie in, that like colours mean like groups."""
    place = {
        one: float(np.mean([k for name, k in zip(truth, labels, strict=True) if name == one]))
        for one in set(truth)
    }
    return sorted(place, key=lambda one: (place[one], one))


def _cloud(
    points: NDArray[Any],
    kinds: Sequence[str],
    names: Sequence[str],
    left: float,
    top: float,
    wide: float,
) -> list[str]:
    points = points * (1, -1)  # upwards, as plots have it
    low, high = points.min(axis=0), points.max(axis=0)
    # One scale both ways: distances of t-SNE are no more than that.
    span = float(((high - low) / (wide - 20, _CLOUD - 20)).max())
    middle = np.array([left + wide / 2, top + _CLOUD / 2])
    at = middle + (points - (low + high) / 2) / max(span, 1e-9)
    out = [
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{_CLOUD}" fill="none" '
        'stroke="currentColor" opacity="0.2"/>'
    ]
    for (x, y), kind in zip(at, kinds, strict=True):
        shade = KINDS[names.index(kind) % len(KINDS)]
        out.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" fill="{shade}" fill-opacity="0.75"/>'
        )
    x = left
    for k, kind in enumerate(names[: len(KINDS)]):
        y = top + _CLOUD + 14
        out.append(
            f'<circle cx="{x + 5:.1f}" cy="{y - 4:.1f}" r="4" fill="{KINDS[k % len(KINDS)]}"/>'
        )
        told = f"{kind[:24]} ({kinds.count(kind)})"
        out.append(_text(x + 13, y, told))
        x += 24 + 6.6 * len(told)
    return out


def _beats(
    value: Clusters,
    rows: NDArray[np.bool_],
    name: str,
    dot: str,
    marks: Mapping[str, Sequence[tuple[float, float]]],
    colour: dict[str, Any],
    mv: float,
    top: float,
) -> tuple[list[str], float]:
    """Mean beats of some records, shaded by their mean map, regions framed."""
    beat, shade = _mean(value.signal[rows]), _mean(value.attribution[rows])
    every = [_mean(value.attribution[value.labels == one]) for one in range(value.k)]
    known = np.concatenate([one[np.isfinite(one)] for one in every])
    most = float(np.percentile(known, 99.5)) if len(known) else 0.0
    count = int(rows.sum())
    head = f"{name}: {count} record{'' if count == 1 else 's'}"
    out = [
        f'<circle cx="{_MARGIN + 5}" cy="{top + 10:.1f}" r="4" fill="{dot}"/>',
        _text(_MARGIN + 14, top + 14, head + _labels_of(value, rows), weight=600),
    ]
    y0 = top + _LEGEND + 2
    wide = (_WIDE - (_ACROSS - 1) * _GAP) / _ACROSS
    down = len(LEADS) // _ACROSS
    for i, lead in enumerate(LEADS):
        x = _MARGIN + (i // down) * (wide + _GAP)
        y = y0 + (i % down) * (_BEAT_HIGH + 6)
        frame = (x, y, wide, mv)
        out += _box(lead, beat[i], shade[i], most, marks.get(lead, []), colour, frame)
    return out, y0 + down * (_BEAT_HIGH + 6) + 6


def _box(
    lead: str,
    beat: NDArray[Any],
    shade: NDArray[Any],
    most: float,
    marks: Sequence[tuple[float, float]],
    colour: dict[str, Any],
    frame: tuple[float, float, float, float],
) -> list[str]:
    """One lead: where the box lies, how wide it is, and how many mV tall."""
    x, y, wide, mv = frame
    out = [
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{_BEAT_HIGH}" fill="none" '
        'stroke="currentColor" opacity="0.15"/>'
    ]
    if not np.isfinite(beat).all():
        middle = _text(x + wide / 2, y + _BEAT_HIGH / 2, "not seen", anchor="middle", quiet=True)
        return [*out, _text(x + 3, y + 11, lead, weight=600), middle]
    step = wide / len(beat)
    for first, count, depth in runs(shade, most):
        out.append(
            f'<rect x="{x + first * step:.1f}" y="{y:.1f}" width="{count * step:.1f}" '
            f'height="{_BEAT_HIGH}" fill="{colour["positive"]}" fill-opacity="{0.8 * depth:.2f}"/>'
        )
    level = y + _BEAT_HIGH * _REST - (beat - float(np.median(beat))) / mv * _BEAT_HIGH
    points = " ".join(f"{x + i * step:.1f},{v:.1f}" for i, v in enumerate(level))
    out.append(f'<polyline points="{points}" fill="none" stroke="{colour["trace"]}"/>')
    for start, end in marks:
        a, b = ((one / 1e3 - BEAT_S[0]) / (BEAT_S[-1] - BEAT_S[0]) for one in (start, end))
        out.append(
            f'<rect x="{x + a * wide:.1f}" y="{y + 2:.1f}" width="{max((b - a) * wide, 2):.1f}" '
            f'height="{_BEAT_HIGH - 4}" rx="6" fill="none" stroke="{colour["changed"]}" '
            'stroke-width="1.5"/>'
        )
    out.append(_text(x + 3, y + 11, lead, weight=600))
    return out


def _marked(value: Clusters) -> dict[str, list[tuple[float, float]]]:
    table = value.marked
    out: dict[str, list[tuple[float, float]]] = {}
    if table is not None:
        for row in table[table.p < 0.05].itertuples():
            out.setdefault(str(row.lead), []).append((row.start_ms, row.end_ms))
    return out


def _labels_of(value: Clusters, rows: NDArray[np.bool_]) -> str:
    """How many of a cluster have each label."""
    names = [one for one, there in zip(value.truth, rows, strict=True) if there and one]
    told = ", ".join(f"{names.count(one)} {one[:24]}" for one in sorted(set(names)))
    return f" ({told})" if told else ""


def _tall(beats: Sequence[NDArray[np.float64]]) -> float:
    """How many mV a box must hold to show every beat whole: a wave cut off would look flat."""
    rows = np.concatenate([one[np.isfinite(one).all(axis=1)] for one in beats])
    if not len(rows):
        return _MV
    rows = rows - np.median(rows, axis=1, keepdims=True)
    up, down = float(rows.max()), float(-rows.min())
    return max(_MV, 1.05 * up / _REST, 1.05 * down / (1 - _REST))


def _scale(mv: float) -> str:
    return f"300 ms before R to 500 ms after it; a box is {mv:.1f} mV tall; blue: where the model looks"


def _legend(value: Clusters, mv: float) -> str:
    said = f"mean beats, {_scale(mv)}"
    if value.k < 2:
        return said
    if value.marked is None:
        return f"{said}; too few records to test where clusters differ"
    return f"{said}; framed: maps of clusters 0 and 1 differ (p < 0.05)"


def _mean(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Mean over the records that have a lead; NaN where none has."""
    count = np.isfinite(rows).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(count, np.nansum(rows, axis=0, dtype=float) / count, np.nan))


def _text(
    x: float,
    y: float,
    words: str,
    anchor: str = "start",
    weight: int = 400,
    quiet: bool = False,
    size: float = 11,
) -> str:
    opacity = ' opacity="0.72"' if quiet else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" '
        f'font-size="{size:g}"{opacity}>{escaped(words)}</text>'
    )
