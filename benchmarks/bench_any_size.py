"""Any number of ECGs: scaling over workers, an audit whose workers are killed, overhead, and what follows.

``python -m benchmarks any_size --n 500`` measures, attributes and maps 500 simulated records (10,000 unless
given) by two processes of which two are killed (kill -9) on the way, and checks that nothing is lost and
nothing twice. The last table is extrapolated, not measured.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np

import cofe_widgets as cw
from cofe_widgets.audit.tasks import Glocal, Measurements, Together
from cofe_widgets.io.collection import Collection
from cofe_widgets.io.zarr_store import written

#: What two workers are to be over one; ECGs of MIMIC-IV-ECG.
BAR, MIMIC = 1.8, 800_000
CORES = (1, 16, 256)
#: Simulated hearts drawn together.
TOGETHER = 50
CONDITIONS = ("NSR", "AF", "LBBB", "LVH", "IAVB")


@dataclass(frozen=True)
class Nothing:
    """A task without work: what remains is the runner's."""

    name: ClassVar[str] = "nothing"
    many: ClassVar[bool] = True

    def __call__(self, records: list[cw.Record]) -> list[dict[str, Any]]:
        return [{"samples": one.samples} for one in records]


def hearts(n: int) -> Iterator[cw.Record]:
    """Simulated records, some of each condition."""
    for k, first in enumerate(range(0, n, TOGETHER)):
        several = min(TOGETHER, n - first)
        for one in cw.simulate(CONDITIONS[k % len(CONDITIONS)], n=several, seed=k):
            yield one.record


def timed(
    task: Any, records: Collection, on: Any, folder: Path | None, chunk: int
) -> tuple[float, float]:
    """Seconds from the first block to the last an ECG, and seconds before the first block."""
    began = time.perf_counter()
    first, at_first, done = 0.0, 0, 0
    for step in cw.audit.run.steps(task, records, on, folder, chunk=chunk):
        if step.partial.block is not None:
            done = step.partial.done
            if not first:
                first, at_first = time.perf_counter(), done
    return (time.perf_counter() - first) / max(1, done - at_first), first - began


def killed(task: Any, records: Collection, folder: Path, chunk: int, kills: int) -> dict[str, Any]:
    """An audit by two processes, some of them killed on the way; what became of it."""
    began, gone = time.perf_counter(), []
    result = None
    for step in cw.audit.run.steps(task, records, 2, folder, chunk=chunk):
        if step.partial.block is not None and len(gone) < kills:
            due = step.fraction > (len(gone) + 1) / (kills + 1)
            others = [one.pid for one in multiprocessing.active_children() if one.pid not in gone]
            if due and others:
                os.kill(others[0], signal.SIGKILL)
                gone.append(others[0])
        result = step.result
    assert result is not None
    places = result.table.record.tolist()
    return {
        "records": len(records),
        "killed": len(gone),
        "rows": len(places),
        "failures": len(result.failures),
        "lost": len(set(range(len(records))) - set(places) - set(result.failures.record)),
        "twice": len(places) - len(set(places)),
        "arrays": next(result.each_array("relevance"))[1].shape,
        "seconds": time.perf_counter() - began,
        "bytes": sum(path.stat().st_size for path in folder.rglob("*.parquet")),
    }


def said(seconds: float) -> str:
    """A duration for people."""
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def extrapolated(one_s: float, overhead_s: float) -> list[tuple[int, str, str]]:
    """Cores, time at the ideal, time with the caller writing one chunk after the other."""
    rows = []
    for cores in CORES:
        work = MIMIC * one_s / cores
        # Results are written by the caller alone, one after the other: no core makes that faster.
        rows.append((cores, said(work), said(max(work, MIMIC * overhead_s))))
    return rows


def parsed(given: list[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks any_size", description=__doc__)
    parser.add_argument("--n", type=int, default=10_000, help="records with the kills")
    parser.add_argument("--scaling", type=int, default=400, help="records for one and two workers")
    parser.add_argument("--chunk", type=int, default=16)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--dask", action="store_true", help="time a LocalCluster, too")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> None:
    """Print the tables."""
    options = parsed(given or [])
    f = cw.load("af-resnet")
    task = Together((Measurements(), Glocal(f, "AF")))
    with TemporaryDirectory(prefix="any-size-") as made:
        top = Path(made)
        began = time.perf_counter()
        n = max(options.n, options.scaling)
        written(hearts(n), top / "hearts.zarr")
        records = cw.read_many(top / "hearts.zarr")
        print(
            f"\nany size: {n} simulated ECGs drawn and written in {time.perf_counter() - began:.0f} s"
        )
        load = os.getloadavg()[0]
        print(
            f"  load of this machine {load:.1f} on {os.cpu_count()} cores, before the first timing"
        )
        few = records[: options.scaling]
        one, start = timed(task, few, 1, top / "one", options.chunk)
        two, _ = timed(task, few, 2, top / "two", options.chunk)
        ratio = one / two
        print(f"  one worker   {1000 * one:8.1f} ms an ECG   (first chunk after {start:.1f} s)")
        print(f"  two workers  {1000 * two:8.1f} ms an ECG   {ratio:.2f} times as fast (bar {BAR})")
        if options.dask:
            dask, _ = timed(task, few, "dask", top / "dask", options.chunk)
            print(f"  Dask, {os.cpu_count()} workers {1000 * dask:6.1f} ms an ECG")
        here, _ = timed(Nothing(), few, None, None, options.chunk)
        there, _ = timed(Nothing(), few, 1, top / "nothing", options.chunk)
        opened = np.median([_opening(few, k) for k in range(min(50, len(few)))])
        print(
            f"  a task of nothing: {1000 * here:.2f} ms an ECG here, {1000 * there:.2f} ms by a process"
        )
        print(f"    and a folder, of which opening the record is {1000 * opened:.2f} ms")
        print(f"  load of this machine {os.getloadavg()[0]:.1f} after the timings")
        found = killed(task, records[: options.n], top / "killed", options.chunk, options.kills)
        print(
            f"\n  measured, attributed, mapped by beats and segments; {found['killed']} workers killed:"
        )
        for name, value in found.items():
            print(f"    {name:<10}{value if not isinstance(value, float) else round(value, 1)}")
        wrong = [name for name in ("lost", "twice", "failures") if found[name]]
        wrong += ["killed"] if found["killed"] < options.kills else []
        print(f"    {'holds' if not wrong else 'DOES NOT HOLD: ' + ', '.join(wrong)}")
        writing = _writing(task, few, options.chunk, top / "writing")
        print(
            f"\n  {MIMIC} ECGs (MIMIC-IV-ECG), EXTRAPOLATED from {1000 * one:.1f} ms an ECG of one worker"
        )
        print(
            f"  and {1000 * writing:.2f} ms an ECG that the caller needs to keep it; not measured:"
        )
        print(f"    {'cores':>6}{'ideal':>12}{'with one writer':>18}")
        for cores, ideal, real in extrapolated(one, writing):
            print(f"    {cores:>6}{ideal:>12}{real:>18}")
        size = MIMIC / found["records"] * found["bytes"]
        print(f"    results {size / 1e9:.1f} GB; job arrays (--part) have a writer a part")


def _opening(records: Collection, place: int) -> float:
    began = time.perf_counter()
    records[place]
    return time.perf_counter() - began


def _writing(task: Any, records: Collection, chunk: int, folder: Path) -> float:
    """Seconds an ECG that keeping a chunk takes, from the block to the file."""
    from cofe_widgets.audit.run.chunk import Block
    from cofe_widgets.audit.run.folder import Folder, Manifest

    rows = task([records[k] for k in range(min(chunk, len(records)))])
    block = Block(0, [{"record": k, "name": "x", **row} for k, row in enumerate(rows)])
    kept = Folder(folder, Manifest("x", "x", len(rows), "x", chunk), ["x"] * len(rows))
    began = time.perf_counter()
    for _ in range(20):
        kept.put(block)
    return (time.perf_counter() - began) / 20 / len(rows)


if __name__ == "__main__":
    main()
