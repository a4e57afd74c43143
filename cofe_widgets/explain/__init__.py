"""The Explainer: of a predictor and a record, an explanation: a value with its provenance."""

from .attribution import METHODS, Attribution, attribute
from .counterfactual import Counterfactual, Step, counterfactual
from .directions import Directions, directions
from .inversion import ExplainError, reconstruct, sample

__all__ = [
    "METHODS",
    "Attribution",
    "Counterfactual",
    "Directions",
    "ExplainError",
    "Step",
    "attribute",
    "counterfactual",
    "directions",
    "reconstruct",
    "sample",
]
