"""What was measured once is not measured again: by content, in memory and, where asked, in a folder."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from ..store import Store
from .formulas import Array

#: Measurements that are remembered.
MOST = 4096
_MEMORY: OrderedDict[str, Array] = OrderedDict()


class Kept:
    """Measurements by what they are measurements of.

    Parameters
    ----------
    folder : path or None
        Where they are kept beyond this process.
    """

    def __init__(self, folder: str | Path | None) -> None:
        self.store = Store(folder)

    def key(self, **facts: Any) -> str:
        """Name of the measurement of ``facts``, which JSON can hold."""
        return self.store.key(**facts)

    def get(self, key: str, rows: int) -> Array | None:
        """The measurement ``(rows, columns)``, or None."""
        found = _MEMORY.get(key)
        if found is None:
            stored = self.store.get(key)
            try:
                found = None if stored is None else np.array(stored["values"], dtype=float)
            except (KeyError, TypeError, ValueError):
                return None
        if found is None or found.ndim != 2 or len(found) != rows:
            return None
        self._remember(key, found)
        return found

    def put(self, key: str, values: Array) -> None:
        """Keep one."""
        self._remember(key, values)
        self.store.put(key, {"values": values.tolist()})

    @staticmethod
    def _remember(key: str, values: Array) -> None:
        _MEMORY[key] = values
        _MEMORY.move_to_end(key)
        while len(_MEMORY) > MOST:
            _MEMORY.popitem(last=False)


def forget() -> None:
    """Forget what is kept in memory."""
    _MEMORY.clear()
