"""What is wrong with a signal: dead stretches, spikes, hum, jumps, drifts, swapped electrodes."""

from .fault import KINDS, Fault
from .quality import Quality, in_words, quality, with_warnings
from .screen import Screened, screened, screened_parts
from .words import sentences

__all__ = [
    "KINDS",
    "Fault",
    "Quality",
    "Screened",
    "in_words",
    "quality",
    "screened",
    "screened_parts",
    "sentences",
    "with_warnings",
]
