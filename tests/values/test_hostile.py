"""Files of values that mean harm, or hold what no value does: refused at once, in words, of one kind."""

import io
import json
import time
import zipfile

import numpy as np
import pandas as pd
import pytest

import cofe_widgets as cw
from cofe_widgets.values import archive, checks
from cofe_widgets.values.encoding import Encoding

from .kinds import KINDS


@pytest.fixture(scope="module")
def parts(values, tmp_path_factory):
    """Members of a file of each kind."""
    out = {}
    for kind, value in values.items():
        path = tmp_path_factory.mktemp("good") / "one.npz"
        value.save(path)
        with zipfile.ZipFile(path) as stored:
            out[kind] = {name: stored.read(name) for name in stored.namelist()}
    return out


def put(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return path


def edited(members, change):
    told = json.loads(members["value.json"])
    change(told["facts"])
    return {**members, "value.json": json.dumps(told)}


def refused(kind, path, match=""):
    start = time.process_time()
    with pytest.raises(kind._error, match="is no saved") as info:
        kind.load(path)
    assert time.process_time() - start < 2
    assert len(str(info.value)) < 500 and match in str(info.value), str(info.value)
    return str(info.value)


def npy(array):
    held = io.BytesIO()
    np.save(held, array)
    return held.getvalue()


# -- sizes


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_would_fill_the_memory_are_refused_at_once(values, parts, kind, tmp_path):
    type_, path = type(values[kind]), tmp_path / "bomb.npz"
    lists = b'{"facts": [' + b"[]," * 3_000_000 + b"1]}"
    deep = b'{"facts": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for text in (lists, deep, b" " * (archive.MOST_TEXT + 1), b'"' + b"9" * 10_000_000 + b'"'):
        refused(type_, put(path, {"value.json": text}))
        path.write_bytes(text)  # as a text file of the first version
        refused(type_, path)
    refused(type_, put(path, {**parts[kind], "9.npy": bytes(100 * 2**20)}))
    refused(type_, put(path, {f"{k}.npy": b"" for k in range(archive.MOST_MEMBERS + 1)}), "more")


def test_what_a_zip_declares_is_not_believed(parts, tmp_path):
    """A small file whose directory says that it holds eleven gigabytes, and one that says too little."""
    path = put(tmp_path / "a.npz", parts["counterfactual"])
    whole = bytearray(path.read_bytes())
    entry = whole.rindex(b"PK\x01\x02")
    for size in (2**32 - 2, 11 * 2**30 % 2**32, 3):
        whole[entry + 24 : entry + 28] = size.to_bytes(4, "little")
        path.write_bytes(whole)
        refused(cw.Counterfactual, path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as out:  # its dictionary may be of gigabytes
        out.writestr("value.json", "{}")
    refused(cw.Counterfactual, path, "packed in a way")


def test_a_directory_of_a_million_names_is_not_read(tmp_path):
    path = tmp_path / "a.npz"
    put(path, {"value.json": "{}"})
    path.write_bytes(b"PK\x01\x02" * 10**6 + path.read_bytes())
    refused(cw.Attribution, path, "parts")


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-3, -12), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }",
        "{'descr': '<U0', 'fortran_order': False, 'shape': (999999999999,), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (18,), }",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (36,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (36.0,), }",
        "{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': (36,), }",
        "(" * 5000,
    ],
)
def test_headers_of_arrays_are_not_believed(header):
    text = header.encode().ljust(200) + b"\n"
    data = b"\x93NUMPY\x02\x00" + len(text).to_bytes(4, "little") + text + bytes(144)
    with pytest.raises(ValueError, match="array a"):
        archive.array_of(data, "a")


# -- content


def _set(name, value):
    def change(facts):
        facts[name] = value

    return change


def _known(name, value):
    def change(facts):
        facts["provenance"][name] = value

    return change


def _call(name, value):
    def change(facts):
        facts["provenance"]["call"][name] = value

    return change


def _meta(name, value):
    def change(facts):
        facts["original"]["$record"][3][name] = value

    return change


def _row(name, value):
    def change(facts):
        facts["trust"]["rows"][0][name] = value

    return change


CHANGES = [
    *(_call("severities", n) for n in (10**9, 1, -5, "3", None, 1e300, True)),
    *(_call("diverse", n) for n in (10**6, 0)),
    *(_known("call", x) for x in ([], "all", 5)),
    *(_known("beats_s", x) for x in ([1e300], ["a"], "abc", [[1]], [0.5] * 5000)),
    *(_known("reconstruction_r", x) for x in ("a", 7, [])),
    *(_known(name, 5) for name in ("model", "model_hash", "output", "version")),
    *(_known("more", x) for x in ("x" * 10_000, list(range(30_000)), 2**70)),
    *(_set("provenance", x) for x in (None, [], "a")),
    *(_set("moved", x) for x in ({"pr": "a"}, {"pr": None}, {"pr": float("nan")}, {"pr": [1]}, [])),
    *(_set("level", x) for x in (float("nan"), float("inf"), "0.9", None, 1e300)),
    *(_set("target", x) for x in ("a" * 10_000, 5, None)),
    *(_set("reached", x) for x in (1, "yes", None)),
    *(
        _set("trust", x)
        for x in (None, {}, [], {"headline": "a", "rows": []}, {"headline": 1, "rows": [1]})
    ),
    *(_row("verdict", x) for x in ("best", None, [])),
    *(_row("value", x) for x in ("a", float("nan"), [], True)),
    *(_row("name", x) for x in (None, 5, "x" * 10_000)),
    _row("odd", 1),
    *(_meta("high_pass_hz", x) for x in ("0.05", [], None)),
    *(_meta("statements", x) for x in ([1], {"a": 1}, ["x" * 10_000])),
    *(_meta("first_of_s", x) for x in ("60", True)),
]


@pytest.mark.parametrize("change", CHANGES)
def test_content_that_no_counterfactual_has_is_refused(parts, change, tmp_path):
    path = put(tmp_path / "a.npz", edited(parts["counterfactual"], change))
    refused(cw.Counterfactual, path, f"cofe_widgets {cw.__version__} wrote it")


NAN, INF = np.float32("nan"), np.float32("inf")


@pytest.mark.parametrize(
    ("member", "change"),
    [
        ("1.npy", lambda a: a[:1]),  # one frame
        ("1.npy", lambda a: a[:, :, :100]),
        ("1.npy", lambda a: a.astype(float)),
        ("1.npy", lambda a: a * NAN),
        ("1.npy", lambda a: a + INF),
        ("1.npy", lambda a: a * np.float32(1e30)),
        ("0.npy", lambda a: a[:, :7]),
        ("0.npy", lambda a: a * NAN),
        ("0.npy", lambda a: a + np.float32(1e6)),
        ("2.npy", lambda a: a * float("nan")),
        ("2.npy", lambda a: a.astype(str)),
        ("2.npy", lambda a: a + 1e300),
        ("3.npy", lambda a: a[::-1]),
        ("3.npy", lambda a: a * 0.9),
        ("3.npy", lambda a: a * 0),
        ("3.npy", lambda a: np.stack([a, a])),
    ],
)
def test_arrays_that_no_counterfactual_has_are_refused(parts, member, change, tmp_path):
    members = dict(parts["counterfactual"])
    members[member] = npy(change(np.load(io.BytesIO(members[member]))))
    refused(cw.Counterfactual, put(tmp_path / "a.npz", members))


def _cell(table, column, value):
    def change(facts):
        columns = dict(facts[table]["$table"]["columns"])
        columns[column] = [value] * len(facts[table]["$table"]["index"])
        facts[table]["$table"]["columns"] = list(columns.items())

    return change


def _columns(table, edit):
    def change(facts):
        facts[table]["$table"]["columns"] = edit(facts[table]["$table"]["columns"])

    return change


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("table", _cell("outcomes", "direction", "sideways")),
        ("table", _cell("outcomes", "reached", "yes")),
        ("table", _cell("outcomes", "record", -1)),
        ("table", _cell("outcomes", "failure", None)),
        ("table", _cell("outcomes", "name", {"a": [1]})),
        ("table", _cell("original", "qrs_ms", "wide")),
        ("table", _cell("original", "qrs_ms", float("inf"))),
        ("table", _cell("counterfactual", "invented_ms", 1.0)),
        ("table", _columns("outcomes", lambda c: c[1:])),
        ("table", _columns("outcomes", lambda c: [*c, c[0]])),
        ("table", _columns("outcomes", lambda c: [["a", [1]], *c])),
        ("table", _set("outcomes", {"$table": {"columns": [], "index": []}})),
        ("score", _cell("pairs", "r", "a")),
        ("score", _cell("pairs", "recognised", 1)),
        ("score", _cell("changes", "measurement", "invented_ms")),
        ("score", _columns("pairs", lambda c: c[:-1])),
        ("delineation", _cell("fiducials", "wave", "U")),
        ("delineation", _cell("fiducials", "lead", "V17")),
        ("delineation", _cell("fiducials", "onset_ms", "soon")),
        ("delineation", _set("fs", 1e300)),
        ("delineation", _set("fs", 0)),
        ("delineation", _set("agreement", 7)),
        ("delineation", _set("method", "magic")),
        ("delineation", _set("leads", {"$tuple": ["I"] * 12})),
        ("delineation", _set("leads", {"$tuple": [1] * 12})),
        ("attribution", _set("method", 5)),
        ("attribution", _known("options", 5)),
    ],
)
def test_content_that_no_value_has_is_refused(values, parts, kind, change, tmp_path):
    refused(type(values[kind]), put(tmp_path / "a.npz", edited(parts[kind], change)))


def test_arrays_that_belong_to_nothing_and_files_of_nothing_are_refused(parts, tmp_path):
    path = tmp_path / "a.npz"
    refused(
        cw.Attribution, put(path, {**parts["attribution"], "77.npy": npy(np.zeros(3))}), "nothing"
    )
    for told in (
        [],
        5,
        {},
        {"kind": "Attribution"},
        {"kind": ["Attribution"], "version": "1"},
        None,
    ):
        refused(cw.Attribution, put(path, {"value.json": json.dumps(told)}))
    for data in (b"", b"PK\x05\x06" + bytes(18), b"\x93NUMPY", b"not a value"):
        path.write_bytes(data)
        refused(cw.Attribution, path)
    refused(cw.Attribution, "a\0b")
    refused(cw.Attribution, tmp_path / ("n" * 300))


def test_a_newer_version_is_named_and_said_to_be_newer(parts, tmp_path):
    told = json.loads(parts["attribution"]["value.json"])
    told["version"], told["facts"]["invented"] = "99.1.0", 1
    path = put(tmp_path / "a.npz", {**parts["attribution"], "value.json": json.dumps(told)})
    said = refused(
        cw.Attribution, path, "cofe_widgets 99.1.0 wrote it, which is newer than this one"
    )
    assert "invented" in said


def test_a_table_of_a_version_with_fewer_measurements_still_loads(values, parts, tmp_path):
    def change(facts):
        for name in ("original", "counterfactual"):
            columns = facts[name]["$table"]["columns"]
            facts[name]["$table"]["columns"] = [[k, v] for k, v in columns if k != "qt_ms"]

    told = edited(parts["table"], change)
    arrays = json.loads(told["value.json"])
    used = json.dumps(arrays)
    kept = {k: v for k, v in told.items() if k == "value.json" or f'"$array": {k[:-4]}}}' in used}
    again = cw.audit.CounterfactualTable.load(put(tmp_path / "a.npz", kept))
    assert again.original.qt_ms.isna().all() and again.table.n.xs("qt_ms", level=1).eq(0).all()
    assert again.outcomes.equals(values["table"].outcomes)


# -- what cannot be saved


def _cyclic():
    told = {}
    told["self"] = told
    return told


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        (_cyclic(), "holds itself"),
        ({"a": [np.zeros(1)] * 1200}, "parts"),
        ({"a": {1: "x", "1": "y"}}, "read alike"),
        ({"a": pd.DataFrame([[1, 2]], columns=["b", "b"])}, "name of its own"),
        ({"a": pd.DataFrame([[1]], columns=[("b", "c")])}, "name of its own"),
        (
            {"a": pd.DataFrame({"b": [1]}, index=pd.MultiIndex.from_tuples([(1, 2)]))},
            "several levels",
        ),
        ({"age": {"years": 5}}, "age"),
        ({"a": "x" * 10_000}, "letters"),
    ],
)
def test_what_a_file_could_not_give_back_is_not_written(values, record, meta, said, tmp_path):
    att = values["attribution"]
    named = cw.Record(att.record.signal, att.record.fs, att.record.leads, meta)
    odd = cw.Attribution(att.values, named, att.target, att.method, att.provenance)
    with pytest.raises(cw.ExplainError, match=f"cannot be saved: .*{said}"):
        odd.save(tmp_path / "a.npz", keep_identity=True)
    assert list(tmp_path.iterdir()) == []
    odd.save(tmp_path / "a.npz")  # of such meta nothing leaves
    assert dict(cw.Attribution.load(tmp_path / "a.npz").record.meta) == {}


def test_what_cannot_be_loaded_cannot_be_saved(values, tmp_path):
    att = values["attribution"]
    bad = cw.Attribution(att.values * np.float32("nan"), att.record, att.target, att.method)
    with pytest.raises(cw.ExplainError, match="cannot be saved: its values is not finite"):
        bad.save(tmp_path / "a.npz")


def test_checks_name_what_is_wrong():
    for check, said in (
        (lambda: checks.text("abc", "name", 2), "its name has 3 letters"),
        (lambda: checks.text("abc", "name", of=("a",)), "its name is 'abc'"),
        (lambda: checks.number(True, "level"), "its level is a bool"),
        (lambda: checks.number(5, "level", 0, 1), "its level is 5"),
        (lambda: checks.array(np.zeros(3), "rows", np.float64, (4,)), "its rows has shape"),
        (lambda: checks.frame([], "table", {}), "its table is a list"),
        (
            lambda: checks.frame(pd.DataFrame({"a": [1]}, index=[3]), "t", {"a": "whole"}),
            "not numbered",
        ),
    ):
        with pytest.raises(ValueError, match=said):
            check()
    checks.number(float("nan"), "level", 0, 1, missing=True)
    checks.array(np.full(3, np.nan), "rows", np.float64, (3,), missing=True)
    assert Encoding().encoded({"a": (1, None)}) == {"a": {"$tuple": [1, None]}}
