"""What the comments of a WFDB header say of the patient, and its record line of the date."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ...vocabulary.diagnoses import FROM_SNOMED, title
from .header import Header

_SNOMED = re.compile(r"[0-9]{6,18}")
_AGE = re.compile(r"<?\bage\b>?[ \t]{0,8}[:=]?[ \t]{0,8}(\d{1,3})\b", re.IGNORECASE)
_SEX = re.compile(
    r"<?\b(?:sex|gender)\b>?[ \t]{0,8}[:=]?[ \t]{0,8}([mf])(?:ale|emale)?\b", re.IGNORECASE
)
#: Comments that say something of the heart, as LUDB words them.
_OF_THE_HEART = (
    "rhythm", "electric axis of the heart", "conduction abnormalities", "extrasystole", "extrasystoles",
    "extrasystolies", "hypertrophies", "cardiac pacing", "ischemia", "non-specific repolarization abnormalities",
    "other states",
)  # fmt: skip
_OF_A_PERSON = re.compile(
    r"name|patient|subject|\bid\b|mrn|number|born|birth|dob|physician|doctor|hospital|clinic|address|phone|operator|"
    r"technician|referr|institution|site|ward",
    re.IGNORECASE,
)
_MOST_COMMENTS = 2000


def about(header: Header) -> dict[str, Any]:
    """Age, sex, date and statements, where the header's comments give them."""
    comments = header.comments[:_MOST_COMMENTS]
    text = "\n".join(line[:500] for line in comments)
    age, sex = _AGE.search(text), _SEX.search(text)
    return {
        "age": int(age[1]) if age else None,
        "sex": sex[1].upper() if sex else None,
        "recorded": _when(header.when),
        "statements": _statements(comments),
        "identity": {"comments": text, "persons": " ".join(map(_person, comments))},
    }


def _person(line: str) -> str:
    """What a comment says of a person, a number or a place; empty for other comments."""
    key, _, value = line[:500].partition(":")
    return value.strip() if _OF_A_PERSON.search(key) else ""


def _statements(comments: Sequence[str]) -> tuple[str, ...]:
    """Diagnoses: after ``Dx:`` in one line, or the lines that follow ``<diagnoses>:``."""
    for number, line in enumerate(comments):
        key, colon, value = line.partition(":")
        key = key.strip(" <>").lower()
        if key == "dx" and colon:
            codes = [code.strip() for code in value.split(",") if code.strip()]
            return tuple(_said(code) for code in codes)
        if key == "diagnoses" and colon:
            return (value.strip(), *_of_the_heart(comments[number + 1 :]))
    return ()


def _of_the_heart(comments: Sequence[str]) -> list[str]:
    """The comments that are diagnoses: anything else with a key may be a person's."""
    keys = [line.partition(":")[0].strip(" <>").lower() if ":" in line else "" for line in comments]
    return [
        line.strip()
        for key, line in zip(keys, comments, strict=True)
        if not key or key in _OF_THE_HEART
    ]


def _said(code: str) -> str:
    """A SNOMED CT identifier with the title of its diagnosis, where that is known; other words as they are."""
    if not _SNOMED.fullmatch(code):
        return code
    number = f"SNOMED CT {code}"
    return f"{title(FROM_SNOMED[code])} ({number})" if code in FROM_SNOMED else number


def _when(text: str) -> datetime | None:
    """Date and time of the record line; both orders and styles are in use."""
    for style in ("%H:%M:%S %d/%m/%Y", "%d-%b-%Y %H:%M:%S"):
        try:
            return datetime.strptime(text.partition(".")[0].strip()[:40], style)
        except ValueError:
            continue
    return None
