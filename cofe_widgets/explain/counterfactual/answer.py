"""From what a search found to the answer: its path, its outcome in words, and no range left."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...generative.inversion import SECONDS, UNTRUSTED_R
from ...generative.latent_edit import SPACES, LatentEdit, Space
from ...generative.networks import networks
from ...provenance import provenance
from ...vocabulary.measurements import MEASUREMENTS
from ..arguments import filled
from .objective import Objective
from .path import EditPath, Path, inside, path
from .request import Begun, Request
from .result import Counterfactual
from .search import Solution, solve

#: How much farther one goes where a crossing is not where it was found.
FARTHER = 1.2
#: Halvings by which the part of a way is found that leaves no range.
HALVINGS = 5
#: Places at which the crossing is looked for beyond what must be present, and between two of them.
LOOKS, NEAR = 8, 6


def within_ranges(
    begun: Begun, request: Request, solution: Solution, number: int, given: list[Tensor]
) -> Counterfactual:
    """The answer for one record; where it leaves a range, another with narrower bounds, or part of it.

    Parameters
    ----------
    number : int
        Which of several answers.
    given : list of (1, size)
        Those before it.
    """
    found = answer(begun, request, solution, number)
    constraints = request.constraints
    if not constraints.ranges:
        return found
    left = constraints.left(found.findings)
    if left:
        found = _searched_anew(_Try(begun, solution, left), request, number, given)
    told = replace(found, message=f"{found.message}; {constraints.honoured(found.findings)}")
    vars(told).update(findings=found.findings, _move=vars(found)["_move"])
    return told


class _Try(NamedTuple):
    """A move that was found, within which limits, and the ranges that it leaves."""

    begun: Begun
    solution: Solution
    left: dict[str, float]


def _searched_anew(
    first: _Try, request: Request, number: int, given: list[Tensor]
) -> Counterfactual:
    """An answer within narrower bounds, where the first left a range; else a part of one of them.

    In all spaces, then among the named numbers alone: what the styles do to a measurement is not
    known beforehand.
    """
    constraints, begun, tries = request.constraints, first.begun, [first]
    tighter = dict.fromkeys(constraints.ranges, 0.0)
    for spaces in (SPACES, SPACES[:1]):
        left = tries[-1].left
        tighter = {name: by + left.get(name, 0.0) for name, by in tighter.items()}
        begun = begun._replace(limits=constraints.limits(begun.inversion, tighter))
        edit = request.edit([begun])
        if request.method == "gradient" or not any(edit.opens(space) for space in spaces):
            break
        *_, end = solve(
            edit, request.objective, begun.start, request.method, request.direction, given, spaces
        )
        assert end.solutions is not None
        found = answer(begun, request, end.solutions[0], number)
        left = constraints.left(found.findings)
        if found.reached and not left:
            return found
        tries.append(_Try(begun, end.solutions[0], left))
    quick = replace(request, severities=2)  # the last frame is the same
    parts = [_part_within(one, quick) for one in tries]
    best = min(range(len(tries)), key=lambda k: parts[k][1])
    begun, solution, left = tries[best]
    names = ", ".join(MEASUREMENTS[name].in_sentence for name in left or first.left)
    note = f"; held back, or it would leave the range of {names}"
    return answer(begun, request, solution, number, parts[best][0], note)


def _part_within(one: _Try, request: Request) -> tuple[float, float]:
    """The part of a move that leaves no range, and how far its answer is from the level."""

    def tried(part: float) -> tuple[bool, float]:
        found = answer(one.begun, request, one.solution, 0, part)
        gap = abs(float(found.predictions[-1]) - found.level)
        return not request.constraints.left(found.findings), gap

    if not one.left:
        return 1.0, tried(1.0)[1]
    least, most, gap = 0.0, 1.0, inf
    for _ in range(HALVINGS):
        part = (least + most) / 2
        inside, at = tried(part)
        least, most, gap = (part, most, at) if inside else (least, part, gap)
    return least, gap


def answer(
    begun: Begun,
    request: Request,
    solution: Solution,
    number: int,
    part: float = 1.0,
    note: str = "",
) -> Counterfactual:
    """The path of one record, with its outcome in words.

    Parameters
    ----------
    part : float
        How much of the move is made.
    note : str
        What else there is to say of the outcome.
    """
    objective, inversion, start = request.objective, begun.inversion, float(begun.start)
    required = bool(request.constraints.require)

    def drawn(size: float) -> tuple[EditPath, Path]:
        edit, move = request.edit([begun]).within(solution.space), size * solution.move
        if required:
            edit, move = _with_required(edit, objective, begun.start, move)
        edit_path = EditPath(edit, move)
        return edit_path, path(edit_path, objective, start, request.severities, whole=required)

    edit_path, (signals, predictions, share) = drawn(part)
    if part == 1.0 and solution.reached and not objective.reached(start, predictions[-1]):
        # It was found between looks, or on a coarser way.
        edit_path, (signals, predictions, share) = drawn(FARTHER)
    edit, move = edit_path.edit, share * edit_path.move
    reached = solution.reached and objective.reached(start, predictions[-1])
    found = Counterfactual(
        original=inversion.records[0],
        signals=signals,
        predictions=predictions,
        severities=np.linspace(0, 1, request.severities),
        target=objective.target,
        level=objective.level,
        reached=reached,
        space=solution.space.name,
        method=request.method,
        moved=edit.moved(move),
        message=_message(request, begun, predictions, edit.words(move), solution.space, reached)
        + note,
        provenance=_provenance(request, edit_path, share, number),
        predictor=objective.f,
    )
    vars(found)["_move"] = edit.converted(move)
    return found


def _message(
    request: Request, begun: Begun, predictions: Any, changes: str, space: Space, reached: bool
) -> str:
    """The outcome in one sentence."""
    objective, inversion = request.objective, begun.inversion
    message = f"{objective.goes(predictions)}: {changes}"
    if not reached:
        message = f"not reached ({objective.level:g} was asked): {message}"
    elif space is SPACES[-1]:
        message += "; the model was flipped without a nameable change"
    meta = inversion.records[0].meta
    longer, begins = meta.get("first_of_s"), meta.get("start_s")
    if begins is not None:
        message += (
            f"; of the {meta['of_s']:g} s given, {SECONDS:g} from {begins:g} s were looked at"
        )
    elif longer is not None:
        message += f"; of the {longer:g} s given, the first {SECONDS:g} were looked at"
    r = float(inversion.correlation[0])
    if r < UNTRUSTED_R:
        message += f"; not to be trusted: the generator redraws this record with r = {r:.2f}"
    asked = request.constraints.words()
    return f"{message}; asked: {asked}" if asked else message


def _provenance(request: Request, edit_path: EditPath, share: float, number: int) -> dict[str, Any]:
    """Everything the answer depends on."""
    inversion, f = edit_path.edit.inversion, request.objective.f
    return provenance(
        f,
        seed=request.seed,
        keep=list(request.constraints.keep),
        residual=request.residual,
        output=f.output,
        networks_hash=networks().weight_hash,
        reconstruction_r=float(inversion.correlation[0]),
        beats_s=inside(edit_path.beats(share)),
        distance_sd=float(edit_path.edit.converted(share * edit_path.move).norm()),
        call=request.call(number),
        **filled(inversion.records[0]),
    )


@torch.no_grad()
def _with_required(
    edit: LatentEdit, objective: Objective, start: Tensor, move: Tensor
) -> tuple[LatentEdit, Tensor]:
    """An edit in which nothing must be present, and its move to as much of ``move`` as the level needs.

    What must be present is in it whole; the rest of the way ends where the level is reached.
    """
    goal = float(objective.sign(start)) * objective.target_score
    shares, least = torch.linspace(0, 1, LOOKS + 1), 0.0
    for _ in range(2):
        scores = torch.cat([objective.score(edit.signals(at * move[None])) for at in shares])
        there = float(objective.sign(start)) * scores >= goal
        at = int(there.int().argmax()) if bool(there.any()) else len(shares) - 1
        least = float(shares[max(at - 1, 0)])
        most = float(shares[at])
        shares = torch.linspace(least, most, NEAR + 1)[1:] if at else shares[:1]
    free, settled = edit.unbegun(most * move[None])
    return free, settled[0]
