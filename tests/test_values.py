"""Every value is saved, loaded, pickled, copied and made again; damaged files are refused in words."""

import copy
import io
import json
import pickle
import zipfile
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cofe_widgets as cw
from cofe_widgets.deprecated import warn_of_former
from cofe_widgets.errors import WrapError
from cofe_widgets.simulate import simulate
from cofe_widgets.values import MOST_BYTES, Value, _decoded, _encoded


@pytest.fixture(scope="module")
def f():
    return cw.load("af-resnet")


@pytest.fixture(scope="module")
def record():
    return simulate("NSR", seed=4)[0].record


@pytest.fixture(scope="module")
def cf(record, f):
    return cw.counterfactual(record, f, "AF", severities=3)


@pytest.fixture(scope="module")
def values(cf, record, f):
    return {
        "counterfactual": cf,
        "delineation": cw.delineate(record),
        "attribution": cw.attribute(record, f, "AF", "smoothgrad", copies=3),
        "table": cw.audit.counterfactual_table([record], f, "AF", progress=False),
        "score": cw.audit.twin_score("AF", f, "AF", n=1),
    }


KINDS = ("counterfactual", "attribution", "delineation", "table", "score")
GIVEN = {"counterfactual": 0, "attribution": 0, "delineation": 1, "table": 1, "score": 0}


def same(a, b) -> bool:
    """Whether two things hold the same, however they are made of."""
    if isinstance(a, pd.DataFrame):
        return list(a) == list(b) and all(same(list(a[k]), list(b[k])) for k in a)
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, cw.Record):
        return same(a.signal, b.signal) and a.leads == b.leads and dict(a.meta) == dict(b.meta)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b or (a != a and b != b)


def alike(a: Value, b: Value, but: tuple[str, ...] = ()) -> bool:
    names = [f.name for f in fields(a) if f.name not in (*a._unsaved, *but)]  # type: ignore[arg-type]
    return type(a) is type(b) and all(same(getattr(a, n), getattr(b, n)) for n in names)


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
    table = next((v for v in vars(deep).values() if isinstance(v, pd.DataFrame)), None)
    if table is not None:
        table.iloc[0, 0] = -1
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
def test_a_value_is_made_again_by_its_own_call(values, kind, record, f, tmp_path):
    value = values[kind]
    value.save(tmp_path / "one.npz")
    stored = type(value).load(tmp_path / "one.npz")  # nothing but the file is needed
    wanted = {"delineation": record, "table": [record]}
    again = stored.rerun(*([wanted[kind]] if GIVEN[kind] else []))
    assert alike(value, again)


def test_what_a_value_does_not_hold_must_be_given(values):
    with pytest.raises(cw.EcgError, match=r"does not hold its record: give it, rerun\(record\)"):
        values["delineation"].rerun()
    with pytest.raises(ValueError, match=r"does not hold its records: give them"):
        values["table"].rerun()


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


# -- files of version 0.1, and of nobody


def test_files_of_the_first_version_still_load(values, tmp_path):
    cf = values["counterfactual"]
    names = ("target", "level", "reached", "space", "method", "message")
    known = {k: v for k, v in cf.provenance.items() if k != "call"}
    facts = {k: getattr(cf, k) for k in names} | {"provenance": known}
    former = {"pr": "pr_ms", "heart_rate": "heart_rate_factor", "jt": "jt_factor"}
    facts["moved"] = {former.get(k, k): v for k, v in cf.moved.items()}
    told = {"facts": facts, "meta": dict(cf.original.meta), "trust": cf.trust.to_dict()}
    arrays = {k: getattr(cf, k) for k in ("signals", "predictions", "severities")}
    with (tmp_path / "cf.npz").open("wb") as out:
        text = json.dumps(told, default=str)
        np.savez_compressed(out, facts=text, original=cf.original.signal, **arrays)
    again = cw.Counterfactual.load(tmp_path / "cf.npz")
    assert again.moved == cf.moved and np.array_equal(again.signals, cf.signals)
    assert again.trust == cf.trust
    assert np.array_equal(again.rerun().signals, cf.signals)

    one = values["delineation"]
    facts = {k: getattr(one, k) for k in ("fs", "leads", "method", "agreement")}
    facts |= {"model": one.model, "weight_hash": one.weight_hash}
    table = {f"fiducials/{k}": one.fiducials[k].to_numpy() for k in one.fiducials}
    table |= {k: v.astype(str) for k, v in table.items() if v.dtype == object}
    with (tmp_path / "d.npz").open("wb") as out:
        np.savez_compressed(
            out, facts=json.dumps(facts), soft=one.soft, r_peaks_s=one.r_peaks_s, **table
        )
    stored = cw.Delineation.load(tmp_path / "d.npz")
    assert alike(one, stored, but=("provenance",))
    with pytest.raises(cw.EcgError, match="did not keep the call: make it anew"):
        stored.rerun(simulate("NSR", seed=4)[0].record)

    audit = values["table"]
    told = {
        k: getattr(audit, k).to_dict("list") for k in ("outcomes", "original", "counterfactual")
    }
    text = json.dumps({**told, "target": audit.target, "provenance": audit.provenance})
    (tmp_path / "t.json").write_text(text)
    assert alike(audit, cw.audit.CounterfactualTable.load(tmp_path / "t.json"))


@pytest.mark.parametrize("kind", KINDS)
def test_another_kind_is_named_and_a_file_of_another_version_says_which(values, kind, tmp_path):
    value, other = values[kind], values[KINDS[KINDS.index(kind) - 1]]
    other.save(tmp_path / "other.npz")
    with pytest.raises(ValueError, match=f"it holds a {type(other).__name__}"):
        type(value).load(tmp_path / "other.npz")
    value.save(tmp_path / "one.npz")
    with zipfile.ZipFile(tmp_path / "one.npz") as stored:
        parts = {name: stored.read(name) for name in stored.namelist()}
    told = json.loads(parts["value.json"])
    told["version"], told["facts"]["invented"] = "9.8.7", 1
    with zipfile.ZipFile(tmp_path / "new.npz", "w") as out:
        for name, data in {**parts, "value.json": json.dumps(told).encode()}.items():
            out.writestr(name, data)
    with pytest.raises(ValueError, match=r"cofe_widgets 9\.8\.7 wrote it.*invented"):
        type(value).load(tmp_path / "new.npz")


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        cw.Counterfactual.load(tmp_path / "none.npz")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damaged_files_are_refused_in_words_whatever_the_damage(cf, tmp_path, data):
    buffer = io.BytesIO()
    cf.save(buffer)  # type: ignore[arg-type]
    whole = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    (tmp_path / "bad.npz").write_bytes(whole[: cut if data.draw(st.booleans()) else None])
    try:
        cw.Counterfactual.load(tmp_path / "bad.npz")
    except cw.ExplainError as error:
        assert "is no saved counterfactual" in str(error)


def test_an_array_that_claims_more_than_it_holds_is_not_made(cf, tmp_path):
    header = b"\x93NUMPY\x01\x00v\x00"
    text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 12, 250000000), }"
    with zipfile.ZipFile(tmp_path / "big.npz", "w") as out:
        out.writestr(
            "value.json", json.dumps({"kind": "Counterfactual", "version": "0", "facts": {}})
        )
        out.writestr("0.npy", header + text.ljust(117) + b"\n" + b"\0" * 64)
    with pytest.raises(cw.ExplainError, match="not what its header says"):
        cw.Counterfactual.load(tmp_path / "big.npz")
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as out:
        for k in range(9):
            out.writestr(f"{k}.npy", b"\0" * (MOST_BYTES // 8))
    with pytest.raises(cw.ExplainError, match="unpack to more"):
        cw.Counterfactual.load(tmp_path / "bomb.npz")


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False)
        | st.text()
        | st.lists(st.floats(allow_nan=False, width=32), max_size=4).map(np.float32),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.tuples(inner, inner)
            | st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_facts_come_back_as_they_went(facts):
    arrays: list[np.ndarray] = []
    text = json.dumps(_encoded(facts, arrays))
    assert same(_decoded(json.loads(text), dict(enumerate(arrays))), facts)


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
    kept = cw.counterfactual(record, f, "AF", severities=2, keep="qt")  # now "jt"
    assert kept.moved["jt"] == 1
