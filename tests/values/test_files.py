"""Files of values: of every version, damaged, hostile, odd; each loads whole or is refused in words."""

import json
import os
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cofe_widgets as cw
from cofe_widgets.simulate import simulate
from cofe_widgets.values.archive import MOST_BYTES
from cofe_widgets.values.encoding import Encoding, decoded

from . import former
from .kinds import KINDS, alike, same


def test_files_of_the_first_version_still_load(values, tmp_path):
    cf = values["counterfactual"]
    former.counterfactual(cf, tmp_path / "cf.npz")
    again = cw.Counterfactual.load(tmp_path / "cf.npz")
    assert again.moved == cf.moved and np.array_equal(again.signals, cf.signals)
    assert again.trust == cf.trust
    assert np.array_equal(again.rerun().signals, cf.signals)

    one = values["delineation"]
    former.delineation(one, tmp_path / "d.npz")
    stored = cw.Delineation.load(tmp_path / "d.npz")
    assert alike(one, stored, but=("provenance",))
    with pytest.raises(cw.EcgError, match="did not keep the call: make it anew"):
        stored.rerun(simulate("NSR", seed=4)[0].record)

    audit = values["table"]
    former.table(audit, tmp_path / "t.json")
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
    if not (tmp_path / "good.npz").exists():
        cf.save(tmp_path / "good.npz")
    whole = bytearray((tmp_path / "good.npz").read_bytes())
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
    encoding = Encoding()
    text = json.dumps(encoding.encoded(facts))
    assert same(decoded(json.loads(text), dict(enumerate(encoding.arrays))), facts)


# -- odd content, odd places


def test_a_save_that_fails_leaves_the_good_file(values, cf, record, f, tmp_path):
    path = tmp_path / "one.npz"
    values["attribution"].save(path)
    odd = np.array([(1, None)], dtype=[("a", "i4"), ("b", "O")])
    worse = cw.attribute(cw.Record(record.signal, record.fs, record.leads, {"z": odd}), f, "AF")
    with pytest.raises(cw.ExplainError, match="cannot be saved"):
        worse.save(path, keep_identity=True)
    assert alike(values["attribution"], cw.Attribution.load(path), but=("provenance",))
    assert [one.name for one in tmp_path.iterdir()] == ["one.npz"]


def test_what_json_does_not_know_is_kept_as_text(record, f, tmp_path):
    meta = {"day": np.datetime64("2020-01-01"), "n": np.int64(3), "$x": (1, 2), "at": tmp_path}
    att = cw.attribute(cw.Record(record.signal, record.fs, record.leads, meta), f, "AF")
    att.save(tmp_path / "one.npz", keep_identity=True)
    again = cw.Attribution.load(tmp_path / "one.npz").record.meta
    assert again["day"] == "2020-01-01" and again["n"] == 3 and again["$x"] == (1, 2)
    assert again["at"] == str(tmp_path)


def test_a_flat_lead_is_loaded_as_it_was_saved(record, tmp_path):
    import torch

    class First(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.line = torch.nn.Linear(250, 2)

        def forward(self, x):
            return self.line(x[:, 0, :250])

    signal = record.signal.copy()
    signal[6] = 0
    own = cw.wrap(First(), fs=250, outputs=["a", "b"], leads=["V1"])
    att = cw.attribute(cw.Record(signal, record.fs, record.leads), own, "a")
    att.save(tmp_path / "one.npz")
    assert alike(att, cw.Attribution.load(tmp_path / "one.npz"), but=("provenance",))


@pytest.mark.parametrize("place", ["pipe", "folder", "device"])
def test_what_is_no_file_is_refused_at_once(place, tmp_path):
    path = tmp_path / "there"
    {"pipe": os.mkfifo, "folder": os.mkdir, "device": lambda p: p.symlink_to("/dev/zero")}[place](
        path
    )
    with pytest.raises(cw.ExplainError, match="it is no file"):
        cw.Counterfactual.load(path)


def rewritten(source, path, change):
    with zipfile.ZipFile(source) as stored:
        parts = {name: stored.read(name) for name in stored.namelist()}
    told = json.loads(parts.pop("value.json"))
    change(told["facts"])
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("value.json", json.dumps(told))
        for name, data in parts.items():
            out.writestr(name, data)
    return path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("odd", [None, 5, "text", [1], {"a": 1}])
def test_a_field_of_another_kind_is_refused_when_it_is_loaded(values, kind, odd, tmp_path):
    value = values[kind]
    value.save(tmp_path / "one.npz")
    for name in value._facts():
        was = getattr(value, name, None)
        if isinstance(odd, type(was)) or (isinstance(was, float) and odd == 5):
            continue

        def change(facts, name=name):
            facts[name] = odd

        path = rewritten(tmp_path / "one.npz", tmp_path / "odd.npz", change)
        with pytest.raises(ValueError, match="is no saved"):
            type(value).load(path)


def test_an_array_that_is_named_twice_is_refused(cf, tmp_path):
    cf.save(tmp_path / "one.npz")

    def change(facts):
        facts["predictions"] = facts["severities"]

    with pytest.raises(cw.ExplainError, match="is no saved"):
        cw.Counterfactual.load(rewritten(tmp_path / "one.npz", tmp_path / "two.npz", change))
