"""`audit.run`: rows, arrays and failures, in memory and in a folder, and what is refused."""

from __future__ import annotations

import builtins
import errno
import json
import threading

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import cofe_widgets as cw
from cofe_widgets.audit.run import parquet
from cofe_widgets.audit.run.task import Task
from cofe_widgets.errors import AuditError

from . import tasks


def hearts(n=7, poison=None):
    """Small simulated records; the one at ``poison`` has an age that tasks look for."""
    rng = np.random.default_rng(0)
    return [
        cw.Record(
            rng.normal(0, 0.1, (12, 100 + k)).astype(np.float32),
            100.0,
            meta={"place": k, "age": tasks.POISON if k == poison else 30.0},
        )
        for k in range(n)
    ]


def ran(task, records, *given, **how):
    return cw.audit.run(task, records, *given, **{"chunk": 3, "progress": False, **how})


@pytest.fixture(params=["memory", "folder"])
def where(request, tmp_path):
    return None if request.param == "memory" else tmp_path / "kept"


def test_rows_are_those_of_the_task_called_by_hand(where):
    records = hearts()
    found = ran(tasks.size, records, folder=where)
    assert found.table.record.tolist() == list(range(7)) and found.done == 7
    assert found.table.samples.tolist() == [100, 101, 102, 103, 104, 105, 106]
    assert found.table.peak.tolist() == [float(one.signal.max()) for one in records]
    assert np.array_equal(found.arrays("mean"), [one.signal.mean(axis=1) for one in records])
    assert found.arrays("mean").dtype == np.float32 and len(found.failures) == 0
    assert sum(len(part) for part in found.frames()) == 7
    assert "mean" not in found.to_frame()


def test_a_record_that_fails_is_listed_and_stops_nothing(where, tmp_path):
    broken = tmp_path / "Smith.hea"
    broken.write_text("Smith 1 500 100\nnothing.dat 16 1000 16 0 0 0 0 I\n")
    found = ran(tasks.picky, [*hearts(5, poison=1), broken], folder=where)
    assert found.table.record.tolist() == [0, 2, 3, 4] and found.done == 6
    assert found.failures.record.tolist() == [1, 5]
    assert found.failures.step.tolist() == ["task", "open"]
    assert "KeyError" in found.failures.reason[0] and "not beside it" in found.failures.reason[1]
    assert "Smith" not in found.failures.to_csv()
    if where is not None:
        assert pd.read_csv(where / "failures.csv").record.tolist() == [1, 5]


def test_a_worker_that_runs_out_of_memory_says_so():
    (reason,) = ran(tasks.out_of_memory, hearts(3, poison=2)).failures.reason
    assert "out of memory" in reason


@pytest.mark.parametrize("task", [tasks.Method(), lambda records: [tasks.size(r) for r in records]])
def test_tasks_of_many(task):
    many = None if isinstance(task, tasks.Method) else True
    assert ran(task, hearts(), many=many).table.equals(ran(tasks.size, hearts()).table)


def test_a_list_that_fails_as_a_whole_is_asked_one_by_one():
    def all_or_none(records):
        return [tasks.picky(one) for one in records]

    found = ran(all_or_none, hearts(6, poison=4), many=True)
    assert found.failures.record.tolist() == [4] and len(found.table) == 5


def test_several_rows_of_a_record_and_none():
    found = ran(lambda one: [{"k": k} for k in range(one.meta["place"])], hearts(3))
    assert found.table.record.tolist() == [1, 2, 2] and found.table.k.tolist() == [0, 0, 1]
    assert found.done == 3


def test_arrays_of_several_shapes_are_given_one_by_one(where):
    found = ran(lambda one: {"lead": one.signal[1], "n": one.samples}, hearts(4), folder=where)
    with pytest.raises(AuditError, match=r"4 shapes .*each_array"):
        found.arrays("lead")
    for place, array in found.each_array("lead"):
        assert np.array_equal(array, hearts(4)[place].signal[1])
    with pytest.raises(AuditError, match="no 'map'"):
        list(found.each_array("map"))
    with pytest.raises(AuditError, match="numbers or texts"):
        found.arrays("n")


def test_missing_arrays_are_nan(where):
    def some(record):
        return {"a": None if record.meta["place"] % 2 else np.arange(3.0)}

    values = ran(some, hearts(5), folder=where).arrays("a")
    assert np.isnan(values[[1, 3]]).all() and values[[0, 2, 4]].tolist() == [[0, 1, 2]] * 3


def test_parquet_says_the_shape_and_any_reader_reads_it(tmp_path):
    ran(lambda one: {"m": one.signal[:, :6], "x": 1}, hearts(4), folder=tmp_path)
    table = pq.read_table(tmp_path / "chunks" / "000000.parquet")
    assert table.schema.field("m").type.list_size == 72
    assert json.loads(table.schema.field("m").metadata[b"shape"]) == [12, 6]
    assert table.column("record").to_pylist() == [0, 1, 2]


def test_the_same_call_does_nothing_again_and_a_damaged_chunk_once(tmp_path):
    log, kept = tmp_path / "log", tmp_path / "kept"
    task = tasks.Counted(str(log))
    first = ran(task, hearts(), folder=kept)
    again = ran(task, hearts(), folder=kept)
    assert again.table.equals(first.table) and len(log.read_text().split("\n")) == 8
    file = kept / "chunks" / "000001.parquet"
    file.write_bytes(file.read_bytes()[:200])
    (kept / "chunks" / "000002.parquet").write_bytes(
        (kept / "chunks" / "000000.parquet").read_bytes()
    )
    third = ran(task, hearts(), folder=kept)
    assert third.table.equals(first.table)
    asked = [int(one.split()[0]) for one in log.read_text().splitlines()]
    assert asked == [0, 1, 2, 3, 4, 5, 6, 3, 4, 5, 6]


def test_parts_share_a_folder_and_merge_to_the_whole(tmp_path):
    whole = ran(tasks.size, hearts(10))
    for k in (1, 3):
        ran(tasks.size, hearts(10), folder=tmp_path, part=(k, 3))
    with pytest.raises(AuditError, match=r"1 of 4 chunks are not finished \(1;"):
        cw.audit.merge(tmp_path)
    assert ran(tasks.size, hearts(10), folder=tmp_path, part=(2, 3)).done == 3
    merged = cw.audit.merge(tmp_path)
    assert merged.table.equals(whole.table)
    table = pq.read_table(tmp_path / "results.parquet")
    assert table.column("record").to_pylist() == list(range(10))
    assert json.loads(table.schema.field("mean").metadata[b"shape"]) == [12]


def test_merging_arrays_of_several_shapes_and_of_numbers_that_become_floats(tmp_path):
    def task(one):
        place = one.meta["place"]
        row = {"a": one.signal[1], "x": place if place < 3 else place + 0.5}
        return row if place != 4 else {**row, "late": "yes"}

    ran(task, hearts(6), folder=tmp_path)
    cw.audit.merge(tmp_path)
    table = pq.read_table(tmp_path / "results.parquet")
    assert table.column("x").to_pylist() == [0, 1, 2, 3.5, 4.5, 5.5]
    assert [len(one) for one in table.column("a").to_pylist()] == [100, 101, 102, 103, 104, 105]
    assert table.column("a__shape").to_pylist()[5] == [105]
    assert table.column("late").to_pylist() == [None] * 4 + ["yes", None]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"task": tasks.picky}, "another task"),
        ({"records": hearts(6)}, "other records"),
        ({"chunk": 4}, "chunks of another size"),
    ],
)
def test_a_folder_of_another_audit_is_refused(tmp_path, change, said):
    ran(tasks.size, hearts(), folder=tmp_path)
    asked = {"task": tasks.size, "records": hearts(), "chunk": 3, **change}
    with pytest.raises(AuditError, match=said):
        ran(asked["task"], asked["records"], folder=tmp_path, chunk=asked["chunk"])


def test_a_folder_of_another_version_or_damaged_is_refused(tmp_path):
    ran(tasks.size, hearts(), folder=tmp_path)
    file = tmp_path / "manifest.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "version": "0.0.1"}))
    with pytest.raises(AuditError, match=r"begun by version 0\.0\.1"):
        ran(tasks.size, hearts(), folder=tmp_path)
    for text in ("{", "[]", json.dumps({**told, "chunk": 0}), json.dumps({**told, "more": 1})):
        file.write_text(text)
        with pytest.raises(AuditError, match="cannot be read"):
            ran(tasks.size, hearts(), folder=tmp_path)
    with pytest.raises(AuditError, match="holds no audit"):
        cw.audit.merge(tmp_path / "nothing")


def test_a_full_disk_is_said_and_what_was_finished_is_kept(tmp_path, monkeypatch):
    real, written = parquet.pq.write_table, []

    def full(table, where, **how):
        if len(written) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(where)
        return real(table, where, **how)

    monkeypatch.setattr(parquet.pq, "write_table", full)
    with pytest.raises(AuditError, match=r"No space left on device.*goes on from there"):
        ran(tasks.size, hearts(), folder=tmp_path)
    monkeypatch.undo()
    assert not list(tmp_path.rglob("*.part"))
    assert [path.name for path in (tmp_path / "chunks").iterdir()] == ["000000.parquet"]
    assert ran(tasks.size, hearts(), folder=tmp_path).table.equals(ran(tasks.size, hearts()).table)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"on": "grid"}, "expected None"),
        ({"on": 0}, "processes from 1"),
        ({"chunk": 0}, "records from 1"),
        ({"part": (4, 3)}, "1 <= i <= n"),
        ({"names": ["a"]}, "1 names for 7"),
    ],
)
def test_nonsense_is_refused_before_work(how, said):
    with pytest.raises(AuditError, match=said):
        ran(tasks.size, hearts(), **how)


def test_what_is_no_task_or_no_record_is_refused():
    with pytest.raises(AuditError, match="is no task"):
        ran(3, hearts())
    with pytest.raises(AuditError, match="no records"):
        ran(tasks.size, [])
    with pytest.raises(AuditError, match="int is no record"):
        ran(tasks.size, [1, 2])
    found = ran(tasks.strange, hearts(2))
    assert found.failures.reason.str.contains("value is a object").all() and not len(found.table)


def test_a_value_of_two_kinds_is_said(tmp_path):
    with pytest.raises(AuditError, match="of several kinds"):
        ran(tasks.mixed, hearts(3, poison=1), folder=tmp_path)


def test_a_task_that_cannot_travel_is_said():
    lock = threading.Lock()
    with pytest.raises(AuditError, match=r"cannot be sent to workers.*on=None"):
        ran(lambda one: {"x": lock.locked()}, hearts(), 2)


def test_without_pyarrow_results_are_in_memory_and_a_folder_is_refused(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *given, **how):
        if name.startswith("pyarrow") or "parquet" in (given[2] or () if len(given) > 2 else ()):
            raise ImportError(name)
        return real(name, *given, **how)

    monkeypatch.setattr(builtins, "__import__", without)
    assert len(ran(tasks.size, hearts()).table) == 7
    with pytest.raises(AuditError, match=r"needs pyarrow"):
        ran(tasks.size, hearts(), folder=tmp_path)


def test_the_identity_is_of_content():
    def held(value):
        return lambda record: {"x": value}

    f = cw.load("af-resnet")
    alike = Task.of(held(f)).identity
    f.predict(cw.simulate("NSR", seed=0)[0].record)
    assert f.lack_of_gradients == ""  # remembered from now on, and no part of what it is
    assert Task.of(held(f)).identity == alike == Task.of(held(cw.load("af-resnet"))).identity
    assert Task.of(held(cw.load("af-inception"))).identity != alike
    assert Task.of(held(1)).identity != Task.of(held(2)).identity
    assert Task.of(tasks.Counted("a")).identity != Task.of(tasks.Counted("b")).identity


def test_steps_tell_how_far_it_is_and_can_be_closed(tmp_path):
    steps = cw.audit.run.steps(tasks.size, hearts(), folder=tmp_path, chunk=3)
    shares = [next(steps).fraction for _ in range(3)]
    assert shares == pytest.approx([0, 3 / 7, 6 / 7])
    steps.close()
    assert len(list((tmp_path / "chunks").glob("*.parquet"))) == 2


def test_files_that_were_refused_are_failures_too(tmp_path):
    import zipfile

    from cofe_widgets.io import sample_path

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for end in ("hea", "dat"):
            archive.write(sample_path("sinus").parent / f"sinus.{end}", f"sinus.{end}")
        archive.writestr("../out.hea", "x")
    found = ran(tasks.size, cw.read_many(tmp_path / "a.zip"), folder=tmp_path / "kept")
    assert found.failures.step.tolist() == ["find"] and found.failures.record.tolist() == [-1]
    assert len(found.table) == 1
    assert cw.audit.merge(tmp_path / "kept").failures.equals(found.failures)
