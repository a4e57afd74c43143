"""What an ECG says in numbers: R-peaks, the median beat with its waves, named measurements."""

from .measure import UNITS, measure
from .median import MedianBeat, median_beat
from .rpeaks import r_peaks
from .waves import Wave

__all__ = ["UNITS", "MedianBeat", "Wave", "measure", "median_beat", "r_peaks"]
