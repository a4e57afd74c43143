"""The verdict of a clinical rule, and three-valued logic: true, false, or not known (None)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isnan

#: Yes, no, or not to be judged.
Answer = bool | None
#: What was looked at, by lead ("" for the record): what it is -> number.
Seen = dict[str, dict[str, float]]
#: More numbers than this say nothing in a sentence about a rule that is not met.
MANY = 6


@dataclass(frozen=True)
class Verdict:
    """The outcome of a rule for one ECG, with the numbers that it rests on.

    Attributes
    ----------
    name : str
        Of the rule, a key of `RULES`.
    met : bool or None
        None when it cannot be judged.
    values : mapping of str to float
        The numbers that decide, ``{"S in V1 (mV)": 1.9}``: where leads make it true, theirs, else all
        that were looked at; NaN where missing.
    words : str
        What the rule asks for.
    source : str
        Where it is written.
    reason : str
        Why it cannot be judged; empty when it can.
    """

    name: str
    met: Answer
    values: Mapping[str, float]
    words: str
    source: str
    reason: str = ""

    def __str__(self) -> str:
        if self.met is None:
            return f"{self.name} cannot be judged: {self.reason}."
        said = f"{self.name} is {'met' if self.met else 'not met'} ({self.words})"
        if not self.met and len(self.values) > MANY:
            return f"{said}."
        return f"{said}: {', '.join(f'{name} {v:.3g}' for name, v in self.values.items())}."


def judge(
    name: str,
    met: Answer,
    seen: Seen,
    words: str,
    source: str,
    *,
    leads: Iterable[str] | None = None,
    reason: str = "",
) -> Verdict:
    """A verdict from what was seen; ``leads`` are those that made the rule true.

    When it is None for want of numbers, the reason names them.
    """
    shown = (
        seen
        if not met or leads is None
        else {lead: seen[lead] for lead in ("", *leads) if lead in seen}
    )
    values = {
        what.replace("@", lead): value
        for lead, each in shown.items()
        for what, value in each.items()
    }
    if met is None and not reason:
        missing = [what for what, value in values.items() if isnan(value)]
        some = missing[:MANY] + [f"{len(missing) - MANY} more"] * (len(missing) > MANY)
        reason = f"without {', '.join(some)}"
    return Verdict(name, met, values, words, source, reason if met is None else "")


def at_least(value: float, limit: float) -> Answer:
    """Whether ``value >= limit``; None when either is NaN."""
    return None if isnan(value) or isnan(limit) else bool(value >= limit)


def above(value: float, limit: float) -> Answer:
    """Whether ``value > limit``; None when either is NaN."""
    return None if isnan(value) or isnan(limit) else bool(value > limit)


def any_of(answers: Iterable[Answer]) -> Answer:
    """True when one is, None when one may be (Kleene's three-valued or)."""
    known = list(answers)
    return True if True in known else None if None in known else False


def all_of(answers: Iterable[Answer]) -> Answer:
    """False when one is, None when one may be (Kleene's three-valued and)."""
    known = list(answers)
    return False if False in known else None if None in known else True


def in_neighbours(
    has: Mapping[str, Answer], pairs: Iterable[tuple[str, str]]
) -> tuple[Answer, list[str]]:
    """Whether both leads of some pair have it, and the leads of such pairs."""
    both = {pair: all_of(has[lead] for lead in pair) for pair in pairs}
    leads = dict.fromkeys(lead for pair, answer in both.items() if answer for lead in pair)
    return any_of(both.values()), list(leads)
