"""Every value is saved, loaded, pickled, copied and made again; long work is watched."""

import copy
import json
import pickle

import numpy as np
import pandas as pd
import pytest

import cofe_widgets as cw
from cofe_widgets.deprecated import warn_of_former
from cofe_widgets.errors import WrapError
from cofe_widgets.simulate import simulate

from .kinds import GIVEN, KINDS, alike, same


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_is_saved_and_loaded_whole(values, kind, tmp_path):
    value = values[kind]
    value.save(tmp_path / "one.npz")
    again = type(value).load(tmp_path / "one.npz")
    assert alike(value, again, but=("provenance",))
    # JSON knows no tuples; what it says is the same.
    assert json.loads(json.dumps(value.provenance, default=str)) == json.loads(
        json.dumps(again.provenance, default=str)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_travels_and_is_copied(values, kind):
    value = values[kind]
    assert alike(value, pickle.loads(pickle.dumps(value)))
    assert copy.copy(value) is value
    deep = copy.deepcopy(value)
    assert deep is not value and alike(value, deep)
    tables = (v for v in vars(deep).values() if isinstance(v, pd.DataFrame) and len(v))
    table = next(tables, None)
    if table is not None:
        table.iloc[0, 0] = table.iloc[-1, 0] = "other" if table.dtypes.iloc[0] == "str" else -1
        assert not alike(value, deep)


def test_what_values_are_made_of_travels_too(cf, record):
    from cofe_widgets.signals import measured, median_beat

    def sent(value):
        return pickle.loads(pickle.dumps(value))

    for one in (cf.trust, cf.words(), *cw.rules(record)):
        assert sent(one) == one
    assert same(sent(record), record) and same(
        sent(measured(record)).values, cf.findings.before.values
    )
    assert same(sent(median_beat(record)).signal, median_beat(record).signal)
    heart = simulate("AF", seed=2)[0]
    for one in (heart, heart.twin("NSR")):
        there = sent(one)
        assert same(there.record, one.record)
        assert same(there.truth.measurements, one.truth.measurements)
        assert same(there.twin("SB").record, one.twin("SB").record)


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_is_made_again_by_its_own_call(values, kind, record, many, hearts, tmp_path):
    value = values[kind]
    value.save(tmp_path / "one.npz")
    stored = type(value).load(tmp_path / "one.npz")  # nothing but the file is needed
    wanted = {"delineation": record, "table": [record], "concepts": many, "clusters": hearts}
    wanted |= {key: [record] for key in ("glocal", "subgroups")}
    again = stored.rerun(*([wanted[kind]] if GIVEN[kind] else []))
    assert alike(value, again)


def test_what_a_value_does_not_hold_must_be_given(values):
    with pytest.raises(cw.EcgError, match=r"does not hold its record: give it, rerun\(record\)"):
        values["delineation"].rerun()
    with pytest.raises(ValueError, match=r"does not hold its records: give them"):
        values["table"].rerun()
    with pytest.raises(ValueError, match=r"do not hold their records: give them"):
        values["clusters"].rerun()


def test_one_of_several_answers_is_made_again_as_itself(record, f):
    several = cw.counterfactual(record, f, "AF", severities=2, diverse=2)
    assert not np.array_equal(several[0].signals, several[1].signals)
    assert alike(several[1], several[1].rerun())
    other = several[1].rerun(diverse=1, severities=4)
    assert len(other.signals) == 4


def test_a_model_of_ones_own_stays_at_home_and_its_trust_card_travels(record):
    shipped = cw.load("af-resnet")
    own = cw.wrap(
        shipped.module, fs=shipped.fs, outputs=shipped.outputs, preprocess=lambda x: x, name="mine"
    )
    cf = cw.counterfactual(record, own, "AF", severities=2)
    there = pickle.loads(pickle.dumps(cf))
    assert there.predictor is None and "trust" in vars(there)
    assert repr(there.trust) == repr(cf.trust)
    with pytest.raises(WrapError, match="give it"):
        there.rerun()
    assert alike(cf, there.rerun(own))


def test_a_copy_of_a_model_shares_its_module(f):
    assert copy.copy(f).module is f.module and copy.copy(f).weight_hash == f.weight_hash


def test_a_shipped_model_travels_by_name_and_answers_the_same(record, f):
    there = pickle.loads(pickle.dumps(f))
    assert there.predict(record) == f.predict(record)
    assert len(pickle.dumps(f)) < 1000


def test_work_is_watched_and_can_be_stopped(record, f):
    steps = cw.counterfactual.steps(record, f, "AF", severities=3, diverse=2)
    seen = list(steps)
    fractions = [step.fraction for step in seen]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    answers = [step.partial for step in seen if isinstance(step.partial, cw.Counterfactual)]
    assert len(answers) == 2 and seen[-1].result == answers
    assert [step.result for step in seen[:-1]] == [None] * (len(seen) - 1)
    stopped = cw.counterfactual.steps(record, f, "AF", diverse=3)
    next(stopped)
    stopped.close()
    rows = list(cw.audit.counterfactual_table.steps([record], f, "AF"))
    assert rows[0].partial[0]["reached"] and rows[-1].result.outcomes.reached.all()
    hearts = list(cw.audit.twin_score.steps("AF", f, "AF", n=1))
    assert hearts[0].partial["heart"] == 0 and hearts[-1].result.r > 0
    halves = list(cw.delineate.steps([record, record.crop(0, 5)]))
    assert [len(step.result or []) for step in halves] == [0, 0, 2]


def test_former_names_warn_once_and_work(cf, record, f):
    warn_of_former.cache_clear()
    with pytest.warns(DeprecationWarning, match=r"record\(severity=\)"):
        assert np.array_equal(cf.record(level=1.0).signal, cf.record(severity=1.0).signal)
    cf.record(level=1.0)  # again: a second warning would be an error here
    step = next(cw.counterfactual.steps(record, f, "AF"))
    with pytest.warns(DeprecationWarning, match="partial.prediction"):
        assert step.prediction == step.partial.prediction
    with pytest.raises(AttributeError, match="no 'speed'"):
        _ = step.speed
    with pytest.warns(DeprecationWarning, match="keep='jt'"):
        kept = cw.counterfactual(record, f, "AF", severities=2, keep="qt")
    assert kept.moved["jt"] == 1
    *_, found, end = cw.counterfactual.steps(record, f, "AF", severities=2)
    warn_of_former.cache_clear()
    with pytest.warns(DeprecationWarning, match=r"partial\.prediction"):
        assert found.prediction == end.prediction == end.result.predictions[-1]


def test_arguments_of_the_call_can_be_changed(values, cf, record):
    assert cf.rerun(level=0.6).level == 0.6
    assert values["attribution"].rerun(method="saliency").method == "saliency"
    assert values["score"].rerun(n=1, condition="AFL").condition == "AFL"
    with pytest.raises(cw.ExplainError, match="cannot be made again like that: .*bogus"):
        cf.rerun(bogus=1)


def test_steps_take_what_the_call_takes(record, f):
    one = list(cw.delineate.steps(record))
    assert len(one[-1].result) == 1
    assert len(list(cw.delineate.steps(r for r in [record]))[-1].result) == 1
    assert len(list(cw.audit.counterfactual_table.steps(record, f, "AF"))[-1].result.outcomes) == 1
