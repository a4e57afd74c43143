"""Whether what a file gave is what a value is made of; each check says in words what is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf, isfinite, isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ecg import Record
from ..vocabulary.meta import misfit

if TYPE_CHECKING:
    import pandas as pd

#: No name or sentence of a value is longer.
MOST_LETTERS = 5000
#: Nor has what a value says of itself more words and numbers.
MOST_FACTS = 20_000
#: No sample is larger, baseline and all: no electrode stands further from zero.
MOST_MV = 10_000.0


def text(value: Any, name: str, most: int = MOST_LETTERS, of: Iterable[str] | None = None) -> None:
    """Refuse what is no text of bearable length, or none of those that there are."""
    if not isinstance(value, str):
        raise ValueError(f"its {name} is a {type(value).__name__}")
    if len(value) > most:
        raise ValueError(f"its {name} has {len(value)} letters")
    if of is not None and value not in of:
        raise ValueError(f"its {name} is {value[:40]!r}")


def number(
    value: Any, name: str, low: float = -inf, high: float = inf, missing: bool = False
) -> None:
    """Refuse what is no number between two ends; NaN passes where it may be missing."""
    if not isinstance(value, int | float | np.integer | np.floating) or isinstance(value, bool):
        raise ValueError(f"its {name} is a {type(value).__name__}")
    if missing and isnan(value):
        return
    if not (low <= value <= high and isfinite(value)):
        raise ValueError(f"its {name} is {value:.4g}")


def array(
    value: Any,
    name: str,
    kind: type[np.generic],
    shape: tuple[int, ...],
    size: float = inf,
    low: float | None = None,
    missing: bool = False,
) -> None:
    """Refuse what is no array of a type and shape, of numbers up to ``size``, from ``low`` (or its minus)."""
    if not isinstance(value, np.ndarray) or value.dtype != np.dtype(kind):
        said = getattr(value, "dtype", type(value).__name__)
        raise ValueError(f"its {name} is a {said}: expected {np.dtype(kind)}")
    if value.shape != shape:
        raise ValueError(f"its {name} has shape {value.shape}: expected {shape}")
    if not value.size or (missing and np.isnan(value).all()):
        return
    least, most = (np.nanmin(value), np.nanmax(value)) if missing else (value.min(), value.max())
    ends = -size if low is None else low, size
    if not (isfinite(least) and isfinite(most) and ends[0] <= least and most <= ends[1]):
        raise ValueError(f"its {name} is not finite, or beyond what can be")


def plain(value: Any, name: str, most: int = MOST_FACTS) -> None:
    """Refuse what is no tree of named numbers, words and lists, of bearable size."""
    left, waiting = most, [value]
    while waiting:
        one = waiting.pop()
        left -= 1
        if left < 0:
            raise ValueError(f"its {name} says more than any value's")
        if isinstance(one, Mapping):
            if not all(isinstance(key, str) and len(key) <= 200 for key in one):
                raise ValueError(f"its {name} has a key that is no name")
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
        elif isinstance(one, np.ndarray):
            if one.dtype.kind not in "biufU":
                raise ValueError(f"its {name} holds a {one.dtype} array")
        elif isinstance(one, str):
            text(one, name)
        elif not (one is None or isinstance(one, bool | int | float)):
            raise ValueError(f"its {name} holds a {type(one).__name__}")
        elif isinstance(one, int) and abs(one) > 2**63:
            raise ValueError(f"its {name} holds a number of {one.bit_length()} bits")


def frame(value: Any, name: str, columns: Mapping[str, str | Iterable[str]]) -> None:
    """Refuse what is no table of these columns and no others.

    Parameters
    ----------
    columns : mapping
        Of a column's name to what it holds: ``"number"`` (finite or NaN), ``"whole"``, ``"bool"``,
        ``"text"``, or the words that there are.
    """
    import pandas as pd

    if not isinstance(value, pd.DataFrame):
        raise ValueError(f"its {name} is a {type(value).__name__}")
    if isinstance(value.index, pd.MultiIndex) or sorted(map(str, value)) != sorted(columns):
        raise ValueError(f"its {name} has the columns {', '.join(map(str, value))[:200]}")
    if list(value.index) != list(range(len(value))):
        raise ValueError(f"the rows of its {name} are not numbered from 0")
    for column, kind in columns.items():
        _column(value[column], f"{name}.{column}", kind)


def _column(values: pd.Series, name: str, kind: str | Iterable[str]) -> None:
    held = getattr(values.dtype, "kind", "O")
    if not len(values):  # nothing says what it would hold
        return
    if kind == "number":
        if held not in "fiu" or np.isinf(values.to_numpy(float)).any():
            raise ValueError(f"its {name} is not all numbers")
    elif kind == "whole":
        if held not in "iu" or values.min() < 0 or values.max() > 2**31:
            raise ValueError(f"its {name} is not all counts")
    elif kind == "bool":
        if held != "b":
            raise ValueError(f"its {name} is not all yes or no")
    else:
        known = None if kind == "text" else frozenset(kind)
        for one in values:
            text(one, name, of=known)


def record(value: Record, name: str) -> None:
    """Refuse a record whose ``meta`` is no tree of facts, or says what it knows in another form."""
    plain(value.meta, f"{name}.meta")
    odd = misfit(value.meta)
    if odd:
        raise ValueError(f"its {name}.meta says a {type(value.meta[odd]).__name__} of {odd}")
    array(
        value.signal, f"{name}.signal", np.float32, value.signal.shape, size=MOST_MV, missing=True
    )
