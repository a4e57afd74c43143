"""A record longer than the model, explained by choice: one window of it, or all, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np

from ...ecg import Record, stored_record
from ...errors import ExplainError
from ...wrapper import Predictor

#: An `Attribution`; its module imports this one.
Attribution = Any
#: Windows explained at a time: what is held of a day's is no more than these and the answer.
TOGETHER = 64
#: A rest shorter than this is no window.
LEAST_REST_S = 0.02


def explained_by_window(
    record: Any,
    f: Predictor,
    target: str,
    window: Any,
    explain: Callable[[Sequence[Record]], list[Attribution]],
) -> Attribution:
    """The attribution of the windows that were chosen of a record.

    Parameters
    ----------
    record : Record
    f : Predictor
    target : str
    window : "all" or float
        Every window, or the one that begins at so many seconds.
    explain : callable
        The attributions of several records.

    Raises
    ------
    ExplainError
        When there is no such window, or none without gaps.
    """
    if not isinstance(record, Record):
        raise ExplainError("windows are of one record: give one, not several")
    last = record.duration_s - f.seconds
    if last < -LEAST_REST_S:
        raise ExplainError(
            f"the record is {record.duration_s:.2f} s long and {f.name} needs {f.seconds:g} s"
        )
    if isinstance(window, Real) and not isinstance(window, bool):
        if not 0 <= float(window) <= max(last, 0) + LEAST_REST_S:
            raise ExplainError(
                f"window={window}: expected where it begins, 0 to {max(last, 0):g} s of this record"
            )
        return explain([_piece(record, f, float(window))])[0]
    if window != "all":
        raise ExplainError(f"window={window!r}: expected 'first', 'all' or where it begins, in s")
    starts = np.arange(0.0, max(last, 0.0) + LEAST_REST_S, f.seconds).tolist()
    if last - starts[-1] > LEAST_REST_S:
        starts.append(last)  # the last one overlaps the one before
    return _all(record, f, target, starts, explain)


def _piece(record: Record, f: Predictor, start: float) -> Record:
    """What a window shows; ``meta["start_s"]`` says where it begins."""
    start = min(start, max(record.duration_s - f.seconds, 0.0))
    part = record.crop(start, min(start + f.seconds, record.duration_s))
    meta = {**part.meta, "start_s": start, "of_s": record.duration_s}
    return stored_record(part.signal, part.fs, part.leads, meta)


def _all(
    record: Record,
    f: Predictor,
    target: str,
    starts: Sequence[float],
    explain: Callable[[Sequence[Record]], list[Attribution]],
) -> Attribution:
    """One attribution of all windows that the model can be asked about; NaN in the others."""
    seen = record.select(f.leads).resample(f.fs)
    values = np.full(seen.signal.shape, np.nan, np.float32)
    answers: list[float | None] = [None] * len(starts)
    refused = getattr(f, "gaps", "refuse") == "refuse"
    sound = [k for k, start in enumerate(starts) if not (refused and _has_gaps(seen, f, start))]
    if not sound:
        raise ExplainError("every window has gaps: fill them, record.filled('interpolate')")
    found = None
    for first in range(0, len(sound), TOGETHER):
        some = sound[first : first + TOGETHER]
        pieces = [_piece(record, f, starts[k]) for k in some]
        for k, said in zip(some, f.predict(pieces), strict=True):
            answers[k] = said[target]
        for k, found in zip(some, explain(pieces), strict=True):
            at = round(starts[k] * f.fs)
            part = values[:, at : at + found.values.shape[1]]
            # Where two windows overlap the earlier one stands.
            part[:] = np.where(np.isnan(part), found.values[:, : part.shape[1]], part)
    assert found is not None
    dropped = ("completeness_error", "filled")
    known = {k: v for k, v in found.provenance.items() if k not in dropped}
    windows = {"windows_s": list(starts), "window_s": f.seconds, "answers": answers}
    return replace(found, values=values, record=seen, provenance={**known, **windows})


def _has_gaps(seen: Record, f: Predictor, start: float) -> bool:
    return bool(seen.mask[:, round(start * f.fs) : round((start + f.seconds) * f.fs)].any())
