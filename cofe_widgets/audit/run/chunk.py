"""The pure function of the runner: a chunk of records in, rows and failures out. Workers run this alone."""

from __future__ import annotations

import os
import pickle
import socket
import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from ...ecg import Record
from ...errors import AuditError, EcgError, ExplainError, WrapError
from ...io import read
from ...io.address import Address
from ..names import Names
from .task import Task

#: A record, or where it lies.
Source: TypeAlias = "Record | Address | str | Path"
#: Columns that the runner itself writes.
RESERVED = ("record", "name")
_OURS = (EcgError, WrapError, ExplainError, AuditError)


@dataclass(frozen=True)
class Chunk:
    """Some records of an audit.

    Attributes
    ----------
    number : int
    places : tuple of int
        Of the records among all.
    sources : tuple of Record, Address or path
    names : Names
        How they are called.
    wanted : dict
        Options of `read`.
    """

    number: int
    places: tuple[int, ...]
    sources: tuple[Source, ...]
    names: Names
    wanted: Mapping[str, Any] = field(default_factory=dict)

    def each(self) -> list[Chunk]:
        """The same, a chunk a record."""
        pairs = zip(self.places, self.sources, strict=True)
        return [Chunk(self.number, (k,), (one,), self.names, self.wanted) for k, one in pairs]


@dataclass
class Block:
    """What a chunk has come to.

    Attributes
    ----------
    number : int
        Of the chunk.
    rows : list of dict
        ``record`` (place), ``name``, and what the task says; a record may have several, or none.
    failures : list of dict
        ``record``, ``name``, ``step`` ("open" or "task"), ``reason``.
    seconds : float
        That opening and the task took.
    done : int
        Records that were looked at, those that failed included.
    worker : str
        Host and process.
    """

    number: int
    rows: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    done: int = 0
    worker: str = ""

    def add(self, other: Block) -> None:
        """Take in what another part of the same chunk has come to."""
        self.rows += other.rows
        self.failures += other.failures
        self.seconds, self.done = self.seconds + other.seconds, self.done + other.done
        self.worker = other.worker or self.worker

    def fail(self, place: int, name: str, step: str, reason: str) -> None:
        """Note a record that is skipped, and why."""
        reason = " ".join(reason.split())[:500]
        self.failures.append({"record": place, "name": name, "step": step, "reason": reason})


#: Blocks as they are finished, in any order; closing it gives the workers back.
Blocks: TypeAlias = Generator[Block, None, None]


def done(task: Task, chunk: Chunk) -> Block:
    """Open the records of a chunk and ask the task of them; nothing that one does stops the others."""
    began, block = perf_counter(), Block(chunk.number, done=len(chunk.places))
    block.worker = f"{socket.gethostname()}:{os.getpid()}"
    opened: list[tuple[int, str, Source, Record]] = []
    for place, source in zip(chunk.places, chunk.sources, strict=True):
        try:
            record = _opened(source, chunk.wanted)
        except Exception as error:
            address = _spelt(source)
            name = chunk.names.name(place, address, None)
            block.fail(place, name, "open", chunk.names.reason(error, address))
            continue
        name = chunk.names.name(place, _spelt(source), record)
        opened.append((place, name, source, record))
    answers = _answers(task, [record for *_, record in opened])
    for (place, name, source, _), answer in zip(opened, answers, strict=True):
        try:
            if isinstance(answer, Exception):
                raise answer
            block.rows += [{"record": place, "name": name, **row} for row in _rows(answer)]
        except Exception as error:
            block.fail(place, name, "task", _reason(chunk.names, error, _spelt(source)))
    block.seconds = perf_counter() - began
    return block


def _spelt(source: Source) -> Record | str | Path:
    return source.name if isinstance(source, Address) else source


def _opened(source: Source, wanted: Mapping[str, Any]) -> Record:
    if isinstance(source, Record):
        return source
    return source.open(wanted) if isinstance(source, Address) else read(source, **wanted)


def _reason(names: Names, error: Exception, source: Record | str | Path) -> str:
    """Why a task has no answer: ours say it themselves, of others their kind is told too."""
    if isinstance(error, _OURS):
        return names.reason(error, source)
    if isinstance(error, MemoryError):
        return "the worker was out of memory: give it more, or run fewer workers on one machine"
    return f"{type(error).__name__}: {names.reason(error, source) if str(error) else 'no words'}"


def _answers(task: Task, records: Sequence[Record]) -> list[Any]:
    """An answer or an error each; a list that fails as a whole is asked record by record."""
    if not records:
        return []
    try:
        if task.many:
            return task.answers(records)
    except Exception as error:
        if len(records) == 1:
            return [error]
    found: list[Any] = []
    for record in records:
        try:
            found += task.answers([record])
        except Exception as error:
            found.append(error)
    return found


def _rows(answer: Any) -> list[dict[str, Any]]:
    """The rows of an answer, checked."""
    several = [answer] if isinstance(answer, Mapping) else answer
    if not isinstance(several, list | tuple) or not all(isinstance(r, Mapping) for r in several):
        raise AuditError(
            f"the task gave a {type(answer).__name__}: expected a dict of numbers, texts and arrays"
        )
    return [{_key(key): _value(key, value) for key, value in row.items()} for row in several]


def _key(key: Any) -> str:
    if not isinstance(key, str) or not key or key in RESERVED:
        raise AuditError(f"the task names a value {key!r}: give names other than record and name")
    return key


def _value(key: str, value: Any) -> Any:
    """A value as it is kept: plain numbers and texts, arrays of numbers."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.size:
        return value.item() if value.ndim == 0 else np.ascontiguousarray(value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise AuditError(
        f"the task's {key} is a {type(value).__name__}: expected a number, a text, or an array of numbers"
    )


# -- in workers

_HELD: dict[str, bytes] = {}
_TASKS: dict[str, Task] = {}
_LOCK = threading.Lock()


def hold(key: str, packed: bytes) -> None:
    """Keep a task in this worker, under a key."""
    _HELD[key] = packed


def started(key: str, packed: bytes) -> None:
    """What a process of a pool does first: it holds the task, and ends when its parent does."""
    import multiprocessing
    from multiprocessing.connection import wait

    hold(key, packed)
    os.environ["OMP_NUM_THREADS"] = "1"  # for libraries that are not loaded yet
    parent = multiprocessing.parent_process()

    def ends_with_parent() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=ends_with_parent, daemon=True).start()


def done_by_key(key: str, chunk: Chunk, one_thread: bool = False) -> Block:
    """`done` by the task that this worker holds, unpacked (and its model loaded) once.

    Raises
    ------
    AuditError
        When the task cannot be unpacked here.
    """
    with _LOCK:
        if key not in _TASKS:
            _TASKS[key] = _unpacked(key)
            if one_thread:
                _keep_to_one()
    return done(_TASKS[key], chunk)


def _unpacked(key: str) -> Task:
    try:
        task = pickle.loads(_HELD[key])  # what the parent packed, over its own pipe
    except Exception as error:
        raise AuditError(
            f"a worker cannot unpack the task ({type(error).__name__}: {str(error)[:200]}): its functions, "
            "the class of its model and this package must be importable there, in the same versions"
        ) from error
    assert isinstance(task, Task)
    return task


def _keep_to_one() -> None:
    """Let the libraries of numbers use one thread: workers stand side by side, a core each.

    Threads that wait for a core they do not get cost more than they bring.
    """
    import sys

    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
