"""A scorecard in words: what maps are worth on this model, a sentence a method and target."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol

from ..markup import escaped
from ..vocabulary.diagnoses import title_with_code
from .page import still_page
from .reasons import percent

if TYPE_CHECKING:
    import pandas as pd

#: What of a map's finding of the cause is told, by check, the first that was asked: with its share.
FOUND = {
    "pointing_game": "its strongest sample lies in the cause of {target} in {share} of simulated hearts",
    "relevance_mass": "{share} of it lies in the cause of {target}",
    "precision_recall": "it finds the cause of {target} with a precision of {share}",
}
NOTHING_JUDGED = "nothing that was asked judges it"


def shown(value: float, unit: str) -> str:
    """A figure of a check as people read it; a dash for none."""
    if not isfinite(value):
        return "–"
    if unit == "share":
        return percent(value)
    return f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"


def scorecard_words(table: pd.DataFrame, model: str) -> str:
    """The sentences of a scorecard's table.

    Parameters
    ----------
    table : DataFrame
        `Scorecard.table`.
    model : str
    """
    return f"On {model}: " + " ".join(sentences(table))


def sentences(table: pd.DataFrame) -> list[str]:
    """One a target and method."""
    said = []
    for target in dict.fromkeys(table.target):
        for method in dict.fromkeys(table.method[~table.dummy]):
            rows = table[(table.target == target) & (table.method == method)]
            names = dict(zip(table.method, table.title, strict=True))
            said.append(_sentence(list(rows.to_dict("records")), str(target), names))
    return said


def _sentence(rows: list[dict[str, Any]], target: str, names: dict[str, str]) -> str:
    parts = [_randomisation(rows), _found(rows, target), _dummies(rows, names), _adds_up(rows)]
    told = "; ".join(part for part in parts if part) or NOTHING_JUDGED
    return f"{rows[0]['title']} for {title_with_code(target)}: {told}."


def _randomisation(rows: list[dict[str, Any]]) -> str:
    mine = [row for row in rows if row["category"] == "randomisation" and isfinite(row["value"])]
    if not mine:
        return ""
    worst = max(mine, key=lambda row: float(row["value"]))
    r = f"r {worst['value']:.2f} with the map of a model of random weights"
    if any(row["beats"] == "no" for row in mine):
        return f"fails randomisation ({r})"
    sure = all(row["beats"] == "yes" for row in mine)
    return f"survives randomisation ({r})" if sure else f"may survive randomisation or not ({r})"


def _found(rows: list[dict[str, Any]], target: str) -> str:
    known = {row["check"]: row for row in rows if isfinite(row["value"])}
    for check, words in FOUND.items():
        if check in known:
            return words.format(target=target, share=percent(known[check]["value"]))
    return ""


def _dummies(rows: list[dict[str, Any]], names: dict[str, str]) -> str:
    judged = [row for row in rows if row["judged"] == "dummies" and row["beats"]]
    beaten = [row["check_title"].lower() for row in judged if row["beats"] == "yes"]
    lost: dict[str, list[str]] = {}
    for row in judged:
        if row["beats"] == "no":
            lost.setdefault(row["best_dummy"], []).append(row["check_title"].lower())
    worse = [
        f"no better than the {names.get(best, best)} in {_listed(some)}"
        for best, some in lost.items()
    ]
    best = [f"better than every dummy in {_listed(beaten)}"] if beaten else []
    return ", ".join([*best, *worse]).replace("the |signal|", "|signal|")


def _adds_up(rows: list[dict[str, Any]]) -> str:
    for row in rows:
        if row["check"] == "completeness" and row["beats"]:
            does = "adds up" if row["beats"] == "yes" else "does not add up"
            return f"it {does} to the answer (misses {percent(row['value'])} of it)"
    return ""


def _listed(some: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(some[:-1]), some[-1]]))


class Card(Protocol):
    """What a page shows of a `Scorecard`."""

    @property
    def model(self) -> str:
        """Name of the model."""

    @property
    def table(self) -> pd.DataFrame:
        """A row a target, method and check."""

    @property
    def curves(self) -> pd.DataFrame:
        """The checks that are curves."""

    def figure(self, target: str | None = None, what: Any = "table") -> str:
        """A picture."""

    def _repr_html_(self) -> str: ...


def scorecard_page(card: Card) -> str:
    """A scorecard as a page (`page.still_page`): words, table, curves, figures."""
    curves = card.figure(what="curves") if len(card.curves) else ""
    said = "".join(f"<li>{escaped(one)}</li>" for one in sentences(card.table))
    parts = f"<ul>{said}</ul>{curves}{card._repr_html_()}"
    return still_page(f"What maps are worth on {card.model}", f'<div class="still">{parts}</div>')
