"""`Concept`: what a model may use, defined by ECGs that have it and ECGs that have not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record
from ...errors import ExplainError, meant
from ...signals.criteria import RULES
from ...signals.criteria.diagnoses import BY_NAME
from ...signals.measurements.measure import Measured
from ...simulate.conditions import CONDITIONS
from ...vocabulary.diagnoses import title as diagnosis_title
from ...vocabulary.territories import CHANGES
from .known import KNOWN, Edits, Known

#: The concepts of the paper's table 1.
TABLE_1 = ("QRS-CLBBB", "SLI-LVH", "QWAVES-MI", "AGE>75", "SEX=FEMALE")
#: Longer names would fill the figure.
_LONGEST = 100
#: Whether a record has a concept: yes, no, or not to be judged.
Answer = bool | None

_AGE = re.compile(r"age\s*(>=|<=|>|<)\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
_SEX = re.compile(r"sex\s*=\s*(female|male|f|m)", re.IGNORECASE)
_CONDITION = re.compile(r"(\w+)(?:\s*@\s*(\d*\.?\d+))?")
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
}


@dataclass(frozen=True, eq=False)
class Concept:
    """What a model may use: a rule, a fact of the patient, a function, or a condition of the simulator.

    Exactly one of ``rule``, ``function``, ``values`` and ``condition`` says which ECGs have it.

    Attributes
    ----------
    name, title : str
    rule : callable, optional
        A clinical rule, of the measured numbers of an ECG (`signals.criteria`).
    function : callable, optional
        ``function(record)``: True, False, or None where it cannot be told.
    values : ndarray of float, optional
        The answers themselves, one a record: 1, 0, or NaN.
    condition : str
        Code of a condition of the simulator. Positives are simulated hearts that have it, negatives the
        same hearts without it: nothing else tells them apart.
    severity : float, optional
        Of the condition, 0 to 1; drawn from 0.6 to 1 unless given.
    classes : tuple of str
        The diagnoses that it was made for: framed in the figure.
    edits : tuple of (name, number)
        Named changes (`vocabulary.territories.CHANGES`) that move an ECG towards the concept.
    note : str
        What the edit leaves out, or why there is none.
    """

    name: str
    title: str = ""
    rule: Callable[[Measured], Any] | None = None
    function: Callable[[Record], Any] | None = None
    values: NDArray[np.float64] | None = None
    condition: str = ""
    severity: float | None = None
    classes: tuple[str, ...] = ()
    edits: Edits = ()
    note: str = ""

    def __post_init__(self) -> None:
        said = [self.rule, self.function, self.values, self.condition or None]
        if not (isinstance(self.name, str) and self.name.strip()):
            raise ExplainError(f"a concept is called {self.name!r:.80}: expected a name")
        if len(self.name) > _LONGEST or any("\ud800" <= one <= "\udfff" for one in self.name):
            raise ExplainError(
                f"a concept is called {self.name!r:.40} ...: expected a name of {_LONGEST} letters at most, "
                "and no half of a character"
            )
        if sum(one is not None for one in said) != 1:
            raise ExplainError(
                f"concept {self.name!r}: expected one of rule=, function=, values= and condition="
            )
        unknown = [name for name, _ in self.edits if name not in CHANGES]
        if unknown:
            raise ExplainError(
                f"concept {self.name!r}: no named change {unknown[0]!r:.60}{meant(unknown[0], CHANGES)}; "
                "vocabulary.territories.CHANGES has them"
            )

    @property
    def kind(self) -> str:
        """``"rule"``, ``"function"``, ``"values"`` or ``"simulated"``."""
        if self.condition:
            return "simulated"
        return (
            "rule" if self.rule is not None else "values" if self.values is not None else "function"
        )


def concept_of(given: Any) -> Concept:
    """A concept of what a user says.

    Parameters
    ----------
    given : Concept, str, function of a record, or (name, function or answers)
        Of a text: a rule (``cw.RULES``) or criterion of `signals.criteria`; ``"AGE>75"`` with any
        comparison and number; ``"SEX=FEMALE"``; a condition of the simulator, ``"LBBB"`` or, at a
        severity, ``"LBBB@0.8"``.

    Raises
    ------
    ExplainError
        For anything else, naming what is close.
    """
    if isinstance(given, Concept):
        return given
    if isinstance(given, str):
        return _named(given.strip())
    if callable(given):
        return _function(getattr(given, "__name__", "function"), given)
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], str):
        if callable(given[1]):
            return _function(given[0], given[1])
        return Concept(given[0], given[0], values=_answers(given[0], given[1]))
    raise ExplainError(
        f"concept {given!r:.80}: expected the name of a rule (cw.RULES), 'AGE>75', 'SEX=FEMALE', a condition "
        "('LBBB@0.8'), a function of a record, (name, function) or (name, answers)"
    )


def _named(name: str) -> Concept:
    by_lower = {one.lower(): one for one in (*RULES, *BY_NAME)}
    if name.lower() in by_lower:
        return _rule(by_lower[name.lower()])
    if found := _AGE.fullmatch(name):
        how, years = found[1], float(found[2])
        title = f"age {how} {years:g} years"
        return Concept(
            f"AGE{how}{years:g}", title, partial(_age, how, years), note=KNOWN["AGE>75"].note
        )
    if found := _SEX.fullmatch(name):
        sex = found[1][0].upper()
        word = {"F": "female", "M": "male"}[sex]
        return Concept(
            f"SEX={word.upper()}",
            f"{word} sex",
            partial(_sex, sex),
            note=KNOWN["SEX=FEMALE"].note,
        )
    found = _CONDITION.fullmatch(name)
    if found and found[1] in CONDITIONS:
        return _condition(found[1], None if found[2] is None else float(found[2]))
    known = [*RULES, *BY_NAME, *CONDITIONS]
    raise ExplainError(
        f"no concept {name[:60]!r}{meant(name, known)}: expected a rule ({', '.join(list(RULES)[:4])} ...; "
        "cw.RULES), 'AGE>75', 'SEX=FEMALE', or a condition of the simulator, 'LBBB@0.8'"
    )


def _rule(name: str) -> Concept:
    rule = RULES.get(name) or BY_NAME[name]
    known = KNOWN.get(name, Known(name, note="no named edit is known for it"))
    return Concept(
        name, known.title, rule, classes=known.classes, edits=known.edits, note=known.note
    )


def _condition(code: str, severity: float | None) -> Concept:
    if severity is not None and not 0 < severity <= 1:
        raise ExplainError(f"{code}@{severity:g}: expected a severity above 0, up to 1")
    degree = "" if severity is None else f"@{severity:g}"
    title = f"simulated {diagnosis_title(code)}{'' if severity is None else f' at {severity:g}'}"
    return Concept(
        f"{code}{degree}", title, condition=code, severity=severity, classes=(code,),
        note="the same hearts without it and with it, no edit",
    )  # fmt: skip


def _function(name: str, function: Callable[[Record], Any]) -> Concept:
    return Concept(name, name, function=function, note="no named edit is known of a function")


def _answers(name: str, given: Any) -> NDArray[np.float64]:
    """Answers as 1, 0 and NaN."""
    try:
        listed = [np.nan if one is None or one != one else float(one) for one in given]
    except (TypeError, ValueError) as error:
        raise ExplainError(f"concept {name!r}: expected True or False for every record") from error
    values = np.array(listed, float)
    if np.setdiff1d(values[np.isfinite(values)], (0.0, 1.0)).size:
        raise ExplainError(f"concept {name!r}: expected True or False for every record, not values")
    return values


def _age(how: str, years: float, ecg: Measured) -> Answer:
    return _COMPARED[how](ecg.age, years) if isfinite(ecg.age) else None


def _sex(sex: str, ecg: Measured) -> Answer:
    return None if ecg.sex not in ("F", "M") else ecg.sex == sex


def listed_concepts(given: Iterable[Any] | None) -> list[Concept]:
    """The concepts that are asked for, each name once.

    Raises
    ------
    ExplainError
        When one is unknown, none is given, or two have one name.
    """
    if isinstance(given, str | Concept) or callable(given):
        given = [given]
    found = [concept_of(one) for one in (TABLE_1 if given is None else given)]
    names = [one.name for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ExplainError(f"two concepts are called {', '.join(twice)}: give each its own name")
    if not found:
        raise ExplainError("concepts=[]: give one at least, 'QRS-CLBBB'")
    return found
