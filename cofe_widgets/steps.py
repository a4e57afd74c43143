"""One protocol for long work: a generator of `Step` that can be closed at any time.

A widget, a progress bar, a test, a process pool and a cluster's worker consume the same generator;
whoever wants the answer alone asks for `last`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast

from .deprecated import warn_of_former

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Made = TypeVar("Made", covariant=True)


@dataclass(frozen=True)
class Step(Generic[Result]):
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
    result: Result | None = None

    def __getattr__(self, name: str) -> Any:
        """What a step of a counterfactual had before there was one protocol."""
        if name not in ("prediction", "signal"):
            raise AttributeError(f"a Step has no {name!r}")
        warn_of_former(f"Step.{name}", f"Step.partial.{name}")
        for seen in (self.partial, self.result):
            if hasattr(seen, name):
                return getattr(seen, name)
            if hasattr(seen, f"{name}s"):  # an answer: that of its last frame
                return getattr(seen, f"{name}s")[-1]
        return None


#: Long work: a generator that yields steps and can be closed.
Work = Generator[Step[Result], None, None]


def last(steps: Iterable[Step[Result]]) -> Result:
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
    return cast(Result, step.result)


class Streamed(Protocol[Arguments, Made]):
    """A function that does long work at once, and its ``steps`` for those who watch."""

    steps: Callable[Arguments, Work[Any]]

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Made:
        """Do the work to its end."""


def streamed(work: Callable[Arguments, Work[Result]]) -> Streamed[Arguments, Result]:
    """The function that does a generator's work to its end; the generator becomes its ``steps``.

    It has the generator's name, arguments and docstring.
    """

    @functools.wraps(work)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        return last(work(*args, **kwargs))

    taken = inspect.signature(work)
    call.__signature__ = taken.replace(return_annotation=taken.empty)  # type: ignore[attr-defined]
    call.steps = work  # type: ignore[attr-defined]
    return cast("Streamed[Arguments, Result]", call)
