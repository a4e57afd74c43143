"""What the comments of a WFDB header say of the patient, and its record line of the date."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ...vocabulary.diagnoses import FROM_SNOMED, title
from .header import Header

_SNOMED = re.compile(r"\d{6,18}")


def about(header: Header) -> dict[str, Any]:
    """Age, sex, date and statements, where the header's comments give them."""
    text = "\n".join(header.comments)
    age = re.search(r"<?\bage\b>?\s*:?\s*(\d{1,3})\b", text, re.IGNORECASE)
    sex = re.search(r"<?\bsex\b>?\s*:?\s*([mf])(?:ale|emale)?\b", text, re.IGNORECASE)
    return {
        "age": int(age[1]) if age else None,
        "sex": sex[1].upper() if sex else None,
        "recorded": _when(header.when),
        "statements": _statements(header.comments),
    }


def _statements(comments: Sequence[str]) -> tuple[str, ...]:
    """Diagnoses: after ``Dx:`` in one line, or the lines that follow ``<diagnoses>:``."""
    for number, line in enumerate(comments):
        key, colon, value = line.partition(":")
        key = key.strip(" <>").lower()
        if key == "dx" and colon:
            codes = [code.strip() for code in value.split(",") if code.strip()]
            return tuple(_said(code) for code in codes)
        if key == "diagnoses" and colon:
            return tuple(line.strip() for line in comments[number + 1 :] if line.strip())
    return ()


def _said(code: str) -> str:
    """A SNOMED CT identifier with the title of its diagnosis, where that is known; other words as they are."""
    if not _SNOMED.fullmatch(code):
        return code
    number = f"SNOMED CT {code}"
    return f"{title(FROM_SNOMED[code])} ({number})" if code in FROM_SNOMED else number


def _when(text: str) -> str | None:
    """Date and time of the record line in ISO form; both orders and styles are in use."""
    for style in ("%H:%M:%S %d/%m/%Y", "%d-%b-%Y %H:%M:%S"):
        try:
            return datetime.strptime(text.partition(".")[0].strip(), style).isoformat(sep=" ")
        except ValueError:
            continue
    return None
