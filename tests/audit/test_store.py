"""What an audit kept: it comes back whole, or is worked out again."""

import json
import random
from math import nan

import pytest

from cofe_widgets.audit.numbers import MEASUREMENTS
from cofe_widgets.audit.store import Store
from cofe_widgets.audit.tables import stored_row

NAMED = {"record": 3, "name": "three"}
OUTCOME = {
    "direction": "towards",
    "level": 0.9,
    "before": 0.1,
    "after": 0.9,
    "reached": True,
    "space": "rhythm",
    "message": "changed",
    "failure": "",
}
RESULT = {
    "outcome": OUTCOME,
    "original": dict.fromkeys(MEASUREMENTS, 1.5),
    "counterfactual": dict.fromkeys(MEASUREMENTS, nan),
}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "kept")


@pytest.fixture
def key(store):
    key = store.key(record="a", level=0.9)
    store.put(key, RESULT)
    return key


def same(a, b):
    return json.dumps(a) == json.dumps(b)


def test_a_result_comes_back_whole(store, key):
    assert same(store.get(key), RESULT)
    outcome, before, after = stored_row(store.get(key), NAMED)
    assert (
        outcome == {**OUTCOME, **NAMED}
        and before["qrs_ms"] == 1.5
        and after["qrs_ms"] != after["qrs_ms"]
    )
    assert store.get(store.key(record="b", level=0.9)) is None
    assert Store(None).get(key) is None


def test_any_damage_is_noticed(store, key):
    path = store.folder / f"{key}.json"
    whole = path.read_bytes()
    rng = random.Random(0)
    for _ in range(300):
        bad = bytearray(whole)
        bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        path.write_bytes(bad)
        found = store.get(key)
        assert found is None or same(found, RESULT)
    for cut in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:cut])
        assert store.get(key) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"outcome": 1}',
        "[" * 100_000,
        '{"result": {}, "digest": 5}',
        "NaN",
        "9" * 5000,
    ],
)
def test_other_texts_count_as_none(store, key, text):
    (store.folder / f"{key}.json").write_text(text)
    assert store.get(key) is None


def test_a_result_of_another_question_under_this_name_counts_as_none(store, key):
    other = store.key(record="b", level=0.9)
    (store.folder / f"{other}.json").write_bytes((store.folder / f"{key}.json").read_bytes())
    assert store.get(other) is None


def test_places_that_are_no_files_count_as_none(store, key):
    path = store.folder / f"{key}.json"
    path.unlink()
    path.mkdir()
    assert store.get(key) is None


@pytest.mark.parametrize(
    "stored",
    [
        None,
        {},
        {**RESULT, "outcome": None},
        {**RESULT, "original": None},
        {**RESULT, "original": {"qrs_ms": 1.0}},
        {**RESULT, "counterfactual": dict.fromkeys(MEASUREMENTS, "wide")},
        {**RESULT, "counterfactual": {name: [1] for name in MEASUREMENTS}},
        {**RESULT, "outcome": {**OUTCOME, "direction": "up"}},
        {**RESULT, "outcome": {**OUTCOME, "message": None}},
        {**RESULT, "outcome": {**OUTCOME, "after": float("inf")}},
        {**RESULT, "outcome": {}},
    ],
)
def test_a_result_that_is_no_row_is_worked_out_again(stored):
    assert stored_row(stored, NAMED) is None
