"""What a record's ``meta`` may hold: the one table of its keys, what each is, and what of it may leave.

What identifies a person (a name of a file, a number, a date, a signature) stays in the session unless
``keep_identity=True`` is said. What the table does not know stays too: nobody can tell what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from numbers import Real
from typing import Any

from .identity import names_in, without_identity, without_serial, year_and_time

#: What made a record, where that is no file.
SOURCES = ("simulated", "generated", "counterfactual")
#: How the warning begins of a record whose rate nobody knows.
RATE_ASSUMED = "the header gives no sampling rate"
_MOST_LETTERS, _MOST_TEXTS = 1000, 200


def is_number(value: Any) -> bool:
    """Whether it can be printed as a number."""
    return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _MOST_LETTERS


def _is_texts(value: Any) -> bool:
    return (
        isinstance(value, tuple | list) and len(value) <= _MOST_TEXTS and all(map(_is_text, value))
    )


def _is_plain(value: Any) -> bool:
    return is_number(value) or _is_text(value) or _is_texts(value)


def _itself(value: Any) -> Any:
    return value


def _age(value: Any) -> Any:
    return value if is_number(value) else None


def _sex(value: Any) -> Any:
    return value if isinstance(value, str) and value.isalpha() and len(value) <= 10 else None


def _source(value: Any) -> Any:
    return value if value in SOURCES else None


#: Key -> what of its value may leave.
META: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("title", "format", "warnings"), _itself),
    "source": _source,
    "device": _itself,
    "age": _age,
    "sex": _sex,
    "recorded": year_and_time,
    "statements": _itself,
    **dict.fromkeys(("high_pass_hz", "low_pass_hz"), _itself),
    "device_measurements": dict,
    # of what was simulated, generated, changed
    **dict.fromkeys(("labels", "seed", "index", "severity", "potassium_mmol_l"), _itself),
    **dict.fromkeys(("correlation", "rmse_uv", "first_of_s", "start_s", "of_s"), _itself),
}
#: Those that are numbers, one or several by name; the others are numbers, texts or lists of texts.
_NUMBERS = frozenset({"high_pass_hz", "low_pass_hz", "first_of_s", "start_s", "of_s"})
_NAMED_NUMBERS = frozenset({"device_measurements"})


def public_meta(meta: Mapping[str, Any]) -> dict[str, Any]:
    """What of a record's ``meta`` may leave the session: nothing that says whose it is."""
    fit = {
        key: META[key](value) for key, value in meta.items() if key in META and _fits(key, value)
    }
    known = meta.get("identity")  # there where a file was read with all it says of the person
    names = (
        names_in(str(v) for k, v in known.items() if k != "comments")
        if isinstance(known, Mapping)
        else ()
    )
    if "device" in fit:
        fit["device"] = without_serial(str(fit["device"]), names)
    if "statements" in fit:
        said = fit["statements"]
        texts = said if isinstance(said, tuple | list) else (said,)
        fit["statements"] = tuple(filter(None, (without_identity(str(t), names) for t in texts)))
    return {key: value for key, value in fit.items() if value not in (None, "", (), {})}


def misfit(meta: Mapping[str, Any]) -> str:
    """A key of `META` whose value is of another kind; empty where there is none."""
    return next((key for key in META if key in meta and not _fits(key, meta[key])), "")


def _fits(key: str, value: Any) -> bool:
    if key in _NAMED_NUMBERS:
        named = isinstance(value, Mapping) and len(value) <= _MOST_TEXTS
        return named and all(_is_text(name) and is_number(one) for name, one in value.items())
    return is_number(value) if key in _NUMBERS else _is_plain(value)
