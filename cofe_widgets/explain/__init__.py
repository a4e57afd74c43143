"""The Explainer: of a predictor and a record, an explanation: a value with its provenance."""

from .attribution import Attribution, attribute
from .attribution.registry import lookup
from .concepts import Concept, ConceptScores, concepts, label_correlation
from .counterfactual import Candidate, Counterfactual, counterfactual

#: Names of the attribution methods (looked up when asked for: they can be registered).
ATTRIBUTION_METHODS: tuple[str, ...]

__all__ = [
    "ATTRIBUTION_METHODS",
    "Attribution",
    "Candidate",
    "Concept",
    "ConceptScores",
    "Counterfactual",
    "attribute",
    "concepts",
    "counterfactual",
    "label_correlation",
]

__getattr__ = lookup(__name__)
