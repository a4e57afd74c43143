"""Counterfactual ECGs: the smallest meaningful change that makes a model change its mind.

CoFE section 2.2, with what measured better: the patient's residual is kept, logits are moved and
not probabilities, the search starts in few named numbers, and the path ends at the crossing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ...ecg import Record, stored_record
from ...errors import EcgError, ExplainError, WrapError
from ...generative.inversion import SECONDS
from ...models.number_type import computing, in_number_type
from ...steps import Step, Work
from ...values import remakes
from ...wrapper import Predictor, known_predictor
from ...wrapper.records import listed
from ..arguments import check_predictor
from .answer import within_ranges
from .constraints import Constraints, Range
from .objective import Objective
from .path import BATCH
from .request import Begun, Request
from .result import Candidate, Counterfactual
from .search import Solution, solve
from .typed import explains


@explains
def counterfactual(
    record: Record | Sequence[Record],
    f: Predictor,
    target: str,
    level: float = 0.9,
    severities: int = 21,
    seed: int = 0,
    *,
    method: str = "refined",
    residual: bool = True,
    keep: Sequence[str] = (),
    vary: Sequence[str] = (),
    ranges: Mapping[str, Range] | None = None,
    require: Mapping[str, float] | None = None,
    closeness: float = 0.0,
    diverse: int = 1,
    start: float = 0.0,
) -> Work[Any]:
    """How the ECG would have to change for ``f`` to answer ``target`` with ``level``.

    Parameters
    ----------
    record : Record or sequence of Record
        Ten seconds or more, of which ten from ``start`` are explained, and from which 12 leads can
        be derived.
    f : Predictor
    target : str
        Output by name.
    level : float
        Probability to reach, in (0, 1): towards it from below, or away, down to it, from above. For
        a model of values, the value.
    severities : int
        Frames of the path, the original included.
    seed : int
        Of the irregular rhythm and the fibrillatory waves that an edit may add.
    method : {"refined", "direction", "gradient"}
        A search for the smallest change, from named numbers to the whole latent space; the model's
        amortised direction alone, at once; or the paper's gradient descent on w.
    residual : bool
        Whether what the generator does not draw of the patient is kept (then no edit gives back the
        record itself), or the generator's drawing alone is shown.
    keep : sequence of str
        What must not change: ``"rhythm"``, ``"intervals"``, ``"morphology"``, a group of layers
        (``"coarse"`` draws T and ST, ``"middle"`` and ``"fine"`` the QRS) or an edit
        parameter (`vocabulary.edits`).
    vary : sequence of str
        What alone may change, by the same names; empty for everything that is not kept.
    ranges : dict, optional
        Measurements that may not leave a range, ``{"pr_ms": (120, 200), "heart_rate_bpm": (None,
        100)}``: those that `directions` can turn. The answer is measured; one that left a range by
        more than the measurement's own error is searched for anew, or held back, and says so.
    require : dict, optional
        Changes that must be present, as `Counterfactual.moved` tells them: ``{"heart_rate": 1.2}`` is
        a rate of 1.2 times or more.
    closeness : float
        From 0, plausible: changes that come together in nature cost less together; to 1, close: each
        change is paid for alone, so fewer come along.
    diverse : int
        How many different answers to look for.
    start : float
        Where the ten seconds begin, s from the start of each record.

    Returns
    -------
    Counterfactual, or a list of them
        A list for a sequence of records; with ``diverse`` above 1, a list of answers a record.

    Raises
    ------
    ExplainError
        When the request has no answer: unknown target, level out of range, target already reached,
        record too short or without beats, model constant, saturated or without gradient, constraints
        that contradict each other, a range that excludes the original, a model that sees nothing of
        what may change. Of a sequence, the message names the record, and none is explained.

    Notes
    -----
    CoFE, Jang et al. 2025, section 2.2. ``counterfactual.steps(...)`` streams the same search as a
    generator of `Step` that can be closed at any time: partial results are the candidates of the
    search (`Candidate`) and each `Counterfactual` as it is found.
    """
    check_predictor(f)
    constraints = Constraints(keep, vary, ranges or {}, require or {}, closeness)
    with computing():
        objective = Objective(f, target, level)
    request = Request(objective, severities, seed, method, residual, diverse, constraints)
    yield from in_number_type(_steps(request, record, start))


def _steps(request: Request, record: Record | Sequence[Record], start: float) -> Work[Any]:
    """The answers of one record or several, in batches."""
    diverse = request.diverse
    many, begun = [_from(one, start) for one in _listed(record)], []
    for i, one in enumerate(many):  # all are looked at before work begins on any
        try:
            begun.append(request.begin(one))
        except (ExplainError, WrapError) as error:
            where = "" if isinstance(record, Record) else f"record {i} of {len(many)}: "
            raise type(error)(f"{where}{error}") from error
    out: list[list[Counterfactual]] = []
    # Side inputs are of a record: each is searched alone.
    most = 1 if request.objective.f.side.names else BATCH
    for first in range(0, len(many), most):
        part = begun[first : first + most]
        share = len(part) / len(many)
        for step in _batch_steps(request.of(many[first]), part):
            done = first / len(many) + share * step.fraction
            if step.result is None:
                yield Step(done, step.message, step.partial)
            else:
                out += step.result
    found: Any = out if diverse > 1 else [answers[0] for answers in out]
    message = out[-1][-1].message if out else "no record was given"
    yield Step(1.0, message, None, found[0] if isinstance(record, Record) else found)


def _listed(given: Any) -> list[Record]:
    """The records that were given.

    Raises
    ------
    ExplainError
        When something else was.
    """
    try:
        many = listed(given)
    except EcgError as error:
        raise ExplainError(str(error)) from error
    for place, one in enumerate(many):
        if not isinstance(one, Record):
            raise ExplainError(
                f"record {place} of {len(many)} is a {type(one).__name__}: expected a Record (cw.read)"
            )
    return many


def _from(record: Record, start: float) -> Record:
    """The ten seconds of a record that begin there; of none but the first ``meta`` says so.

    Raises
    ------
    ExplainError
        When the record ends before they do.
    """
    if not start:
        return record
    last = record.duration_s - SECONDS
    if not 0 <= start <= last:
        raise ExplainError(
            f"start={start:g}: ten seconds of a record of {record.duration_s:g} s begin from 0 to "
            f"{max(last, 0):g} s"
        )
    part = record.crop(start, start + SECONDS)
    if part.mask.all():
        raise ExplainError(
            f"start={start:g}: no lead has any samples in the ten seconds from there"
        )
    meta = {**part.meta, "start_s": float(start), "of_s": record.duration_s}
    return stored_record(part.signal, part.fs, part.leads, meta)


def _batch_steps(request: Request, begun: Sequence[Begun]) -> Work[Any]:
    """The answers of one batch of records, a list for each."""
    edit, start = request.edit(begun), torch.cat([one.start for one in begun])
    answer = request.objective.answer
    r = min(float(one.inversion.correlation[0]) for one in begun)
    message = f"encoded: the generator redraws it with r = {r:.2f}"
    yield Step(0.0, message, Candidate(float(answer(start[0]))))
    found: list[list[Counterfactual]] = [[] for _ in begun]
    given: list[Tensor] = []
    for number in range(request.diverse):
        which = f"answer {number + 1} of {request.diverse}: " if request.diverse > 1 else ""

        def done(share: float, number: int = number) -> float:
            return (number + share) / request.diverse

        for progress in solve(
            edit, request.objective, start, request.method, request.direction, given
        ):
            now = float(answer(torch.tensor(progress.score)))
            message = f"{which}searching {progress.space.name}"
            candidate = Candidate(now, progress.signal.numpy())
            yield Step(done(0.02 + 0.83 * progress.done), message, candidate)
        assert progress.solutions is not None
        yield Step(
            done(0.86), f"{which}solving for {request.severities} severities", Candidate(now)
        )
        before = list(given)
        given.append(_padded_moves(progress.solutions, edit.size))
        for i, (mine, solution) in enumerate(zip(begun, progress.solutions, strict=True)):
            one = within_ranges(mine, request, solution, number, [moves[[i]] for moves in before])
            found[i].append(one)
            yield Step(done(0.86 + 0.14 * (i + 1) / len(begun)), one.message, one)
    yield Step(1.0, "done", None, found)


def _padded_moves(solutions: Sequence[Solution], size: int) -> Tensor:
    """The moves of solutions in the largest space, ``(batch, size)``."""
    return torch.stack(
        [torch.nn.functional.pad(one.move, (0, size - len(one.move))) for one in solutions]
    )


@remakes(Counterfactual)
def _again(value: Counterfactual, f: Predictor | None = None, **changes: Any) -> Any:
    """The call that made it, on the record it holds; of several answers, the one that it is.

    The record is explained alone. Where it was one of many, the search may end elsewhere by as much as
    on another machine (`search`).
    """
    asked = {"target": value.target, "level": value.level, **value.call, **changes}
    which = asked.pop("answer", 0)
    model = known_predictor(value.provenance, f or value.predictor)
    again = counterfactual(value.original, model, **asked)
    one = again[which] if isinstance(again, list) else again
    return one.needed if value.is_needed else one
