"""What was worked out about a record, kept in one small file, so that an interrupted run goes on."""

from __future__ import annotations

import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from .._version import __version__
from ..values import archive

#: No result is larger.
MOST_RESULT = 2**20
_PACKAGE = Path(__file__).resolve().parents[1]
#: Rooms that no audit imports.
ROOMS_ABOVE = frozenset({"report", "train", "widgets", "apps", "cli"})


@lru_cache(maxsize=1)
def code_hash() -> str:
    """Hash of the package's version and of the source of every room that an audit may import.

    Another version's results are not ours. Rooms above are left out: a new colour in a widget must
    not cost a night's audit.
    """
    digest = hashlib.sha256(__version__.encode())
    for file in sorted(_PACKAGE.rglob("*.py")):
        place = file.relative_to(_PACKAGE)
        if place.parts[0] not in ROOMS_ABOVE:
            digest.update(str(place).encode() + file.read_bytes())
    return digest.hexdigest()[:16]


class Store:
    """A folder of results, one JSON file each, named by the hash of what they are results of.

    Without a folder it remembers nothing. Small files of our own, and no library: joblib and diskcache
    unpickle what they find, and diskcache keeps all of it in one SQLite file, which the network disks
    of a cluster lock badly; of these files any may be read, copied or lost by itself.
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
        """The result, or None: a file that was cut off, damaged or edited counts as none."""
        if self.folder is None:
            return None
        try:
            found = archive.json_of(archive.content(self.folder / f"{key}.json", MOST_RESULT))
            result, digest = found["result"], found["digest"]
            if digest != _digest(key, json.dumps(result)):
                return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return result if isinstance(result, dict) else None

    def put(self, key: str, result: dict[str, Any]) -> None:
        """Keep a result: the file appears whole or not at all."""
        if self.folder is None:
            return
        text = json.dumps(result)
        part = self.folder / f"{key}.{os.getpid()}.part"
        part.write_text(f'{{"digest": "{_digest(key, text)}", "result": {text}}}')
        part.replace(self.folder / f"{key}.json")


def _digest(key: str, text: str) -> str:
    """What shows that a result is whole, and of this key."""
    return hashlib.sha256(f"{key} {text}".encode()).hexdigest()[:32]
