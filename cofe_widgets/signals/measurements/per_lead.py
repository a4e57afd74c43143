"""The numbers of each lead of a beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...vocabulary.measurements import OF_LEAD, units
from ..beats import BEAT_FS, between
from ..deflections import NAMES, Deflections
from ..median_beat import largest
from ..waves import Wave

#: Name of every measurement of a lead and its unit.
LEAD_UNITS = units(OF_LEAD)
#: ST is measured this long after J.
ST_MS = 60.0
#: Levels are means of so much on either side.
AROUND_MS = 4.0
#: A T wave lower than this is flat: neither upright nor inverted.
FLAT_T_MV = 0.05


def lead_numbers(
    signal: NDArray[np.floating],
    p_mv: NDArray[np.float64],
    waves: tuple[Wave, Wave, Wave],
    parts: Deflections,
    t_amplitude_mv: NDArray[np.float64],
) -> dict[str, NDArray[np.float64]]:
    """Keys of `LEAD_UNITS`, arrays ``(leads,)``, of one beat on `TIME_MS`.

    Parameters
    ----------
    signal : ndarray, shape (leads, samples)
        mV from the isoelectric level.
    p_mv : ndarray, shape (leads, samples)
        The P wave alone; NaN where there is none.
    waves : Waves P, QRS and T, global.
    parts : Deflections
    t_amplitude_mv : ndarray, shape (leads,)

    Notes
    -----
    p_amplitude_mv : largest deflection from the line between onset and offset, signed
    p_terminal_mv_ms : P terminal force (Morris et al., Circulation 1964;29:242): depth times
        duration of the negative end of P, negative; 0 where P does not end negative
    q, r, s : amplitude from the level before the QRS (Q and S negative), duration from crossing to
        crossing of that level; NaN where the lead has no such deflection. A QS complex has only Q.
    r_peak_time_ms : QRS onset to R peak (intrinsicoid deflection)
    rs_ratio : R over the depth of S; NaN where either is absent
    qrs_ms : of all leads together (a bound found in one lead alone agreed no better with
        cardiologists' marks of that lead); NaN where the lead cannot be measured
    j_amplitude_mv, st_amplitude_mv, st_slope_mv_per_s : level at QRS offset, 60 ms later, and
        slope between the two
    t_amplitude_mv, t_polarity : largest deflection about the T peak, and its sign; 0 when lower
        than 0.05 mV
    """
    _, qrs, _ = waves
    q, r, s = (NAMES.index(name) for name in NAMES)
    height, length = parts.amplitude_mv, parts.offset_ms - parts.onset_ms
    j, st = _level(signal, qrs.offset_ms), _level(signal, qrs.offset_ms + ST_MS)
    measurable = np.where(np.isfinite(signal[:, 0]), 1.0, np.nan)
    flat = np.abs(t_amplitude_mv) < FLAT_T_MV
    return {
        "p_amplitude_mv": largest(p_mv),
        "p_terminal_mv_ms": _terminal_force(p_mv),
        "q_amplitude_mv": height[:, q],
        "q_duration_ms": length[:, q],
        "r_amplitude_mv": height[:, r],
        "r_duration_ms": length[:, r],
        "r_peak_time_ms": parts.peak_ms[:, r] - qrs.onset_ms,
        "s_amplitude_mv": height[:, s],
        "s_duration_ms": length[:, s],
        "rs_ratio": height[:, r] / -height[:, s],
        "qrs_ms": (qrs.offset_ms - qrs.onset_ms) * measurable,
        "j_amplitude_mv": j,
        "st_amplitude_mv": st,
        "st_slope_mv_per_s": (st - j) / (ST_MS / 1000),
        "t_amplitude_mv": t_amplitude_mv,
        "t_polarity": np.where(flat, 0.0, np.sign(t_amplitude_mv)),
    }


def _level(signal: NDArray[np.floating], at_ms: float) -> NDArray[np.float64]:
    """Mean of each lead about a moment."""
    return np.asarray(signal[:, between(at_ms - AROUND_MS, at_ms + AROUND_MS + 1)].mean(axis=1))


def _terminal_force(p_mv: NDArray[np.float64]) -> NDArray[np.float64]:
    """Depth times duration of the last negative part of P of each lead, mV ms; never positive."""
    out = np.full(len(p_mv), np.nan)
    for lead, trace in enumerate(p_mv):
        if np.isfinite(trace).all():
            inside = np.trim_zeros(trace)
            positive = np.flatnonzero(inside > 0)
            end = inside[positive[-1] + 1 :] if len(positive) else inside
            out[lead] = end.min(initial=0.0) * len(end) * 1000 / BEAT_FS
    return out
