"""What an ECG says in numbers: R-peaks, the median beat with its waves, named measurements."""

from .beatwise import BEAT_UNITS, measure_beats
from .delineate import Delineation, delineate
from .leadwise import LEAD_UNITS
from .measure import UNITS, Measured, measure, measured
from .median import MedianBeat, median_beat
from .rpeaks import r_peaks
from .waves import Wave

__all__ = [
    "BEAT_UNITS",
    "LEAD_UNITS",
    "UNITS",
    "Delineation",
    "Measured",
    "MedianBeat",
    "Wave",
    "delineate",
    "measure",
    "measure_beats",
    "measured",
    "median_beat",
    "r_peaks",
]
