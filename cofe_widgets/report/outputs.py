"""What a model's outputs are called and between what they lie, for the browser and for print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..vocabulary.diagnoses import DIAGNOSES, QUANTITIES

if TYPE_CHECKING:
    from ..explain import Counterfactual
    from ..wrapper import Predictor


def described(name: str, probability: bool) -> dict[str, Any]:
    """An output as the browser knows it: name, title, unit, digits, and the ends of its bar."""
    about: dict[str, Any] = {"title": "", "unit": "", "digits": 2, "low": None, "high": None}
    if probability:
        known = DIAGNOSES.get(name)
        about |= {"title": known.title if known else "", "low": 0.0, "high": 1.0}
    elif name in QUANTITIES:
        about |= {key: getattr(QUANTITIES[name], key) for key in about}
    return {"name": name, "probability": probability, **about}


def outputs_of(f: Predictor) -> list[dict[str, Any]]:
    """The outputs of a model, in its order."""
    return [described(name, f.output != "linear") for name in f.outputs]


def output_of(cf: Counterfactual) -> dict[str, Any]:
    """The output that a counterfactual moves; a stored one is known by its values alone."""
    inside = all(0 <= value <= 1 for value in (*cf.predictions, cf.level))
    return described(cf.target, inside and cf.target not in QUANTITIES)


def said(output: Mapping[str, Any], value: float) -> str:
    """A value of an output in print."""
    if output["probability"]:
        return f"{output['name']} {value:.2f}"
    name = output["title"] or output["name"]
    return f"{name} {value:.{output['digits']}f} {output['unit']}".strip()
