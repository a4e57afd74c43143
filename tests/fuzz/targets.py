"""What is fed with mutated files: every reader, every kind of saved value, weights, stored results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import cofe_widgets as cw
from cofe_widgets.audit.numbers import numbers
from cofe_widgets.audit.store import Store
from cofe_widgets.audit.tables import stored_row, table_of
from cofe_widgets.audit.twins import sign_of_changes
from cofe_widgets.errors import WeightsError, WrapError
from cofe_widgets.io.formats import FORMATS
from cofe_widgets.models import WEIGHTS
from cofe_widgets.provenance import provenance
from cofe_widgets.report.figures.ecg_svg import ecg_svg
from cofe_widgets.report.labels import facts, note, title
from cofe_widgets.values import Value
from cofe_widgets.vocabulary.meta import META, misfit

from ..io import files
from ..values import former
from .mutate import TEXT, XML, Files, Mutation
from .stored import json_edited, weights_edited, zip_edited

KINDS: dict[str, tuple[Mutation, ...]] = {
    ".xml": XML,
    ".hea": TEXT,
    ".csv": TEXT,
    ".npz": (zip_edited,),
    ".json": (json_edited,),
    ".safetensors": (weights_edited,),
}
#: A small well-formed record of every format that is read, by the format's name.
READERS: dict[str, list[Callable[[], Files]]] = {
    "GE MUSE XML": [lambda: {"ecg.xml": files.muse()}],
    "Philips Sierra XML": [lambda: {"ecg.xml": files.philips()}],
    "WFDB": [files.wfdb],
}
#: Values that version 0.1 wrote in another form, the name of such a file, and what writes it.
FORMER: dict[type[Value], tuple[str, Callable[[Any, Path], Path]]] = {
    cw.Counterfactual: ("former.npz", former.counterfactual),
    cw.Delineation: ("former.npz", former.delineation),
    cw.audit.CounterfactualTable: ("former.json", former.table),
}
#: Messages are for people.
MOST_WORDS = 500


@dataclass
class Target:
    """One thing that reads files.

    Attributes
    ----------
    name : str
    seeds : list of dict
        Well-formed files to begin with.
    read : callable
        ``read(files)``: what they hold; raises what `refuses` names where they hold nothing.
    use : callable
        ``use(found, number)``: looks at what was found, and fails where that is not sound.
    refuses : tuple of exceptions
    """

    name: str
    seeds: list[Files]
    read: Callable[[Files], Any]
    use: Callable[[Any, int], None]
    refuses: tuple[type[Exception], ...]


def readers() -> list[Target]:
    """One for every format of the registry."""
    return [
        Target(
            one.name,
            [make() for make in READERS[one.name]],
            cw.read,
            _sound_record,
            (cw.EcgFormatError,),
        )
        for one in FORMATS
    ]


def _sound_record(record: Any, number: int) -> None:
    signal = record.signal
    assert isinstance(record, cw.Record) and signal.dtype == np.float32 and signal.ndim == 2
    assert len(set(record.leads)) == len(record.leads) == len(signal)
    assert (
        not np.isinf(signal).any() and np.isfinite(signal).any() and np.nanmax(np.abs(signal)) < 1e4
    )
    assert 20 <= record.fs <= 20_000
    assert set(record.meta) <= set(META), (
        f"nobody says what may leave of {set(record.meta) - set(META)}"
    )
    assert misfit(record.meta) == "", misfit(record.meta)
    for value in record.meta.values():
        for text in value if isinstance(value, tuple | list) else [value]:
            assert len(str(text)) <= 1000
    repr(record), title(record), facts(record), note(record)
    if number % 20 == 0:
        ecg_svg(record)


def values(folder: Path) -> list[Target]:
    """One for every kind of value, of weights and of stored results; files are put into ``folder``."""
    return [*(_of_value(one, folder) for one in _values()), _weights(folder), _store(folder)]


def _values() -> list[Value]:
    record = cw.simulate("NSR", seed=4, fs=250)[0].record
    f = cw.load("af-resnet")
    found = cw.counterfactual(record, f, "AF", severities=2)
    delineated = cw.delineate(record.select(["I", "II"]).crop(0, 4))
    flat = record.signal.copy()
    flat[6, 500:1200] = 0.0
    seen = cw.quality(cw.Record(flat, record.fs))
    attributed = cw.attribute(record, f, "AF")
    return [found, attributed, delineated, seen, _table(found), _score(found), _card(f, record)]


def _table(found: cw.Counterfactual) -> Value:
    """A table of two records, as an audit of them makes it."""
    before, after = numbers(found.original), numbers(found.record())
    outcome = {
        "record": 0,
        "name": "one",
        "direction": "towards",
        "level": 0.9,
        "before": 0.1,
        "after": 0.9,
        "reached": True,
        "space": found.space,
        "message": found.message,
    }
    failed = {**outcome, "record": 1, "reached": False, "failure": "no beats found", "space": ""}
    rows = [
        ({**outcome, "failure": ""}, before, after),
        (failed, dict.fromkeys(before, nan), before),
    ]
    return table_of(rows, "AF", provenance(seed=0, call={"level": None, "seed": 0}))


def _score(found: cw.Counterfactual) -> Value:
    """A score of two hearts, as `twin_score` makes it."""
    before, after = numbers(found.original), numbers(found.record())
    changes = sign_of_changes(before, after, before, after, dict.fromkeys(before, 0.01))
    pair = {
        "healthy": 0.1,
        "twin": 0.9,
        "recognised": True,
        "counterfactual": 0.9,
        "reached": True,
        "r": 0.5,
        "iou": 0.4,
        "energy": 0.6,
        "chance": 0.2,
        "failure": "",
    }
    pairs = pd.DataFrame([{"heart": k, **pair} for k in range(2)])
    told = pd.DataFrame([{"heart": 0, **one} for one in changes])
    return cw.audit.TwinScore("AF", "AF", pairs, told, provenance(call={"n": 2, "seed": 0}))


def _card(f: cw.Predictor, record: cw.Record) -> Value:
    """A scorecard of one method and two checks."""
    records = [record.with_signal(record.signal * (1 + k / 10)) for k in range(4)]
    return cw.scorecard(f, records, "saliency", checks=["sparseness", "completeness"])


def _of_value(value: Value, folder: Path) -> Target:
    kind, path = type(value), folder / "value.npz"
    value.save(path)

    def read(given: Files) -> Value:
        (data,) = given.values()
        path.write_bytes(data)
        return kind.load(path)

    def use(found: Value, number: int) -> None:
        assert type(found) is kind
        assert len(repr(found)) < 10_000
        if hasattr(found, "_repr_html_"):
            found._repr_html_()
        if isinstance(found, cw.Counterfactual):
            str(found.words()), found.words()._repr_html_()
            repr(found.trust), found.trust._repr_html_()
        again = path.with_name("again.npz")
        found.save(again)
        kind.load(again)
        if number % 20 == 0 and isinstance(found, cw.Counterfactual | cw.Attribution):
            cw.to_html(found, path.with_suffix(".html"))

    seeds = [{"value.npz": path.read_bytes()}] * 3
    if kind in FORMER:
        name, write = FORMER[kind]
        seeds.append({name: write(value, folder / name).read_bytes()})
    return Target(kind.__name__, seeds, read, use, (kind._error,))


def _weights(folder: Path) -> Target:
    """The smallest of the shipped weights."""
    path = folder / "own.safetensors"

    def read(given: Files) -> Any:
        path.write_bytes(given[path.name])
        return cw.load(path)

    def use(found: Any, number: int) -> None:
        assert isinstance(found, cw.Predictor)
        assert len(found.outputs) > 0 and all(isinstance(name, str) for name in found.outputs)

    seed = {path.name: (WEIGHTS / "af-inception.safetensors").read_bytes()}
    return Target("weights", [seed], read, use, (WeightsError, WrapError))


def _store(folder: Path) -> Target:
    """A result of an audit: it comes back as it was kept, or is worked out again."""
    store = Store(folder / "store")
    key = store.key(record="one")
    row = cw.audit.numbers.MEASUREMENTS
    outcome = {
        "direction": "towards",
        "level": 0.9,
        "before": 0.1,
        "after": 0.9,
        "reached": True,
        "space": "rhythm",
        "message": "changed",
        "failure": "",
    }
    kept = {
        "outcome": outcome,
        "original": dict.fromkeys(row, 1.0),
        "counterfactual": dict.fromkeys(row, 2.0),
    }
    store.put(key, kept)
    assert store.folder is not None
    path = store.folder / f"{key}.json"

    def read(given: Files) -> Any:
        path.write_bytes(given["result.json"])
        return store.get(key)

    def use(found: Any, number: int) -> None:
        assert found is None or found == kept
        assert (stored_row(found, {"record": 0, "name": "one"}) is None) == (found is None)

    return Target("stored result", [{"result.json": path.read_bytes()}], read, use, ())
