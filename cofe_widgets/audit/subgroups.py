"""Whom a model errs on: discrimination and errors by age, sex, rate, or any group of your own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ecg import Record
from ..errors import AuditError, EcgError
from ..late import late
from ..markup import escaped, html_table, line
from ..provenance import provenance
from ..signals import measure
from ..steps import Step, Work, streamed
from ..values import Value, checks, remakes
from ..vocabulary.diagnoses import title
from ..wrapper import Predictor, known_predictor
from .error_counts import (
    AGES,
    COMPARED,
    CONFUSED,
    ERRORS,
    EVERYBODY,
    RATES,
    TABLE,
    Array,
    Mask,
    confused,
    named,
    tables,
)

if TYPE_CHECKING:
    import pandas as pd

#: Of a record, the name of its group; None where it cannot be told.
Group = Callable[[Record], str | None]

#: Records read and answered together.
CHUNK = 64


@dataclass(frozen=True, eq=False)
class Subgroups(Value):
    """How well a model does in groups of patients, and where it errs more often than elsewhere.

    Attributes
    ----------
    table : DataFrame
        A row a target and group: target, by (what groups are made by), group, n (records whose label is
        known), positives, missed (positives answered below one half), false_alarms, and auroc,
        sensitivity and specificity with the ends of their 95 % intervals (``_low``, ``_high``):
        percentiles of a bootstrap of both kinds apart, and Wilson's. NaN where there are too few.
    compared : DataFrame
        A row a target, group and kind of error: errors in the group and among the others whose group is
        known, two-sided p of Fisher's exact test, and p after Holm's correction over all rows.
    confused : DataFrame
        A row a target and label of records that are not the target: how many there are, in how many of
        them the target is falsely found, the share and the ends of its 95 % interval (Wilson).
    unlabelled : int
        Records left out, as nothing says what they are.
    provenance : dict
    """

    table: pd.DataFrame
    compared: pd.DataFrame
    confused: pd.DataFrame
    unlabelled: int
    provenance: dict[str, Any] = field(default_factory=dict)

    _error = AuditError

    @property
    def differences(self) -> pd.DataFrame:
        """The rows of ``compared`` in which a group differs by more than chance (p_holm < 0.05)."""
        return self.compared[self.compared.p_holm < 0.05].reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """``table``, indexed by target, by and group."""
        return self.table.set_index(["target", "by", "group"])

    def figure(self, target: str | None = None, theme: str = "light") -> str:
        """Area, sensitivity and specificity of every group with their intervals, SVG.

        Parameters
        ----------
        target : str, optional
            One of them; unless given, the first.
        theme : "light" or "dark"

        Raises
        ------
        AuditError
            When it is none of them.
        """
        known = list(dict.fromkeys(self.table.target))
        target = known[0] if target is None else target
        if target not in known:
            raise AuditError(f"no target {target!r} here: choose of {', '.join(known)}")
        rows = self.table[self.table.target == target]
        differ = self.differences[self.differences.target == target]
        return str(late("subgroups_figure")(rows, differ, theme))

    def words(self) -> str:
        """Where the model errs more often, in sentences; that nothing was found, where nothing was."""
        tested = int(self.compared.p.notna().sum())
        if not tested:
            return "No group could be compared: too few records whose label and group are known."
        told = [_sentence(row) for row in self.differences.itertuples()]
        held = f"Of {tested} comparisons by group, corrected for their number,"
        if not told:
            few = self._smallest_seen()
            return f"{held} none shows that the model errs more often in one group than in the others.{few}"
        return f"{held} {len(told)} differ: " + "; ".join(told) + "."

    def _smallest_seen(self) -> str:
        """What absence of a difference is worth: how large the groups were."""
        sizes = self.table[self.table.by != EVERYBODY].positives
        few = int((sizes < 10).sum())
        if not few:
            return ""
        return f" {few} of {len(sizes)} groups hold fewer than ten cases: there a difference could be missed."

    def __repr__(self) -> str:
        targets = self.table.target.nunique()
        return line(f"Subgroups({targets} targets; {self.words()})")

    def _repr_html_(self) -> str:
        pictures = "".join(self.figure(one) for one in dict.fromkeys(self.table.target))
        return f"<p>{escaped(self.words())}</p>{pictures}" + html_table(
            self.to_frame(), "{:.2f}".format
        )

    def _check(self) -> None:
        """Refuse tables of other columns."""
        super()._check()
        checks.frame(self.table, "table", TABLE)
        checks.frame(self.compared, "compared", COMPARED)
        checks.frame(self.confused, "confused", CONFUSED)
        checks.number(self.unlabelled, "unlabelled", 0)


def _sentence(row: Any) -> str:
    kind = "misses" if row.error == ERRORS[0] else "falsely finds"
    return (
        f"it {kind} {title(row.target)} in {row.errors} of {row.of} with {row.by} {row.group} "
        f"and in {row.others_errors} of {row.others_of} others"
    )


# -- groups


def by_age(record: Record) -> str | None:
    """Group of the age in ``record.meta``; None where it is not known."""
    return _within(record.meta.get("age"), AGES)


def by_sex(record: Record) -> str | None:
    """Female or male, by ``record.meta``."""
    return {"F": "female", "M": "male"}.get(str(record.meta.get("sex", ""))[:1].upper())


def by_rate(record: Record) -> str | None:
    """Group of the heart rate as measured."""
    try:
        rate = measure(record)["heart_rate_bpm"]
    except EcgError:
        return None
    return _within(rate, RATES)


def _within(value: Any, ends: Sequence[tuple[float, str]]) -> str | None:
    if not isinstance(value, int | float) or not np.isfinite(value):
        return None
    return next(name for end, name in ends if value < end)


BY: dict[str, Group] = {"age": by_age, "sex": by_sex, "rate": by_rate}


# -- the audit


@streamed
def subgroups(
    f: Predictor,
    records: Iterable[Record],
    targets: str | Sequence[str] | None = None,
    by: Sequence[str] | Mapping[str, Group] = ("age", "sex", "rate"),
    labels: Sequence[Sequence[str] | None] | None = None,
) -> Work[Subgroups]:
    """How well a model does by age, sex and rate, and whether it errs more often in a group.

    Parameters
    ----------
    f : Predictor
        Of probabilities.
    records : iterable of Record
        Read and answered a few at a time; none is kept.
    targets : str or several, optional
        Outputs; unless given, all.
    by : names of `BY`, or a mapping of names to functions
        A function gives the group of a record, or None.
    labels : sequence, optional
        For every record the outputs that are true of it, None where that is not known; unless given,
        ``record.meta["labels"]``. A record with labels has none but those.

    Returns
    -------
    Subgroups

    Raises
    ------
    AuditError
        No records, no labels, a model of values, an unknown target or group; before any answer where it
        can be known.
    """
    asked = _the_targets(f, targets)
    groups = _the_groups(by)
    found: list[tuple[Array, Mask, list[str]]] = []
    labelled: list[frozenset[str]] = []
    unlabelled = seen = 0
    for chunk, told in _chunks(records, labels):
        seen += len(chunk)
        known = [k for k, one in enumerate(told) if one is not None]
        unlabelled += len(chunk) - len(known)
        kept = [chunk[k] for k in known]
        answers = f.predict(kept) if kept else []
        for record, k, answer in zip(kept, known, answers, strict=True):
            true = told[k]
            assert true is not None
            labelled.append(true)
            row = np.array([answer[t] for t in asked]), np.array([t in true for t in asked])
            found.append((*row, [named(group(record)) for group in groups.values()]))
        yield Step(0.9, f"{seen} records")
    if not found:
        raise AuditError(
            f"{seen} records, none with a label: give labels=[...], or records whose meta['labels'] "
            "says what is true of them"
        )
    scores = np.stack([one[0] for one in found])
    truth = np.stack([one[1] for one in found])
    members = np.array([one[2] for one in found], dtype=object)
    found_tables = tables(asked, list(groups), scores, truth, members)
    mistaken = confused(asked, scores, labelled)
    call = {"targets": asked, "by": list(groups)}
    value = Subgroups(*found_tables, mistaken, unlabelled, provenance(f, n=seen, call=call))
    yield Step(1.0, f"{seen} records", None, value)


@remakes(Subgroups)
def _again(
    value: Subgroups,
    records: Iterable[Record] | None = None,
    f: Predictor | None = None,
    **changes: Any,
) -> Subgroups:
    """The call that made it; it does not hold its records, nor groups of your own: they must be given."""
    if records is None:
        raise AuditError("groups do not hold their records: give them, rerun(records)")
    asked = {**value.call, **changes}
    return subgroups(known_predictor(value.provenance, f), records, **asked)


def _the_targets(f: Predictor, targets: str | Sequence[str] | None) -> list[str]:
    if f.output == "linear":
        raise AuditError(
            f"{f.name} answers values: errors by group are those of a model of classes"
        )
    asked = (
        [targets] if isinstance(targets, str) else list(f.outputs if targets is None else targets)
    )
    unknown = [one for one in asked if one not in f.outputs]
    if unknown or not asked:
        raise AuditError(f"{f.name} has no output {unknown}: choose of {', '.join(f.outputs)}")
    return asked


def _the_groups(by: Sequence[str] | Mapping[str, Group]) -> dict[str, Group]:
    if isinstance(by, Mapping):
        return {named(name): group for name, group in by.items()}
    names = [by] if isinstance(by, str) else list(by)
    unknown = [one for one in names if one not in BY]
    if unknown:
        raise AuditError(
            f"by={unknown}: choose of {', '.join(BY)}, or give a mapping of names to functions of a record"
        )
    return {one: BY[one] for one in names}


def _chunks(
    records: Iterable[Record], labels: Sequence[Sequence[str] | None] | None
) -> Iterable[tuple[list[Record], list[frozenset[str] | None]]]:
    """Records, a few at a time, with what is true of each."""
    chunk: list[Record] = []
    told: list[frozenset[str] | None] = []
    place = -1
    for place, record in enumerate(records):
        if labels is not None and place >= len(labels):
            raise AuditError(f"{len(labels)} labels for more records: expected one for each")
        true = record.meta.get("labels") if labels is None else labels[place]
        chunk.append(record)
        told.append(None if true is None else frozenset(true))
        if len(chunk) == CHUNK:
            yield chunk, told
            chunk, told = [], []
    if labels is not None and place + 1 != len(labels):
        raise AuditError(f"{len(labels)} labels for {place + 1} records: expected one for each")
    if chunk:
        yield chunk, told
