"""What a record's ``meta`` may hold: the one table of its keys, what each is, and what of it may leave.

What identifies a person (a name of a file, a number, a date, a signature) stays in the session unless
``keep_identity=True`` is said. What the table does not know stays too: nobody can tell what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite
from numbers import Real
from typing import Any

#: What made a record, where that is no file.
SOURCES = ("simulated", "generated", "counterfactual")
_MOST_LETTERS, _MOST_TEXTS = 1000, 200

_YEAR, _TIME = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)"), re.compile(r"\b\d{1,2}:\d\d(?=:|\b)")
#: From here on a statement is a signature.
_SIGNED = re.compile(
    r"[\s(\[*-]*\b(?:(?:electronically\s+)?(?:confirmed|signed|reviewed|verified|approved|edited|"
    r"interpreted|over-?read|read|reported|validated|authenticated|dictated|performed|ordered|"
    r"requested|referred|acquired|recorded)\s*(?:electronically\s*)?(?:by\b|:)|"
    r"(?:bestätigt|befundet|unterschrieben|validé|confirmé|confirmado|firmado)\s+(?:von|durch|par|por)\b).*",
    re.IGNORECASE | re.DOTALL,
)
#: Statements that begin so, or hold such a field, are about a person.
_PERSONAL = re.compile(
    r"\b(?:(?:patient|last|first|family|given|middle|maiden)?[ _-]?name|patient(?:[ _-]?id)?|mrn|"
    r"(?:medical )?record (?:number|no)|pat(?:ient)?[ _-]?(?:id|no|nr)|case ?(?:id|no)|ssn|dob|"
    r"(?:date of )?birth(?:day|[ _-]?date)?|born|address|phone|tel|e-?mail|physician|doctor|"
    r"technician|operator|attending|referring|insurance|accession)\b\s*[:=#.]|\bDr\.?\s+\w|\S@\S+\.\w",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?<![\d.])(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d\d)|(?:19|20)\d{6}|"
    r"\d{1,2}[- ](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[- ](?:\d{4}|\d\d))(?![\d.])",
    re.IGNORECASE,
)


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


def year_and_time(value: Any) -> str | None:
    """Of a date its year, and the time of day."""
    found = _YEAR.search(str(value)), _TIME.search(str(value))
    return ", ".join(one[0] for one in found if one) or None


def impersonal(text: str) -> str:
    """A statement without signature and dates; empty where all of it is about a person."""
    said = _SIGNED.sub("", text)
    if _PERSONAL.search(said):
        return ""
    return _DATE.sub("", said).strip()


def _impersonal_all(values: Any) -> tuple[str, ...]:
    texts = values if isinstance(values, tuple | list) else (values,)
    return tuple(filter(None, (impersonal(str(one)) for one in texts)))


def _source(value: Any) -> Any:
    return value if value in SOURCES else None


#: Key -> what of its value may leave.
META: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("title", "format", "device", "age", "sex", "warnings", "warning"), _itself),
    "source": _source,
    "recorded": year_and_time,
    "statements": _impersonal_all,
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
    return {key: value for key, value in fit.items() if value not in (None, "", (), {})}


def misfit(meta: Mapping[str, Any]) -> str:
    """A key of `META` whose value is of another kind; empty where there is none."""
    return next((key for key in META if key in meta and not _fits(key, meta[key])), "")


def _fits(key: str, value: Any) -> bool:
    if key in _NAMED_NUMBERS:
        named = isinstance(value, Mapping) and len(value) <= _MOST_TEXTS
        return named and all(_is_text(name) and is_number(one) for name, one in value.items())
    return is_number(value) if key in _NUMBERS else _is_plain(value)
