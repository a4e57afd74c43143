"""`glocal`: the map of a group, sharpening while its records arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ecg import Record
from ...errors import ExplainError, WrapError
from ...provenance import provenance
from ...steps import Step, Work, streamed
from ...values import remakes
from ...wrapper import Predictor, known_predictor
from ..arguments import check_predictor
from ..attribution.registry import find
from .aligned import SHAPES, Aligned, Row
from .result import GlocalMap

if TYPE_CHECKING:
    from ..attribution.method import Method

#: Records explained together.
CHUNK = 16
#: As the paper: the records that express a class most clearly.
TOP = 100
Labels = Sequence[Sequence[str] | None]
#: Whether a record belongs to the group, by the record and the model's answers to it.
Group = Callable[[Record, Mapping[str, float]], bool]


@streamed
def glocal(
    records: Iterable[Record],
    f: Predictor,
    target: str,
    method: str | Method = "saliency",
    top: int | None = TOP,
    group: Group | None = None,
    labels: Labels | None = None,
    *,
    earlier: GlocalMap | None = None,
    **options: Any,
) -> Work[GlocalMap]:
    """Where a model looks over a group of records: maps aligned by beats and by 24 segments.

    Parameters
    ----------
    records : iterable of Record
        Of any rates and lengths; read a few at a time, none is kept.
    f : Predictor
    target : str
        The output that is explained.
    method : str or Method
        Of attribution; saliency as the paper.
    top : int or None
        So many records with the highest answers for ``target`` are the group, as in the paper; None
        takes all of them.
    group : callable, optional
        ``group(record, answers)`` says whether a record may be in it at all.
    labels : sequence, optional
        For every record the outputs that are true of it; unless given, ``record.meta["labels"]``.
    earlier : GlocalMap, optional
        Of the same call, stopped: its records are skipped, its rows kept.
    **options
        Of the method.

    Returns
    -------
    GlocalMap

    Raises
    ------
    ExplainError
        No records, nobody in the group, an unknown target or method, ``earlier`` of another call.

    Notes
    -----
    Wagner et al., "Explaining deep learning for ECG analysis", 2024, section 2.4. Memory grows with the
    group alone, 30 kB a record. ``glocal.steps(...)`` does the same as a generator; the ``partial`` of a
    step is the map so far.
    """
    name = _the_method(f, target, method, options)
    if top is not None and top < 1:
        raise ExplainError(f"top={top}: expected one record at least, or None for all")
    align = Aligned(f, target, method, options)  # type: ignore[arg-type]
    told = provenance(f, method=name, options=options, top=top, call={"top": top, **options})
    held = _Group(f, target, name, top, told, earlier)
    total = len(records) if isinstance(records, Sized) else None
    for chunk in _chunks(records, held.seen):
        answers = Aligned._each(f.predict, [record for _, record in chunk])
        held.take(chunk, answers, align, group, labels)
        of = f" of {total}" if total else ""
        fraction = min(held.seen / total, 1.0) if total else 0.0
        partial = held.value() if held.rows else None
        yield Step(0.99 * fraction, f"{held.seen}{of} records", partial)
    if not held.rows:
        raise ExplainError(_nobody(held, target))
    value = held.value()
    yield Step(1.0, repr(value), None, value)


@remakes(GlocalMap)
def _again(
    value: GlocalMap,
    records: Iterable[Record] | None = None,
    f: Predictor | None = None,
    **changes: Any,
) -> GlocalMap:
    """The call that made it; a map does not hold its records, which must be given."""
    if records is None:
        raise ExplainError("a glocal map does not hold its records: give them, rerun(records)")
    model, call = known_predictor(value.provenance, f), value.call
    asked = {"target": value.target, "method": value.method, **call, **changes}
    return glocal(records, model, **asked)


class _Group:
    """The rows of the group so far."""

    def __init__(
        self,
        f: Predictor,
        target: str,
        method: str,
        top: int | None,
        told: dict[str, Any],
        earlier: GlocalMap | None,
    ) -> None:
        self.f, self.target, self.method, self.top, self.told = f, target, method, top, told
        self.rows: list[Row] = []
        self.failures: list[tuple[int, str]] = []
        self.seen = 0
        if earlier is not None:
            self._go_on(earlier)

    def _go_on(self, earlier: GlocalMap) -> None:
        same = (earlier.target, earlier.method) == (self.target, self.method)
        known = {k: earlier.provenance.get(k) for k in ("model_hash", "top", "options")}
        if not same or any(self.told.get(k) != v for k, v in known.items()):
            raise ExplainError(
                "earlier is the map of another call: its target, method, options, top and model must be these"
            )
        names = (*SHAPES, "answers", "labels")
        for k, place in enumerate(earlier.places):
            row = {name: getattr(earlier, name)[k] for name in names}
            self.rows.append({**row, "place": int(place)})
        failed = earlier.failures.itertuples(index=False)
        self.failures = [(int(one.record), str(one.failure)) for one in failed]
        self.seen = earlier.seen

    def take(
        self,
        chunk: list[tuple[int, Record]],
        answers: list[Any],
        align: Aligned,
        group: Group | None,
        labels: Labels | None,
    ) -> None:
        """Explain those of a chunk that are of the group, as far as it is known yet."""
        self.seen = chunk[-1][0] + 1
        asked: list[tuple[int, Record]] = []
        for (place, record), answer in zip(chunk, answers, strict=True):
            if isinstance(answer, Exception):
                self.failures.append((place, str(answer)))
            elif (group is None or group(record, answer)) and answer[self.target] > self._bar():
                asked.append((place, record))
        found = align([record for _, record in asked])
        for (place, record), row in zip(asked, found, strict=True):
            if "failure" in row:
                self.failures.append((place, row["failure"]))
                continue
            row["labels"] = _truth(record, place, self.f.outputs, labels)
            self.rows.append({**row, "place": place})
        if self.top is not None and len(self.rows) > self.top:
            k = self.f.index(self.target)
            self.rows.sort(key=lambda row: -float(row["answers"][k]))
            del self.rows[self.top :]

    def _bar(self) -> float:
        """What a record's answer must exceed: that of the last of a full group."""
        if self.top is None or len(self.rows) < self.top:
            return -np.inf
        k = self.f.index(self.target)
        return min(float(row["answers"][k]) for row in self.rows)

    def value(self) -> GlocalMap:
        """The map of the rows there are."""
        found = self.f, self.target, self.method, self.rows, self.failures, self.seen
        return gathered(*found, told=self.told)


def gathered(
    f: Predictor,
    target: str,
    method: str,
    rows: Sequence[Row],
    failures: Sequence[tuple[int, str]],
    seen: int,
    told: Mapping[str, Any] | None = None,
) -> GlocalMap:
    """The map of rows of `Aligned`, each with its ``place``, and ``labels`` where they are known.

    Parameters
    ----------
    f, target, method
        Of the rows.
    rows : sequence of dict
    failures : sequence of (place, why)
    seen : int
        Records that were looked at.
    told : mapping, optional
        Provenance.
    """
    import pandas as pd

    if not rows:
        raise ExplainError(f"no rows for {target}: a glocal map needs one record at least")
    unknown = np.full(len(f.outputs), np.nan, np.float32)
    ordered = sorted(
        ({"labels": unknown, **row} for row in rows), key=lambda row: int(row["place"])
    )
    arrays = {
        name: np.stack([row[name] for row in ordered]).astype(np.float32)
        for name in (*SHAPES, "answers", "labels")
    }
    return GlocalMap(
        target=target,
        method=method,
        outputs=tuple(f.outputs),
        places=np.array([row["place"] for row in ordered], float),
        failures=pd.DataFrame(sorted(failures), columns=["record", "failure"]),
        seen=seen,
        provenance=dict(provenance(f, method=method) if told is None else told),
        **arrays,
    )


def _the_method(f: Predictor, target: str, method: str | Method, options: Mapping[str, Any]) -> str:
    """The name of the method; refused where the model cannot be asked, before any work."""
    check_predictor(f)
    try:
        f.index(target)
    except WrapError as error:
        raise ExplainError(str(error)) from error
    found = find(method)
    found.checked(options)
    return found.name


def _chunks(records: Iterable[Record], skip: int) -> Iterator[list[tuple[int, Record]]]:
    numbered = islice(enumerate(records), skip, None)
    while chunk := list(islice(numbered, CHUNK)):
        yield chunk


def _truth(
    record: Record, place: int, outputs: Sequence[str], labels: Labels | None
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """What is true of a record, by output; NaN where nobody said."""
    true = record.meta.get("labels") if labels is None else labels[place]
    if true is None:
        return np.full(len(outputs), np.nan, np.float32)
    return np.array([name in true for name in outputs], np.float32)


def _nobody(held: _Group, target: str) -> str:
    if not held.seen:
        return "no records were given: expected at least one"
    if held.failures:
        place, why = held.failures[0]
        return (
            f"none of {held.seen} records could be aligned for {target}; {len(held.failures)} failed, "
            f"records[{place}] because: {why[:200]}"
        )
    return f"nobody is in the group: group(record, answers) took none of {held.seen} records"
