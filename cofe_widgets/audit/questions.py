"""What is asked of one record of an audit of counterfactuals, and the row that the answer makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

from ..ecg import Record
from ..errors import AuditError, EcgError, ExplainError, WrapError
from ..explain.counterfactual.find import Counterfactual, counterfactual
from ..explain.counterfactual.objective import Objective
from ..generative.networks import networks
from ..io import read
from ..signals.quality import in_words
from ..values.identity import record_hash
from ..wrapper import Predictor
from .names import Names
from .numbers import MEASUREMENTS, numbers
from .store import Store
from .tables import BACK, TOWARDS, Row, stored_row

Source = Record | str | Path
#: Called with a record's place, the direction and each counterfactual as it is made.
Watcher = Callable[[int, str, Counterfactual], None]


@dataclass(frozen=True)
class Asked:
    """One question about one record, and where its answer is kept."""

    place: int
    name: str
    record: Record
    direction: str
    level: float
    before: float
    key: str


def failed(
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


class Questions:
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


def facts_of(f: Predictor, target: str, seed: int, search: dict[str, Any]) -> dict[str, Any]:
    """What answers depend on beside the record and the level."""
    return {
        "target": target,
        "seed": seed,
        "model": f.name,
        "model_hash": f.weight_hash,
        "expects": (f.output, f.outputs, f.leads, f.fs, f.seconds),
        "networks_hash": networks().weight_hash,
        "search": search,
    }


NOTHING = dict.fromkeys(MEASUREMENTS, nan)


def ask(
    chunk: list[tuple[int, Source]],
    questions: Questions,
    kept: Store,
    facts: dict[str, Any],
    called: Names,
) -> tuple[list[Asked], list[Row]]:
    """The questions about each record, and the rows of those that cannot be asked."""
    asked: list[Asked] = []
    broken: list[Row] = []
    for place, source in chunk:
        record = None
        try:
            record = source if isinstance(source, Record) else read(source)
            before = questions.f.predict(record)[questions.target]
        except (EcgError, WrapError, OSError) as error:
            name, reason = called.name(place, source, record), called.reason(error, source)
            broken.append((failed(place, name, reason), NOTHING, NOTHING))
            continue
        name = called.name(place, source, record)
        for direction, level in questions.of(before):
            key = kept.key(record=record_hash(record), level=level, **facts)
            asked.append(Asked(place, name, record, direction, level, before, key))
    return asked, broken


def answered(
    asked: list[Asked],
    questions: Questions,
    kept: Store,
    search: dict[str, Any],
    seed: int,
    each: Watcher | None,
) -> list[Row]:
    """A row for every question, from the store or worked out now and kept."""
    rows: list[Row] = []
    new: dict[float, list[Asked]] = {}
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
    together: list[Asked], questions: Questions, arguments: dict[str, Any]
) -> Iterator[tuple[Asked, Counterfactual | Exception]]:
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


def _row(one: Asked, found: Counterfactual | Exception) -> Row:
    if isinstance(found, Exception):
        known = {"level": one.level, "before": one.before}
        row = failed(one.place, one.name, str(found), one.direction, **known)
        return {**row, "signal": _wrong_with(one.record)}, NOTHING, NOTHING
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
