"""Audits: many records to tables with statistics, of what a model asks for and whether it is right."""

from ..errors import AuditError
from .counterfactuals import counterfactual_table
from .numbers import MEASUREMENTS
from .run import AuditResults, merge, run
from .scorecards import Scorecard, scorecard
from .splits import splits
from .statistics import compare, holm
from .subgroups import Subgroups, subgroups
from .tables import CounterfactualTable
from .twins import TwinScore, twin_score

__all__ = [
    "MEASUREMENTS",
    "AuditError",
    "AuditResults",
    "CounterfactualTable",
    "Scorecard",
    "Subgroups",
    "TwinScore",
    "compare",
    "counterfactual_table",
    "holm",
    "merge",
    "run",
    "scorecard",
    "splits",
    "subgroups",
    "twin_score",
]
