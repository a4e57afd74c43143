"""Every public error of the package: each says what was given, what is wrong with it, what to do."""

from __future__ import annotations


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

    def __init__(self, file: str, format: str, reason: str) -> None:
        self.file, self.format, self.reason = file, format, reason
        super().__init__(f"{file}{f' ({format})' if format else ''}: {reason}")

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.file, self.format, self.reason)


class WeightsError(ValueError):
    """Weights that are missing or are not what their card says."""


class WrapError(ValueError):
    """A model that cannot be used as described: says what it was given and what it answered."""


class ExplainError(ValueError):
    """An explanation that cannot be made as asked: says why, and what can."""


class AuditError(ValueError):
    """An audit that cannot be made as asked: says what was given and what can be done."""
