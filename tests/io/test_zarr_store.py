"""Collections in a Zarr store: what is written comes back; a damaged or lying store is refused."""

from __future__ import annotations

import json
import pickle
import shutil

import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.errors import EcgError, EcgFormatError
from cofe_widgets.io import sample_path, zarr_store
from cofe_widgets.io.zarr_store import written


@pytest.fixture(scope="module")
def records():
    rng = np.random.default_rng(1)
    return [
        cw.Record(
            rng.normal(0, 0.2, (2 if k == 1 else 12, 500 + 10 * k)),
            250.0 + k,
            ("I", "II") if k == 1 else cw.LEADS,
            {"age": 40 + k, "sex": "F", "source": f"Smith{k}.xml", "patient_id": "77"},
        )
        for k in range(5)
    ]


@pytest.fixture
def store(records, tmp_path):
    written(records, tmp_path / "s.zarr")
    return tmp_path / "s.zarr"


def test_records_of_any_length_and_rate_come_back(records, store):
    found = cw.read_many(store)
    assert len(found) == 5
    for before, after in zip(records, found, strict=True):
        assert after.fs == before.fs and after.samples == before.samples
        assert np.array_equal(after.select(before.leads).signal, before.signal)
        assert after.meta["age"] == before.meta["age"] and after.meta["sex"] == "F"
    assert found[1].leads == cw.LEADS[:6]  # limb leads are derived, chest leads are not there
    again = pickle.loads(pickle.dumps(found[2:4]))
    assert np.array_equal(again[1].signal, records[3].signal)
    part = cw.read_many(store, start=0.5, end=1.0, leads=["V2"])[4]
    assert np.allclose(part.signal, records[4]["V2"][None, 127:254])


def test_nobody_is_named_in_it(store, records, tmp_path):
    def told(path):
        return bytes(zarr_store._store(path)["meta"][:]).decode()

    assert "Smith" not in told(store) and "77" not in told(store)
    written(records, tmp_path / "named.zarr", keep_identity=True)
    assert "Smith0.xml" in told(tmp_path / "named.zarr")


def test_a_collection_writes_what_opens_and_gives_the_store(tmp_path):
    found = cw.read_many([sample_path("sinus"), sample_path("fibrillation")])
    stored = found.to_zarr(tmp_path / "x.zarr")
    assert [one.samples for one in stored] == [one.samples for one in found]
    assert np.array_equal(stored[0].signal, found[0].signal)
    with pytest.raises(EcgError, match="exists already"):
        found.to_zarr(tmp_path / "x.zarr")
    assert [one.name for one in tmp_path.iterdir()] == ["x.zarr"]
    assert len(cw.read_many(tmp_path)) == 2


def test_what_is_half_written_is_removed(records, tmp_path):
    def some():
        yield records[0]
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        written(some(), tmp_path / "x.zarr")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(EcgError, match="nothing to write"):
        written([], tmp_path / "y.zarr")


def test_a_lost_chunk_is_missing_and_no_flat_line(store):
    shutil.rmtree(store / "signal" / "c")
    zarr_store._opened.cache_clear()
    found = cw.read_many(store)
    assert list(found) == [] and "every sample is missing" in found.failures[0].reason


def edited(store, array, **changes):
    file = store / array / "zarr.json" if array else store / "zarr.json"
    told = json.loads(file.read_text())
    told.update(changes)
    file.write_text(json.dumps(told))
    zarr_store._opened.cache_clear()


@pytest.mark.parametrize(
    ("array", "changes", "said"),
    [
        ("", {"attributes": {"kind": "other"}}, "no store of ECGs"),
        ("signal", {"fill_value": 0.0}, "stands for missing chunks"),
        ("signal", {"data_type": "float64"}, "is float64"),
        ("fs", {"shape": [9]}, "5 records and 9 values of fs"),
        (
            "signal",
            {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [10**12, 12]}}},
            "unpacks to more than",
        ),
        ("end", {"codecs": [{"name": "pickle"}]}, "no store of ECGs"),
    ],
)
def test_a_store_that_lies_is_refused(store, array, changes, said):
    edited(store, array, **changes)
    with pytest.raises(EcgFormatError, match=said):
        cw.read_many(store)


def test_ends_that_make_no_sense_are_refused_record_by_record(store):
    import zarr

    zarr.open_group(store, mode="r+")["end"][1] = 10**15
    zarr_store._opened.cache_clear()
    found = cw.read_many(store)
    assert len(list(found)) == 3
    assert all("said to go from" in one.reason for one in found.failures)


def test_a_damaged_chunk_is_said(store):
    (file,) = [path for path in (store / "signal" / "c").rglob("*") if path.is_file()]
    file.write_bytes(file.read_bytes()[:100])
    zarr_store._opened.cache_clear()
    found = cw.read_many(store)
    assert list(found) == [] and "is damaged" in found.failures[0].reason
