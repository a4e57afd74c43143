"""Chunks on a Dask cluster: one on this machine, or any that a client reaches (dask-jobqueue, Kubernetes)."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from typing import Any

from distributed import Client, Future, KilledWorker, LocalCluster, wait
from distributed.diagnostics.plugin import WorkerPlugin

from ...errors import AuditError
from .chunk import Block, Blocks, Chunk, done_by_key, hold
from .pool import cores, died
from .task import Task

#: Chunks that a thread of the cluster has before it, so that none waits for the next.
_AHEAD = 2
#: Workers are counted again after so many chunks: clusters grow and shrink.
_COUNTED_EVERY = 16
#: Seconds between two looks at whether any worker is left, and how long a cluster may be without.
_LOOK_S, _ALONE_S = 5.0, 120.0


class HeldTask(WorkerPlugin):
    """The task, which the scheduler hands to every worker there is and to those that come later."""

    def __init__(self, key: str, packed: bytes) -> None:
        self.key, self.packed = key, packed
        self.name = f"cofe-widgets-{key}"

    def setup(self, worker: Any) -> None:
        """Keep the task in the worker."""
        hold(self.key, self.packed)


def on_cluster(task: Task, chunks: Iterable[Chunk], client: Client | None, folder: str) -> Blocks:
    """Blocks as they are finished; without a client on a cluster of this machine's cores.

    Raises
    ------
    AuditError
        When the task cannot travel, or the scheduler is gone.
    """
    key, packed = task.identity, task.packed()
    if client is not None:
        yield from _on(client, task.name, key, packed, iter(chunks), folder)
        return
    with (
        LocalCluster(
            n_workers=cores(),
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.ERROR,
        ) as cluster,
        Client(cluster) as own,
    ):
        cluster.adapt(minimum=cores(), maximum=cores())  # those that do not come back are replaced
        yield from _on(own, task.name, key, packed, iter(chunks), folder)


def _on(
    client: Client, name: str, key: str, packed: bytes, chunks: Iterator[Chunk], folder: str
) -> Iterator[Block]:
    plugin = HeldTask(key, packed)
    try:
        client.register_plugin(plugin)
    except Exception as error:
        raise AuditError(
            f"the Dask workers do not take the task ({type(error).__name__}: {str(error)[:200]}): they need "
            "cofe_widgets, in this version"
        ) from error
    label = f"{name}-{uuid.uuid4().hex[:8]}"
    flight: dict[Future, Chunk] = {}
    try:
        room, count = 0, 0
        while True:
            if count % _COUNTED_EVERY == 0:
                room = max(4, _AHEAD * sum(client.nthreads().values()))
            while len(flight) < room and (chunk := next(chunks, None)) is not None:
                future = client.submit(
                    done_by_key, key, chunk, key=f"{label}-{chunk.number}", pure=False
                )
                flight[future] = chunk
            if not flight:
                break
            future = _finished(client, list(flight))
            chunk = flight.pop(future)
            count += 1
            yield _block(client, future, chunk, key, label)
        client.unregister_worker_plugin(plugin.name)
    except (CancelledError, OSError, TimeoutError) as error:
        kept = f"what is finished is in {folder}, and the same call goes on from there"
        gone = str(error) if isinstance(error, _NobodyLeft) else "the Dask scheduler is gone"
        raise AuditError(
            f"{gone} ({type(error).__name__.strip('_')}); "
            f"{kept if folder else 'with folder= what was finished would have been kept'}"
        ) from error
    finally:
        for future in flight:
            future.release()


class _NobodyLeft(TimeoutError):
    """A cluster without workers."""


def _finished(client: Client, futures: list[Future]) -> Future:
    """One of the futures that is finished, as soon as one is.

    Raises
    ------
    _NobodyLeft
        When the cluster has had no worker for two minutes.
    """
    alone_since = None
    while True:
        try:
            done = wait(futures, timeout=_LOOK_S, return_when="FIRST_COMPLETED").done
            return next(future for future in futures if future in done)
        except TimeoutError:
            if client.nthreads():
                alone_since = None
                continue
            alone_since = alone_since or time.monotonic()
            if time.monotonic() - alone_since > _ALONE_S:
                raise _NobodyLeft("no worker of the Dask cluster is left") from None


def _block(client: Client, future: Future, chunk: Chunk, key: str, label: str) -> Block:
    """What a chunk has come to; one that kills its workers is asked record by record."""
    try:
        block: Block = future.result()
        return block
    except KilledWorker:
        whole = Block(chunk.number)
        for one in chunk.each():
            own = f"{label}-{chunk.number}-{one.places[0]}"
            try:
                alone = client.submit(done_by_key, key, one, key=own, pure=False)
                whole.add(_finished(client, [alone]).result())
            except KilledWorker:
                whole.add(died(one))
        return whole
    finally:
        future.release()
