"""The search behind a counterfactual: the smallest move that gets there, and the way to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from torch import Tensor

from .moves import RHYTHM, SPACES, Moves, Space
from .question import Question

SEARCH_STEPS = 60
#: Steps without a smaller change that end the search once the target is reached, and without coming
#: nearer before that.
PATIENCE, STUCK = 8, 14
#: Length of a step of the search, in standard deviations of ECGs.
STEP_SD = 0.3
#: Starts of a search, in standard deviations: along the joint axis of the atrial rhythm, and along
#: the amortised direction.
RHYTHM_PROBES_SD, PROBES_SD = (-1.5, 1.5), (1.0, 2.5)
#: Lengths looked at along the amortised direction, in standard deviations.
LINE_SD = (0.5, 1.0, 1.5, 2.2, 3.2, 4.5, 6.5, 9.0)
#: Points of the straight path at which the answer is looked up before severities are solved for.
PATH_POINTS = 13
#: The same where only the last severity is asked for.
FEW_POINTS = 6
BATCH = 8
#: Steps and rate of the paper's plain descent.
DESCENT_STEPS, DESCENT_RATE = 500, 0.02
#: How much more a change costs that lies along an answer already given.
DIVERSITY = 12.0

Look = Callable[[NDArray[np.float64]], tuple[Tensor, Tensor]]


class Looked(NamedTuple):
    """One look of a search, for those who watch.

    Attributes
    ----------
    space : Space
    done : float
        Share of the work done, 0 to 1.
    signal : (12, samples)
        A candidate of the first record still searched for, mV.
    score : float
        Its score.
    answers : list of Answer or None
        In the last look only, one a record.
    """

    space: Space
    done: float
    signal: Tensor
    score: float
    answers: list[Answer] | None = None


class Answer(NamedTuple):
    """The move found for one record, the space it lies in, and whether it reaches the level."""

    space: Space
    move: Tensor
    reached: bool


class _Best:
    """The best move of every record so far: first the nearest to the goal, then the smallest."""

    def __init__(self, start: Tensor, size: int, scale: Tensor) -> None:
        self.move = torch.zeros(len(start), size)
        self.cost, self.gap = torch.full_like(start, torch.inf), torch.full_like(start, torch.inf)
        self.since = torch.zeros_like(start)
        self.scale = scale

    def update(self, rows: Tensor, move: Tensor, cost: Tensor, gap: Tensor) -> None:
        reached = gap <= 0
        nearer = gap < self.gap[rows] - 0.01 * self.scale[rows]
        better = torch.where(reached, cost < 0.98 * self.cost[rows], self.gap[rows].gt(0) & nearer)
        at = rows[better]
        self.move[at] = move[better]
        self.gap[at] = gap[better]
        self.cost[at] = torch.where(reached, cost, torch.inf)[better]
        self.since[rows] = torch.where(better, 0.0, self.since[rows] + 1)

    @property
    def open(self) -> Tensor:
        """Rows for which a better move may still be found."""
        patience = torch.where(self.gap <= 0, PATIENCE, STUCK)
        return (self.since < patience).nonzero()[:, 0]


def search(
    moves: Moves, question: Question, start: Tensor, first: Tensor, given: Tensor | None = None
) -> Iterator[tuple[float, Tensor, float, _Best]]:
    """Gradient descent on a move; yields share of the steps, a candidate, its score, the best so far.

    Validity first, then the smallest change: the weight of the target adapts (a Lagrangian), it grows
    until the level is reached and shrinks while it is, so the move settles just beyond the crossing.
    Steps have a length in standard deviations, which shortens once the target was reached. Records
    that are done leave the batch, so a record's answer does not depend on its company.

    Parameters
    ----------
    first : (batch, size)
        Where to begin.
    given : (batch, answers, size), optional
        Unit vectors of answers already given, which new ones are to differ from.
    """
    sign = question.sign(start)
    distance = (question.goal - start).abs().clamp(min=0.5)
    best = _Best(start, moves.size, distance)
    move, velocity = first.clone(), torch.zeros_like(first)
    length, weight = torch.full_like(start, STEP_SD), torch.full_like(start, 60.0)
    rows, here = torch.arange(len(start)), moves
    for step in range(SEARCH_STEPS):
        now = move[rows].requires_grad_(True)
        with torch.enable_grad():
            signals = here.signals(now)
            score = question.score(signals)
            gap = sign[rows] * (question.goal - score)
            cost = now.square().sum(dim=1)
            if given is not None:
                along = (given[rows] @ now[:, :, None])[..., 0]
                cost = cost + DIVERSITY * along.square().sum(dim=1)
            urge = weight[rows] * (gap / distance[rows] + 0.03).clamp(min=0)
            slope = question.slope((urge + cost).sum(), now)
            if step == 0:
                _refuse_flat(question, gap, now, slope, signals)
        with torch.no_grad():
            best.update(rows, now, cost, gap)
            reached = gap <= 0
            weight[rows] = torch.where(reached, weight[rows] * 0.85, weight[rows] * 1.06).clamp(
                1.0, 2000.0
            )
            settled = (0.9 * length[rows]).clamp(min=0.03)
            length[rows] = torch.where(best.gap[rows] <= 0, settled, length[rows])
            velocity[rows] = 0.6 * velocity[rows] + slope / (slope.norm(dim=1, keepdim=True) + 1e-9)
            move[rows] -= length[rows, None] * 0.4 * velocity[rows]
        yield (step + 1) / SEARCH_STEPS, signals[0].detach(), float(score[0].detach()), best
        still = best.open
        if not len(still):
            return
        if len(still) < len(rows):
            rows, here = still, moves.take(still)


def _refuse_flat(
    question: Question, gap: Tensor, move: Tensor, slope: Tensor, signals: Tensor
) -> None:
    """Refuse a model that does not respond; where the start is there already no slope is needed."""
    flat = (slope - 2 * move == 0).all(dim=1) & (gap > 0)
    if not bool(torch.isfinite(slope).all()) or bool(flat.any()):
        question.refuse_flat(signals.detach())


@torch.no_grad()
def probe(
    moves: Moves,
    question: Question,
    sign: Tensor,
    direction: Tensor,
    failed: Tensor | None = None,
) -> Tensor:
    """The best of a few starts, ``(batch, size)``: none, along the rhythm, along the direction.

    At the record itself the gradient of irregularity says little (a regular rhythm can be disturbed
    both ways), and a search that first turns the wrong way stays there: where it ``failed``, with
    moves ``(batch, any size)``, the next one does not begin on the same side of the rhythm.
    """
    starts = torch.zeros(1 + len(RHYTHM_PROBES_SD) + len(PROBES_SD), len(sign), moves.size)
    for k, sd in enumerate(RHYTHM_PROBES_SD, start=1):
        starts[k, :, RHYTHM - 1] = sd  # axes come in ascending power
    for k, sd in enumerate(PROBES_SD, start=1 + len(RHYTHM_PROBES_SD)):
        starts[k] = sd * sign[:, None] * direction
    scores = torch.stack([sign * question.score(moves.signals(move)) for move in starts])
    # A farther start has to earn its distance.
    scores = scores - 0.05 * starts.square().sum(dim=2)
    if failed is not None:
        same = starts[:, :, RHYTHM - 1] * failed[:, RHYTHM - 1] > 0
        scores = torch.where(same, -torch.inf, scores)
    return starts[scores.argmax(dim=0), torch.arange(len(sign))]


@torch.no_grad()
def line(
    moves: Moves, question: Question, sign: Tensor, direction: Tensor
) -> tuple[Tensor, Tensor]:
    """First crossing along the amortised direction: moves ``(batch, size)`` and their gaps."""
    n = len(sign)
    lengths = torch.tensor(LINE_SD)
    move = torch.zeros(n, moves.size)
    gaps = torch.full((n,), torch.inf)
    for i in range(n):
        here = moves.take(torch.tensor([i]))
        along = sign[i] * lengths[:, None] * direction
        gap = sign[i] * (question.goal - question.score(here.signals(along)))
        crossed = (gap <= 0).nonzero()[:, 0]
        k = int(crossed[0]) if len(crossed) else int(gap.argmin())
        share = 1.0
        if len(crossed) and k:  # linear between the last look before the crossing and this one
            share = float(gap[k - 1] / (gap[k - 1] - gap[k]))
        low = float(lengths[k - 1]) if k else 0.0
        reach = low + share * (float(lengths[k]) - low) if len(crossed) else float(lengths[k])
        found = sign[i] * reach * direction
        final = sign[i] * (question.goal - question.score(here.signals(found[None])))[0]
        if len(crossed) and final > 0:  # the curve sags between looks: the look itself did cross
            found, final = along[k], gap[k]
        move[i], gaps[i] = found, final
    return move, gaps


def descend(
    moves: Moves, question: Question, start: Tensor
) -> Iterator[tuple[float, Tensor, float, _Best]]:
    """The paper's plain way (CoFE, section 2.2): gradient descent on w, cross-entropy to the target.

    For a value, squared error. It stops at the first step that crosses the level, and keeps it.
    """
    sign = question.sign(start)
    best = _Best(start, moves.size, torch.zeros_like(start))
    move = torch.zeros(len(start), moves.size, requires_grad=True)
    optimizer = torch.optim.Adam([move], lr=DESCENT_RATE)
    over = torch.zeros(len(start), dtype=torch.bool)
    for step in range(DESCENT_STEPS):
        with torch.enable_grad():
            signals = moves.signals(move)
            score = question.score(signals)
            gap = sign * (question.goal - score)
            if question.f.output == "linear":
                loss = (score - question.goal).square().sum()
            else:
                loss = torch.nn.functional.softplus(-sign * score).sum()
            move.grad = question.slope(loss, move)
        if step == 0:
            _refuse_flat(question, gap, torch.zeros_like(move), move.grad, signals)
        going = ~over
        best.update(
            going.nonzero()[:, 0],
            move.detach()[going],
            gap.detach()[going] * 0,
            gap.detach()[going],
        )
        over |= gap.detach() <= 0
        yield (step + 1) / DESCENT_STEPS, signals[0].detach(), float(score[0].detach()), best
        if bool(over.all()):
            return
        optimizer.step()


def solve(
    moves: Moves,
    question: Question,
    start: Tensor,
    method: str,
    direction: Tensor | None = None,
    given: list[Tensor] | None = None,
) -> Iterator[Looked]:
    """Search space after space until every record is there; the last item carries the answers.

    Parameters
    ----------
    moves : Moves
        Of the records, in any space.
    direction : (size of the second space,)
        Amortised direction of the target; not needed for ``"gradient"``.
    given : list of (batch, size)
        Answers already given, which new ones are to differ from.
    """
    answers: list[Answer | None] = [None] * len(start)
    rows, best = list(range(len(start))), _Best(start, moves.size, start)
    spaces = {"gradient": SPACES[-1:], "direction": SPACES[:2]}.get(method, SPACES)
    signal, score = moves.inversion.signals[0], float(start[0])
    best_moves, nearest = None, torch.full_like(start, torch.inf)
    for number, space in enumerate(spaces):
        here = moves.take(torch.tensor(rows)).within(space)
        before = start[rows]
        steps = _in_space(
            here, question, before, method, direction, _padded(given, rows, here.size), best_moves
        )
        for looked in steps:
            share, signal, score, best = looked
            yield Looked(space, (number + share) / len(spaces), signal, score)
        for i, row in enumerate(rows):
            if best.gap[i] < nearest[row]:
                nearest[row] = best.gap[i]
                answers[row] = Answer(space, best.move[i].clone(), bool(best.gap[i] <= 0))
        missing = best.gap > 0
        rows = [row for row, open_ in zip(rows, missing.tolist(), strict=True) if open_]
        best_moves = best.move[missing]
        if not rows:
            break
    yield Looked(space, 1.0, signal, score, [a for a in answers if a is not None])


def _in_space(
    here: Moves,
    question: Question,
    start: Tensor,
    method: str,
    direction: Tensor | None,
    given: Tensor | None,
    before: Tensor | None,
) -> Iterator[tuple[float, Tensor, float, _Best]]:
    """The steps of one method in one space."""
    if method == "gradient":
        yield from descend(here, question, start)
        return
    assert direction is not None
    sign = question.sign(start)
    along = torch.zeros(here.size)
    shared = min(here.size, len(direction))
    along[:shared] = direction[:shared]
    along = along / along.norm().clamp(min=1e-9)
    if method == "direction":
        best = _Best(start, here.size, torch.zeros_like(start))
        move, gap = line(here, question, sign, along)
        best.update(torch.arange(len(start)), move, move.square().sum(dim=1), gap)
        with torch.no_grad():
            signals = here.signals(move)
        yield 1.0, signals[0], float(question.goal - sign[0] * gap[0]), best
        return
    first = probe(here, question, sign, along, before)
    if given is not None:
        first = first - ((first[:, None] * given).sum(2, keepdim=True) * given).sum(1)
    yield from search(here, question, start, first, given)


def _padded(given: list[Tensor] | None, rows: list[int], size: int) -> Tensor | None:
    """Unit vectors of given answers in a space of ``size``, ``(rows, answers, size)``."""
    if not given:
        return None
    out = torch.zeros(len(rows), len(given), size)
    for k, one in enumerate(given):
        width = min(size, one.shape[1])
        out[:, k, :width] = one[rows, :width]
    return out / out.norm(dim=2, keepdim=True).clamp(min=1e-9)


@torch.no_grad()
def path(
    moves: Moves, question: Question, move: Tensor, start: float, count: int
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64], float]:
    """Frames of one record at even steps of the score, from the record itself to the crossing.

    Severity is a target schedule: along the straight way to ``move`` the shares are looked up at
    which the score first passes each scheduled value, and the last is bisected to the crossing.

    Returns
    -------
    signals (count, 12, samples), predictions (count,), beats of the last frame in s, its share
    """

    def look(shares: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
        at = torch.from_numpy(shares.astype(np.float32))[:, None] * move
        signals = torch.cat([moves.signals(part) for part in at.split(BATCH)])
        return signals, question.score(signals)

    shares = np.linspace(0, 1, PATH_POINTS if count > 2 else FEW_POINTS)
    sign = float(np.sign(question.goal - start))
    scores = sign * look(shares[1:])[1].double().numpy()
    scores = np.concatenate(([sign * start], scores))
    end = min(scores.max(), sign * question.goal)
    rising = np.maximum.accumulate(scores)
    wanted = np.linspace(sign * start, end, count)
    chosen = _first_crossings(shares, rising, wanted)
    chosen[0] = 0.0
    if rising[-1] >= sign * question.goal:
        chosen[-1] = _bisect(look, chosen[-1], 1 / (len(shares) - 1), sign, question.goal)
    chosen = np.maximum.accumulate(chosen)
    signals, final = look(chosen)
    signals[0] = moves.inversion.signals[0]
    final[0] = start
    beats = moves.beats(float(chosen[-1]) * move[None])[0]
    return (
        signals.numpy(),
        question.answer(final).double().numpy(),
        beats.double().numpy(),
        float(chosen[-1]),
    )


def _first_crossings(
    shares: NDArray[np.float64], rising: NDArray[np.float64], wanted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where the running maximum first reaches each value, along a monotone curve through the looks."""
    fine = np.linspace(0, 1, 40 * (len(shares) - 1) + 1)
    curve = PchipInterpolator(shares, rising)(fine)
    at = np.searchsorted(np.maximum.accumulate(curve), wanted - 1e-9)
    return fine[at.clip(max=len(fine) - 1)]


def _bisect(look: Look, guess: float, spacing: float, sign: float, goal: float) -> float:
    """The smallest share near ``guess`` whose score reaches the goal, to a fiftieth of the spacing."""
    low, high = max(0.0, guess - spacing / 2), min(1.0, guess + spacing / 2)
    for _ in range(2):  # six points at once divide the bracket by six
        inside = np.linspace(low, high, 7)[1:]
        there = sign * (look(inside)[1].double().numpy() - goal) >= 0
        if not there.any():
            return 1.0
        first = int(np.argmax(there))
        low, high = (inside[first - 1] if first else low), inside[first]
    return float(high)
