"""The kinds of values, and whether two values hold the same."""

from dataclasses import fields

import numpy as np
import pandas as pd

import cofe_widgets as cw
from cofe_widgets.values import Value

KINDS = (
    "counterfactual",
    "attribution",
    "delineation",
    "table",
    "score",
    "quality",
    "concepts",
    "glocal",
    "subgroups",
    "clusters",
)
GIVEN = {
    "counterfactual": 0,
    "attribution": 0,
    "delineation": 1,
    "table": 1,
    "score": 0,
    "quality": 0,
    "concepts": 1,
    "glocal": 1,
    "subgroups": 1,
    "clusters": 1,
}


def same(a, b) -> bool:
    """Whether two things hold the same, however they are made of."""
    if isinstance(a, pd.DataFrame):
        return list(a) == list(b) and all(same(list(a[k]), list(b[k])) for k in a)
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, cw.Record):
        return same(a.signal, b.signal) and a.leads == b.leads and dict(a.meta) == dict(b.meta)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b or (a != a and b != b)


def alike(a: Value, b: Value, but: tuple[str, ...] = ()) -> bool:
    names = [f.name for f in fields(a) if f.name not in (*a._unsaved, *but)]  # type: ignore[arg-type]
    return type(a) is type(b) and all(same(getattr(a, n), getattr(b, n)) for n in names)
