"""`scorecard`: every method and dummy through every check, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...ecg import Record
from ...errors import AuditError, ExplainError
from ...provenance import provenance
from ...steps import Step, Work, streamed
from ...values import remakes
from ...values.identity import record_hash
from ...wrapper import Predictor, known_predictor
from ...wrapper.identity import hash_with
from . import bootstrap
from .asked import Asked, the_checks, the_methods, the_records, the_targets
from .check import Check
from .formulas import Array
from .hearts import hearts
from .kept import Kept
from .place import FULL, QUICK, TOGETHER, Place, Settings, Subject
from .scorecard import CURVES, LEADS, TABLE, Scorecard
from .subjects import DUMMIES, Explained

Row = dict[str, Any]
#: The maps of a method are so much work beside one check of one map.
MAP_SHARE = 6.0
#: Figures that lie this near are one: a check in which all maps are alike, noise too, judges none.
SAME = 1e-9
IDLE = "it cannot tell: the same for every map"
UNDECIDED = "undecided: the bar lies in the interval"


@streamed
def scorecard(
    f: Predictor,
    records: Iterable[Record],
    methods: Asked | Sequence[Asked] | None = None,
    target: str | Sequence[str] | None = None,
    checks: str | Check | Sequence[str | Check] | None = None,
    quick: bool = False,
    seed: int = 0,
    *,
    store: str | Path | None = None,
    settings: Settings | None = None,
) -> Work[Scorecard]:
    """What attribution maps are worth on a model, beside maps that know nothing of it.

    Parameters
    ----------
    f : Predictor
    records : iterable of Record
        Four at least; 16 with answers of both kinds tell most.
    methods : str, Method, (either, options), or several, optional
        Unless given all that can explain ``f``; a quick card takes those of few passes through it.
    target : str or several, optional
        Outputs; unless given all, of two that exclude each other the last, and for a quick card the one
        that the answers to these records divide most evenly.
    checks : str, Check or several, optional
        Of `checks.CHECKS`; unless given all, or the quick set.
    quick : bool
        Less of everything, in a minute.
    seed : int
        Of dummies, noise, hearts, randomised weights and intervals.
    store : path, optional
        A folder in which what was measured is kept, by content: model and its weights, records, method with
        options, check, target, settings, seed and the code.
    settings : Settings, optional
        How much is done, in numbers.

    Returns
    -------
    Scorecard

    Raises
    ------
    ExplainError
        Unknown target, method or option, or a method that was asked for and cannot explain ``f``.
    AuditError
        Unknown check, too few records.
    EcgError
        A record that does not fit the model.

    Notes
    -----
    ``scorecard.steps(...)`` does the same as a generator: of each `Step`, ``partial`` is the list of the rows
    of ``Scorecard.table`` that are new.
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise AuditError(f"seed={seed!r}: expected a whole number from 0")
    some = the_records(f, records)
    asked = the_checks(checks, quick)
    targets = the_targets(f, some, target, quick)
    explained = the_methods(f, some, targets, methods, quick)
    how = settings or (QUICK if quick else FULL)
    run = _Run(f, explained, asked, how, seed, Kept(store), f.weight_hash)
    for k, name in enumerate(targets):
        for share, message, rows in run.of(some, name):
            yield Step((k + share) / len(targets), message, rows)
    call = {
        "methods": [[one.method.name, one.given] for one in explained],
        "target": list(targets),
        "checks": [one.name for one in asked],
        "quick": quick,
        "seed": seed,
    }
    digests = hash_with("", {"records": [record_hash(one) for one in some]})
    facts = {"settings": how.facts, "records": len(some), "records_hash": digests, "call": call}
    card = run.card(provenance(f, **facts, options={e.name: e.options for e in explained}))
    yield Step(1.0, repr(card), None, card)


@remakes(Scorecard)
def _again(
    value: Scorecard, records: Iterable[Record], f: Predictor | None = None, **changes: Any
) -> Scorecard:
    """The call that made it, on records that have to be given."""
    call = value.call
    call["methods"] = [(name, options) for name, options in call["methods"]]
    known = Settings(**value.provenance["settings"])
    model = known_predictor(value.provenance, f)
    return scorecard(model, records, **{"settings": known, **call, **changes})


@dataclass
class _Run:
    """One run: what is asked, the hash of the model, and the rows that it has come to."""

    f: Predictor
    methods: list[Explained]
    checks: list[Check]
    settings: Settings
    seed: int
    kept: Kept
    model: str = ""
    rows: list[Row] = field(default_factory=list)
    curves: list[Row] = field(default_factory=list)
    leads: list[Row] = field(default_factory=list)

    def of(self, records: Sequence[Record], target: str) -> Iterator[tuple[float, str, list[Row]]]:
        """The work for one target: share of it done, what is being done, and new rows."""
        how = self.settings, self.seed, self.methods
        places: dict[str, Place | str] = {"records": Place(self.f, records, target, *how)}
        if any(check.on == "hearts" for check in self.checks):
            yield 0.0, f"simulated hearts with {target}", []
            places["hearts"] = hearts(self.f, target, *how)
        subjects: list[Subject] = [*DUMMIES, *self.methods]
        asked = [
            _Asked(self, check, places[check.on], one) for check in self.checks for one in subjects
        ]
        todo = {id(one.place): one.place for one in asked if one.measured is None and not one.lack}
        mapped = [(place, one) for place in todo.values() for one in self.methods]
        total, done = MAP_SHARE * len(mapped) + len(asked), 0.0
        for place, method in mapped:
            assert isinstance(place, Place)
            slices = -(-place.n // TOGETHER)
            # One that fails is told of by every check that asks for it.
            with suppress(ExplainError):
                for _ in place.explained(method):
                    done += MAP_SHARE / slices
                    yield min(done / total, 1.0), f"maps of {method.title} for {target}", []
        for check in self.checks:
            mine = [one for one in asked if one.check is check]
            for one in mine:
                for _ in one.work():
                    yield done / total, f"{check.title} of {one.subject.title} for {target}", []
                done += 1
            new = self._summed(check, places[check.on], target, mine)
            self.rows += new
            yield min(done / total, 1.0), f"{check.title} for {target}", new

    # -- figures

    def _summed(
        self,
        check: Check,
        place: Place | str,
        target: str,
        asked: Sequence[_Asked],
    ) -> list[Row]:
        """The rows of a check, methods beside the best dummy."""
        draws: dict[str, Array] = {}
        measured = {one.subject.name: one.measured for one in asked if one.measured is not None}
        if not isinstance(place, str) and measured:
            weights = bootstrap.weights(len(check.rows(place)), self.seed)
            for name, values in measured.items():
                columns = check.columns(place, values, weights)
                draws[name] = check.figure(columns)
                self._detailed(check, place, name, columns[0])
            beyond = check.beyond(place)
            if beyond is not None:
                self._detailed(check, place, "", beyond)
        figures = [one[0] for one in draws.values()]
        idle = len(figures) > 1 and bool(np.ptp(figures) < SAME)
        best = _best(check, {d.name: draws[d.name] for d in DUMMIES if d.name in draws})
        rows = []
        for one in sorted(asked, key=lambda one: one.subject.dummy):
            subject = one.subject
            row = _row(check, subject, target, one.lack)
            if subject.name in draws:
                known = np.isfinite(measured[subject.name]).any(axis=1).sum()
                row |= {"n": int(known), **_figures(check, draws[subject.name])}
                row |= _judged(check, subject, draws, best)
                if idle and check.judged == "dummies":
                    row |= {"beats": "", "note": IDLE}
            rows.append(row)
        return rows

    def _detailed(self, check: Check, place: Place, name: str, columns: Array) -> None:
        """Keep curves, and localisation by lead."""
        who = {"target": place.target, "method": name, "check": check.name}
        for step, value in zip(check.steps(place), columns, strict=False):
            self.curves.append({**who, "step": step, "value": float(value)})
        if check.on == "hearts":
            for lead, value in zip(place.f.leads, columns[1:], strict=False):
                self.leads.append({**who, "lead": lead, "value": float(value)})

    def card(self, known: dict[str, Any]) -> Scorecard:
        """The value of all rows."""
        import pandas as pd

        def table(rows: list[Row], columns: Iterable[str]) -> pd.DataFrame:
            return pd.DataFrame(rows, columns=list(columns), index=range(len(rows)))

        curves, leads = table(self.curves, CURVES), table(self.leads, LEADS)
        return Scorecard(table(self.rows, TABLE), curves, leads, known)


class _Asked:
    """One check of one method or dummy: why it cannot be asked, or what was measured, once it was."""

    def __init__(self, run: _Run, check: Check, place: Place | str, subject: Subject) -> None:
        self.check, self.place, self.subject, self.kept = check, place, subject, run.kept
        self.lack, self.key = "", ""
        self.measured: Array | None = None
        if isinstance(place, str):
            self.lack = place
            return
        self.lack = check.lack(place, subject)
        if self.lack:
            return
        self.key = self.kept.key(
            check=check.name,
            code=hash_with("", {"measure": type(check).measure, "held": vars(check)}),
            subject=subject.facts(place),
            model=run.model,
            expects=(run.f.output, run.f.outputs, run.f.leads, run.f.fs),
            records=place.hashes,
            target=place.target,
            settings=run.settings.facts,
            seed=run.seed,
        )
        self.measured = self.kept.get(self.key, len(check.rows(place)))

    def work(self) -> Iterator[None]:
        """Measure it, in slices between which a run can be stopped; nothing where it is known."""
        if self.lack or self.measured is not None or isinstance(self.place, str):
            return
        try:
            yield from self.check.prepared(self.place, self.subject)
            self.measured = self.check.measure(self.place, self.subject)
        except ExplainError as error:
            self.lack = f"it gives no map: {error}"
            return
        self.kept.put(self.key, self.measured)
        yield


def _row(check: Check, subject: Subject, target: str, note: str) -> Row:
    nothing = dict.fromkeys(("value", "low", "high", "dummy_value"), np.nan)
    return {
        "target": target,
        "method": subject.name,
        "title": subject.title,
        "dummy": subject.dummy,
        "check": check.name,
        "check_title": check.title,
        "category": check.category,
        "better": "higher" if check.higher_is_better else "lower",
        "unit": check.unit,
        "judged": check.judged,
        **nothing,
        "best_dummy": "",
        "bar": float(check.bar),
        "beats": "",
        "n": 0,
        "note": f"not asked: {note}" if note else "",
    }


def _figures(check: Check, draws: Array) -> Row:
    low, high = bootstrap.interval(draws[1:])
    return {"value": float(draws[0]), "low": low, "high": high}


def _best(check: Check, dummies: dict[str, Array]) -> str:
    """The dummy with the best figure; empty where there is none."""
    sign = 1 if check.higher_is_better else -1
    known = {name: sign * one[0] for name, one in dummies.items() if np.isfinite(one[0])}
    return max(known, key=lambda name: known[name]) if known else ""


def _judged(check: Check, subject: Subject, draws: dict[str, Array], best: str) -> Row:
    """The best dummy beside a figure, and whether that is beaten; dummies are judged by nobody."""
    if subject.dummy:
        return {}
    out: Row = {"best_dummy": best, "dummy_value": float(draws[best][0])} if best else {}
    own = draws[subject.name]
    if check.judged == "nothing" or (check.judged == "dummies" and not best):
        return out
    other = draws[best] if check.judged == "dummies" else check.bar
    low, high = bootstrap.interval((own - other if check.higher_is_better else other - own)[1:])
    if not np.isfinite(low):
        return out
    if check.judged == "bar" and low <= 0 <= high:
        return {**out, "note": UNDECIDED}
    return {**out, "beats": "yes" if low > 0 else "no"}
