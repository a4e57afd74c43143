"""One protocol for long work: a generator of `Step` that can be closed at any time.

A widget, a progress bar, a test, a process pool and a cluster's worker consume the same generator;
whoever wants the answer alone asks for `last`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .deprecated import warn_of_former


@dataclass(frozen=True)
class Step:
    """One step of long work, for those who watch.

    Attributes
    ----------
    fraction : float
        Of the work done, 0 to 1; it never falls.
    message : str
        What is being done, for people.
    partial : object or None
        What there is to show so far: the candidate of a search, one of several answers, the newest
        row of an audit.
    result : object or None
        The answer, in the last step alone.
    """

    fraction: float
    message: str
    partial: Any = None
    result: Any = None

    def __getattr__(self, name: str) -> Any:
        """What a step of a counterfactual had before there was one protocol."""
        if name not in ("prediction", "signal"):
            raise AttributeError(f"a Step has no {name!r}")
        warn_of_former(f"Step.{name}", f"Step.partial.{name}")
        return getattr(self.partial, name, None)


def last(steps: Iterable[Step]) -> Any:
    """The result of work, done to its end; that of its last step.

    Raises
    ------
    ValueError
        When there was no step.
    """
    step = None
    for step in steps:  # noqa: B007
        pass
    if step is None:
        raise ValueError("the work ended without a step")
    return step.result
