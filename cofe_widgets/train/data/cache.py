"""Arrays that take long to make, kept in a file that changes with all that they were made of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PACKAGE = Path(__file__).parents[2]
CACHE = Path("runs/cache")

Arrays = Mapping[str, NDArray[Any]]


def kept(
    name: str,
    of: str,
    rooms: tuple[str, ...],
    make: Callable[[], Arrays],
    folder: Path = CACHE,
) -> dict[str, NDArray[Any]]:
    """What ``make`` gives, read from ``folder`` where it was made before.

    Parameters
    ----------
    name : str
        How the file's name begins.
    of : str
        What it was made of, in words: another text is another file.
    rooms : tuple of str
        Folders and files of the package whose code decides what is made.
    """
    code = [path.read_text("utf-8") for room in rooms for path in _sources(PACKAGE / room)]
    key = hashlib.sha256("\n".join([of, *code]).encode()).hexdigest()[:16]
    path = folder / f"{name}-{key}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{name}-{key}.{os.getpid()}.partial.npz"
        arrays: dict[str, Any] = dict(make())
        np.savez(partial, **arrays)
        os.replace(partial, path)
    with np.load(path, allow_pickle=False) as stored:
        return {one: stored[one] for one in stored.files}


def of_array(values: NDArray[Any]) -> str:
    """A text that is another one for other values."""
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:16]


def _sources(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]
