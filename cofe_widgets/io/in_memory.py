"""Bytes under a path, for libraries that read files only: nothing of a patient is written where it stays.

Even a process that is killed leaves nothing: where the system allows, the file has no name.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from .source import Source

_PREFIX = "cofe-widgets-"
#: A folder older than this was left by a process that was killed.
_STALE_S = 600.0


@contextlib.contextmanager
def readable_path(source: Source, data: bytes) -> Iterator[Path]:
    """A path under which ``data`` can be read, until the context ends.

    Raises
    ------
    EcgFormatError
        When the system has no place for it.
    """
    try:
        with contextlib.ExitStack() as stack:
            yield stack.enter_context(_nameless(data) if _has_nameless() else _named(data))
    except OSError as error:
        raise source.refuse(
            "", f"no temporary file can be written to read it: {error.strerror or error}"
        ) from error


def _has_nameless() -> bool:
    return hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd")


@contextlib.contextmanager
def _nameless(data: bytes) -> Iterator[Path]:
    """A file in memory alone, seen by this process alone."""
    handle = os.memfd_create(_PREFIX)
    try:
        with open(handle, "wb", closefd=False) as file:
            file.write(data)
        yield Path(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)


@contextlib.contextmanager
def _named(data: bytes) -> Iterator[Path]:
    """A file in a folder that nobody else can read; folders of killed processes are removed first."""
    for old in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > _STALE_S:
                shutil.rmtree(old)
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
        path = Path(folder) / "ecg"
        path.write_bytes(data)
        yield path
