"""What a caller of `read` wants of a file: which leads, which part, at which rate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Real

from ..errors import EcgError
from ..vocabulary.leads import own_name, standard_lead


@dataclass(frozen=True)
class Wanted:
    """The part of a file to read.

    Attributes
    ----------
    leads : tuple of str or None
        Leads to keep, in this order; None for all.
    names : mapping of str to str
        New names of signals, by their names in the file.
    start, end : float or None
        Seconds from the beginning of the recording.
    fs : float or None
        The sampling rate in Hz of a file that gives none.
    keep_identity : bool
        Whether ``meta`` may say who it is and when exactly.
    """

    leads: tuple[str, ...] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    start: float | None = None
    end: float | None = None
    fs: float | None = None
    keep_identity: bool = False

    @classmethod
    def of(
        cls,
        leads: Iterable[str] | Mapping[str, str] | None,
        start: float | None,
        end: float | None,
        fs: float | None,
        keep_identity: bool,
    ) -> Wanted:
        """What the arguments of `read` ask for; nonsense is refused before a file is opened."""
        for name, value in (("start", start), ("end", end), ("fs", fs)):
            if value is not None and not (_is_number(value) and value >= 0):
                raise EcgError(f"{name}={value!r}: expected a number, not below zero")
        if end is not None and (start or 0) >= end:
            raise EcgError(f"start={start!r} and end={end!r}: there is nothing between the two")
        if isinstance(leads, str):
            raise EcgError(f"leads={leads!r} is one string: expected a list, [{leads!r}]")
        names: dict[str, str] = {}
        chosen: tuple[str, ...] | None = None
        if isinstance(leads, Mapping):
            names = {str(old): standard_lead(new) or own_name(new) for old, new in leads.items()}
            if "" in names.values() or len(set(names.values())) < len(names):
                raise EcgError(f"leads={dict(leads)!r}: every signal needs a name of its own")
        elif leads is not None:
            chosen = tuple(standard_lead(name) or own_name(name) for name in leads)
            if not chosen or "" in chosen or len(set(chosen)) < len(chosen):
                raise EcgError(f"leads={leads!r}: expected names of leads, each once")
        return cls(chosen, names, start, end, fs, bool(keep_identity))

    def window(self, fs: float, samples: int) -> tuple[int, int]:
        """First and last (exclusive) of ``samples`` at ``fs`` Hz that are wanted.

        Raises
        ------
        EcgError
            When they lie beyond the end of the recording.
        """
        start = self.start or 0.0
        end = samples / fs if self.end is None else self.end
        if start * fs > samples - 1 or end * fs > samples + 0.5:
            raise EcgError(
                f"it lasts {samples / fs:g} s: there is no part from {start:g} to {end:g} s"
            )
        return round(start * fs), min(round(end * fs), samples)

    @property
    def is_part(self) -> bool:
        """Whether a part of the recording's time is wanted."""
        return self.start is not None or self.end is not None


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
