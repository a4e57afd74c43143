"""The Explainer: of a predictor and a record, an explanation: a value with its provenance."""

from .attribution import METHODS, Attribution, attribute
from .counterfactual import Candidate, Counterfactual, counterfactual

__all__ = ["METHODS", "Attribution", "Candidate", "Counterfactual", "attribute", "counterfactual"]
