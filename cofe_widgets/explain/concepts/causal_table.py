"""TCAV scores beside what named edits of the same examples do to the answer, and whether they agree in sign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .assembly import Fits
from .causal import edit_words, interval, moves, twins, verdict
from .concept import Concept
from .membership import Failed
from .plan import Plan
from .result import ConceptScores

if TYPE_CHECKING:
    from ...wrapper import Predictor

Array = NDArray[np.float64]


def causal_table(
    value: ConceptScores,
    plan: Plan,
    models: Sequence[Predictor],
    count: int,
    seed: int,
    fits: Fits,
) -> Iterator[tuple[float, str]]:
    """Move examples of every class along every concept that has an edit, beside its TCAV score.

    Parameters
    ----------
    value : ConceptScores
        Without the table.
    plan : Plan
    models : sequence of Predictor
    count : int
        Examples of each class at most.
    seed : int
    fits : Fits
        Takes the rows, and what could not be moved.

    Yields
    ------
    share, what is being done
    """
    outputs = list(models[0].outputs)
    chosen, examples = _chosen(fits, count, seed)
    movable = [k for k, one in enumerate(plan.concepts) if one.edits and not one.condition]
    changes = np.full((len(plan.concepts), len(outputs), plan.own), np.nan)
    met = np.zeros((len(plan.concepts), plan.own), bool)
    if movable:
        some = [plan.concepts[k] for k in movable]
        local: Failed = []
        work = moves(plan.records, chosen, some, plan.members[movable], models, seed, local)
        for step, (place, found) in enumerate(work):
            for k, its in zip(movable, found or [], strict=False):
                changes[k, :, place], met[k, place] = its.change, its.met
            yield (step + 1) / len(chosen), "examples are moved along concepts"
        fits.failed += [(int(fits.kept[place]), *rest) for place, *rest in local]  # type: ignore[misc]
    for k, one in enumerate(plan.concepts):
        by_twins = None
        if one.name in plan.hearts:
            ill, well = ([plan.records[i] for i in rows] for rows in plan.hearts[one.name])
            by_twins = twins(ill, well, models)
            yield 1.0, f"hearts with {one.name} and without"
        for j, name in enumerate(fits.classes):
            at = outputs.index(name)
            each = changes[k, at, examples[j]] if by_twins is None else by_twins[:, at]
            reached = int(met[k, examples[j]].sum()) if by_twins is None else len(each)
            fits.causal.append(_causal_row(value, k, j, one, each, reached, seed))


def _chosen(fits: Fits, count: int, seed: int) -> tuple[list[int], list[NDArray[np.int64]]]:
    """Examples of every class that are moved, ``count`` of each at most, and all of them together."""
    dice = np.random.default_rng(seed)
    examples = []
    for row in fits.in_class:
        some = np.flatnonzero(row == 1)
        examples.append(np.sort(dice.permutation(some)[:count]))
    return sorted({int(one) for some in examples for one in some}), examples


def _causal_row(
    value: ConceptScores, k: int, j: int, one: Concept, each: Array, met: int, seed: int
) -> dict[str, Any]:
    """A concept and class: TCAV in the starred layers beside what the edit does."""
    stars = value.stars[k, :, j]
    middle = value.quartiles[1, k, :, j]
    starred = middle[stars]
    up, down = int((starred > 0.5).sum()), int((starred < 0.5).sum())
    # As most of the layers with a star say; of as many for and against nobody knows.
    tcav = float(np.median(starred)) if up != down else np.nan
    mean, low, high = interval(each, seed)
    known = int(np.isfinite(each).sum())
    note = one.note
    if up and down:
        note = "; ".join(
            filter(None, (note, f"layers with a star disagree: {up} for, {down} against"))
        )
    can = bool(one.edits or one.condition)
    return {
        "concept": one.name,
        "class": value.outputs[j],
        "tcav": tcav,
        "stars": int(stars.sum()),
        "layers": len(value.layers),
        "edit": edit_words(one),
        "records": known,
        "met": met,
        "change": mean,
        "low": low,
        "high": high,
        "agree": verdict(tcav, int(stars.sum()), low, high) if can else "not asked",
        "note": note,
    }
