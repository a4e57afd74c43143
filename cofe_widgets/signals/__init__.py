"""What an ECG says in numbers: R-peaks, the median beat with its waves, named measurements."""

from .beatwise import BEAT_UNITS, measure_beats
from .delineate import Delineation, delineate
from .leadwise import LEAD_UNITS
from .measure import UNITS, Measured, measure, measured
from .median import MedianBeat, median_beat
from .rpeaks import r_peaks
from .rules import RULES, rules
from .verdict import Verdict
from .waves import Wave

__all__ = [
    "BEAT_UNITS",
    "LEAD_UNITS",
    "RULES",
    "UNITS",
    "Delineation",
    "Measured",
    "MedianBeat",
    "Verdict",
    "Wave",
    "delineate",
    "measure",
    "measure_beats",
    "measured",
    "median_beat",
    "r_peaks",
    "rules",
]
