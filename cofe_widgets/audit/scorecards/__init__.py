"""What an attribution map is worth: checks by the field's categories, beside maps that know nothing."""

from .check import CATEGORIES, Check
from .checks import CHECKS
from .hearts import with_and_without
from .place import FULL, QUICK, Settings
from .run import scorecard
from .scorecard import Scorecard, Verdict

__all__ = [
    "CATEGORIES",
    "CHECKS",
    "FULL",
    "QUICK",
    "Check",
    "Scorecard",
    "Settings",
    "Verdict",
    "scorecard",
    "with_and_without",
]
