"""The model that a stored value was made of, found again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import WeightsError, WrapError
from .predictor import Predictor, load


def known_predictor(provenance: Mapping[str, Any], f: Predictor | None = None) -> Predictor:
    """The model that ``provenance`` names: the one given, or the shipped one of that name and weights.

    Raises
    ------
    WrapError
        When it is no shipped model, or its weights are others now: then it has to be given.
    """
    if f is not None:
        return f
    name, weights = provenance.get("model"), provenance.get("model_hash")
    try:
        found = load(str(name))
    except (WeightsError, WrapError) as error:
        raise WrapError(f"{name} is no shipped model: give it, rerun(f)") from error
    if found.weight_hash != weights:
        raise WrapError(f"the {name} of this version has other weights: give yours, rerun(f)")
    return found
