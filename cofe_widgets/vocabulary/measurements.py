"""Every measurement of an ECG: what it is called, its unit, and the smallest change of it that counts.

One row a measurement; what measures, compares, prints or turns one reads it here.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", float, NDArray[np.float64])


@dataclass(frozen=True)
class Measurement:
    """What is known of a measurement.

    Attributes
    ----------
    key : str
        Its name in Python, the unit at the end.
    title : str
        What people call it.
    unit : str
        ``"ms"``, ``"mV"``, ``"bpm"``, ``"deg"`` ...; empty for shares and ratios.
    least : float
        The smallest difference that counts as a change, in a regular rhythm.
    least_irregular : float
        The same where RR is irregular, in which waves are measured less exactly; infinite where
        the measurement means nothing then.
    absent : str
        What is said where there is no value: a wave is ``"absent"``, an interval is not known.
    """

    key: str
    title: str
    unit: str
    least: float
    least_irregular: float
    absent: str

    @property
    def is_share(self) -> bool:
        """Whether it is a share of 1, which people read in per cent."""
        return self.key == "p_presence"

    @property
    def symbol(self) -> str:
        """The unit as printed."""
        return "%" if self.is_share else UNITS[self.unit].symbol

    @property
    def scale(self) -> float:
        """What a value is multiplied by to be printed."""
        return 100.0 if self.is_share else 1.0

    @property
    def digits(self) -> int:
        """Digits worth printing behind the point."""
        return 0 if self.is_share else UNITS[self.unit].digits

    @property
    def in_sentence(self) -> str:
        """The title as it stands within a sentence."""
        return self.title[0].lower() + self.title[1:] if self.title[1].islower() else self.title

    def change(self, before: Number, after: Number) -> Number:
        """``after`` minus ``before``; an angle by the shorter way round, NaN where one is NaN."""
        by = after - before
        return (by + 180) % 360 - 180 if self.unit == "deg" else by

    def differ(self, a: float, b: float, irregular: bool = False) -> bool:
        """Whether two values differ by a change that counts; present and absent always do.

        Parameters
        ----------
        irregular : bool
            Whether RR is irregular where one of them was measured.
        """
        if isnan(a) or isnan(b):
            return isnan(a) is not isnan(b)
        return abs(self.change(a, b)) >= (self.least_irregular if irregular else self.least)


@dataclass(frozen=True)
class Unit:
    """How numbers of a unit are printed and read.

    Attributes
    ----------
    symbol : str
        As printed behind the number.
    digits : int
        Behind the point.
    legible : float
        What a reader can tell apart on paper at all, whatever is measured; half a small square of
        time or less.
    """

    symbol: str
    digits: int
    legible: float


UNITS = {
    "bpm": Unit("bpm", 0, 3.0),
    "ms": Unit("ms", 0, 5.0),
    "mV": Unit("mV", 2, 0.02),
    "deg": Unit("°", 0, 5.0),
    "": Unit("", 1, 0.1),
    "mV/s": Unit("mV/s", 2, 0.2),
    "mV ms": Unit("mV ms", 1, 1.0),
}


def _table(
    *rows: tuple[str, str, str, float, float] | tuple[str, str, str],
) -> dict[str, Measurement]:
    table = {}
    for key, title, unit, *least in rows:
        regular, irregular = least or (inf, inf)
        absent = "absent" if key.endswith("_amplitude_mv") else "–"
        table[key] = Measurement(key, title, unit, regular, irregular, absent)
    return table


#: Smallest changes are what 90 % of real recordings differ by less than between their own first and
#: second half, in sinus rhythm and in fibrillation (``python -m benchmarks trust`` measures them
#: again), rounded up to what can be read off paper; those of RR, which truly differs between halves,
#: are above the error of beat detection. Amplitudes of a lead count where two neighbouring leads agree
#: (of halves, one in ten or fewer show such a change). A measurement without them is never said to
#: have changed.
MEASUREMENTS: dict[str, Measurement] = _table(
    ("heart_rate_bpm", "Heart rate", "bpm", 3.0, 5.0),
    ("rr_mean_ms", "RR interval", "ms", 40.0, 60.0),
    ("rr_sd_ms", "RR variability (SD)", "ms", 10.0, 15.0),
    ("rr_rmssd_ms", "RR variability (RMSSD)", "ms", 15.0, 20.0),
    ("p_presence", "Beats with a P wave", "", 0.2, 0.2),
    ("p_amplitude_mv", "P amplitude", "mV", 0.03, 0.03),
    ("p_amplitude_or_0_mv", "P amplitude, 0 where absent", "mV", 0.03, 0.03),
    ("p_duration_ms", "P duration", "ms", 20.0, inf),
    ("p_terminal_mv_ms", "P terminal force", "mV ms"),
    ("pr_ms", "PR interval", "ms", 12.0, 12.0),
    ("qrs_ms", "QRS duration", "ms", 8.0, 10.0),
    ("q_amplitude_mv", "Q amplitude", "mV", 0.10, 0.12),
    ("q_duration_ms", "Q duration", "ms"),
    ("r_amplitude_mv", "R amplitude", "mV", 0.12, 0.15),
    ("r_duration_ms", "R duration", "ms"),
    ("r_peak_time_ms", "R-peak time", "ms"),
    ("s_amplitude_mv", "S amplitude", "mV", 0.10, 0.12),
    ("s_duration_ms", "S duration", "ms"),
    ("rs_ratio", "R/S ratio", ""),
    ("j_amplitude_mv", "ST at J", "mV", 0.05, 0.08),
    ("st_amplitude_mv", "ST at J + 60 ms", "mV", 0.05, 0.08),
    ("st_slope_mv_per_s", "ST slope", "mV/s"),
    ("t_amplitude_mv", "T amplitude", "mV", 0.08, 0.20),
    ("t_polarity", "T polarity", ""),
    ("qt_ms", "QT interval", "ms", 15.0, inf),
    ("qtc_bazett_ms", "QTc (Bazett)", "ms", 20.0, inf),
    ("qtc_fridericia_ms", "QTc (Fridericia)", "ms", 20.0, inf),
    ("qtc_framingham_ms", "QTc (Framingham)", "ms", 20.0, inf),
    ("p_axis_deg", "P axis", "deg", 20.0, inf),
    ("qrs_axis_deg", "QRS axis", "deg", 10.0, 15.0),
    ("t_axis_deg", "T axis", "deg", 25.0, 45.0),
    ("sokolow_lyon_mv", "Sokolow–Lyon index", "mV", 0.10, 0.35),
    ("lewis_mv", "Lewis index", "mV", 0.20, 0.30),
    ("cornell_mv", "Cornell voltage", "mV", 0.10, 0.15),
    ("r_peak_ms", "R peak", "ms"),
    ("rr_ms", "RR interval to the last beat", "ms"),
)

#: The measurements of a record, of each lead of its median beat, and of each beat.
OF_RECORD = (
    *("heart_rate_bpm", "rr_mean_ms", "rr_sd_ms", "rr_rmssd_ms", "p_presence", "p_amplitude_mv"),
    *("p_duration_ms", "pr_ms", "qrs_ms", "q_amplitude_mv", "q_duration_ms", "r_amplitude_mv"),
    *("s_amplitude_mv", "rs_ratio", "j_amplitude_mv", "st_amplitude_mv", "st_slope_mv_per_s"),
    *("t_amplitude_mv", "t_polarity", "qt_ms", "qtc_bazett_ms", "qtc_fridericia_ms"),
    *("qtc_framingham_ms", "p_axis_deg", "qrs_axis_deg", "t_axis_deg", "sokolow_lyon_mv"),
    *("lewis_mv", "cornell_mv"),
)
OF_LEAD = (
    *("p_amplitude_mv", "p_terminal_mv_ms", "q_amplitude_mv", "q_duration_ms", "r_amplitude_mv"),
    *("r_duration_ms", "r_peak_time_ms", "s_amplitude_mv", "s_duration_ms", "rs_ratio", "qrs_ms"),
    *("j_amplitude_mv", "st_amplitude_mv", "st_slope_mv_per_s", "t_amplitude_mv", "t_polarity"),
)
OF_BEAT = (
    *("r_peak_ms", "rr_ms", "p_presence", "p_amplitude_mv", "p_duration_ms", "pr_ms", "qrs_ms"),
    *("q_amplitude_mv", "q_duration_ms", "r_amplitude_mv", "r_duration_ms", "s_amplitude_mv"),
    *("s_duration_ms", "rs_ratio", "j_amplitude_mv", "st_amplitude_mv", "st_slope_mv_per_s"),
    *("t_amplitude_mv", "t_polarity", "qt_ms", "qtc_bazett_ms", "qtc_fridericia_ms"),
    "qtc_framingham_ms",
)


def units(keys: tuple[str, ...]) -> dict[str, str]:
    """Unit of each of some measurements."""
    return {key: MEASUREMENTS[key].unit for key in keys}
