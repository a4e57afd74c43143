"""What a call of `counterfactual` gives, for type checkers and for editors that complete names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypedDict, Unpack, cast, overload

from ...ecg import Record
from ...steps import Work, streamed
from ...wrapper import Predictor
from .constraints import Range
from .result import Counterfactual


class How(TypedDict, total=False):
    """The keyword arguments of `counterfactual` that do not change what kind of thing it gives."""

    method: str
    residual: bool
    keep: Sequence[str]
    vary: Sequence[str]
    ranges: Mapping[str, Range] | None
    require: Mapping[str, float] | None
    closeness: float
    start: float


class Explains(Protocol):
    """`counterfactual`: one answer for a record, a list of them for several or with ``diverse``."""

    steps: Callable[..., Work[Any]]

    @overload
    def __call__(
        self,
        record: Record,
        f: Predictor,
        target: str,
        level: float = 0.9,
        severities: int = 21,
        seed: int = 0,
        **how: Unpack[How],
    ) -> Counterfactual: ...
    @overload
    def __call__(
        self,
        record: Sequence[Record],
        f: Predictor,
        target: str,
        level: float = 0.9,
        severities: int = 21,
        seed: int = 0,
        **how: Unpack[How],
    ) -> list[Counterfactual]: ...
    @overload
    def __call__(
        self,
        record: Record | Sequence[Record],
        f: Predictor,
        target: str,
        level: float = 0.9,
        severities: int = 21,
        seed: int = 0,
        *,
        diverse: int,
        **how: Unpack[How],
    ) -> Any: ...


def explains(work: Callable[..., Work[Any]]) -> Explains:
    """`steps.streamed` of the work of `counterfactual`."""
    return cast(Explains, streamed(work))
