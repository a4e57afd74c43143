"""The card of a file of weights: what it must say, checked before anything is built by it."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

from ..ecg import lead_name

#: No argument of an architecture is larger, none is a longer list.
MOST, MOST_LISTED = 100_000, 64


def _is_number(value: Any, low: float, high: float) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return bool(number and isfinite(value) and low <= value <= high)


def _is_names(value: Any) -> bool:
    return (
        isinstance(value, list)
        and 0 < len(value) <= 1000
        and all(isinstance(one, str) and 0 < len(one) <= 200 for one in value)
        and len(set(value)) == len(value)
    )


def _is_leads(value: Any) -> bool:
    if not _is_names(value):
        return False
    for one in value:
        lead_name(one)  # says what is wrong itself
    return True


def _is_argument(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= MOST_LISTED and all(map(_is_argument, value))
    return value is None or isinstance(value, bool) or _is_number(value, -MOST, MOST)


#: What a predictor's card says -> whether it can be that.
_OF_PREDICTOR: dict[str, Callable[[Any], bool]] = {
    "outputs": _is_names,
    "output": lambda value: value in ("softmax", "sigmoid", "linear"),
    "fs": lambda value: _is_number(value, 20, 20_000),
    "leads": _is_leads,
    "seconds": lambda value: _is_number(value, 0.1, 86_400),
}
#: What it may say besides: seconds taken at once, where that is less; whether it takes median beats;
#: whether menus name it.
_MAY_SAY: dict[str, Callable[[Any], bool]] = {
    "window": lambda value: _is_number(value, 0.1, 86_400),
    "median_beat": lambda value: isinstance(value, bool),
    "menu": lambda value: isinstance(value, bool),
}


def card_of(told: Any) -> dict[str, Any]:
    """A card that is sound.

    Raises
    ------
    ValueError
        When it is not; names the entry.
    """
    if not isinstance(told, dict):
        raise ValueError("its card is no mapping")
    arguments = told["arguments"]
    if not isinstance(told["architecture"], str) or not isinstance(arguments, dict):
        raise ValueError("its card names no architecture")
    odd = [name for name, value in arguments.items() if not _is_argument(value)]
    if odd:
        raise ValueError(f"its card has no sound argument {odd[0][:40]!r}")
    if not isinstance(told.get("summary", ""), str):
        raise ValueError("its card has no sound summary")
    if "outputs" in told:
        for name, sound in _OF_PREDICTOR.items():
            if not sound(told[name]):
                raise ValueError(f"its card says {name} {str(told[name])[:80]!r}")
        for name, sound in _MAY_SAY.items():
            if name in told and not sound(told[name]):
                raise ValueError(f"its card says {name} {str(told[name])[:80]!r}")
        if arguments.get("outputs", len(told["outputs"])) != len(told["outputs"]):
            raise ValueError(
                f"its card names {len(told['outputs'])} outputs of {arguments['outputs']}"
            )
        if arguments.get("leads", len(told["leads"])) != len(told["leads"]):
            raise ValueError(f"its card names {len(told['leads'])} leads of {arguments['leads']}")
    return told
