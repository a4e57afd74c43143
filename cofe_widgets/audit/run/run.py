"""`run`: records in chunks to wherever they are worked off, and what is kept of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ..._version import __version__
from ...ecg import Record
from ...errors import AuditError
from ...io.collection import Collection
from ...steps import Step, Work
from ...values.identity import record_hash
from ..names import Names
from .chunk import Block, Chunk
from .folder import Folder, Manifest
from .here import blocks
from .results import AuditResults
from .task import Task

#: Records that are opened, asked and kept together, unless said otherwise.
CHUNK = 64
#: Many records: a collection, or a list of records, paths, or simulated hearts.
Records: TypeAlias = "Collection | Iterable[Any] | Record | str | Path"


def run(
    task: Callable[..., Any] | Any,
    records: Records,
    on: Any = None,
    folder: str | os.PathLike[str] | None = None,
    *,
    chunk: int = CHUNK,
    part: tuple[int, int] | None = None,
    many: bool | None = None,
    names: Sequence[str] | None = None,
    keep_identity: bool = False,
    progress: bool = True,
) -> AuditResults:
    """Run one task on any number of records.

    Parameters
    ----------
    task : callable or object
        A function of one record that returns a dict of numbers, texts and arrays (or a list of such
        dicts, a row each); or one of many: an object whose attribute ``many`` is True is called with a
        list of records and returns a list of dicts, one whose ``many`` is a method has that called.
        ``audit.tasks`` has some. It must depend on the record alone, not on its neighbours in the list.
    records : Collection or several Records, simulated hearts or paths
        `read_many` gives collections, which travel as addresses.
    on : None, "processes", int, "dask" or a Dask client
        This process; a process a core, or so many; a Dask cluster of this machine's cores; or the
        cluster of any ``distributed.Client`` (dask-jobqueue, Kubernetes). Workers have to see the files
        of a collection; results are written by the caller alone.
    folder : path, optional
        Where results are kept as Parquet (extra ``audit``), chunk by chunk. The same call goes on where
        it was, whatever was killed; a folder of another audit is refused.
    chunk : int
        Records that are opened, asked and kept together.
    part : (int, int), optional
        ``(3, 100)``: the third of a hundred parts, for job arrays; all parts share one folder, and
        `merge` joins them.
    many : bool, optional
        Whether the task takes a list of records, where its attribute ``many`` does not say it.
    names : sequence of str, optional
        What to call the records, one each; unless given, as `counterfactual_table` does.
    keep_identity : bool
        Whether records are called by their files, and failures name them.
    progress : bool
        Show a progress bar. Dask shows its own dashboard as well.

    Returns
    -------
    AuditResults
        A record that does not open, or whose task fails, is in its ``failures`` and stops nothing.

    Raises
    ------
    AuditError
        No records, a task that cannot travel, a folder of another audit, a full disk, a lost scheduler.

    Notes
    -----
    A record on which a worker dies twice, alone, is a failure; other deaths cost time only.
    ``run.steps(...)`` does the same as a generator of `Step`, whose partial results are blocks.
    """
    from tqdm.auto import tqdm

    steps = _steps(
        task, records, on, folder, chunk=chunk, part=part, many=many, names=names,
        keep_identity=keep_identity,
    )  # fmt: skip
    result, seen = None, 0
    with tqdm(disable=not progress, unit="ECG", desc=Task.of(task, many).name) as bar:
        for step in steps:
            if isinstance(step.partial, Progress):
                bar.total = step.partial.total
                bar.update(step.partial.done - seen)
                seen = step.partial.done
                if step.partial.failed:
                    bar.set_postfix_str(f"{step.partial.failed} failed")
            result = step.result
    assert isinstance(result, AuditResults)
    return result


class Progress:
    """How far an audit is.

    Attributes
    ----------
    done, total, failed : int
        Records.
    block : Block or None
        What came in last; None for what a folder held already.
    """

    def __init__(self, done: int, total: int, failed: int, block: Block | None) -> None:
        self.done, self.total, self.failed, self.block = done, total, failed, block


def _steps(
    task: Callable[..., Any] | Any,
    records: Records,
    on: Any = None,
    folder: str | os.PathLike[str] | None = None,
    *,
    chunk: int = CHUNK,
    part: tuple[int, int] | None = None,
    many: bool | None = None,
    names: Sequence[str] | None = None,
    keep_identity: bool = False,
) -> Work[AuditResults]:
    """The work of `run`, a `Step` a chunk; can be closed at any time. Partial results are `Progress`."""
    asked = Task.of(task, many)
    given = _Given(records, Names(names, keep_identity))
    _check(given, chunk, part, names)
    keys = given.keys() if folder is not None else []
    manifest = Manifest(
        task=asked.identity if folder is not None else "",
        task_name=asked.name,
        records=len(given),
        records_key=hashlib.sha256("".join(keys).encode()).hexdigest()[:32],
        chunk=chunk,
        keep_identity=keep_identity,
        refused=given.refused(),
    )
    numbers = range(manifest.chunks)[part[0] - 1 :: part[1]] if part else range(manifest.chunks)
    kept = None if folder is None else Folder(folder, manifest, keys)
    known = {} if kept is None else kept.finished(numbers)
    total = sum(given.size(number, chunk) for number in numbers)
    held: list[Block] = []
    failures = [*manifest.refused, *(one for told in known.values() for one in told["failures"])]
    count = sum(int(told["done"]) for told in known.values())
    said = f"of {total} ECGs"
    yield Step(_share(count, total), f"{count} {said}", Progress(count, total, len(failures), None))
    todo = (given.chunk(number, chunk) for number in numbers if number not in known)
    working = blocks(asked, todo, on, str(folder or ""))
    try:
        for block in working:
            if kept is None:
                held.append(block)
            else:
                kept.put(block)
                known[block.number] = {
                    "failures": block.failures,
                    "seconds": block.seconds,
                    "done": block.done,
                }
            failures += block.failures
            count += block.done
            if kept is not None and block.failures:
                kept.say_failures(failures)
            now = Progress(count, total, len(failures), block)
            yield Step(_share(count, total), f"{count} {said}", now)
    finally:
        working.close()
    facts = {"task": asked.name, "task_hash": manifest.task, "records": len(given), "chunk": chunk}
    facts |= {"part": list(part) if part else None, "version": __version__}
    if kept is None:
        held.sort(key=lambda block: block.number)
        result = AuditResults(tuple(held), provenance=facts, refused=tuple(manifest.refused))
    else:
        kept.say_failures(_all_failures(kept, known, part), at_once=True)
        result = AuditResults((), kept, tuple(sorted(known)), known, facts, tuple(manifest.refused))
    yield Step(1.0, repr(result), Progress(count, total, len(failures), None), result)


run.steps = _steps  # type: ignore[attr-defined]


def _share(done: int, total: int) -> float:
    return min(1.0, done / total) if total else 1.0


def _all_failures(
    kept: Folder, known: dict[int, dict[str, Any]], part: tuple[int, int] | None
) -> list[dict[str, Any]]:
    """Failures of a folder's finished chunks, those of other parts too."""
    others = kept.finished(range(kept.manifest.chunks)) if part else known
    return [*kept.manifest.refused, *(one for told in others.values() for one in told["failures"])]


def merge(folder: str | os.PathLike[str]) -> AuditResults:
    """The results of a finished audit, all parts together, as one table in one file.

    Parameters
    ----------
    folder : path
        That parts were run into, or that an audit was kept in. ``results.parquet`` and ``failures.csv``
        are written there.

    Raises
    ------
    AuditError
        When there is no audit, or chunks are missing; says how many and which part to run again.
    """
    kept = Folder(folder)
    numbers = range(kept.manifest.chunks)
    known = kept.finished(numbers)
    missing = [number for number in numbers if number not in known]
    if missing:
        some = ", ".join(map(str, missing[:8])) + (" ..." if len(missing) > 8 else "")
        raise AuditError(
            f"{folder}: {len(missing)} of {len(numbers)} chunks are not finished ({some}; counted from 0, "
            f"part i of n has those whose number leaves i - 1 when divided by n): run these parts again"
        )
    kept.say_failures(_all_failures(kept, known, None), at_once=True)
    from .join import join

    join(kept.path / "results.parquet", [kept.file(number) for number in numbers])
    about = kept.manifest
    facts = {"task": about.task_name, "task_hash": about.task, "records": about.records}
    facts |= {"chunk": about.chunk, "part": None, "version": about.version}
    return AuditResults((), kept, tuple(numbers), known, facts, tuple(about.refused))


class _Given:
    """Records as they were given, cut into chunks when these are asked for."""

    def __init__(self, records: Records, names: Names) -> None:
        self.names, self.records = names, records
        self.wanted = records.wanted if isinstance(records, Collection) else {}
        if isinstance(records, Collection):
            self.sources: Sequence[Any] = records.addresses
        elif isinstance(records, Record | str | Path):
            self.sources = [records]
        else:
            # A simulated heart stands for its record.
            self.sources = [getattr(one, "record", one) for one in records]

    def __len__(self) -> int:
        return len(self.sources)

    def refused(self) -> list[dict[str, Any]]:
        """Files of a collection that never became a record of it, as rows of failures."""
        if not isinstance(self.records, Collection):
            return []
        rows = []
        for number, one in enumerate(one for one in self.records.failures if one.place < 0):
            name = one.name if self.names.keep_identity else f"refused file {number}"
            rows.append({"record": -1, "name": name, "step": "find", "reason": one.reason[:500]})
        return rows

    def keys(self) -> list[str]:
        """A hash a record: of samples, or of where it lies."""
        return [_key(one) for one in self.sources]

    def size(self, number: int, chunk: int) -> int:
        """Records of a chunk."""
        return min(chunk, len(self) - number * chunk)

    def chunk(self, number: int, chunk: int) -> Chunk:
        """A chunk by its number."""
        places = range(number * chunk, number * chunk + self.size(number, chunk))
        sources = tuple(self.sources[place] for place in places)
        names = Names(None, self.names.keep_identity)
        if self.names.given is not None:
            given = {place: str(self.names.given[place]) for place in places}
            names = Names(_Some(given), self.names.keep_identity)
        return Chunk(number, tuple(places), sources, names, self.wanted)


class _Some(Sequence[str]):
    """Names of the places of one chunk, asked for by place."""

    def __init__(self, given: dict[int, str]) -> None:
        self.given = given

    def __len__(self) -> int:
        return max(self.given, default=-1) + 1

    def __getitem__(self, place: Any) -> Any:
        return self.given[place]


def _key(source: Any) -> str:
    if isinstance(source, Record):
        return record_hash(source)
    key = getattr(source, "key", None)
    if isinstance(key, str):
        return key
    path = Path(os.fspath(source))
    size = path.stat().st_size if path.is_file() else 0
    return hashlib.sha256(f"{path} {size}".encode()).hexdigest()[:32]


def _check(
    given: _Given, chunk: int, part: tuple[int, int] | None, names: Sequence[str] | None
) -> None:
    if not len(given):
        raise AuditError("no records were given: expected at least one Record or path")
    wrong = next((s for s in given.sources if not _is_source(s)), None)
    if wrong is not None:
        raise AuditError(
            f"a {type(wrong).__name__} is no record: give Records, paths, or what cw.read_many finds"
        )
    if not isinstance(chunk, int) or isinstance(chunk, bool) or chunk < 1:
        raise AuditError(f"chunk={chunk!r}: expected a number of records from 1")
    if part is not None and not (
        len(part) == 2 and all(isinstance(k, int) for k in part) and 1 <= part[0] <= part[1]
    ):
        raise AuditError(f"part={part!r}: expected (i, n) with 1 <= i <= n, as (3, 100)")
    if names is not None and len(names) != len(given):
        raise AuditError(f"{len(names)} names for {len(given)} records: give one each")


def _is_source(one: Any) -> bool:
    return isinstance(one, Record | str | os.PathLike) or hasattr(one, "open")
