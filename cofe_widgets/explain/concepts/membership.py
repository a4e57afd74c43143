"""Which records have a concept, and which belong to a class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record
from ...errors import EcgError, ExplainError
from ...markup import plain
from ...signals.measurements.measure import Measured, measured
from ...vocabulary.diagnoses import FROM_SCP
from .concept import Concept

#: Rows of the table of what could not be judged: record, concept ("" for the record whole), why.
Failed = list[tuple[int, str, str]]
#: So long are the reasons in that table.
_MOST_LETTERS = 300


def memberships(
    records: Sequence[Record], concepts: Sequence[Concept], failed: Failed
) -> Iterator[NDArray[np.float64]]:
    """Whether each record has each concept, ``(concepts,)`` a record: 1, 0, or NaN where it cannot be told.

    What fails is noted in ``failed``; simulated concepts have no say about records and stay NaN.
    """
    for one in concepts:
        if one.values is not None and len(one.values) != len(records):
            raise ExplainError(
                f"concept {one.name!r} has {len(one.values)} answers for {len(records)} records"
            )
    need = any(one.rule is not None for one in concepts)
    for place, record in enumerate(records):
        numbers: Measured | None = None
        if need:
            try:
                numbers = measured(record)
            except Exception as error:
                failed.append((place, "", plain(f"not measured: {error}", _MOST_LETTERS)))
        row = np.full(len(concepts), np.nan)
        for k, one in enumerate(concepts):
            row[k] = _answer(one, record, numbers, place, failed)
        yield row


def _answer(
    one: Concept, record: Record, numbers: Measured | None, place: int, failed: Failed
) -> float:
    if one.values is not None:
        return float(one.values[place])
    try:
        if one.rule is not None:
            said = None if numbers is None else one.rule(numbers)
            said = getattr(said, "met", said)
        else:
            said = one.function(record) if one.function is not None else None
        return np.nan if said is None or said != said else float(bool(said))
    except Exception as error:
        failed.append((place, one.name, plain(f"{type(error).__name__}: {error}", _MOST_LETTERS)))
        return np.nan


def same_class(one: str, other: str) -> bool:
    """Whether two codes name one class; PTB-XL's SCP statements count as the codes used here."""
    return FROM_SCP.get(one, one) == FROM_SCP.get(other, other)


def labels_of(records: Sequence[Record], labels: Iterable[Any] | None) -> list[tuple[str, ...]]:
    """The labels of each record: those given, or those of its ``meta``.

    Raises
    ------
    ExplainError
        When their number is another.
    """
    told = [record.meta.get("labels") for record in records] if labels is None else list(labels)
    if len(told) != len(records):
        raise ExplainError(f"labels= says {len(told)} records, and there are {len(records)}")
    return [_split(one) for one in told]


def _split(said: Any) -> tuple[str, ...]:
    if said is None or said != said:
        return ()
    parts = said.split(";") if isinstance(said, str) else said
    return tuple(str(one).strip() for one in parts if str(one).strip())


def belongs(labels: Sequence[Sequence[str]], classes: Sequence[str]) -> NDArray[np.float64]:
    """Whether each record is labelled with each class, ``(classes, records)``: 1 or 0."""
    return np.array(
        [[float(any(same_class(name, one) for one in said)) for said in labels] for name in classes]
    ).reshape(len(classes), len(labels))


def fitting(models: Sequence[Any], records: Sequence[Record], failed: Failed) -> list[int]:
    """Places of the records that every model can take; of the others ``failed`` says why not."""
    out = []
    for place, record in enumerate(records):
        try:
            for f in models:
                f.taken(f.seen(record))
                f.side.row(record, f.name)
        except EcgError as error:
            failed.append((place, "", plain(f"not taken by the model: {error}", _MOST_LETTERS)))
        else:
            out.append(place)
    return out
