"""Counterfactual ECGs: how an ECG would have to change for a model to answer otherwise."""

from .find import counterfactual
from .result import Counterfactual, Step

__all__ = ["Counterfactual", "Step", "counterfactual"]
