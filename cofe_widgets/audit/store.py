"""What was worked out about a record, kept in one small file, so that an interrupted run goes on."""

from __future__ import annotations

import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..ecg import Record

_PACKAGE = Path(__file__).resolve().parents[1]


@lru_cache(maxsize=1)
def code_hash() -> str:
    """Hash of the source that searches and measures: another version's results are not ours."""
    digest = hashlib.sha256()
    for room in ("ecg.py", "wrap.py", "signals", "models", "explain", "audit"):
        path = _PACKAGE / room
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def record_hash(record: Record) -> str:
    """Hash of what a record holds: samples, rate and leads, not what it is called."""
    digest = hashlib.sha256(f"{record.fs} {record.leads} {record.signal.shape}".encode())
    digest.update(np.ascontiguousarray(record.signal).tobytes())
    return digest.hexdigest()[:32]


class Store:
    """A folder of results, one JSON file each, named by the hash of what they are results of.

    Without a folder it remembers nothing.
    """

    def __init__(self, folder: str | Path | None) -> None:
        self.folder = None if folder is None else Path(folder)
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)

    def key(self, **facts: Any) -> str:
        """Name of the result of ``facts``, which JSON can hold, and of this code."""
        text = json.dumps({**facts, "code": code_hash()}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def get(self, key: str) -> dict[str, Any] | None:
        """The result, or None; a file that was cut off counts as none."""
        if self.folder is None:
            return None
        try:
            found = json.loads((self.folder / f"{key}.json").read_text())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def put(self, key: str, result: dict[str, Any]) -> None:
        """Keep a result: the file appears whole or not at all."""
        if self.folder is None:
            return
        part = self.folder / f"{key}.{os.getpid()}.part"
        part.write_text(json.dumps(result))
        part.replace(self.folder / f"{key}.json")
