"""Counterfactual ECGs: the smallest meaningful change that makes a model change its mind.

CoFE section 2.2, with what measured better: the patient's residual is kept, logits are moved and
not probabilities, the search starts in few named numbers, and the path ends at the crossing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...ecg import Record, stored_record
from ...errors import EcgError, ExplainError, WrapError
from ...generative.inversion import SECONDS, UNTRUSTED_R, Inversion, invert
from ...generative.latent_edit import NAMES, SPACES, LatentEdit
from ...generative.networks import networks
from ...models.architectures.generator import FS
from ...models.number_type import in_number_type, number_type
from ...provenance import provenance
from ...steps import Step, Work, streamed
from ...values import remakes
from ...wrapper import Predictor, known_predictor
from ...wrapper.records import listed, without_gaps
from ..arguments import check_predictor, filled
from .global_direction import global_direction
from .objective import Objective
from .path import BATCH, EditPath, path
from .result import Candidate, Counterfactual
from .search import Solution, solve

METHODS = ("refined", "direction", "gradient")
#: How much farther one goes where a crossing is not where it was found.
FARTHER = 1.2


@dataclass(frozen=True)
class _Request:
    """Everything a caller asks for, checked."""

    objective: Objective
    severities: int
    seed: int
    method: str
    residual: bool
    keep: tuple[str, ...]
    diverse: int

    def __post_init__(self) -> None:
        for name in ("severities", "seed", "diverse"):
            if isinstance(getattr(self, name), bool) or not isinstance(
                getattr(self, name), Integral
            ):
                raise ExplainError(f"{name}={getattr(self, name)!r}: expected a whole number")
        if self.severities < 2:
            raise ExplainError(f"severities={self.severities}: a path has at least two frames")
        if self.method not in METHODS:
            raise ExplainError(f"method={self.method!r}: choose one of {', '.join(METHODS)}")
        if self.diverse < 1:
            raise ExplainError(f"diverse={self.diverse}: expected how many answers to look for")
        if self.diverse > 1 and self.method != "refined":
            raise ExplainError(
                f"diverse={self.diverse} needs method='refined': {self.method!r} has one answer"
            )

    def edit(self, inversion: Inversion) -> LatentEdit:
        # The paper's way moves w alone.
        frozen = NAMES if self.method == "gradient" else ()
        keep = (*self.keep, *frozen)
        return LatentEdit(inversion, SPACES[-1], self.seed, keep, self.residual)

    def of(self, record: Record) -> _Request:
        """The same request to the model as it is asked about a record (`Predictor.of`)."""
        f = self.objective.f
        bound = f.of(record)
        if bound is f:
            return self
        return replace(
            self, objective=Objective(bound, self.objective.target, self.objective.level)
        )

    def begin(self, record: Record) -> tuple[Inversion, Tensor]:
        """A record in the latent space and its score, ``(1,)``; refused when it cannot be asked."""
        f = self.objective.f
        try:
            objective = self.of(record).objective
            if f.gaps != "refuse":
                record = without_gaps(record.completed(), f.gaps, f.name)
        except EcgError as error:
            raise ExplainError(str(error)) from error
        inversion = invert([record])
        with torch.no_grad():
            start = objective.score(inversion.signals)
        objective.sign(start)
        objective.refuse_without_gradient()
        return inversion, start

    def call(self, number: int) -> dict[str, Any]:
        """The arguments that make the answer of this number again, beside record, model and level."""
        names = ("severities", "seed", "method", "residual", "diverse")
        call = {name: getattr(self, name) for name in names}
        return {**call, "keep": list(self.keep), "answer": number}

    @cached_property
    def direction(self) -> Tensor | None:
        """The amortised direction, where the method begins with it."""
        return None if self.method == "gradient" else global_direction(self.objective)


def _result(
    inversion: Inversion, request: _Request, start: float, solution: Solution, number: int
) -> Counterfactual:
    """The path of one record, with its outcome in words."""
    objective = request.objective
    f, target = objective.f, objective.target
    edit = request.edit(inversion).within(solution.space)
    edit_path = EditPath(edit, solution.move)
    signals, predictions, share = path(edit_path, objective, start, request.severities)
    if solution.reached and not objective.reached(start, predictions[-1]):
        # It was found between looks, or on a coarser way.
        edit_path = EditPath(edit, FARTHER * solution.move)
        signals, predictions, share = path(edit_path, objective, start, request.severities)
    beats, move = edit_path.beats(share).double().numpy(), share * edit_path.move
    first, last = predictions[0], predictions[-1]
    reached = solution.reached and objective.reached(start, last)
    name, digits = (target, ".3g") if f.output == "linear" else (f"p({target})", ".2f")
    message = f"{name} goes from {first:{digits}} to {last:{digits}}: {edit.words(move)}"
    if not reached:
        message = f"not reached ({objective.level:g} was asked): {message}"
    elif solution.space is SPACES[-1]:
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
    inside = np.isfinite(beats) & (beats >= 0) & (beats < inversion.signals.shape[2] / FS)
    known = provenance(
        f,
        seed=request.seed,
        keep=list(request.keep),
        residual=request.residual,
        output=f.output,
        networks_hash=networks().weight_hash,
        reconstruction_r=r,
        beats_s=beats[inside].tolist(),
        distance_sd=float(move.norm()),
        call=request.call(number),
        **filled(inversion.records[0]),
    )
    found = Counterfactual(
        original=inversion.records[0],
        signals=signals,
        predictions=predictions,
        severities=np.linspace(0, 1, request.severities),
        target=target,
        level=objective.level,
        reached=reached,
        space=solution.space.name,
        method=request.method,
        moved=edit.moved(move),
        message=message,
        provenance=known,
        predictor=f,
    )
    vars(found)["_move"] = move
    return found


@streamed
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
        record too short or without beats, model constant, saturated or without gradient. Of a
        sequence, the message names the record, and none is explained.

    Notes
    -----
    CoFE, Jang et al. 2025, section 2.2. ``counterfactual.steps(...)`` streams the same search as a
    generator of `Step` that can be closed at any time: partial results are the candidates of the
    search (`Candidate`) and each `Counterfactual` as it is found.
    """
    check_predictor(f)
    names = (keep,) if isinstance(keep, str) else _names(keep)
    with number_type():
        objective = Objective(f, target, level)
    request = _Request(objective, severities, seed, method, residual, names, diverse)
    yield from in_number_type(_steps(request, record, start))


def _steps(request: _Request, record: Record | Sequence[Record], start: float) -> Work[Any]:
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


def _names(keep: Any) -> tuple[str, ...]:
    try:
        return tuple(keep)
    except TypeError as error:
        raise ExplainError(f"keep={keep!r}: expected a list of what must not change") from error


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


def _batch_steps(request: _Request, begun: Sequence[tuple[Inversion, Tensor]]) -> Work[Any]:
    """The answers of one batch of records, a list for each."""
    inversions, starts = zip(*begun, strict=True)
    edit, start = request.edit(Inversion.join(inversions)), torch.cat(starts)
    answer = request.objective.answer
    r = min(float(one.correlation[0]) for one in inversions)
    message = f"encoded: the generator redraws it with r = {r:.2f}"
    yield Step(0.0, message, Candidate(float(answer(start[0]))))
    found: list[list[Counterfactual]] = [[] for _ in inversions]
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
        given.append(_padded_moves(progress.solutions, edit.within(SPACES[-1]).size))
        for i, (inversion, solution) in enumerate(zip(inversions, progress.solutions, strict=True)):
            one = _result(inversion, request, float(start[i]), solution, number)
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
