"""Counterfactual ECGs: the smallest meaningful change that makes a model change its mind.

CoFE section 2.2, with what measured better: the patient's residual is kept, logits are moved and
not probabilities, the search starts in few named numbers, and the crossing is solved for exactly.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..ecg import LEADS, Record
from ..models.generator import FS
from ..wrap import Predictor, WrapError
from .inversion import ExplainError, Inversion, invert, networks
from .moves import RHYTHM_NAMES, SPACES, Moves, Space

if TYPE_CHECKING:
    import pandas as pd

SEARCH_STEPS = 60
#: Steps without a smaller change that end the search once the target is reached.
PATIENCE = 12
#: Length of a step of the search, in standard deviations of ECGs.
STEP_SD = 0.3
#: Points of the straight path at which the answer is looked up before severities are solved for.
PATH_POINTS = 33
BATCH = 8
#: Share of all work at the begin and end of the search in each space.
SHARES = ((0.02, 0.60), (0.60, 0.85))


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """How an ECG would have to change for a model to answer otherwise.

    Attributes
    ----------
    original : Record
        The record explained: 12 leads, 10 s at 250 Hz; frame 0 is exactly this.
    signals : (K, 12, T) float32
        The path, mV; the last frame is the counterfactual.
    predictions : (K,)
        The model's answer for ``target`` at every frame.
    severities : (K,)
        0 to 1, even in the model's log-odds (or value) between the original and the last frame.
    target, level
        What was asked: the output, and the answer it was to reach.
    reached : bool
        Whether the last frame reaches ``level``.
    space : str
        The smallest search space that sufficed.
    message : str
        The outcome in one sentence.
    provenance : dict
        Method, parameters, seed, model and network hashes, package version.
    """

    original: Record
    signals: NDArray[np.float32]
    predictions: NDArray[np.float64]
    severities: NDArray[np.float64]
    target: str
    level: float
    reached: bool
    space: str
    message: str
    provenance: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Counterfactual({self.message})"

    def record(self, level: float = 1.0) -> Record:
        """The ECG at a severity from 0 (the original) to 1 (the counterfactual).

        Between frames signals are interpolated.
        """
        if not 0 <= level <= 1:
            raise ExplainError(f"severity {level:g}: expected a number from 0 to 1")
        if level == 0:
            return self.original
        place = float(np.interp(level, self.severities, np.arange(len(self.severities))))
        low = min(int(place), len(self.signals) - 2)
        share = np.float32(place - low)
        signal = self.signals[low] + share * (self.signals[low + 1] - self.signals[low])
        return Record(signal, FS, LEADS, {"source": "counterfactual", "severity": level})

    @cached_property
    def measurements(self) -> pd.DataFrame:
        """Original and counterfactual in numbers: measurement, original, counterfactual, change, unit.

        NaN where a wave is absent.
        """
        import pandas as pd

        from ..signals import UNITS, measure

        before, after = measure(self.original), measure(self.record(1.0))
        rows = [
            (name, before[name], after[name], after[name] - before[name], UNITS.get(name, ""))
            for name in before
        ]
        columns = ["measurement", "original", "counterfactual", "change", "unit"]
        return pd.DataFrame(rows, columns=columns)

    def save(self, path: str | Path) -> None:
        """Write everything to one ``.npz`` file (no pickle inside)."""
        facts = {k: getattr(self, k) for k in ("target", "level", "reached", "space", "message")}
        arrays = {k: getattr(self, k) for k in ("signals", "predictions", "severities")}
        text = json.dumps({**facts, "provenance": self.provenance})
        with Path(path).open("wb") as out:
            np.savez_compressed(out, facts=text, original=self.original.signal, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> Counterfactual:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            facts = json.loads(str(stored["facts"]))
            original = Record(stored["original"], FS, LEADS)
            arrays = {k: stored[k] for k in ("signals", "predictions", "severities")}
        return cls(original=original, **arrays, **facts)


@dataclass(frozen=True)
class Step:
    """One step of a search, for those who watch.

    Attributes
    ----------
    fraction : float
        Of the work done, 0 to 1.
    message : str
        What is being done.
    prediction : float
        The model's answer for the target at the current candidate.
    signal : (12, T) float32 or None
        The current candidate, mV.
    result : Counterfactual or None
        In the last step only.
    """

    fraction: float
    message: str
    prediction: float
    signal: NDArray[np.float32] | None = None
    result: Counterfactual | None = None


class Question:
    """A model, a target and a level, asked of signals of the generator (12 leads, 250 Hz, 10 s).

    Raises
    ------
    ExplainError
        When the level cannot be an answer of the target, or the model wants more than ten seconds.
    """

    def __init__(self, f: Predictor, target: str, level: float) -> None:
        self.f, self.target, self.level = f, target, level
        try:
            f.index(target)
        except WrapError as error:
            raise ExplainError(str(error)) from error
        if f.output != "linear" and not 0 < level < 1:
            raise ExplainError(f"level {level:g}: a probability to reach lies between 0 and 1")
        if not math.isfinite(level):
            raise ExplainError(f"level {level}: expected a number")
        if f.seconds > 10.0:
            raise ExplainError(
                f"{f.name} looks at {f.seconds:g} s of ECG: counterfactuals are drawn for 10 s"
            )
        missing = [name for name in f.leads if name not in LEADS]
        if missing:
            raise ExplainError(
                f"{f.name} uses lead {', '.join(missing)}: counterfactuals have the standard twelve"
            )
        self.rows = [LEADS.index(name) for name in f.leads]
        self.goal = level if f.output == "linear" else math.log(level / (1 - level))

    def score(self, signals: Tensor) -> Tensor:
        """Log-odds (or value) of the target, ``(batch,)``; gradients pass."""
        x = signals[:, self.rows]
        if self.f.fs != FS:
            size = round(x.shape[2] * self.f.fs / FS)
            x = torch.nn.functional.interpolate(x, size=size, mode="linear", align_corners=False)
        raw = self.f.raw(x[:, :, : self.f.samples].to(self.f.device))
        score = self.f.score(raw, self.target).to(signals.device)
        if not torch.isfinite(score).all():
            raise ExplainError(f"{self.f.name} answers NaN or infinity on the way to {self.target}")
        return score

    def answer(self, score: Tensor) -> Tensor:
        """The answer people read: a probability, or the value itself."""
        return score if self.f.output == "linear" else score.sigmoid()

    def sign(self, start: Tensor) -> Tensor:
        """+1 where the score has to rise, -1 where it has to fall (values only), ``(batch,)``.

        Raises
        ------
        ExplainError
            When a record is already there.
        """
        if self.f.output == "linear":
            return torch.where(start < self.goal, 1.0, -1.0)
        there = torch.nonzero(start >= self.goal)
        if len(there):
            now = float(self.answer(start[there[0]]))
            others = ", ".join(name for name in self.f.outputs if name != self.target)
            raise ExplainError(
                f"{self.f.name} already answers {self.target} {now:.2f}, the level asked for is "
                f"{self.level:g}: choose a higher level or another target ({others})"
            )
        return torch.ones_like(start)


def _search(
    moves: Moves, question: Question, start: Tensor
) -> Iterator[tuple[int, Tensor, Tensor, Tensor, Tensor]]:
    """Gradient descent on a move; yields step, candidates, scores, the best moves so far, their gaps.

    Validity first, then the smallest change: the weight of the target adapts (a Lagrangian), it grows
    until the level is reached and shrinks while it is, so the move settles just beyond the crossing.
    Steps have a length in standard deviations, which shortens once the target was reached.
    """
    sign = question.sign(start)
    distance = (question.goal - start).abs().clamp(min=0.5)
    move = torch.zeros(len(start), moves.size, requires_grad=True)
    velocity, length = torch.zeros_like(move), torch.full_like(start, STEP_SD)
    weight = torch.full_like(start, 60.0)
    best = torch.zeros_like(move)
    best_cost, best_gap = torch.full_like(start, torch.inf), torch.full_like(start, torch.inf)
    since = torch.zeros_like(start)
    for step in range(SEARCH_STEPS):
        signals = moves.signals(move)
        score = question.score(signals)
        gap = sign * (question.goal - score)
        cost = move.square().sum(dim=1)
        loss = (weight * (gap / distance + 0.03).clamp(min=0) + cost).sum()
        (slope,) = torch.autograd.grad(loss, move)
        if step == 0 and not bool(torch.isfinite(slope).all() and (slope != 0).any()):
            raise ExplainError(
                f"{question.f.name} has no gradient with respect to the ECG: a counterfactual "
                "needs a differentiable model (is the output rounded, or detached?)"
            )
        with torch.no_grad():
            reached = gap <= 0
            done = (best_gap <= 0) & (since >= PATIENCE)
            better = torch.where(
                reached, cost < 0.98 * best_cost, best_gap.gt(0) & (gap < best_gap)
            )
            better &= ~done  # a record's answer does not depend on who shares its batch
            best[better] = move[better]
            best_cost = torch.where(better & reached, cost, best_cost)
            best_gap = torch.where(better, gap, best_gap)
            since = torch.where(better, 0.0, since + 1)
            weight = torch.where(reached, weight * 0.85, weight * 1.06).clamp(1.0, 2000.0)
        yield step, signals.detach(), score.detach(), best, best_gap
        if bool(done.all()):
            return
        with torch.no_grad():
            length = torch.where(best_gap <= 0, (0.9 * length).clamp(min=0.03), length)
            velocity = 0.6 * velocity + slope / (slope.norm(dim=1, keepdim=True) + 1e-9)
            move -= length[:, None] * 0.4 * velocity


def _path(
    moves: Moves, question: Question, move: Tensor, start: float, count: int
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Frames of one record at even steps of the score, from the record itself to the crossing.

    Severity is a target schedule: along the straight way to ``move`` the shares are looked up at
    which the score first passes each scheduled value, and the last is bisected to the crossing.
    """
    with torch.no_grad():

        def look(shares: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
            at = torch.from_numpy(shares.astype(np.float32))[:, None] * move
            signals = torch.cat([moves.signals(part) for part in at.split(BATCH)])
            return signals, question.score(signals)

        shares = np.linspace(0, 1, PATH_POINTS)
        sign = float(np.sign(question.goal - start))
        scores = sign * look(shares)[1].double().numpy()
        end = min(scores.max(), sign * question.goal)
        rising = np.maximum.accumulate(scores)
        wanted = np.linspace(sign * start, end, count)
        chosen = np.array([_first_crossing(shares, rising, value) for value in wanted])
        chosen[0] = 0.0
        if rising[-1] >= sign * question.goal:
            chosen[-1] = _bisect(look, chosen[-1], sign, question.goal)
        signals, final = look(np.maximum.accumulate(chosen))
        signals[0] = torch.from_numpy(moves.inversion.records[0].signal.copy())
        final[0] = question.score(signals[:1])[0]
        return signals.numpy(), question.answer(final).double().numpy()


def _first_crossing(
    shares: NDArray[np.float64], rising: NDArray[np.float64], value: float
) -> float:
    """Where the running maximum first reaches ``value``, linearly between looked-up points."""
    k = int(np.searchsorted(rising, value))
    if k == 0:
        return float(shares[0])
    if k == len(shares):
        return float(shares[-1])
    step = (value - rising[k - 1]) / max(rising[k] - rising[k - 1], 1e-12)
    return float(shares[k - 1] + step * (shares[k] - shares[k - 1]))


def _bisect(look: Any, guess: float, sign: float, goal: float) -> float:
    """The smallest share near ``guess`` whose score reaches the goal, to a thousandth."""
    spacing = 1 / (PATH_POINTS - 1)
    low, high = max(0.0, guess - spacing), min(1.0, guess + spacing)
    for _ in range(3):  # five points at once divide the bracket by four
        inside = np.linspace(low, high, 5)
        there = sign * (look(inside)[1].double().numpy() - goal) >= 0
        if not there.any():
            return 1.0
        first = int(np.argmax(there))
        low, high = inside[max(first - 1, 0)], inside[first]
    return float(high)


def _solve(
    inversion: Inversion, question: Question, start: Tensor, seed: int
) -> Iterator[tuple[Space, float, Tensor, Tensor, list[tuple[Space, Tensor, bool]] | None]]:
    """Search space after space until every record is there; the last item carries the answers.

    Yields the space, the share of all work done, the candidates, their scores, and None or answers.
    """
    answers: list[tuple[Space, Tensor, bool] | None] = [None] * len(start)
    rows = list(range(len(start)))
    for space, (begin, end) in zip(SPACES, SHARES, strict=True):
        moves = Moves(inversion.take(rows), space, seed)
        for looked in _search(moves, question, start[rows]):
            step, signals, score, best, gap = looked
            yield space, begin + (end - begin) * step / SEARCH_STEPS, signals, score, None
        for i, row in enumerate(rows):
            answers[row] = (space, best[i].clone(), bool(gap[i] <= 0))
        rows = [row for row in rows if not answers[row][2]]  # type: ignore[index]
        if not rows:
            break
    yield space, SHARES[-1][1], signals, score, [a for a in answers if a is not None]


def _result(
    inversion: Inversion,
    question: Question,
    start: float,
    answer: tuple[Space, Tensor, bool],
    count: int,
    seed: int,
) -> Counterfactual:
    """The path of one record, with its outcome in words."""
    space, move, reached = answer
    moves = Moves(inversion, space, seed)
    signals, predictions = _path(moves, question, move, start, count)
    f, target = question.f, question.target
    first, last = predictions[0], predictions[-1]
    name = target if f.output == "linear" else f"p({target})"
    message = f"{name} goes from {first:.2f} to {last:.2f}: {moves.words(move)}"
    if not reached:
        message = f"not reached ({question.level:g} was asked): {message}"
    elif space is SPACES[-1]:
        message += "; no change of rhythm and leading components alone was enough"
    from .. import __version__

    code = [float(v) for v in moves.rhythm(move[None])[0]]
    provenance = {
        "method": "latent search, residual kept",
        "seed": seed,
        "model": f.name,
        "model_hash": f.weight_hash,
        "networks_hash": networks().weight_hash,
        "version": __version__,
        "reconstruction_r": float(inversion.correlation[0]),
        "rhythm_code": dict(zip(RHYTHM_NAMES, code, strict=True)),
        "distance_sd": float(move.norm()),
    }
    return Counterfactual(
        original=inversion.records[0],
        signals=signals,
        predictions=predictions,
        severities=np.linspace(0, 1, count),
        target=target,
        level=question.level,
        reached=bool(
            reached
            and np.sign(question.goal - start) * (_score_of(question, last) - question.goal)
            >= -1e-6
        ),
        space=space.name,
        message=message,
        provenance=provenance,
    )


def _score_of(question: Question, answer: float) -> float:
    if question.f.output == "linear":
        return answer
    answer = min(max(answer, 1e-12), 1 - 1e-12)
    return math.log(answer / (1 - answer))


def _steps(
    record: Record,
    f: Predictor,
    target: str,
    level: float = 0.9,
    severities: int = 21,
    seed: int = 0,
) -> Iterator[Step]:
    """The search of `counterfactual`, streamed: a generator of `Step` that can be closed at any time."""
    question = Question(f, target, level)
    if severities < 2:
        raise ExplainError(f"severities={severities}: a path has at least two frames")
    inversion = invert([record])
    with torch.no_grad():
        start = question.score(torch.from_numpy(inversion.records[0].signal.copy())[None])
    question.sign(start)
    r = float(inversion.correlation[0])
    yield Step(
        0.0, f"encoded: the generator redraws it with r = {r:.2f}", float(question.answer(start))
    )
    for found in _solve(inversion, question, start, seed):
        space, done, signals, score, answers = found
        message = f"searching {space.name}"
        yield Step(done, message, float(question.answer(score)[0]), signals[0].numpy())
    assert answers is not None
    yield Step(
        SHARES[-1][1], f"solving for {severities} severities", float(question.answer(score)[0])
    )
    result = _result(inversion, question, float(start), answers[0], severities, seed)
    yield Step(1.0, result.message, float(result.predictions[-1]), result.signals[-1], result)


def counterfactual(
    record: Record | Sequence[Record],
    f: Predictor,
    target: str,
    level: float = 0.9,
    severities: int = 21,
    seed: int = 0,
) -> Any:
    """How the ECG would have to change for ``f`` to answer ``target`` with ``level``.

    Parameters
    ----------
    record : Record or sequence of Record
        Ten seconds or more, from which 12 leads can be derived.
    f : Predictor
    target : str
        Output by name.
    level : float
        Probability to reach, in (0, 1); for a model of values, the value.
    severities : int
        Frames of the path, the original included.
    seed : int
        Of the irregular rhythm and the fibrillatory waves that an edit may add.

    Returns
    -------
    Counterfactual or list of Counterfactual

    Raises
    ------
    ExplainError
        When the request has no answer: unknown target, level out of range, target already reached,
        record too short or without beats, model without gradient.

    Notes
    -----
    CoFE, Jang et al. 2025, section 2.2. `counterfactual.steps` streams the same search.
    """
    if isinstance(record, Record):
        *_, last = _steps(record, f, target, level, severities, seed)
        assert last.result is not None
        return last.result
    question, many, out = Question(f, target, level), list(record), []
    for first in range(0, len(many), BATCH):
        inversion = invert(many[first : first + BATCH])
        x = torch.from_numpy(np.stack([one.signal for one in inversion.records]))
        with torch.no_grad():
            start = question.score(x)
        *_, (_, _, _, _, answers) = _solve(inversion, question, start, seed)
        assert answers is not None
        out += [
            _result(inversion.take([i]), question, float(start[i]), answer, severities, seed)
            for i, answer in enumerate(answers)
        ]
    return out


counterfactual.steps = _steps  # type: ignore[attr-defined]
