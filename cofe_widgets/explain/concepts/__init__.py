"""Concepts: whether a model uses what a cardiologist would call the reason (TCAV), and the causal check of it."""

from .concept import TABLE_1, Concept
from .correlation import label_correlation
from .result import ConceptScores
from .run import concepts

__all__ = ["TABLE_1", "Concept", "ConceptScores", "concepts", "label_correlation"]
