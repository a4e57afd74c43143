"""Requests that have no answer: one line on standard error, and status 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class RefusedError(Exception):
    """A request that has no answer; its text is the answer."""


@contextmanager
def refusals() -> Iterator[None]:
    """What the rooms below say to people, as the one line that this one prints."""
    from ..errors import ExplainError, WeightsError, WrapError

    try:
        yield
    except (ExplainError, WeightsError, WrapError, OSError) as error:
        raise RefusedError(str(error)) from error
