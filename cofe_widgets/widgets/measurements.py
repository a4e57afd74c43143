"""What measurements are called on screen and in print."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """What a measurement is called, the digits worth printing, the least change worth noting."""

    label: str
    digits: int
    least: float


#: The measurements that tables list, of all that `measure` knows.
MEASUREMENTS = {
    "heart_rate_bpm": Words("Heart rate", 0, 5.0),
    "rr_mean_ms": Words("RR interval", 0, 50.0),
    "rr_sd_ms": Words("RR variability (SD)", 0, 15.0),
    "rr_rmssd_ms": Words("RR variability (RMSSD)", 0, 20.0),
    "p_presence": Words("Beats with a P wave", 0, 0.2),
    "p_amplitude_mv": Words("P amplitude", 2, 0.03),
    "pr_ms": Words("PR interval", 0, 15.0),
    "qrs_ms": Words("QRS duration", 0, 10.0),
    "q_amplitude_mv": Words("Q amplitude", 2, 0.1),
    "r_amplitude_mv": Words("R amplitude", 2, 0.1),
    "s_amplitude_mv": Words("S amplitude", 2, 0.1),
    "j_amplitude_mv": Words("ST level at J", 2, 0.05),
    "st_amplitude_mv": Words("ST at J + 60 ms", 2, 0.05),
    "t_amplitude_mv": Words("T amplitude", 2, 0.05),
    "qrs_axis_deg": Words("QRS axis", 0, 20.0),
    "qt_ms": Words("QT interval", 0, 20.0),
    "qtc_fridericia_ms": Words("QTc (Fridericia)", 0, 20.0),
    "sokolow_lyon_mv": Words("Sokolow–Lyon index", 2, 0.4),
}
