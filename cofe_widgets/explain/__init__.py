"""The Explainer: of a predictor and a record, an explanation: a value with its provenance."""

from .attribution import Attribution, attribute
from .attribution.registry import names, old_name
from .counterfactual import Candidate, Counterfactual, counterfactual

#: Names of the attribution methods (looked up when asked for: they can be registered).
ATTRIBUTION_METHODS: tuple[str, ...]

__all__ = [
    "ATTRIBUTION_METHODS",
    "Attribution",
    "Candidate",
    "Counterfactual",
    "attribute",
    "counterfactual",
]


def __getattr__(name: str) -> tuple[str, ...]:
    if name == "ATTRIBUTION_METHODS":
        return names()
    if name == "METHODS":
        return old_name()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
