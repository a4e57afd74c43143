"""The Explainer: of a predictor and a record, an explanation: a value with its provenance."""

from .attribution import METHODS, Attribution, attribute
from .counterfactual import Counterfactual, Step, counterfactual

__all__ = ["METHODS", "Attribution", "Counterfactual", "Step", "attribute", "counterfactual"]
