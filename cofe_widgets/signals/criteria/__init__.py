"""What cardiology concludes from the numbers of an ECG: rules, criteria, diagnoses."""

from .diagnoses import CRITERIA, DIAGNOSES, diagnosis, holds
from .rules import RULES, rules
from .verdict import Verdict

__all__ = ["CRITERIA", "DIAGNOSES", "RULES", "Verdict", "diagnosis", "holds", "rules"]
