"""Audits as bqplot figures: what many counterfactuals changed, and beside what is true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bqplot as bq
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...audit.numbers import MEASUREMENTS
from ...errors import AuditError
from ...vocabulary.diagnoses import title
from ...vocabulary.measurements import Measurement
from .look import INK, QUIET, RED, axis, figure, scale, text, ticks

if TYPE_CHECKING:
    from ...audit import CounterfactualTable, TwinScore

Array = NDArray[np.float64]
_ROW_PX = 30
_LABELS_PX = 240
#: Where the axis of all measurements together is labelled: it is even in the logarithm of 1 + size.
_SIZES = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)


def changes(table: CounterfactualTable, measurement: str | None, direction: str) -> bq.Figure:
    """What changed, a point a record; of one measurement, before and after, a line a record."""
    if direction not in table.directions:
        known = ", ".join(table.directions) or "none"
        raise AuditError(f"direction {direction!r}: choose one of {known}")
    if measurement is not None:
        return _before_after(table, _known(measurement), direction)
    rows = []
    for about in MEASUREMENTS.values():
        before, after = _pairs(table, about, direction)
        rows.append((_named(about, about.least), [about.change(before, after) / about.least]))
    head = f"{_count(table, direction)}: what changed"
    return _strips(rows, head, "Change, in the smallest changes that count", [("each record", RED)])


def twins(score: TwinScore, measurement: str | None) -> bq.Figure:
    """True changes and those found; of one measurement, one over the other, a point a heart."""
    if measurement is not None:
        return _found_over_true(score, _known(measurement))
    rows = []
    for key, part in score.changes.groupby("measurement", sort=False):
        about = MEASUREMENTS[str(key)]
        error = float(part.error.median())
        sizes = [part[name].dropna().to_numpy(float) / error for name in ("true", "found")]
        rows.append((_named(about, error), sizes))
    head = f"{_capital(title(score.condition))}: true twins beside counterfactuals"
    kinds = [("true twin", INK), ("counterfactual", RED)]
    return _strips(rows, head, "Change, in errors of the measurement", kinds)


def _known(measurement: str) -> Measurement:
    if measurement not in MEASUREMENTS:
        known = ", ".join(MEASUREMENTS)
        raise AuditError(f"measurement {measurement!r}: choose one of {known}")
    return MEASUREMENTS[measurement]


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _count(table: CounterfactualTable, direction: str) -> str:
    row = table.reached.loc[direction]
    way = "Towards" if direction == "towards" else "Back from"
    return f"{way} {title(table.target)} ({int(row.reached)} of {int(row.asked)} reached)"


def _pairs(table: CounterfactualTable, about: Measurement, direction: str) -> tuple[Array, Array]:
    """Before and after, of the records reached in which both were measured."""
    rows = table.outcomes.reached & (table.outcomes.direction == direction)
    before, after = (
        one.loc[rows, about.key].to_numpy(float) for one in (table.original, table.counterfactual)
    )
    both = np.isfinite(before) & np.isfinite(after)
    return before[both], after[both]


def _named(about: Measurement, size: float) -> str:
    """A measurement, and what one step of the axis is for it."""
    value = f"{size * about.scale:.{about.digits}f}".rstrip(".")
    return f"{about.title} ({value} {about.symbol})".replace(" )", ")")


def _strips(
    rows: list[tuple[str, list[Array]]], head: str, label: str, kinds: list[tuple[str, str]]
) -> bq.Figure:
    """A row a measurement: points for single changes, a bar for their median, a lane a kind."""
    count = max(len(rows), 1)
    ends = [float(np.abs(one).max()) for _, sizes in rows for one in sizes if len(one)]
    far = 1.04 * float(_spread(max([3.0, *ends])))
    x, y = scale(-far, far), scale(-0.5, count - 0.5, reverse=True)
    scales: dict[str, Any] = {"x": x, "y": y}
    marks = [_guide(scales, count, at) for at in (0.0, -1.0, 1.0)]
    for lane, (kind, colour) in enumerate(kinds):
        offset = 0.0 if len(kinds) == 1 else 0.4 * (lane - 0.5)
        marks += _lane(scales, [sizes[lane] for _, sizes in rows], offset, colour)
        key = {"text": [kind], "x": [-far], "y": [-0.5], "x_offset": 80 * lane, "y_offset": -6}
        if len(kinds) > 1:
            marks.append(text(scales, **(key | {"colors": [colour]})))
    for row, (_, sizes) in enumerate(rows):
        if not any(len(one) for one in sizes):
            place = {"x": [0.0], "y": [float(row)], "x_offset": 8, "y_offset": 4}
            marks.append(text(scales, text=["never measurable in both"], **place))
    names = {str(k): name for k, (name, _) in enumerate(rows)}
    levels = np.arange(count, dtype=float)
    down = axis(y, "", "left", tick_values=levels, tick_labels=names, grid_lines="none")
    across = _size_axis(x, label, far)
    margin = {"left": _LABELS_PX, "top": 48 if len(kinds) == 1 else 74}
    height_px = margin["top"] + 50 + _ROW_PX * count
    return figure(marks, [across, down], head, height_px=height_px, width_px=820, margin=margin)


def _spread(size: ArrayLike) -> Array:
    """Where a change lies on the axis: small ones apart, large ones still on it."""
    return np.asarray(np.sign(size) * np.log2(1.0 + np.abs(size)))


def _size_axis(x: bq.Scale, label: str, far: float) -> bq.Axis:
    steps = np.array([size for size in _SIZES if _spread(size) <= far])
    steps = np.concatenate([-steps[:0:-1], steps])
    places = _spread(steps)
    said = {
        f"{place:.12g}": f"{size:+g}".replace("-", "−") if size else "0"
        for place, size in zip(places, steps, strict=True)
    }
    return axis(x, label, tick_values=np.array([float(one) for one in said]), tick_labels=said)


def _guide(scales: dict[str, Any], count: int, at: float) -> bq.Lines:
    style = {"line_style": "dashed" if at else "solid", "colors": [QUIET], "stroke_width": 1.0}
    return bq.Lines(scales=scales, x=[at, at], y=[-0.5, count - 0.5], **style)


def _lane(scales: dict[str, Any], sizes: list[Array], offset: float, colour: str) -> list[bq.Mark]:
    """The points of every row, spread so that none hides another, and a bar at their median."""
    seen = [(row, _spread(one)) for row, one in enumerate(sizes) if len(one)]
    if not seen:
        return []
    look = {"scales": scales, "colors": [colour], "apply_clip": False}
    heights = [row + offset + 0.1 * np.sin(2.4 * np.arange(len(one))) for row, one in seen]
    each = bq.Scatter(
        x=np.concatenate([one for _, one in seen]),
        y=np.concatenate(heights),
        default_size=28,
        opacities=[0.6],
        **look,
    )
    middles = np.array([float(np.median(one)) for _, one in seen])
    levels = np.array([row + offset for row, _ in seen])
    at, reach = np.column_stack([middles] * 2), np.column_stack([levels - 0.19, levels + 0.19])
    bars = bq.Lines(x=at, y=reach, **{**look, "colors": [colour] * len(seen)}, stroke_width=3.0)
    return [each, bars]


def _before_after(table: CounterfactualTable, about: Measurement, direction: str) -> bq.Figure:
    before, after = _pairs(table, about, direction)
    after = before + about.change(before, after)  # an angle by the shorter way round
    pairs = about.scale * np.column_stack([before, after])
    low, high = (float(pairs.min()), float(pairs.max())) if pairs.size else (0.0, 1.0)
    room = 0.06 * (high - low) or 1.0
    x, y = scale(-0.3, 1.3), scale(low - room, high + room)
    scales: dict[str, Any] = {"x": x, "y": y}
    marks: list[bq.Mark] = []
    if len(pairs):
        each = {"colors": [QUIET], "stroke_width": 1.0, "opacities": [0.55] * len(pairs)}
        marks.append(bq.Lines(scales=scales, x=[0.0, 1.0], y=pairs, **each))
        median = np.median(pairs, axis=0)
        look = {"colors": [RED], "stroke_width": 3.0, "marker": "circle", "marker_size": 60}
        marks.append(bq.Lines(scales=scales, x=[0.0, 1.0], y=median, **look))
        for at, align, offset in ((0, "end", -9), (1, "start", 9)):
            value = f"{median[at]:.{about.digits}f}"
            place = {"x": [float(at)], "y": [median[at]], "x_offset": offset, "y_offset": 4}
            words = {"text": [value], "align": align, "colors": [RED], "font_weight": "bold"}
            marks.append(text(scales, **place, **words))
    ends = {"0": "recording", "1": "counterfactual"}
    across = axis(x, "", tick_values=np.array([0.0, 1.0]), tick_labels=ends, grid_lines="none")
    unit = f", {about.symbol}" if about.symbol else ""
    head = f"{_count(table, direction)}; red: median"
    return figure(
        marks, [across, axis(y, f"{about.title}{unit}", "left", tick_values=ticks(low - room, high + room))], head,
        height_px=320, width_px=460, margin={"bottom": 32},
    )  # fmt: skip


def _found_over_true(score: TwinScore, about: Measurement) -> bq.Figure:
    part = score.changes[score.changes.measurement == about.key]
    true, found = (about.scale * part[name].to_numpy(float) for name in ("true", "found"))
    seen = np.isfinite(found)
    far = 1.1 * float(np.abs(np.concatenate([true, found[seen], [1e-9]])).max())
    x, y = scale(-far, far), scale(-far, far)
    scales: dict[str, Any] = {"x": x, "y": y}
    line = {"scales": scales, "colors": [QUIET], "stroke_width": 1.0}
    marks = [
        bq.Lines(x=[-far, far], y=[-far, far], line_style="dashed", **line),
        bq.Lines(x=[-far, far], y=[0.0, 0.0], **line),
        bq.Lines(x=[0.0, 0.0], y=[-far, far], **line),
        bq.Scatter(scales=scales, x=true[seen], y=found[seen], colors=[RED], default_size=40),
    ]
    unit = f", {about.symbol}" if about.symbol else ""
    name = f"of {about.in_sentence}{unit}"
    head = f"{_capital(title(score.condition))}: {int(part.right.sum())} of {len(part)} signs right"
    even: dict[str, Any] = {"tick_values": ticks(-far, far)}
    axes = [axis(x, f"True change {name}", **even), axis(y, "Change found", "left", **even)]
    return figure(marks, axes, head, height_px=360, width_px=440)
