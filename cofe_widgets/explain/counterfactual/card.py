"""`TrustCard`: what speaks for and against a counterfactual, as a value to read, print and store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, Literal

from ...markup import escaped, plain
from ...values import checks

Verdict = Literal["good", "mind", "bad", "unknown"]
#: No card has more rows.
MOST_ROWS = 100
#: What verdicts are called, with a sign that does not need colour.
SIGNS: dict[str, str] = {"good": "✓ good", "mind": "! mind", "bad": "✗ bad", "unknown": "? unknown"}


@dataclass(frozen=True)
class TrustRow:
    """One reason to believe or not.

    Attributes
    ----------
    name : str
        What was looked at.
    value : float or None
        None where it could not be measured; infinity where nothing tried sufficed.
    unit : str
    yardstick : str
        What the value is to be compared with, and where that comes from.
    verdict : "good", "mind", "bad" or "unknown"
    sentence : str
        What it means for the reader.
    """

    name: str
    value: float | None
    unit: str
    yardstick: str
    verdict: Verdict
    sentence: str

    @classmethod
    def unknown(cls, name: str, why: str, unit: str = "", yardstick: str = "") -> TrustRow:
        """A row that could not be judged, and why."""
        return cls(name, None, unit, yardstick, "unknown", f"Unknown: {why}.")

    def shown(self) -> str:
        """The value with its unit, as printed."""
        if self.value is None:
            return "–"
        if not isfinite(self.value):
            return "none found"
        number = "< 0.01" if 0 < self.value < 0.01 else f"{self.value:.3g}"
        return f"{number} {self.unit}".strip()


@dataclass(frozen=True)
class TrustCard:
    """What speaks for and against a counterfactual.

    Attributes
    ----------
    headline : str
        The verdict in plain language; a target that was not reached is said first.
    rows : tuple of TrustRow
    """

    headline: str
    rows: tuple[TrustRow, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the rows that could be judged."""
        found = {row.verdict for row in self.rows}
        return "bad" if "bad" in found else "mind" if "mind" in found else "good"

    def row(self, name: str) -> TrustRow:
        """A row by its name.

        Raises
        ------
        KeyError
            When there is none of that name, naming those there are.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"no row {name!r}: {', '.join(row.name for row in self.rows)}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; infinity as the string ``"inf"``."""
        rows = [asdict(row) for row in self.rows]
        for row in rows:
            if row["value"] is not None and not isfinite(row["value"]):
                row["value"] = "inf"
        return {"headline": self.headline, "rows": rows}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> TrustCard:
        """What `to_dict` gave.

        Raises
        ------
        ValueError
            When it is something else.
        """
        try:
            checks.text(stored["headline"], "headline")
            rows = tuple(_row(row) for row in stored["rows"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"no stored trust card: {error}") from error
        if not 1 <= len(rows) <= MOST_ROWS:
            raise ValueError(f"no stored trust card: {len(rows)} rows")
        return cls(stored["headline"], rows)

    def __repr__(self) -> str:
        width = max((len(row.name) for row in self.rows), default=0)
        lines = [
            f"{SIGNS[row.verdict]:<10} {row.name:<{width}}  {row.shown()}: {row.sentence}"
            for row in self.rows
        ]
        return "\n".join(map(plain, [self.headline, *lines]))

    def _repr_html_(self) -> str:
        line = "border-bottom:1px solid rgba(128,128,128,.35);padding:3px 10px 3px 0"
        head = "".join(
            f'<th scope="col" style="text-align:left;{line}">{title}</th>'
            for title in ("Verdict", "What", "Value", "Yardstick", "Meaning")
        )
        body = "".join(
            f'<tr><td style="white-space:nowrap;{line}">{SIGNS[row.verdict]}</td>'
            f'<th scope="row" style="text-align:left;font-weight:600;{line}">{escaped(row.name)}</th>'
            + "".join(
                f'<td style="text-align:left;{line}">{escaped(text)}</td>'
                for text in (row.shown(), row.yardstick, row.sentence)
            )
            + "</tr>"
            for row in self.rows
        )
        return (
            '<table style="border-collapse:collapse;color:inherit;background:none">'
            '<caption style="text-align:left;font-weight:600;padding-bottom:6px;color:inherit">'
            f"{escaped(self.headline)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )


def _row(stored: Mapping[str, Any]) -> TrustRow:
    """A row as `TrustCard.to_dict` gave it, checked."""
    said = dict(stored)
    value = said["value"]
    if value is not None:
        value = float("inf") if value == "inf" else value
        if isinstance(value, bool | str) or not value == value:
            raise ValueError(f"a value of {value!r}")
        value = float(value)
    for name in ("name", "unit", "yardstick", "sentence"):
        checks.text(said[name], name)
    checks.text(said["verdict"], "verdict", of=SIGNS)
    return TrustRow(**{**said, "value": value})
