"""What a model's outputs are called and between what they lie, for the browser and for print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ..explain import Counterfactual
    from ..wrap import Predictor

#: Full names of common outputs, for those who do not know the codes.
TITLES = {
    "SR": "sinus rhythm",
    "NSR": "sinus rhythm",
    "NORM": "normal ECG",
    "AF": "atrial fibrillation",
    "AFL": "atrial flutter",
    "IAVB": "first-degree AV block",
    "LBBB": "left bundle branch block",
    "RBBB": "right bundle branch block",
    "LQRSV": "low QRS voltage",
    "LVH": "left ventricular hypertrophy",
    "MI": "myocardial infarction",
    "AMI": "anterior infarction",
    "IMI": "inferior infarction",
    "SB": "sinus bradycardia",
    "STach": "sinus tachycardia",
}


class Value(NamedTuple):
    """A value that models estimate: its name, unit, digits, and between what it lies in people."""

    title: str
    unit: str
    digits: int
    low: float
    high: float


VALUES = {"potassium_mmol_l": Value("potassium", "mmol/L", 1, 2.0, 9.0)}


def described(name: str, probability: bool) -> dict[str, Any]:
    """An output as the browser knows it: name, title, unit, digits, and the ends of its bar."""
    if probability:
        about: dict[str, Any] = {"title": TITLES.get(name, ""), "unit": "", "digits": 2}
        return {"name": name, "probability": True, **about, "low": 0.0, "high": 1.0}
    known = VALUES.get(name)
    about = known._asdict() if known else {"title": "", "unit": "", "digits": 2}
    return {"name": name, "probability": False, "low": None, "high": None, **about}


def outputs_of(f: Predictor) -> list[dict[str, Any]]:
    """The outputs of a model, in its order."""
    return [described(name, f.output != "linear") for name in f.outputs]


def output_of(cf: Counterfactual) -> dict[str, Any]:
    """The output that a counterfactual moves; a stored one is known by its values alone."""
    inside = all(0 <= value <= 1 for value in (*cf.predictions, cf.level))
    return described(cf.target, inside and cf.target not in VALUES)


def said(output: Mapping[str, Any], value: float) -> str:
    """A value of an output in print."""
    if output["probability"]:
        return f"{output['name']} {value:.2f}"
    name = output["title"] or output["name"]
    return f"{name} {value:.{output['digits']}f} {output['unit']}".strip()
