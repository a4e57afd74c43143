"""The Explainer: of a predictor and a record, an explanation: a value with its provenance."""

from .attribution import METHODS, Attribution, attribute
from .counterfactual import Counterfactual, Step, counterfactual
from .inversion import ExplainError, reconstruct, sample

__all__ = [
    "METHODS",
    "Attribution",
    "Counterfactual",
    "ExplainError",
    "Step",
    "attribute",
    "counterfactual",
    "reconstruct",
    "sample",
]
