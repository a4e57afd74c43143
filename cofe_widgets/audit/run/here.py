"""Where chunks are worked off: this process, or one of the places beside this file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors import AuditError
from .chunk import Blocks, Chunk, done
from .pool import cores, in_processes
from .task import Task


def blocks(task: Task, chunks: Iterable[Chunk], on: Any, folder: str = "") -> Blocks:
    """Work chunks off where ``on`` says.

    Parameters
    ----------
    task : Task
    chunks : iterable of Chunk
        Taken as there is room for them: none waits in memory.
    on : None, "processes", int, "dask" or a Dask client
    folder : str
        Where results are kept, for messages.

    Raises
    ------
    AuditError
        When ``on`` is no place, the task cannot travel there, or the place breaks down.
    """
    if on is None:
        return _here(task, chunks)
    if on == "processes" or (isinstance(on, int) and not isinstance(on, bool)):
        n = cores() if on == "processes" else on
        if n < 1:
            raise AuditError(f"on={on}: expected a number of processes from 1")
        return in_processes(task, chunks, n)
    if on == "dask" or hasattr(on, "scheduler_info"):
        try:
            from .cluster import on_cluster
        except ImportError as error:
            raise AuditError(
                "Dask is not installed: pip install 'cofe-widgets[audit]', or on='processes'"
            ) from error
        return on_cluster(task, chunks, None if on == "dask" else on, folder)
    raise AuditError(
        f"on={str(on)[:60]!r}: expected None (this process), 'processes' or how many, 'dask', or a Dask "
        "client"
    )


def _here(task: Task, chunks: Iterable[Chunk]) -> Blocks:
    for chunk in chunks:
        yield done(task, chunk)
