"""What a value holds as JSON and arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..ecg import Record, stored_record
from ..vocabulary.meta import public_meta

if TYPE_CHECKING:
    import pandas as pd

#: Nothing that a value holds is nested deeper.
MOST_DEPTH = 40


class Encoding:
    """Takes values apart: JSON, and the arrays that it points to.

    Parameters
    ----------
    keep_identity : bool
        Whether a record's ``meta`` is kept whole, or what of it may leave.
    """

    def __init__(self, keep_identity: bool = True) -> None:
        self.keep_identity = keep_identity
        self.arrays: list[NDArray[Any]] = []

    def encoded(self, value: Any, depth: int = 0) -> Any:
        """The value as JSON can hold it.

        Raises
        ------
        ValueError
            When it is nested without end, or a table or a mapping that would not come back as it was.
        """
        if depth > MOST_DEPTH:
            raise ValueError(f"it is nested deeper than {MOST_DEPTH} levels, or holds itself")
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.generic):
            return self.encoded(value.item(), depth + 1)
        if isinstance(value, np.ndarray):
            self.arrays.append(value.astype(str) if value.dtype == object else value)
            return {"$array": len(self.arrays) - 1}
        if isinstance(value, Mapping):
            plain = {str(key): self.encoded(one, depth + 1) for key, one in value.items()}
            if len(plain) < len(value):
                raise ValueError("a mapping in it has two keys that read alike")
            return {"$dict": plain} if any(key.startswith("$") for key in plain) else plain
        if isinstance(value, tuple):
            return {"$tuple": [self.encoded(one, depth + 1) for one in value]}
        if isinstance(value, list | set | frozenset):
            return [self.encoded(one, depth + 1) for one in value]
        if isinstance(value, Record):
            meta = dict(value.meta) if self.keep_identity else public_meta(value.meta)
            parts = (value.signal, value.fs, value.leads, meta)
            return {"$record": [self.encoded(one, depth + 1) for one in parts]}
        if hasattr(value, "columns") and hasattr(value, "to_numpy"):
            return {"$table": self._table(value, depth)}
        return str(value)

    def _table(self, table: pd.DataFrame, depth: int) -> dict[str, Any]:
        import pandas as pd

        if isinstance(table.index, pd.MultiIndex) or isinstance(table.columns, pd.MultiIndex):
            raise ValueError("a table in it has an index of several levels: reset_index() it first")
        names = list(table.columns)
        if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
            raise ValueError("the columns of a table in it are not each of a name of its own")
        columns = []
        for name in names:
            column = table[name]
            numeric = isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf"
            held = column.to_numpy() if numeric else list(column)
            columns.append([name, self.encoded(held, depth + 1)])
        return {"columns": columns, "index": self.encoded(list(table.index), depth + 1)}


def decoded(value: Any, arrays: dict[int, NDArray[Any]]) -> Any:
    """What `Encoding` took apart; takes each array away, so that a file cannot grow by repeating itself."""
    if isinstance(value, list):
        return [decoded(one, arrays) for one in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"$array": int(k)}:
            return arrays.pop(k)
        case {"$tuple": list(items)}:
            return tuple(decoded(one, arrays) for one in items)
        case {"$dict": dict(items)}:
            return {key: decoded(one, arrays) for key, one in items.items()}
        case {"$record": [signal, fs, leads, meta]}:
            return stored_record(*(decoded(one, arrays) for one in (signal, fs, leads, meta)))
        case {"$table": {"columns": list(columns), "index": list(index)}}:
            import pandas as pd

            data = {name: decoded(one, arrays) for name, one in columns}
            if len(data) < len(columns):
                raise ValueError("a table in it names a column twice")
            return pd.DataFrame(data, index=decoded(index, arrays))
    return {key: decoded(one, arrays) for key, one in value.items()}
