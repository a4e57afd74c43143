"""Measured numbers of a healthy heart, to be changed one at a time."""

from math import nan

from cofe_widgets.ecg import LEADS
from cofe_widgets.signals import LEAD_UNITS, UNITS, Measured

HEALTHY = {
    "heart_rate_bpm": 75.0,
    "rr_mean_ms": 800.0,
    "rr_sd_ms": 20.0,
    "rr_rmssd_ms": 25.0,
    "p_presence": 1.0,
    "p_amplitude_mv": 0.12,
    "p_duration_ms": 100.0,
    "pr_ms": 160.0,
    "qrs_ms": 90.0,
    "r_amplitude_mv": 1.0,
    "t_amplitude_mv": 0.3,
    "qt_ms": 380.0,
    "qtc_fridericia_ms": 409.0,
    "qrs_axis_deg": 45.0,
}
HEALTHY_LEAD = {
    "r_amplitude_mv": 1.0,
    "s_amplitude_mv": -0.3,
    "s_duration_ms": 20.0,
    "r_duration_ms": 50.0,
    "q_amplitude_mv": -0.05,
    "q_duration_ms": 10.0,
    "qrs_ms": 90.0,
    "j_amplitude_mv": 0.0,
    "st_amplitude_mv": 0.0,
    "t_amplitude_mv": 0.3,
    "t_polarity": 1.0,
    "p_terminal_mv_ms": 0.0,
    "r_peak_time_ms": 30.0,
}


def heart(leads=None, age=nan, sex="", **values):
    """A healthy heart with some numbers changed; ``leads`` maps a lead to its changed numbers."""
    each = {
        lead: dict.fromkeys(LEAD_UNITS, nan) | HEALTHY_LEAD | (leads or {}).get(lead, {})
        for lead in LEADS
    }
    return Measured(dict.fromkeys(UNITS, nan) | HEALTHY | values, each, age, sex)


def fibrillating(**values):
    """The same heart without P waves, its RR irregular."""
    absent = {"p_presence": 0.0, "p_amplitude_mv": nan, "p_duration_ms": nan, "pr_ms": nan}
    return heart(**(absent | {"rr_sd_ms": 168.0, "rr_rmssd_ms": 210.0} | values))
