"""The search behind a counterfactual: what is asked, the smallest move that gets there, the way to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..ecg import LEADS
from ..models.filters import Resample
from ..models.generator import FS, SAMPLES
from ..wrap import Predictor, WrapError
from .inversion import ExplainError, Inversion
from .moves import RHYTHM, SPACES, Moves, Space

SEARCH_STEPS = 60
#: Steps without a smaller change that end the search once the target is reached.
PATIENCE = 12
#: Length of a step of the search, in standard deviations of ECGs.
STEP_SD = 0.3
#: Starts of a search along the joint axis of the rhythm code, in standard deviations.
PROBES_SD = (0.0, -1.0, 1.0, -2.0, 2.0)
#: Points of the straight path at which the answer is looked up before severities are solved for.
PATH_POINTS = 17
BATCH = 8
#: Share of all work at the begin and end of the search in each space.
SHARES = ((0.02, 0.60), (0.60, 0.85))

Look = Callable[[NDArray[np.float64]], tuple[Tensor, Tensor]]


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
        self.resample = Resample(FS, f.fs, SAMPLES) if f.fs != FS else nn.Identity()
        self.goal = level if f.output == "linear" else math.log(level / (1 - level))

    def score(self, signals: Tensor) -> Tensor:
        """Log-odds (or value) of the target, ``(batch,)``; gradients pass."""
        x = self.resample(signals[:, self.rows])
        raw = self.f.raw(x[:, :, : self.f.samples].to(self.f.device))
        score = self.f.score(raw, self.target).to(signals.device)
        if not torch.isfinite(score).all():
            raise ExplainError(f"{self.f.name} answers NaN or infinity on the way to {self.target}")
        return score

    def answer(self, score: Tensor) -> Tensor:
        """The answer people read: a probability, or the value itself."""
        return score if self.f.output == "linear" else score.sigmoid()

    def reached(self, start: float, answer: float) -> bool:
        """Whether an answer lies at the level or beyond it, seen from where the score started."""
        return bool((answer - self.level) * np.sign(self.goal - start) >= -1e-6)

    def sign(self, start: Tensor) -> Tensor:
        """+1 where the score has to rise, -1 where it has to fall, ``(batch,)``.

        Values may be asked to do either; a probability is asked to fall by a level below one half.

        Raises
        ------
        ExplainError
            When a record is already there.
        """
        if self.f.output != "linear" and self.level >= 0.5 and bool((start >= self.goal).any()):
            now = float(self.answer(start[start >= self.goal][0]))
            others = ", ".join(name for name in self.f.outputs if name != self.target)
            raise ExplainError(
                f"{self.f.name} already answers {self.target} {now:.2f}, the level asked for is "
                f"{self.level:g}: choose a higher level, one below 0.5 to make it fall"
                + (f", or another target ({others})" if others else "")
            )
        return torch.where(start < self.goal, 1.0, -1.0)


def search(
    moves: Moves, question: Question, start: Tensor
) -> Iterator[tuple[int, Tensor, Tensor, Tensor, Tensor]]:
    """Gradient descent on a move; yields step, candidates, scores, the best moves so far, their gaps.

    Validity first, then the smallest change: the weight of the target adapts (a Lagrangian), it grows
    until the level is reached and shrinks while it is, so the move settles just beyond the crossing.
    Steps have a length in standard deviations, which shortens once the target was reached.
    """
    sign = question.sign(start)
    distance = (question.goal - start).abs().clamp(min=0.5)
    move = _probe(moves, question, sign).requires_grad_(True)
    velocity, length = torch.zeros_like(move), torch.full_like(start, STEP_SD)
    weight = torch.full_like(start, 60.0)
    best = torch.zeros_like(move)
    best_cost, best_gap = torch.full_like(start, torch.inf), torch.full_like(start, torch.inf)
    since = torch.zeros_like(start)
    for step in range(SEARCH_STEPS):
        with torch.enable_grad():
            signals = moves.signals(move)
            score = question.score(signals)
            gap = sign * (question.goal - score)
            cost = move.square().sum(dim=1)
            loss = (weight * (gap / distance + 0.03).clamp(min=0) + cost).sum()
            slope = _gradient(loss, move, question)
        gap, cost = gap.detach(), cost.detach()
        if step == 0 and not bool(torch.isfinite(slope).all() and (slope != 0).any()):
            raise _no_gradient(question)
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


def _probe(moves: Moves, question: Question, sign: Tensor) -> Tensor:
    """The best of a few starts along the axis on which the parts of an atrial rhythm go together.

    At the record itself the gradient of irregularity says little (a regular rhythm can be disturbed
    both ways), and a search that first turns the wrong way stays there.
    """
    n = len(sign)
    starts = torch.zeros(len(PROBES_SD), n, moves.size)
    starts[:, :, RHYTHM - 1] = torch.tensor(PROBES_SD)[:, None]  # axes come in ascending power
    with torch.no_grad():
        scores = torch.stack([sign * question.score(moves.signals(move)) for move in starts])
    return starts[scores.argmax(dim=0), torch.arange(n)]


def _gradient(loss: Tensor, move: Tensor, question: Question) -> Tensor:
    try:
        return torch.autograd.grad(loss, move)[0]
    except RuntimeError as error:
        raise _no_gradient(question) from error


def _no_gradient(question: Question) -> ExplainError:
    return ExplainError(
        f"{question.f.name} has no gradient with respect to the ECG: a counterfactual needs a "
        "differentiable model (is the output rounded, or detached?)"
    )


def path(
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


def _bisect(look: Look, guess: float, sign: float, goal: float) -> float:
    """The smallest share near ``guess`` whose score reaches the goal, to 1/512."""
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


def solve(
    inversion: Inversion, question: Question, start: Tensor, seed: int
) -> Iterator[tuple[Space, float, Tensor, Tensor, list[tuple[Space, Tensor, bool]] | None]]:
    """Search space after space until every record is there; the last item carries the answers.

    Yields the space, the share of all work done, the candidates, their scores, and None or answers.
    """
    answers: list[tuple[Space, Tensor, bool] | None] = [None] * len(start)
    rows = list(range(len(start)))
    for space, (begin, end) in zip(SPACES, SHARES, strict=True):
        moves = Moves(inversion.take(rows), space, seed)
        for looked in search(moves, question, start[rows]):
            step, signals, score, best, gap = looked
            yield space, begin + (end - begin) * step / SEARCH_STEPS, signals, score, None
        for i, row in enumerate(rows):
            answers[row] = (space, best[i].clone(), bool(gap[i] <= 0))
        rows = [row for row in rows if not answers[row][2]]  # type: ignore[index]
        if not rows:
            break
    yield space, SHARES[-1][1], signals, score, [a for a in answers if a is not None]
