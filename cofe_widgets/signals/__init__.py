"""Numbers of an ECG: R-peaks, the median beat with its waves, delineation, measurements, rules."""

from .criteria.rules import RULES, rules
from .criteria.verdict import Verdict
from .delineation.delineate import Delineation, delineate
from .measurements.measure import UNITS, Measured, measure, measured
from .measurements.per_beat import BEAT_UNITS, measure_beats
from .measurements.per_lead import LEAD_UNITS
from .median_beat import MedianBeat, median_beat
from .quality import Quality, quality
from .rpeaks import r_peaks
from .waves import Wave

__all__ = [
    "BEAT_UNITS",
    "LEAD_UNITS",
    "RULES",
    "UNITS",
    "Delineation",
    "Measured",
    "MedianBeat",
    "Quality",
    "Verdict",
    "Wave",
    "delineate",
    "measure",
    "measure_beats",
    "measured",
    "median_beat",
    "quality",
    "r_peaks",
    "rules",
]
