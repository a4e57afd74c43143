"""What two other ways of explaining say of planted models: saliency, and plain gradient descent.

Saliency has no name for time: of a rhythm it can say nothing, and counts 0. It is asked where it has a
fair chance: which waves of which leads carry the answer, marked by the median beat's own bounds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import cofe_widgets as cw
from cofe_widgets import Predictor, Record
from cofe_widgets.ecg import LEADS
from cofe_widgets.errors import EcgError, ExplainError
from cofe_widgets.signals import median_beat

from .planted import GROUPS, PLANTED

#: Waves of a beat that saliency may fall on.
PARTS = ("p", "pr_segment", "qrs", "st", "t")
#: Of a cause that is no wave of some leads: the parts it lies in, all leads.
_EVERYWHERE = {
    "pr": ("p", "pr_segment"),
    "qrs": ("qrs",),
    "jt": ("st", "t"),
    "p_wave_taken_away": ("p",),
}
#: Measurements (`signals.changes`) that belong to each planted model's reason, and leads where they are
#: of leads.
MEASURED = {
    "irregularity": ({"rr_sd_ms"}, LEADS),
    "rate": ({"heart_rate_bpm"}, LEADS),
    "p_ii": ({"p_presence", "p_amplitude_mv"}, LEADS),
    "pr": ({"pr_ms"}, LEADS),
    "qrs": ({"qrs_ms"}, LEADS),
    "r_v5": ({"r_amplitude_mv"}, ("V4", "V5", "V6")),
    "rs_v1": ({"q_amplitude_mv", "r_amplitude_mv"}, ("V1", "V2")),
    "st_v2_v3": ({"j_amplitude_mv"}, ("V1", "V2", "V3", "V4")),
    "t_v2": ({"t_amplitude_mv"}, ("V1", "V2", "V3")),
    "t_v6": ({"t_amplitude_mv"}, ("V5", "V6")),
    "qt": ({"qt_ms"}, LEADS),
    "axis": ({"qrs_axis_deg"}, LEADS),
    "irregular_and_no_p": ({"rr_sd_ms", "p_presence", "p_amplitude_mv"}, LEADS),
    "irregular_or_no_p": ({"rr_sd_ms", "p_presence", "p_amplitude_mv"}, LEADS),
}


def cells(name: str) -> set[tuple[str, str]]:
    """Parts and leads in which a planted model's reason lies; empty for what lies in time alone."""
    out: set[tuple[str, str]] = set()
    for cause in PLANTED[name].causes:
        if cause in _EVERYWHERE:
            out |= {(part, lead) for part in _EVERYWHERE[cause] for lead in LEADS}
        elif cause == "qrs_axis":
            out |= {("qrs", lead) for lead in LEADS[:6]}
        for group, leads in GROUPS.items():
            wave = cause.removesuffix(f"_{group}")
            if wave != cause:
                out |= {("qrs" if wave in "qrs" else wave, lead) for lead in leads}
    return out


def parts_of(record: Record) -> dict[str, NDArray[np.bool_]]:
    """Which samples ``(samples,)`` are of which part of a beat.

    Raises
    ------
    EcgError
        When the record shows no beat.
    """
    beat = median_beat(record)
    ends = (beat.qrs.offset_ms, beat.t.onset_ms)
    bounds = {
        "p": (beat.p.onset_ms, beat.p.offset_ms),
        "pr_segment": (beat.p.offset_ms, beat.qrs.onset_ms),
        "qrs": (beat.qrs.onset_ms, beat.qrs.offset_ms),
        "st": ends,
        "t": (beat.t.onset_ms, beat.t.offset_ms),
    }
    time = 1000 * np.arange(record.samples)[:, None] / record.fs
    after_r = time - 1000 * beat.r_peaks_s
    return {
        part: ((after_r >= start) & (after_r < end)).any(axis=1)
        for part, (start, end) in bounds.items()
    }


def saliency(name: str, record: Record, f: Predictor) -> float:
    """Share of all input x gradient, unsigned, on the reason's waves in its leads.

    NaN where there is no reason to name, or no beat to find it in.
    """
    if not PLANTED[name].nameable:
        return np.nan
    found = cw.attribute(record, f, "X", method="input_x_gradient")
    size = np.abs(found.values.astype(float))
    try:
        parts = parts_of(found.record)
    except EcgError:
        return np.nan
    held = sum(size[LEADS.index(lead), parts[part]].sum() for part, lead in cells(name))
    return float(held / size.sum()) if size.sum() > 0 else 0.0


def descent(name: str, record: Record, f: Predictor, level: float) -> tuple[float, bool]:
    """Plain descent: share of what it measurably moved that belongs to the reason; and if it got there.

    0 where it moved nothing that can be measured; NaN where there is no reason to name.
    """
    try:
        found = cw.counterfactual(record, f, "X", level, severities=2, method="gradient")
    except ExplainError:
        return (0.0 if PLANTED[name].nameable else np.nan), False
    if not PLANTED[name].nameable:
        return np.nan, found.reached
    names, leads = MEASURED[name]
    moved = found.findings.moved
    right = [k for k, (lead, _) in moved.items() if k in names and (not lead or lead in leads)]
    return len(right) / max(1, len(moved)), found.reached
