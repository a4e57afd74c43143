"""A heart with known answers: simulated 12-lead ECGs and the truth about them.

Everything made here is simulated, and says so in ``record.meta["source"]``.
"""

from .batch import Batch
from .conditions import CONDITIONS, POTASSIUM
from .draw import draw
from .simulated import Simulated, simulate
from .truth import Truth

__all__ = ["CONDITIONS", "POTASSIUM", "Batch", "Simulated", "Truth", "draw", "simulate"]
