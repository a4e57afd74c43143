"""The median beat of a record beside its rhythm, with its waves and intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ecg import Record
from ...errors import EcgError
from ...report.labels import shown
from ..core.codec import pack
from .fiducials import packed_waves

if TYPE_CHECKING:
    import pandas as pd

    from ...signals import MedianBeat

#: What is shown of the beat, in ms after R: from before P to after T.
WINDOW_MS = (-400.0, 600.0)
#: Lead II and the chest leads, as far as the record has them.
LEADS = ("II", "V1", "V2", "V3", "V4", "V5", "V6")


def packed_beat(record: Record) -> dict[str, Any] | None:
    """The median beat as the browser draws it; None where the record shows no beat that comes back.

    The intervals are those of `cofe_widgets.measure`: global, and QTc by Fridericia's formula.
    """
    from ...signals import median_beat
    from ...signals.measurements import of_device

    record = shown(record)
    try:
        beat = median_beat(record)
    except EcgError:
        return None
    leads = [lead for lead in LEADS if lead in beat.leads] or list(beat.leads[: len(LEADS)])
    inside = (beat.time_ms >= WINDOW_MS[0]) & (beat.time_ms < WINDOW_MS[1])
    first = float(beat.time_ms[inside][0])
    signal = np.stack([beat[lead][inside] for lead in leads])
    return {
        "fs": beat.fs,
        "leads": leads,
        "signal": pack(np.nan_to_num(signal)),
        "waves": packed_waves(_table(beat, first), leads, "measured waves"),
        "intervals": intervals(beat, first, of_device(record.meta)),
    }


def _table(beat: MedianBeat, first: float) -> pd.DataFrame:
    """P, QRS, T and the deflections of every lead, ms from the first sample shown."""
    import pandas as pd

    parts = beat.deflections
    times = np.stack([parts.onset_ms, parts.peak_ms, parts.offset_ms], axis=-1)
    rows = [
        (0, lead, name, *times[i, k])
        for i, lead in enumerate(beat.leads)
        for k, name in enumerate("QRS")
        if np.isfinite(times[i, k]).all()
    ]
    table = beat.fiducials
    table = pd.concat([table, pd.DataFrame(rows, columns=table.columns)], ignore_index=True)
    for name in ("onset_ms", "peak_ms", "offset_ms"):
        table[name] -= first
    return table


def intervals(
    beat: MedianBeat, first: float, theirs: Mapping[str, float] | None = None
) -> list[dict[str, Any]]:
    """PR, QRS, QT and QTc: what is written, and bounds in ms from the first sample shown.

    The device's own number stands beside ours; one that is not given says why.
    """
    theirs = theirs or {}
    found = []
    for name, key, start, end, doubt in (
        ("PR", "pr_ms", beat.p.onset_ms, beat.qrs.onset_ms, "P"),
        ("QRS", "qrs_ms", beat.qrs.onset_ms, beat.qrs.offset_ms, "QRS"),
        ("QT", "qt_ms", beat.qrs.onset_ms, beat.t.offset_ms, "T"),
    ):
        why = [said for part, said in beat.doubts.items() if part.split()[0] in (doubt, "QRS")]
        beside = f" (device {theirs[key]:.0f})" if key in theirs else ""
        if why and math.isfinite(end - start):
            found.append({"text": f"{name} –{beside}: {why[0]}", "from": 0.0, "to": 0.0})
        elif math.isfinite(end - start):
            text = f"{name} {end - start:.0f} ms{beside}"
            found.append({"text": text, "from": start - first, "to": end - first})
    rr_s = float(np.nanmean(beat.rr_ms)) / 1000 if np.isfinite(beat.rr_ms).any() else math.nan
    if (
        found
        and str(found[-1]["text"]).startswith("QT ")
        and found[-1]["to"]
        and math.isfinite(rr_s)
    ):
        # Not a span of the beat: the QT that this heart would have at 60 beats a minute.
        qtc = (beat.t.offset_ms - beat.qrs.onset_ms) / rr_s ** (1 / 3)
        found.append({"text": f"QTc {qtc:.0f} ms", "from": 0.0, "to": 0.0})
    return found
