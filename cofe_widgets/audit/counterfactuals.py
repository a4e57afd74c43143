"""Table 1 of the paper as one call: what counterfactuals of many records change (CoFE, section 4.1)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from itertools import islice
from math import nan
from pathlib import Path
from typing import Any

from ..ecg import Record
from ..errors import AuditError, EcgError, ExplainError, WrapError
from ..explain.counterfactual.find import Counterfactual, counterfactual
from ..explain.counterfactual.objective import Objective
from ..generative.networks import networks
from ..io import read
from ..provenance import provenance
from ..signals.quality import in_words
from ..steps import Step, Work
from ..values import remakes
from ..values.identity import record_hash
from ..wrapper import Predictor, known_predictor
from .names import Names
from .numbers import MEASUREMENTS, numbers
from .store import Store
from .tables import BACK, TOWARDS, CounterfactualTable, Row, stored_row, table_of

#: Records that are read, asked and kept together.
CHUNK = 8

Source = Record | str | Path
#: Called with a record's place, the direction and each counterfactual as it is made.
Watcher = Callable[[int, str, Counterfactual], None]


@dataclass(frozen=True)
class _Asked:
    """One question about one record, and where its answer is kept."""

    place: int
    name: str
    record: Record
    direction: str
    level: float
    before: float
    key: str


def _failed(
    place: int, name: str, reason: str, direction: str = TOWARDS, **known: float
) -> dict[str, Any]:
    """The outcome of a record without a counterfactual."""
    return {
        "record": place,
        "name": name,
        "direction": direction,
        "level": known.get("level", nan),
        "before": known.get("before", nan),
        "after": nan,
        "reached": False,
        "space": "",
        "message": "",
        "failure": reason,
        "signal": "",
    }


def _wrong_with(record: Record) -> str:
    """What is wrong with a recording, in words."""
    return "; ".join(in_words(record))


class _Questions:
    """What is asked of every record, checked before any work is done."""

    def __init__(
        self,
        f: Predictor,
        target: str,
        level: float | None,
        by: float | None,
        both_ways: bool,
    ) -> None:
        value = f.output == "linear"
        if by is not None and not value:
            raise AuditError(
                f"by={by:g} is for a model of values; {f.name} answers probabilities: give level"
            )
        if by is not None and level is not None:
            raise AuditError(f"level={level:g} and by={by:g}: give one of them")
        if by is not None and not by > 0:
            raise AuditError(f"by={by:g}: expected a positive number; both_ways=True asks for less")
        if value and level is None and by is None:
            raise AuditError(
                f"{f.name} answers values: give level, the value to reach, or by, how much more"
            )
        self.level = 0.9 if level is None and not value else level
        if both_ways and by is None and (value or not 0.5 < (self.level or 0) < 1):
            raise AuditError(
                "both_ways=True needs by, how much more and less, for a model of values, and a "
                f"level between 0.5 and 1 for probabilities (given: {level})"
            )
        self.f, self.target, self.by, self.both_ways = f, target, by, both_ways
        Objective(
            f, target, 1.0 if self.level is None else self.level
        )  # refuses what cannot be asked

    def of(self, answer: float) -> list[tuple[str, float]]:
        """Directions and levels asked of a record that the model gives ``answer``."""
        if self.by is not None:
            both = [(TOWARDS, answer + self.by), (BACK, answer - self.by)]
            return both if self.both_ways else both[:1]
        assert self.level is not None
        if self.both_ways and answer >= 0.5:
            return [(BACK, 1 - self.level)]
        return [(TOWARDS, self.level)]


def counterfactual_table(
    records: Iterable[Source],
    f: Predictor,
    target: str,
    level: float | None = None,
    *,
    by: float | None = None,
    both_ways: bool = False,
    store: str | Path | None = None,
    progress: bool = True,
    seed: int = 0,
    each: Watcher | None = None,
    names: Sequence[str] | None = None,
    keep_identity: bool = False,
    **search: Any,
) -> CounterfactualTable:
    """Counterfactuals of many records, and what they changed, with statistics.

    Parameters
    ----------
    records : iterable of Record or of paths
        Paths are read one after another. A record that cannot be read or explained is reported
        under ``failures`` and stops nothing.
    f : Predictor
    target : str
        Output by name.
    level : float, optional
        As `counterfactual` takes it: a probability to reach (0.9 unless given), or a value.
    by : float, optional
        For a model of values, instead of ``level``: this much more than it answers now.
    both_ways : bool
        Probabilities: records that are the target already (0.5 or more) are taken back, until the
        answer falls to ``1 - level``; the others towards it. Values: each record is taken up and
        down by ``by``.
    store : path, optional
        A folder for one small file a record: an interrupted run, called again, goes on where it
        was. Each file is written as its answer is made; eight records are searched for together, and
        their answers made one after the other. What is kept depends on the record's samples, the
        model, the networks, the parameters and the code, so nothing stale comes back; of functions
        (``preprocess``) their code and what they hold is seen, not what they read elsewhere.
    progress : bool
        Show a progress bar.
    seed : int
    each : callable, optional
        Called with (place of the record, direction, Counterfactual) as each is made; not for those
        that come from ``store``.
    names : sequence of str, optional
        What to call the records in the table, one each. Unless given, a record is called by its title,
        or by the hash of its samples (``cofe_widgets.values.identity.public_name``): its file may be
        named after a person.
    keep_identity : bool
        Whether records are called by their files (or ``meta["patient_id"]``), and failures name them.
    **search
        Other arguments of `counterfactual` (``method``, ``keep`` ...).

    Returns
    -------
    CounterfactualTable

    Raises
    ------
    AuditError
        No records, or a level that cannot be asked.
    ExplainError
        Unknown target, level out of range, a model that cannot be explained.

    Notes
    -----
    CoFE, Jang et al. 2025, section 4.1 and table 1. ``counterfactual_table.steps(...)`` does the same
    as a generator of `Step`.
    """
    from tqdm.auto import tqdm

    records = _several(records)
    steps = _steps(
        records, f, target, level, by=by, both_ways=both_ways, store=store, seed=seed, each=each,
        names=names, keep_identity=keep_identity, **search,
    )  # fmt: skip
    total, table = len(records) if isinstance(records, Sized) else None, None
    with tqdm(total=total, disable=not progress, unit="ECG", desc=f"to {target}") as bar:
        for step in steps:
            bar.update(len({row["record"] for row in step.partial or ()}))
            table = step.result
    assert isinstance(table, CounterfactualTable)
    return table


def _steps(
    records: Iterable[Source],
    f: Predictor,
    target: str,
    level: float | None = None,
    *,
    by: float | None = None,
    both_ways: bool = False,
    store: str | Path | None = None,
    seed: int = 0,
    each: Watcher | None = None,
    names: Sequence[str] | None = None,
    keep_identity: bool = False,
    **search: Any,
) -> Work[Any]:
    """The work of `counterfactual_table`, a `Step` every few records; can be closed at any time.

    Partial results are the outcomes of those records, as rows of `CounterfactualTable.outcomes`.
    """
    records = _several(records)
    questions = _Questions(f, target, level, by, both_ways)
    kept, called = Store(store), Names(names, keep_identity)
    if names is not None and isinstance(records, Sized) and len(names) != len(records):
        raise AuditError(f"{len(names)} names for {len(records)} records: give one each")
    how = {"severities": 2, **search}
    facts: dict[str, Any] = {
        "target": target,
        "seed": seed,
        "model": f.name,
        "model_hash": f.weight_hash,
        "expects": (f.output, f.outputs, f.leads, f.fs, f.seconds),
        "networks_hash": networks().weight_hash,
        "search": how,
    }
    rows: list[Row] = []
    total, count = len(records) if isinstance(records, Sized) else None, 0
    for chunk in _chunks(records):
        asked, broken = _ask(chunk, questions, kept, facts, called)
        found = [*broken, *_answered(asked, questions, kept, how, seed, each)]
        rows += found
        count += len(chunk)
        of = f"{count} of {total} ECGs" if total else f"{count} ECGs"
        yield Step(count / total if total else 0.0, of, [outcome for outcome, *_ in found])
    if not rows:
        raise AuditError("no records were given: expected at least one Record or path")
    rows.sort(key=lambda row: (row[0]["record"], row[0]["direction"] == BACK))
    call = {"level": level, "by": by, "both_ways": both_ways, "seed": seed, **search}
    known = provenance(**facts, level=questions.level, by=by, both_ways=both_ways, call=call)
    table = table_of(rows, target, json.loads(json.dumps(known)))
    yield Step(1.0, repr(table), None, table)


counterfactual_table.steps = _steps  # type: ignore[attr-defined]


@remakes(CounterfactualTable)
def _again(
    value: CounterfactualTable,
    records: Iterable[Source] | None = None,
    f: Predictor | None = None,
    **changes: Any,
) -> CounterfactualTable:
    """The call that made it; a table does not hold its records, which must be given."""
    if records is None:
        raise AuditError("a table does not hold its records: give them, rerun(records)")
    model, call = known_predictor(value.provenance, f), value.call
    return counterfactual_table(records, model, **{"target": value.target, **call, **changes})


def _several(records: Iterable[Source] | Source) -> Iterable[Source]:
    """One record or path as a list of one; a text is no list of letters."""
    return [records] if isinstance(records, Record | str | Path) else records


def _chunks(records: Iterable[Source]) -> Iterator[list[tuple[int, Source]]]:
    """Places and records, some at a time."""
    numbered = enumerate(records)
    while chunk := list(islice(numbered, CHUNK)):
        yield chunk


_NOTHING = dict.fromkeys(MEASUREMENTS, nan)


def _ask(
    chunk: list[tuple[int, Source]],
    questions: _Questions,
    kept: Store,
    facts: dict[str, Any],
    called: Names,
) -> tuple[list[_Asked], list[Row]]:
    """The questions about each record, and the rows of those that cannot be asked."""
    asked: list[_Asked] = []
    broken: list[Row] = []
    for place, source in chunk:
        record = None
        try:
            record = source if isinstance(source, Record) else read(source)
            before = questions.f.predict(record)[questions.target]
        except (EcgError, WrapError, OSError) as error:
            name, reason = called.name(place, source, record), called.reason(error, source)
            broken.append((_failed(place, name, reason), _NOTHING, _NOTHING))
            continue
        name = called.name(place, source, record)
        for direction, level in questions.of(before):
            key = kept.key(record=record_hash(record), level=level, **facts)
            asked.append(_Asked(place, name, record, direction, level, before, key))
    return asked, broken


def _answered(
    asked: list[_Asked],
    questions: _Questions,
    kept: Store,
    search: dict[str, Any],
    seed: int,
    each: Watcher | None,
) -> list[Row]:
    """A row for every question, from the store or worked out now and kept."""
    rows: list[Row] = []
    new: dict[float, list[_Asked]] = {}
    for one in asked:
        row = stored_row(kept.get(one.key), {"record": one.place, "name": one.name})
        if row is None:
            new.setdefault(one.level, []).append(one)
        else:
            rows.append(row)
    for level, together in new.items():
        arguments = {**search, "seed": seed, "level": level}
        for one, found in _explained(together, questions, arguments):
            outcome, before, after = _row(one, found)
            mine = {k: v for k, v in outcome.items() if k not in ("record", "name")}
            kept.put(one.key, {"outcome": mine, "original": before, "counterfactual": after})
            rows.append((outcome, before, after))
            if each is not None and isinstance(found, Counterfactual):
                each(one.place, one.direction, found)
    return rows


def _explained(
    together: list[_Asked], questions: _Questions, arguments: dict[str, Any]
) -> Iterator[tuple[_Asked, Counterfactual | Exception]]:
    """Counterfactuals, or why there is none, as each is made.

    They are searched together, and one by one where one spoils the batch.
    """
    f, target, done = questions.f, questions.target, 0
    try:
        many = [one.record for one in together]
        steps = counterfactual.steps(many, f, target, **arguments) if len(many) > 1 else ()
        for step in steps:
            found = step.partial
            if isinstance(found, Counterfactual):
                yield together[done], found
                done += 1
    except (ExplainError, EcgError):
        pass
    for one in together[done:]:
        try:
            found = counterfactual(one.record, f, target, **arguments)
        except (ExplainError, EcgError) as error:
            found = error
        yield one, found


def _row(one: _Asked, found: Counterfactual | Exception) -> Row:
    if isinstance(found, Exception):
        known = {"level": one.level, "before": one.before}
        row = _failed(one.place, one.name, str(found), one.direction, **known)
        return {**row, "signal": _wrong_with(one.record)}, _NOTHING, _NOTHING
    outcome = {
        "record": one.place,
        "name": one.name,
        "direction": one.direction,
        "level": one.level,
        "before": one.before,
        "after": float(found.predictions[-1]),
        "reached": bool(found.reached),
        "space": found.space,
        "message": found.message,
        "failure": "",
        "signal": _wrong_with(one.record),
    }
    return outcome, numbers(found.original), numbers(found.record(1.0))
