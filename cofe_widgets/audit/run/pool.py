"""Chunks in processes of this machine; a worker that dies costs time and nothing else."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.context import BaseContext

from ...errors import AuditError
from .chunk import Block, Blocks, Chunk, done_by_key, started
from .task import Task

#: A chunk that was under way when workers died so often is asked record by record, alone.
DEATHS = 2
KILLED = (
    "its worker died on it again and again (killed, or out of memory): give workers more memory, run "
    "fewer on one machine, or leave the record out"
)
_NONE_LIVES = (
    "workers die before they finish one record. In a script, call it below `if __name__ == '__main__':`; "
    "otherwise the task kills its process (out of memory, a library that crashes): try it here, on=None"
)
#: Pools that may die before the first record is finished.
_FIRST_DEATHS = 5


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _context() -> BaseContext:
    """How processes begin: never as a copy of this one, whose threads (torch has some) would not wake up.

    Where there is a server of forks, it loads the package once, and a worker that replaces a dead one
    is there at once.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__.replace("pool", "chunk"), "torch"])
    return context


def in_processes(task: Task, chunks: Iterable[Chunk], n: int) -> Blocks:
    """Blocks as they are finished, by ``n`` processes of one thread each.

    Raises
    ------
    AuditError
        When the task cannot travel, or no worker lives long enough for one record.
    """
    return _Processes(task, n).blocks(iter(chunks))


class _Processes:
    """A pool that is made anew when a worker of it dies."""

    def __init__(self, task: Task, n: int) -> None:
        self.n = n
        self.key, self.packed = task.identity, task.packed()
        self.deaths: Counter[int] = Counter()
        self.broken, self.finished = 0, 0

    def _pool(self, n: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            n,
            mp_context=_context(),
            initializer=started,
            initargs=(self.key, self.packed),
        )

    def _asked(self, pool: ProcessPoolExecutor, chunk: Chunk) -> Future[Block]:
        return pool.submit(done_by_key, self.key, chunk, True)

    def blocks(self, waiting: Iterator[Chunk]) -> Blocks:
        """Blocks as they are finished."""
        again: deque[Chunk] = deque()
        flight: dict[Future[Block], Chunk] = {}
        pool = self._pool(self.n)
        try:
            while True:
                try:
                    while len(flight) < 2 * self.n:
                        chunk = again.popleft() if again else next(waiting, None)
                        if chunk is None:
                            break
                        again.appendleft(chunk)  # until it is taken by a pool that lives
                        flight[self._asked(pool, chunk)] = again.popleft()
                    if not flight:
                        return
                    for future in wait(flight, return_when=FIRST_COMPLETED).done:
                        block = future.result()
                        del flight[future]
                        self.finished += 1
                        yield block
                except BrokenProcessPool:
                    pool.shutdown(wait=True, cancel_futures=True)
                    yield from self._rescued(flight, again)
                    pool = self._pool(self.n)
        finally:
            # Who stops early waits for no chunk: its workers end with the one that they are at.
            pool.shutdown(wait=not flight, cancel_futures=True)

    def _rescued(self, flight: dict[Future[Block], Chunk], again: deque[Chunk]) -> Iterator[Block]:
        """What was finished when the pool broke; the rest is asked again, what dies often alone."""
        self._count_death()
        lost = []
        for future, chunk in list(flight.items()):
            del flight[future]
            if future.done() and not future.cancelled() and future.exception() is None:
                self.finished += 1
                yield future.result()
            else:
                self.deaths[chunk.number] += 1
                lost.append(chunk)
        for chunk in lost:
            if self.deaths[chunk.number] < DEATHS:
                again.append(chunk)
        for chunk in lost:
            if self.deaths[chunk.number] >= DEATHS:
                yield self._alone(chunk)

    def _count_death(self) -> None:
        self.broken += 1
        if not self.finished and self.broken >= _FIRST_DEATHS:
            raise AuditError(_NONE_LIVES)

    def _alone(self, chunk: Chunk) -> Block:
        """A chunk record by record in one process: who dies now, dies of that record."""
        whole = Block(chunk.number)
        pool = self._pool(1)
        try:
            for one in chunk.each():
                for attempt in range(DEATHS):
                    try:
                        whole.add(self._asked(pool, one).result())
                        self.finished += 1
                        break
                    except BrokenProcessPool:
                        pool.shutdown(wait=True)
                        pool = self._pool(1)
                        self._count_death()
                        if attempt == DEATHS - 1:
                            whole.add(died(one))
        finally:
            with suppress(BrokenProcessPool):
                pool.shutdown(wait=True)
        return whole


def died(chunk: Chunk) -> Block:
    """The block of a single record that kills its worker."""
    block = Block(chunk.number, done=1)
    place = chunk.places[0]
    name = chunk.names.name(place, f"record {place}", None)
    block.fail(place, name, "worker", KILLED)
    return block
