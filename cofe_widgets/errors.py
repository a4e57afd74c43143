"""Every public error of the package: each says what was given, what is wrong with it, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class EcgError(ValueError):
    """A signal that cannot be an ECG as given: says which lead, which value, what to do."""


class EcgFormatError(EcgError):
    """A file that cannot be read as an ECG.

    Attributes
    ----------
    file : str
        The name of the file.
    format : str
        The format that was recognised; empty when none was.
    reason : str
        What is wrong and, where there is something, what to do.
    """

    #: Longest message: whatever a file holds, it fits a screen.
    LONGEST = 480
    _LONGEST_NAME = 100

    def __init__(self, file: str, format: str, reason: str) -> None:
        self.file, self.format = _brief(file, self._LONGEST_NAME), format
        place = f"{self.file}{f' ({format})' if format else ''}: "
        self.reason = _brief(reason, self.LONGEST - len(place))
        super().__init__(f"{place}{self.reason}")

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.file, self.format, self.reason)


def _brief(text: str, longest: int) -> str:
    """Text on one line, cut in its middle where it is longer than ``longest``."""
    text = "".join(c if c.isprintable() else " " for c in text[: 4 * longest])
    half = (longest - 5) // 2
    return text if len(text) <= longest else f"{text[:half]} ... {text[-half:]}"


class WeightsError(ValueError):
    """Weights that are missing or are not what their card says."""


class WrapError(ValueError):
    """A model that cannot be used as described: says what it was given and what it answered."""


class ExplainError(ValueError):
    """An explanation that cannot be made as asked: says why, and what can."""


class AuditError(ValueError):
    """An audit that cannot be made as asked: says what was given and what can be done."""


def meant(name: object, known: Iterable[str]) -> str:
    """What was perhaps meant by a name that is not known: " (did you mean 'x' or 'y'?)", or nothing."""
    by_lower = {one.lower(): one for one in known}
    told = [by_lower[one] for one in get_close_matches(str(name).lower(), by_lower, 3)]
    return f" (did you mean {' or '.join(map(repr, told))}?)" if told else ""
