"""Table 1 of the paper as one call: what counterfactuals of many records change (CoFE, section 4.1)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from pathlib import Path
from typing import Any

from ..ecg import Record
from ..errors import AuditError
from ..provenance import provenance
from ..steps import Step, Work
from ..values import remakes
from ..wrapper import Predictor, known_predictor
from .names import Names
from .questions import Questions, Source, Watcher, answered, ask, facts_of
from .run import run
from .store import Store
from .tables import BACK, CounterfactualTable, Row, table_of
from .tasks.counterfactuals import Counterfactuals, rows_of

#: Records that are read, asked and kept together.
CHUNK = 8


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
    on: Any = None,
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
    on : "processes", int, "dask" or a Dask client, optional
        Where the work is done, as `audit.run` takes it; ``store`` is then its folder (extra
        ``audit``), and ``each`` cannot be called.
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
        names=names, keep_identity=keep_identity, on=on, **search,
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
    on: Any = None,
    **search: Any,
) -> Work[Any]:
    """The work of `counterfactual_table`, a `Step` every few records; can be closed at any time.

    Partial results are the outcomes of those records, as rows of `CounterfactualTable.outcomes`.
    """
    records = _several(records)
    questions = Questions(f, target, level, by, both_ways)
    kept, called = Store(store), Names(names, keep_identity)
    if names is not None and isinstance(records, Sized) and len(names) != len(records):
        raise AuditError(f"{len(names)} names for {len(records)} records: give one each")
    if on is not None:
        if each is not None:
            raise AuditError("each= is called in this process: leave it out, or on=")
        task = Counterfactuals(f, target, level, by, both_ways, seed, search, keep_failed=True)
        yield from _elsewhere(task, records, on, store, called, questions.level)
        return
    how = {"severities": 2, **search}
    facts = facts_of(f, target, seed, how)
    rows: list[Row] = []
    total, count = len(records) if isinstance(records, Sized) else None, 0
    for chunk in _chunks(records):
        asked, broken = ask(chunk, questions, kept, facts, called)
        found = [*broken, *answered(asked, questions, kept, how, seed, each)]
        rows += found
        count += len(chunk)
        of = f"{count} of {total} ECGs" if total else f"{count} ECGs"
        yield Step(count / total if total else 0.0, of, [outcome for outcome, *_ in found])
    if not rows:
        raise AuditError("no records were given: expected at least one Record or path")
    call = {"level": level, "by": by, "both_ways": both_ways, "seed": seed, **search}
    known = provenance(**facts, level=questions.level, by=by, both_ways=both_ways, call=call)
    yield _last(rows, target, known)


def _last(rows: list[Row], target: str, known: dict[str, Any]) -> Step[CounterfactualTable]:
    """The step with the table of all rows."""
    rows.sort(key=lambda row: (row[0]["record"], row[0]["direction"] == BACK))
    table = table_of(rows, target, json.loads(json.dumps(known)))
    return Step(1.0, repr(table), None, table)


def _elsewhere(
    task: Counterfactuals,
    records: Iterable[Source],
    on: Any,
    folder: str | Path | None,
    called: Names,
    level: float | None,
) -> Work[Any]:
    """The same work by `audit.run`, in other processes."""
    how = {"names": called.given, "keep_identity": called.keep_identity, "chunk": CHUNK}
    result = None
    for step in run.steps(task, records, on, folder, **how):  # type: ignore[attr-defined]
        new = step.partial.block.rows if step.partial.block is not None else []
        yield Step(step.fraction, step.message, new)
        result = step.result
    assert result is not None
    rows = rows_of(result.table.to_dict("records"), result.failures.to_dict("records"))
    facts = facts_of(task.f, task.target, task.seed, {"severities": 2, **task.search})
    ways: dict[str, Any] = {"by": task.by, "both_ways": task.both_ways}
    call = {"level": task.level, **ways, "seed": task.seed, **task.search}
    yield _last(rows, task.target, provenance(**facts, level=level, **ways, call=call))


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
