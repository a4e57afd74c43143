"""The fields of a WFDB header's lines, read leniently: absent, odd or damaged ones are told apart.

Every pattern is bounded, so that no line takes longer to read than its length warrants.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}(?:\.0{0,18})?")
_NUMBER = re.compile(
    r"[-+]?(?:[0-9]{1,18}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,3})?"
)
_FORMAT = re.compile(
    r"([0-9]{1,4})(?:x([0-9]{1,6}))?(?::([0-9]{1,9}))?(?:\+([0-9]{1,12}))?", re.IGNORECASE
)
#: What programs write for a number that they do not have.
_ABSENT = ("nan", "none", "null", "na", "-nan")


class FieldError(ValueError):
    """A field that cannot be what the header says: says which."""


@dataclass(frozen=True)
class Stored:
    """How the samples of a signal lie in its file: ``16x2:3+24``."""

    format: str
    per_frame: int
    skew: int
    offset: int


@dataclass
class Numbers:
    """The numbers of a line; those that are absent or odd are remembered."""

    odd: list[str] = field(default_factory=list)

    def integer(self, text: str | None, what: str, default: int) -> int:
        """A whole number, or the default where there is none; ``5.0`` is one."""
        if text is None:
            return default
        if text.lower() in _ABSENT:
            self.odd.append(f"the {what} is {text}: {default} is assumed")
            return default
        if not _INTEGER.fullmatch(text):
            raise FieldError(f"the {what} is {said(text)}, which is no whole number")
        return int(text.partition(".")[0])

    def number(self, text: str, what: str) -> float | None:
        """A number; None where there is none."""
        if not text or text.lower() in _ABSENT:
            return None
        if not _NUMBER.fullmatch(text):
            raise FieldError(f"the {what} is {said(text)}, which is no number")
        return float(text)


def said(text: str) -> str:
    """A field as a message quotes it."""
    return repr(text if len(text) <= 24 else f"{text[:20]}...")


def stored(text: str) -> Stored | None:
    """How samples lie in a file; None where ``text`` does not say that."""
    match = _FORMAT.fullmatch(text)
    if match is None:
        return None
    per_frame, skew, offset = (int(part or 0) for part in match.groups()[1:])
    return Stored(match[1], per_frame if match[2] else 1, skew, offset)


def is_integer(text: str) -> bool:
    """Whether a field can be one of the whole numbers of a line."""
    return text.lower() in _ABSENT or _INTEGER.fullmatch(text) is not None


def gain(text: str) -> tuple[str, str | None, str]:
    """Gain, baseline and unit of ``200(0)/mV``, as they are written; None and "mV" where absent."""
    amount, slash, unit = text.partition("/")
    amount, bracket, baseline = amount.partition("(")
    return amount, baseline.removesuffix(")") if bracket else None, unit if slash and unit else "mV"
