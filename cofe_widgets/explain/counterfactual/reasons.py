"""`Reasons`: what of a change carried the answer, and what came along; a value to read, print and store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ...values import checks
from ...vocabulary.territories import CHANGES

if TYPE_CHECKING:
    import pandas as pd

#: A change that carries less of the answer than this came along.
CARRIES = 0.1
#: No answer has more reasons.
MOST_REASONS = 100


@dataclass(frozen=True)
class Reason:
    """One change of a counterfactual.

    Attributes
    ----------
    name : str
        One of `vocabulary.territories.CHANGES`, or ``part/territory`` of what has no name.
    title : str
    amount : float
        By how much, in ``unit``; NaN where it has none.
    unit : str
    share : float
        Of the moved score (log-odds, or the value); all shares add up to one.
    needed : bool
        Whether it is part of what the model needs.
    """

    name: str
    title: str
    amount: float
    unit: str
    share: float
    needed: bool

    @property
    def said(self) -> str:
        """The change with its amount, in words."""
        if self.amount != self.amount:
            return self.title
        if self.unit == "x":
            return f"{self.title} {self.amount - 1:+.0%}"
        if self.unit in ("ms", "°"):
            return f"{self.title} {self.amount:+.0f} {self.unit}"
        if self.unit == "mV":
            return f"{self.title} {self.amount:+.2f} mV"
        if self.name == "irregularity":
            return f"{self.title} {self.amount:+.0%}"
        if self.name == "p_wave_taken_away" and self.amount < 0:
            return f"P waves added ({-self.amount:.0%} of a typical one)"
        if self.name == "p_wave_taken_away":
            return "P waves gone" if self.amount > 0.95 else f"P waves less by {self.amount:.0%}"
        return f"{self.title} {self.amount:+.2f}"


@dataclass(frozen=True)
class Reasons:
    """What of a counterfactual carried the answer.

    Attributes
    ----------
    rows : tuple of Reason
        The largest share first.
    moved : float
        By how much the score moved: log-odds, or the value.
    nameable : bool
        Whether what the model needs has a name.
    logic : str
        How the needed changes belong together: ``"single"``, ``"and"`` (neither does it alone),
        ``"or"`` (either does), ``"sum"``, or empty where nothing is needed that has a name.
    together : str
        The same as a sentence, with interactions; may be empty.
    unseen : tuple of str
        Leads, or times, that the model does not look at.
    """

    rows: tuple[Reason, ...]
    moved: float
    nameable: bool
    logic: str
    together: str
    unseen: tuple[str, ...] = ()

    @property
    def needed(self) -> tuple[Reason, ...]:
        """The reasons: changes that are part of what the model needs."""
        return tuple(row for row in self.rows if row.needed)

    @property
    def along(self) -> tuple[Reason, ...]:
        """What has a name and came along: not needed, and carries next to nothing."""
        return tuple(
            row
            for row in self.rows
            if row.name in CHANGES and not row.needed and abs(row.share) < CARRIES
        )

    def table(self) -> pd.DataFrame:
        """The rows as a table; ``attrs`` has moved, nameable, logic, together and unseen."""
        import pandas as pd

        columns = ["name", "title", "amount", "unit", "share", "needed"]
        table = pd.DataFrame([asdict(row) for row in self.rows], columns=columns)
        table.attrs.update({key: value for key, value in asdict(self).items() if key != "rows"})
        return table

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        rows = [asdict(row) for row in self.rows]
        for row in rows:
            row["amount"] = row["amount"] if row["amount"] == row["amount"] else None
        return {**asdict(self), "rows": rows}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Reasons:
        """What `to_dict` gave.

        Raises
        ------
        ValueError
            When it is something else.
        """
        try:
            rows = stored["rows"]
            if not isinstance(rows, list | tuple) or len(rows) > MOST_REASONS:
                raise ValueError("its reasons are no list")
            nan = float("nan")
            made = tuple(
                Reason(**{**row, "amount": nan if row["amount"] is None else row["amount"]})
                for row in rows
            )
            out = cls(**{**stored, "rows": made, "unseen": tuple(stored.get("unseen", ()))})
        except (KeyError, TypeError) as error:
            raise ValueError(f"its reasons are damaged: {error}") from error
        out._check()
        return out

    def _check(self) -> None:
        for row in self.rows:
            for text in (row.name, row.title, row.unit):
                checks.text(text, "reasons", 200)
            checks.number(row.amount, "amount", missing=True)
            checks.number(row.share, "share", -1e6, 1e6, missing=True)
            if not isinstance(row.needed, bool):
                raise ValueError("its reasons are damaged: needed is no yes or no")
        checks.number(self.moved, "moved", missing=True)
        checks.text(self.logic, "logic", of=("", "single", "and", "or", "sum"))
        checks.text(self.together, "together", 1000)
        if not isinstance(self.nameable, bool):
            raise ValueError("its reasons are damaged: nameable is no yes or no")
        for text in self.unseen:
            checks.text(text, "unseen", 100)
