"""What is to be fitted: the records of each concept and dummy, and the examples of each class."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record
from ...errors import ExplainError
from ...simulate import simulate
from ...vocabulary.diagnoses import FROM_SCP
from .causal import edit_words
from .cav import Draw, draws
from .concept import Concept
from .membership import same_class
from .result import CLASSES, CONCEPTS

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
#: A concept, or what is not one, in fewer records than this is no concept.
LEAST = 20
#: Examples of a class in fewer records than this give no share.
LEAST_EXAMPLES = 5


@dataclass(frozen=True)
class Numbers:
    """How much is done.

    Attributes
    ----------
    cavs : int
        Of each concept in each layer of each model.
    dummies : int
        Random concepts.
    most : int
        Records with a concept, and without, that one CAV is fitted to and tried on.
    hearts : int
        Simulated hearts of a concept that is a condition.
    """

    cavs: int
    dummies: int
    most: int
    hearts: int


@dataclass
class Plan:
    """The concepts that can be asked, dummies last, and what each CAV is fitted to.

    Attributes
    ----------
    records : list of Record
        The ``own`` that were given, and behind them the simulated hearts of concepts.
    members : (concepts, own)
    drawn : list of (list of Draw or None), one a concept; None for one that cannot be asked
    """

    concepts: list[Concept]
    records: list[Record]
    own: int
    members: Array
    rows: list[dict[str, Any]] = field(default_factory=list)
    drawn: list[list[Draw] | None] = field(default_factory=list)
    hearts: dict[str, tuple[list[int], list[int]]] = field(default_factory=dict)

    @property
    def asked(self) -> list[int]:
        """Places of the concepts that can be asked."""
        return [k for k, one in enumerate(self.drawn) if one is not None]

    def table(self) -> pd.DataFrame:
        """The rows of `ConceptScores.concepts`."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(CONCEPTS))


def planned(
    records: Sequence[Record],
    concepts: Sequence[Concept],
    members: Array,
    outputs: Sequence[str],
    numbers: Numbers,
    seed: int,
) -> Plan:
    """What is fitted for each concept, and for as many dummies.

    Raises
    ------
    ExplainError
        When no concept can be asked; says how many records have each.
    """
    plan = Plan(list(concepts), list(records), len(records), members)
    for k, one in enumerate(concepts):
        if one.condition:
            _add_hearts(plan, one, outputs, numbers, seed)
        else:
            _add(plan, one, members[k], outputs, numbers, seed)
    if not plan.asked:
        counts = "; ".join(f"{row['concept']}: {row['note']}" for row in plan.rows)
        raise ExplainError(f"no concept can be asked: {counts}"[:480])
    sizes = [min(plan.rows[k]["positives"], numbers.most) for k in plan.asked]
    size = min(int(np.median(sizes)), plan.own // 2)
    if size >= LEAST:
        _add_dummies(plan, size, numbers, seed)
    return plan


def _dice(name: str, seed: int) -> np.random.Generator:
    """Draws of a concept do not depend on which others are asked about."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _own_classes(one: Concept, outputs: Sequence[str]) -> str:
    codes = {FROM_SCP.get(code, code) for code in one.classes}
    return ";".join(name for name in outputs if any(same_class(name, code) for code in codes))


def _row(one: Concept, outputs: Sequence[str], counts: Sequence[int], note: str) -> dict[str, Any]:
    return {
        "concept": one.name,
        "title": one.title or one.name,
        "kind": one.kind,
        "dummy": False,
        **dict(zip(("positives", "negatives", "unknown"), counts, strict=True)),
        "own": _own_classes(one, outputs),
        "edit": edit_words(one),
        "note": note,
    }


def _add(
    plan: Plan, one: Concept, has: Array, outputs: Sequence[str], numbers: Numbers, seed: int
) -> None:
    yes, no = np.flatnonzero(has == 1), np.flatnonzero(has == 0)
    short = [
        f"{len(some)} {word}"
        for some, word in ((yes, "with it"), (no, "without it"))
        if len(some) < LEAST
    ]
    note = f"{', '.join(short)}: {LEAST} records are needed" if short else ""
    counts = len(yes), len(no), plan.own - len(yes) - len(no)
    plan.rows.append(_row(one, outputs, counts, note))
    dice = _dice(one.name, seed)
    plan.drawn.append(None if short else draws(yes, no, numbers.cavs, numbers.most, dice))


def _add_hearts(
    plan: Plan, one: Concept, outputs: Sequence[str], numbers: Numbers, seed: int
) -> None:
    """Simulated hearts with the condition, and the same without it."""
    ill = simulate(one.condition, numbers.hearts, seed + 1_000_003, severity=one.severity)
    first = len(plan.records)
    plan.records += [heart.record for heart in ill] + [heart.twin("NSR").record for heart in ill]
    n = numbers.hearts
    yes, no = first + np.arange(n), first + n + np.arange(n)
    plan.hearts[one.name] = yes.tolist(), no.tolist()
    plan.rows.append(_row(one, outputs, (n, n, 0), ""))
    dice = _dice(one.name, seed)
    plan.drawn.append(draws(yes, no, numbers.cavs, numbers.most, dice, paired=True))


def _add_dummies(plan: Plan, size: int, numbers: Numbers, seed: int) -> None:
    """Concepts that are none: records chosen by chance, against all others."""
    more = np.zeros((numbers.dummies, plan.own))
    for k in range(numbers.dummies):
        name = f"random {k + 1}"
        dice = _dice(name, seed)
        order = dice.permutation(plan.own)
        yes, no = np.sort(order[:size]), np.sort(order[size:])
        more[k, yes] = 1
        plan.drawn.append(draws(yes, no, numbers.cavs, numbers.most, dice))
        plan.rows.append(
            {
                "concept": name,
                "title": "records chosen by chance",
                "kind": "random",
                "dummy": True,
                "positives": size,
                "negatives": plan.own - size,
                "unknown": 0,
                "own": "",
                "edit": "",
                "note": "",
            }
        )
    plan.members = np.concatenate([plan.members, more])


def class_table(classes: Sequence[str], belongs: Array) -> pd.DataFrame:
    """The rows of `ConceptScores.classes`."""
    import pandas as pd

    rows = []
    for name, one in zip(classes, belongs, strict=True):
        n = int(one.sum())
        note = "" if n >= LEAST_EXAMPLES else f"{n} examples: {LEAST_EXAMPLES} are needed"
        rows.append({"class": name, "examples": n, "note": note})
    return pd.DataFrame(rows, columns=list(CLASSES))
