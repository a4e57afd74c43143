"""The checks of a scorecard, one file a check.

A check's file has an object ``CHECK`` of a `Check`. To add one, write its file and name it here.
"""

from __future__ import annotations

from importlib import import_module

from ..check import CATEGORIES, Check

#: Files of this folder in the order of tables.
_FILES = (
    # faithfulness
    "insertion",
    "deletion",
    "infidelity",
    "perturbation",
    "beat_infill",
    # localisation
    "precision_recall",
    "pointing_game",
    "relevance_mass",
    "relevance_rank",
    # randomisation
    "randomisation_pearson",
    "randomisation_spearman",
    # robustness
    "max_sensitivity",
    # complexity
    "complexity",
    "sparseness",
    # axiomatic
    "completeness",
)
CHECKS: dict[str, Check] = {
    one.name: one for one in (import_module(f".{name}", __package__).CHECK for name in _FILES)
}

__all__ = ["CATEGORIES", "CHECKS", "Check"]
