"""Counterfactual ECGs: how an ECG would have to change for a model to answer otherwise."""

from .find import counterfactual
from .result import Candidate, Counterfactual

__all__ = ["Candidate", "Counterfactual", "counterfactual"]
