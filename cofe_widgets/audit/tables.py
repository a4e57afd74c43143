"""The table of counterfactuals: a value that counts, compares, shows and saves itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import nan
from typing import TYPE_CHECKING, Any

from ..errors import AuditError
from ..late import late
from ..markup import escaped, html_table, line
from ..values import Value, archive, checks
from .numbers import MEASUREMENTS
from .statistics import compare, wilson

if TYPE_CHECKING:
    import pandas as pd

TOWARDS, BACK = "towards", "back"
#: P waves count as gone, or as there, when this share of the beats has one.
P_GONE, P_THERE = 0.3, 0.7
_OUTCOME = ("record", "name", "direction", "level", "before", "after", "reached", "space")
_WORDS = ("message", "failure", "signal")
_MEASURED = ("original", "counterfactual")
#: Columns of `CounterfactualTable.outcomes`, and what they hold.
COLUMNS: dict[str, str | tuple[str, ...]] = {
    "record": "whole",
    "name": "text",
    "direction": (TOWARDS, BACK),
    **dict.fromkeys(("level", "before", "after"), "number"),
    "reached": "bool",
    **dict.fromkeys(("space", *_WORDS), "text"),
}
#: Outcome, measurements of the record and of its counterfactual.
Row = tuple[dict[str, Any], dict[str, float], dict[str, float]]


@dataclass(frozen=True, eq=False)
class CounterfactualTable(Value):
    """What counterfactuals of many records changed, with statistics.

    Attributes
    ----------
    outcomes : DataFrame
        One row a record and direction: record (its place), name (see `counterfactual_table`),
        direction ("towards" the target or "back" from it), level asked for, the model's answer
        before and after, reached, space (the search space needed), message, failure (why there is
        no counterfactual; empty if there is one), signal (what is wrong with the recording, see
        `cofe_widgets.quality`; empty if nothing is).
    original, counterfactual : DataFrame
        `MEASUREMENTS` of the same rows; NaN where a wave is absent or the record failed.
    target : str
    provenance : dict
        Model and network hashes, parameters, seed, package version.
    """

    outcomes: pd.DataFrame
    original: pd.DataFrame
    counterfactual: pd.DataFrame
    target: str
    provenance: dict[str, Any] = field(default_factory=dict)

    _error = AuditError

    @property
    def directions(self) -> list[str]:
        """The directions that were asked for, towards first."""
        asked = set(self.outcomes.direction)
        return [name for name in (TOWARDS, BACK) if name in asked]

    def _rows(self, direction: str) -> pd.Series:
        return self.outcomes.reached & (self.outcomes.direction == direction)

    @cached_property
    def table(self) -> pd.DataFrame:
        """Index direction and measurement; columns as `compare` says, over the records reached.

        Holm's correction is over the measurements of one direction.
        """
        import pandas as pd

        parts = {}
        for direction in self.directions:
            rows = self._rows(direction)
            parts[direction] = compare(self.original[rows], self.counterfactual[rows], MEASUREMENTS)
        if not parts:  # every record failed
            empty = compare(self.original, self.counterfactual, MEASUREMENTS)
            parts[TOWARDS] = empty
        return pd.concat(parts, names=["direction"])

    @cached_property
    def reached(self) -> pd.DataFrame:
        """A row a direction: asked, failed, reached, share of the asked with its 95 % interval.

        A record that failed was asked and not reached.
        """
        rows = {}
        for name in self.directions:
            part = self.outcomes[self.outcomes.direction == name]
            n, hits = len(part), int(part.reached.sum())
            low, high = wilson(hits, n)
            failed = int((part.failure != "").sum())
            rows[name] = (n, failed, hits, hits / n, low, high)
        columns = ["asked", "failed", "reached", "share", "low", "high"]
        return _frame(rows, columns)

    @cached_property
    def spaces(self) -> pd.DataFrame:
        """How many of those reached needed which search space, a column each, a row a direction."""
        found = self.outcomes[self.outcomes.reached]
        return found.groupby(["direction", "space"]).size().unstack(fill_value=0)

    @cached_property
    def p_waves(self) -> pd.DataFrame:
        """Share of those reached whose P waves are gone or there, before and after.

        Gone: fewer than 0.3 of the beats have one; there: more than 0.7 have.
        """
        rows = {}
        for name in self.directions:
            at = self._rows(name)
            before, after = self.original.p_presence[at], self.counterfactual.p_presence[at]
            shares = [
                test(part.dropna()).mean() if part.notna().any() else nan
                for test in (lambda p: p < P_GONE, lambda p: p > P_THERE)
                for part in (before, after)
            ]
            rows[name] = tuple(shares)
        return _frame(rows, ["gone before", "gone after", "there before", "there after"])

    @property
    def failures(self) -> pd.DataFrame:
        """The records without a counterfactual, and why; those not reached are not among them."""
        at = self.outcomes.failure != ""
        return self.outcomes.loc[at, ["record", "name", "failure"]].reset_index(drop=True)

    @property
    def faulty(self) -> pd.DataFrame:
        """The records whose signal has faults, and which; they are in the statistics all the same."""
        at = self.outcomes.signal != ""
        found = self.outcomes.loc[at, ["record", "name", "signal"]]
        return found.drop_duplicates().reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """``table``."""
        return self.table

    def words(self) -> str:
        """How many were reached, and what changed in them by more than chance, in sentences."""
        return str(late("table_words")(self.table, self.reached, self.target))

    def figure(self, theme: str = "light") -> str:
        """Medians and quartiles of what changed towards the target, or back where only that was asked; SVG."""
        direction = self.directions[0]
        at = self._rows(direction)
        given = self.original[at], self.counterfactual[at], self.table.loc[direction]
        return str(late("changes_figure")(*given, self.target, theme))

    def __repr__(self) -> str:
        said = [
            f"{int(row.reached)} of {int(row.asked)} reached {direction} {line(self.target)}"
            for direction, row in self.reached.iterrows()
        ]
        if len(self.faulty):
            said.append(f"{len(self.faulty)} records with faulty signals")
        return f"CounterfactualTable({'; '.join(said)})"

    def _repr_html_(self) -> str:
        shown = self.table.drop(columns=["wilcoxon_p", "t_p"])
        parts = [f"<p>{escaped(repr(self))}</p>"]
        parts += [html_table(self.reached, "{:.2f}".format), html_table(shown)]
        parts += [html_table(t, index=False) for t in (self.failures, self.faulty) if len(t)]
        return "".join(parts)

    def _check(self) -> None:
        """Refuse tables of other columns, or of different lengths."""
        super()._check()
        checks.frame(self.outcomes, "outcomes", COLUMNS)
        for name in _MEASURED:
            numbers = getattr(self, name)
            checks.frame(numbers, name, dict.fromkeys(MEASUREMENTS, "number"))
            if len(numbers) != len(self.outcomes):
                raise ValueError(f"{len(self.outcomes)} outcomes and {len(numbers)} of {name}")
        if not len(self.outcomes):
            raise ValueError("it has no rows")

    @classmethod
    def _restored(cls, facts: dict[str, Any]) -> CounterfactualTable:
        """The table; a measurement that the version that saved it did not know is NaN."""
        if "signal" not in facts["outcomes"]:  # 0.1 did not look
            facts["outcomes"]["signal"] = ""
        for name in _MEASURED:
            known = facts[name]
            for missing in [one for one in MEASUREMENTS if one not in known]:
                known[missing] = nan
        return cls(**facts)

    @classmethod
    def _from_text(cls, data: bytes) -> CounterfactualTable:
        facts = archive.json_of(data)
        rows = [
            (outcome, before, after)
            for outcome, before, after in zip(
                *(_records(facts[k]) for k in ("outcomes", *_MEASURED)),
                strict=True,
            )
        ]
        return table_of(rows, facts["target"], facts["provenance"])


def _frame(rows: dict[str, tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    table.index.name = "direction"
    return table


def _records(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def stored_row(stored: Mapping[str, Any] | None, named: Mapping[str, Any]) -> Row | None:
    """A row from the result of a store; None where that is none, and has to be worked out again."""
    try:
        assert stored is not None
        outcome = {**stored["outcome"], **named}
        before, after = ({k: float(stored[part][k]) for k in MEASUREMENTS} for part in _MEASURED)
        row: Row = (outcome, before, after)
        table_of([row], "", {})._check()
        return row
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError):
        return None


def table_of(rows: list[Row], target: str, provenance: dict[str, Any]) -> CounterfactualTable:
    """The table of rows."""
    import pandas as pd

    # Version 0.1 did not look at the signal.
    told = [{"signal": "", **row[0]} for row in rows]
    outcomes = pd.DataFrame(told, columns=[*_OUTCOME, *_WORDS])
    outcomes = outcomes.astype({"reached": bool, "level": float, "before": float, "after": float})
    before, after = (
        pd.DataFrame([row[k] for row in rows], columns=list(MEASUREMENTS), dtype=float)
        for k in (1, 2)
    )
    return CounterfactualTable(outcomes, before, after, target, provenance)
