"""Audits as bqplot figures: what many counterfactuals changed, and beside what is true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bqplot as bq
import numpy as np
from numpy.typing import NDArray

from ...audit.numbers import MEASUREMENTS
from ...errors import AuditError
from ...vocabulary.diagnoses import title
from ...vocabulary.measurements import Measurement
from .look import INK, QUIET, RED, axis, figure

if TYPE_CHECKING:
    from ...audit import CounterfactualTable, TwinScore

Array = NDArray[np.float64]
_ROW_PX = 30
_LABELS_PX = 205


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
        sizes = [part[name].to_numpy(float) / error for name in ("true", "found")]
        rows.append((_named(about, error), sizes))
    head = f"{title(score.condition)}: changes of true twins, and of counterfactuals"
    kinds = [("true twin", INK), ("counterfactual", RED)]
    return _strips(rows, head, "Change, in errors of the measurement", kinds)


def _known(measurement: str) -> Measurement:
    if measurement not in MEASUREMENTS:
        known = ", ".join(MEASUREMENTS)
        raise AuditError(f"measurement {measurement!r}: choose one of {known}")
    return MEASUREMENTS[measurement]


def _count(table: CounterfactualTable, direction: str) -> str:
    row = table.reached.loc[direction]
    way = "to" if direction == "towards" else "back from"
    return f"{int(row.reached)} of {int(row.asked)} records, {way} {title(table.target)}"


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
    ends = [
        float(np.abs(one).max()) for _, sizes in rows for one in sizes if np.isfinite(one).any()
    ]
    far = 1.08 * max([1.5, *ends])
    x = bq.LinearScale(min=-far, max=far)
    y = bq.LinearScale(min=-0.5, max=count - 0.5, reverse=True)
    scales: dict[str, Any] = {"x": x, "y": y}
    guides = [(0.0, "solid"), (-1.0, "dashed"), (1.0, "dashed")]
    marks: list[bq.Mark] = [
        bq.Lines(
            scales=scales, x=[at, at], y=[-0.5, count - 0.5], line_style=style,
            colors=[QUIET], stroke_width=1.0,
        )
        for at, style in guides
    ]  # fmt: skip
    for lane, (kind, colour) in enumerate(kinds):
        offset = 0.0 if len(kinds) == 1 else 0.34 * (lane - 0.5)
        points, medians = _lane([sizes[lane] for _, sizes in rows], offset)
        look = {"scales": scales, "colors": [colour], "apply_clip": False}
        marks.append(
            bq.Scatter(x=points[0], y=points[1], default_size=26, opacities=[0.45], **look)
        )
        shown = {"labels": [f"{kind}, and the median"], "display_legend": len(kinds) > 1}
        marks.append(
            bq.Scatter(
                x=medians[0], y=medians[1], marker="rectangle", default_size=150,
                default_skew=0.95, rotation=np.full(len(medians[0]), 90.0), **look, **shown,
            )
        )  # fmt: skip
    names = {str(k): name for k, (name, _) in enumerate(rows)}
    down = axis(
        y,
        "",
        "left",
        tick_values=np.arange(count, dtype=float),
        tick_labels=names,
        grid_lines="none",
    )
    margin = {"left": _LABELS_PX, "top": 40}
    height = 92 + _ROW_PX * count
    return figure(
        marks, [axis(x, label), down], head, height_px=height, width_px=820, margin=margin
    )


def _lane(sizes: list[Array], offset: float) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Places of the points, spread so that none hides another, and of the medians."""
    xs, ys, middle, at = [], [], [], []
    for row, values in enumerate(sizes):
        seen = values[np.isfinite(values)]
        if not len(seen):
            continue
        xs.append(seen)
        ys.append(row + offset + 0.12 * np.sin(2.4 * np.arange(len(seen))))
        middle.append(float(np.median(seen)))
        at.append(row + offset)
    points = (np.concatenate(xs), np.concatenate(ys)) if xs else (np.zeros(0), np.zeros(0))
    return points, (np.array(middle), np.array(at))


def _before_after(table: CounterfactualTable, about: Measurement, direction: str) -> bq.Figure:
    before, after = _pairs(table, about, direction)
    after = before + about.change(before, after)  # an angle by the shorter way round
    pairs = about.scale * np.column_stack([before, after])
    low, high = (float(pairs.min()), float(pairs.max())) if pairs.size else (0.0, 1.0)
    room = 0.06 * (high - low) or 1.0
    x = bq.LinearScale(min=-0.2, max=1.2)
    y = bq.LinearScale(min=low - room, max=high + room)
    scales: dict[str, Any] = {"x": x, "y": y}
    marks: list[bq.Mark] = []
    if len(pairs):
        each = {"colors": [QUIET], "stroke_width": 1.0, "opacities": [0.55] * len(pairs)}
        marks.append(bq.Lines(scales=scales, x=[0.0, 1.0], y=pairs, **each))
        median = np.median(pairs, axis=0)
        look = {"colors": [RED], "stroke_width": 3.0, "marker": "circle", "marker_size": 60}
        marks.append(bq.Lines(scales=scales, x=[0.0, 1.0], y=median, **look))
    ends = {"0": "recording", "1": "counterfactual"}
    across = axis(x, "", tick_values=np.array([0.0, 1.0]), tick_labels=ends, grid_lines="none")
    unit = f" ({about.symbol})" if about.symbol else ""
    head = f"{_count(table, direction)}; red: median"
    return figure(
        marks, [across, axis(y, f"{about.title}{unit}", "left", num_ticks=5)], head,
        height_px=320, width_px=460, margin={"bottom": 32},
    )  # fmt: skip


def _found_over_true(score: TwinScore, about: Measurement) -> bq.Figure:
    part = score.changes[score.changes.measurement == about.key]
    true, found = (about.scale * part[name].to_numpy(float) for name in ("true", "found"))
    seen = np.isfinite(found)
    far = 1.1 * float(np.abs(np.concatenate([true, found[seen], [1e-9]])).max())
    x, y = (bq.LinearScale(min=-far, max=far) for _ in range(2))
    scales: dict[str, Any] = {"x": x, "y": y}
    line = {"scales": scales, "colors": [QUIET], "stroke_width": 1.0}
    marks = [
        bq.Lines(x=[-far, far], y=[-far, far], line_style="dashed", **line),
        bq.Lines(x=[-far, far], y=[0.0, 0.0], **line),
        bq.Lines(x=[0.0, 0.0], y=[-far, far], **line),
        bq.Scatter(scales=scales, x=true[seen], y=found[seen], colors=[RED], default_size=40),
    ]
    unit = f" ({about.symbol})" if about.symbol else ""
    name = f"of {about.in_sentence}{unit}"
    head = f"{title(score.condition)}: {int(part.right.sum())} of {len(part)} signs right"
    axes = [axis(x, f"True change {name}"), axis(y, "Change found", "left", num_ticks=5)]
    return figure(marks, axes, head, height_px=360, width_px=440)
