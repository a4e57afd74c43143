"""Workers and the whole run killed by kill -9: nothing lost, nothing twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import cofe_widgets as cw
from cofe_widgets.errors import AuditError

from . import tasks
from .test_run import hearts, ran

pytestmark = pytest.mark.slow

ROOT = Path(cw.__file__).resolve().parents[1]
#: A run of its own, to be killed: records, log, folder and place are its arguments.
SCRIPT = """
import sys
import cofe_widgets as cw
from tests.audit.run import tasks
from tests.audit.run.test_run import hearts

if __name__ == "__main__":
    n, log, folder, on = sys.argv[1:]
    place = None if on == "None" else int(on)
    task = tasks.Counted(log, 0.3)
    cw.audit.run(task, hearts(int(n)), place, folder, chunk=3, progress=False)
"""


def asked(log):
    return [int(line.split()[0]) for line in Path(log).read_text().splitlines()]


def test_two_workers_are_killed_on_the_way_and_nothing_is_lost_or_twice(tmp_path):
    task = tasks.Counted(str(tmp_path / "log"), 0.2)
    killed = []
    for step in cw.audit.run.steps(task, hearts(40), 2, tmp_path / "kept", chunk=3):
        finished = step.partial.done
        if step.partial.block is not None and len(killed) < 2 and finished >= 6 * (len(killed) + 1):
            worker = next(one for one in multiprocessing.active_children() if one.pid not in killed)
            os.kill(worker.pid, signal.SIGKILL)
            killed.append(worker.pid)
        found = step.result
    assert len(killed) == 2 and len(found.failures) == 0
    assert found.table.record.tolist() == list(range(40)) == found.table.place.tolist()
    assert sorted(set(asked(tmp_path / "log"))) == list(range(40))


def test_a_record_that_kills_its_worker_is_a_failure_and_no_other_is():
    found = ran(tasks.deadly, hearts(8, poison=4), 2)
    assert found.table.record.tolist() == [0, 1, 2, 3, 5, 6, 7]
    assert found.failures.record.tolist() == [4] and found.failures.step.tolist() == ["worker"]
    assert "worker died" in found.failures.reason[0]


def test_a_task_that_kills_every_worker_is_refused():
    with pytest.raises(cw.audit.AuditError, match="die before they finish one record"):
        ran(tasks.deadly, [hearts(1, poison=0)[0]] * 9, 1)


@pytest.mark.parametrize("on", ["None", "2"])
def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path, on):
    log, kept = tmp_path / "log", tmp_path / "kept"
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    call = [sys.executable, str(script), "30", str(log), str(kept), on]
    run = subprocess.Popen(call, env={**os.environ, "PYTHONPATH": str(ROOT)})
    deadline = time.monotonic() + 120
    while len(list((kept / "chunks").glob("*.parquet"))) < 3:
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.02)
    run.kill()
    run.wait()
    pids = {int(line.split()[1]) for line in log.read_text().splitlines()}
    while any(Path(f"/proc/{pid}").exists() for pid in pids - {os.getpid()}):
        assert time.monotonic() < deadline, "workers outlive the run that started them"
        time.sleep(0.05)
    whole = {path.name for path in (kept / "chunks").glob("*.parquet")}
    before = asked(log)
    found = ran(tasks.Counted(str(log), 0.3), hearts(30), folder=kept)
    assert found.table.record.tolist() == list(range(30)) == found.table.place.tolist()
    again = asked(log)[len(before) :]
    kept_places = {3 * int(name[:6]) + k for name in whole for k in range(3)}
    assert len(again) == 30 - 3 * len(whole) and not kept_places & set(again)


def test_a_dask_cluster_loses_a_worker_and_gets_another(tmp_path):
    from distributed import Client, LocalCluster

    task = tasks.Counted(str(tmp_path / "log"), 0.2)
    killed = 0
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        for step in cw.audit.run.steps(task, hearts(40), client, tmp_path / "kept", chunk=3):
            if step.partial.block is not None and not killed:
                killed = int(step.partial.block.worker.rpartition(":")[2])
                os.kill(killed, signal.SIGKILL)
            found = step.result
    assert killed and found.table.record.tolist() == list(range(40)) and len(found.failures) == 0
    assert found.arrays("mean").shape == (40, 12)


def test_a_record_that_kills_dask_workers_is_a_failure():
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        cluster.adapt(minimum=1, maximum=1)  # a nanny on a busy machine may give up
        found = ran(tasks.deadly, hearts(4, poison=2), client, chunk=2)
    assert found.failures.record.tolist() == [2] and found.table.record.tolist() == [0, 1, 3]


def test_a_cluster_without_workers_is_said_and_not_waited_for(monkeypatch):
    from distributed import Client, LocalCluster

    from cofe_widgets.audit.run import cluster as on_dask

    monkeypatch.setattr(on_dask, "_LOOK_S", 0.5)
    monkeypatch.setattr(on_dask, "_ALONE_S", 1.0)
    with (
        LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
        pytest.raises(AuditError, match="no worker of the Dask cluster is left"),
    ):
        ran(tasks.deadly, hearts(2), client, chunk=2)
