"""Named tasks say what the functions that they are made of say."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.audit.tasks import (
    TASKS,
    Attributions,
    Counterfactuals,
    Glocal,
    Measurements,
    Predictions,
    Together,
)
from cofe_widgets.errors import AuditError, ExplainError

from . import tasks
from .test_run import ran


@pytest.fixture(scope="module")
def f():
    return cw.load("af-resnet")


@pytest.fixture(scope="module")
def records():
    return [one.record for name in ("NSR", "AF") for one in cw.simulate(name, n=2, seed=5)]


def test_measurements_and_predictions(f, records):
    short = records[0].crop(0, 6)
    found = ran(Measurements(), records).table
    alone = cw.measure(records[2])
    assert found.rr_sd_ms[2] == alone["rr_sd_ms"] and found.qrs_ms[2] == alone["qrs_ms"]
    said = ran(Predictions(f), [*records, short], chunk=5)
    assert np.allclose(said.table.AF, [f.predict(one)["AF"] for one in records], atol=1e-6)
    assert said.failures.record.tolist() == [4] and "6.00 s long" in said.failures.reason[0]


def test_attributions_by_wave(f, records):
    found = ran(Attributions(f, "AF", maps=True), records[:2], chunk=2)
    att = cw.attribute(records[1], f, "AF")
    share = att.by_wave.share
    assert np.allclose(found.arrays("share")[1].ravel(), share, atol=1e-4)
    assert found.table.share_P[1] == pytest.approx(share["all", "P"], abs=1e-4)
    assert np.allclose(found.arrays("map")[1], att.values, atol=1e-4 * np.abs(att.values).max())
    assert found.table.answer[1] == pytest.approx(f.predict(records[1])["AF"], abs=1e-5)


@pytest.mark.slow
def test_counterfactuals_are_the_rows_of_the_table(f, records):
    short = records[0].crop(0, 6)
    given = [*records, short]
    here = cw.audit.counterfactual_table(given, f, "AF", both_ways=True, progress=False)
    there = cw.audit.counterfactual_table(given, f, "AF", both_ways=True, progress=False, on=1)
    same = ["record", "name", "direction", "reached", "space", "message", "failure", "signal"]
    assert there.outcomes[same].equals(here.outcomes[same])
    assert np.allclose(there.outcomes.after, here.outcomes.after, atol=1e-4, equal_nan=True)
    assert np.allclose(there.original, here.original, equal_nan=True)
    assert there.provenance == here.provenance
    found = ran(Counterfactuals(f, "AF", both_ways=True), given, chunk=5)
    assert found.failures.record.tolist() == [4] and len(found.table) == 4
    assert found.table.original_qrs_ms.tolist() == here.original.qrs_ms[:4].tolist()


def test_a_table_elsewhere_watches_nobody(f, records):
    with pytest.raises(AuditError, match="each="):
        cw.audit.counterfactual_table(records, f, "AF", on=2, each=print, progress=False)


def test_what_cannot_be_asked_is_refused_before_work(f):
    with pytest.raises(AuditError, match="answers probabilities"):
        Counterfactuals(f, "AF", by=1.0)
    with pytest.raises((ExplainError, ValueError), match="no output 'XY'"):
        Counterfactuals(f, "XY")


def test_tasks_together(f, records):
    both = ran(Together((Measurements(), Predictions(f))), records[:1]).table
    assert both.rr_sd_ms[0] == cw.measure(records[0])["rr_sd_ms"] and 0 <= both.AF[0] <= 1
    twice = ran(Together((tasks.size, tasks.size)), records[:1])
    assert "two tasks name a value 'mean'" in twice.failures.reason[0]


def test_a_shipped_model_travels_by_its_name_and_hash(f, records):
    for name, kind in TASKS.items():
        assert kind.name == name
    sent = pickle.dumps(Attributions(f, "AF"))
    assert len(sent) < 1000
    again = pickle.loads(sent)
    assert again.f.weight_hash == f.weight_hash and again == Attributions(again.f, "AF")


def test_a_model_of_ones_own_travels_too(records):
    from torch import nn

    net = nn.Sequential(nn.AdaptiveAvgPool1d(4), nn.Flatten(), nn.Linear(48, 2))
    own = cw.wrap(net, fs=100, seconds=10, leads=cw.LEADS, outputs=["a", "b"], output="softmax")
    found = ran(Predictions(own), records, 1)
    assert np.allclose(found.table.a, [own.predict(one)["a"] for one in records], atol=1e-5)


def test_a_glocal_map_of_an_audit_is_that_of_one_call(f, records):
    task = Glocal(f, "AF")
    found = task.map_of(ran(task, [*records, records[0].crop(0, 6)], chunk=2), top=2)
    alone = cw.glocal(records, f, "AF", top=2)
    assert np.array_equal(found.places, alone.places)
    assert np.allclose(found.segments, alone.segments, atol=1e-3, equal_nan=True)
    assert found.failures.record.tolist() == [4] and found.seen == 5
    with pytest.raises(AuditError, match="no aligned maps"):
        task.map_of(ran(Measurements(), records[:1]))
