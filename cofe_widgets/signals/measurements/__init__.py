"""The named numbers of an electrocardiogram: of the record, of each lead, of each beat."""

from .device import disagreements, of_device
from .measure import UNITS, Measured, measure, measured
from .per_beat import BEAT_UNITS, measure_beats
from .per_lead import LEAD_UNITS

__all__ = [
    "BEAT_UNITS",
    "LEAD_UNITS",
    "UNITS",
    "Measured",
    "disagreements",
    "measure",
    "measure_beats",
    "measured",
    "of_device",
]
