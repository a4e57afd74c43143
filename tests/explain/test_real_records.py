"""Counterfactuals of real sinus records that no recipe trained on (``python -m benchmarks`` does them all)."""

import csv

import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.train.data.records import rhythm_of, split_of

COUNT = 6


@pytest.fixture(scope="module")
def records(shared_data):
    folder = shared_data / "records"
    with (folder / "labels.csv").open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["dataset"] == "ludb"]
    held_back = [
        row["record"]
        for row in rows
        if split_of(row["patient"]) == "test" and rhythm_of(row["labels"]) == "SR"
    ]
    return [cw.read(folder / "ludb" / f"{name}.hea") for name in held_back[:COUNT]]


@pytest.mark.slow
def test_real_sinus_records_reach_af_by_losing_p_waves_and_regularity(records):
    f = cw.load("af-resnet")
    records = [
        r for r, answer in zip(records, f.predict(records), strict=True) if answer["AF"] < 0.5
    ]
    assert len(records) >= COUNT - 1
    found = cw.counterfactual(records, f, target="AF", severities=2)
    assert sum(cf.reached for cf in found) >= len(found) - 1
    assert all(np.array_equal(cf.signals[0], cf.original.signal) for cf in found)
    before = cw.measure([cf.original for cf in found])
    after = cw.measure([cf.record() for cf in found])
    assert after["rr_sd_ms"].median() > 1.5 * before["rr_sd_ms"].median()
    assert after["p_presence"].median() < before["p_presence"].median()
