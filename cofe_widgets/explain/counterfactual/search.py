"""The search behind a counterfactual: the smallest move that reaches the target, space after space."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ...generative.latent_edit import NAMES, RHYTHM, SPACES, LatentEdit, Space
from .objective import Objective
from .path import CLEAR, crossing, line
from .penalties import distance, likeness, shortfall

SEARCH_STEPS = 60
#: Steps without a smaller change that end the search once the target is reached, and without coming
#: nearer before that.
PATIENCE, STUCK = 3, 14
#: Length of a step of the search, in standard deviations of ECGs: from afar, and from a crossing.
STEP_SD, NEAR_STEP_SD = 0.3, 0.2
#: Where a search looks before it begins, in standard deviations along the joint axis of the atrial
#: rhythm, both ways, and along the amortised direction.
PROBES_SD = (0.9, 1.8, 3.0)
#: And farther out, where none of those crosses the target; then each named number is tried alone as far.
FAR_SD, ALONE_SD = (4.5, 6.5), 3.0
#: Steps and rate of the paper's plain descent.
DESCENT_STEPS, DESCENT_RATE = 500, 0.02


class SearchProgress(NamedTuple):
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
    answers : list of Solution or None
        In the last look only, one a record.
    """

    space: Space
    done: float
    signal: Tensor
    score: float
    solutions: list[Solution] | None = None


class Solution(NamedTuple):
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
    edit: LatentEdit,
    objective: Objective,
    start: Tensor,
    first: Tensor,
    near: Tensor,
    given: Tensor | None = None,
) -> Iterator[tuple[float, Tensor, float, _Best]]:
    """Gradient descent on a move; yields share of the steps, a candidate, its score, the best so far.

    Validity first, then the smallest change: the weight of the target adapts (a Lagrangian), it grows
    until the level is reached and shrinks while it is, so the move settles just beyond the crossing.
    Steps have a length in standard deviations, which shortens once the target was reached. Records
    that are done leave the batch. A record's company changes its answer no more than another machine
    would: the search magnifies rounding, to another of several moves of about the same length.

    Parameters
    ----------
    first : (batch, size)
        Where to begin.
    near : (batch,) bool
        Whether that is a crossing already.
    given : (batch, answers, size), optional
        Orthogonal unit vectors that span answers already given, which new ones are to differ from.
    """
    sign = objective.sign(start)
    way = (objective.target_score - start).abs().clamp(min=0.5)
    best = _Best(start, edit.size, way)
    move, velocity = first.clone(), torch.zeros_like(first)
    length, weight = torch.where(near, NEAR_STEP_SD, STEP_SD), torch.full_like(start, 60.0)
    rows, here = torch.arange(len(start)), edit
    for step in range(SEARCH_STEPS):
        now = move[rows].requires_grad_(True)
        with torch.enable_grad():
            signals = here.signals(now)
            score = objective.score(signals)
            gap = sign[rows] * (objective.target_score - score)
            cost = distance(now)
            if given is not None:
                cost = cost + likeness(now, given[rows])
            urge = shortfall(gap, way[rows], weight[rows])
            slope = objective.slope((urge + cost).sum(), now)
            if step == 0:
                _refuse_flat(objective, gap, now, slope, signals)
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
            rows, here = still, edit.take(still)


def _refuse_flat(
    objective: Objective, gap: Tensor, move: Tensor, slope: Tensor, signals: Tensor
) -> None:
    """Refuse a model that does not respond; where the start is there already no slope is needed."""
    flat = (slope - 2 * move == 0).all(dim=1) & (gap > 0)
    if not bool(torch.isfinite(slope).all()) or bool(flat.any()):
        objective.refuse_flat(signals.detach())


@torch.no_grad()
def probe(
    edit: LatentEdit,
    objective: Objective,
    start: Tensor,
    direction: Tensor,
    failed: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Where a search begins, ``(batch, size)``, and whether the goal is crossed there, ``(batch,)``.

    Along the rhythm both ways and along the direction: the nearest crossing, else the best place.
    Where none of them crosses soon, also along the one number that alone changes the score most: a
    threshold has no slope from afar (PR of 150 ms says nothing of first-degree block, of 230 ms all).
    At the record itself the gradient of irregularity says little (a regular rhythm can be disturbed
    both ways), and a search that first turns the wrong way stays there: where it ``failed``, with
    moves ``(batch, any size)``, the next one does not begin on the same side of the rhythm.
    """
    sign = objective.sign(start)
    rays = torch.zeros(4, len(start), edit.size)
    rays[0] = edit.permitted(edit.rhythm)
    rays[1], rays[2] = -rays[0], sign[:, None] * direction
    lengths, score = torch.tensor(PROBES_SD), _looks(edit, objective, sign, PROBES_SD, rays[:3])
    score = torch.cat((score, torch.full_like(score[:, :1], -torch.inf)), dim=1)
    far = (score.amax(dim=(0, 1)) < sign * objective.target_score).nonzero()[:, 0]
    if len(far):
        lengths = torch.tensor(PROBES_SD + FAR_SD)
        more = torch.full((len(lengths), 4, len(start)), -torch.inf)
        more[: len(score)], here = score, edit.take(far)
        rays[3, far] = _alone(here, objective, sign[far])
        more[len(score) :, :3, far] = _looks(here, objective, sign[far], FAR_SD, rays[:3, far])
        more[:, 3:, far] = _looks(here, objective, sign[far], PROBES_SD + FAR_SD, rays[3:, far])
        score = more
    if failed is not None:
        same = rays[:, :, RHYTHM - 1] * failed[:, RHYTHM - 1] > 0
        score = torch.where(same, -torch.inf, score)
    length = crossing(lengths, sign * start, score, sign * objective.target_score)
    nearest, batch = length.argmin(dim=0), torch.arange(len(start))
    shortest = length[nearest, batch]
    near = shortest.isfinite()
    # A start farther away must score better by more.
    worth = score - 0.05 * (lengths[:, None, None, None] * rays).square().sum(dim=3)
    best = worth.flatten(0, 1).argmax(dim=0)
    there = lengths[best // len(rays), None] * rays[best % len(rays), batch]
    first = CLEAR * shortest.nan_to_num(posinf=0.0)[:, None] * rays[nearest, batch]
    return torch.where(near[:, None], first, there), near & (shortest <= PROBES_SD[-1])


def _alone(edit: LatentEdit, objective: Objective, sign: Tensor) -> Tensor:
    """For each record the named number that alone changes its score most, as unit moves ``(batch, size)``.

    Not the atrial numbers, which move together: they have rays of their own.
    """
    axes = torch.eye(edit.size)[RHYTHM : len(NAMES)]
    axes = axes[edit.free[RHYTHM:] > 0]
    if not len(axes):
        return torch.zeros(len(sign), edit.size)
    both = torch.cat((axes, -axes))
    rays = both[:, None].expand(-1, len(sign), -1)
    return both[_looks(edit, objective, sign, (ALONE_SD,), rays)[0].argmax(dim=0)]


def _looks(
    edit: LatentEdit, objective: Objective, sign: Tensor, sd: tuple[float, ...], rays: Tensor
) -> Tensor:
    """Scores at so many SD along each ray ``(rays, batch, size)``: ``(lengths, rays, batch)``."""
    places = (torch.tensor(sd)[:, None, None, None] * rays).flatten(0, 1)
    looks = [places[:, 0]] if len(sign) == 1 else places  # the places of one record are a batch
    score = torch.cat([objective.score(edit.signals(at)) for at in looks])
    return sign * score.view(len(sd), len(rays), len(sign))


def descend(
    edit: LatentEdit, objective: Objective, start: Tensor
) -> Iterator[tuple[float, Tensor, float, _Best]]:
    """The paper's plain way (CoFE, section 2.2): gradient descent on w, cross-entropy to the target.

    For a value, squared error. It stops at the first step that crosses the level, and keeps it.
    """
    sign = objective.sign(start)
    best = _Best(start, edit.size, torch.zeros_like(start))
    move = torch.zeros(len(start), edit.size, requires_grad=True)
    optimizer = torch.optim.Adam([move], lr=DESCENT_RATE)
    over = torch.zeros(len(start), dtype=torch.bool)
    for step in range(DESCENT_STEPS):
        with torch.enable_grad():
            signals = edit.signals(move)
            score = objective.score(signals)
            gap = sign * (objective.target_score - score)
            if objective.f.output == "linear":
                loss = (score - objective.target_score).square().sum()
            else:
                loss = torch.nn.functional.softplus(-sign * score).sum()
            move.grad = objective.slope(loss, move)
        if step == 0:
            _refuse_flat(objective, gap, torch.zeros_like(move), move.grad, signals)
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
    edit: LatentEdit,
    objective: Objective,
    start: Tensor,
    method: str,
    direction: Tensor | None = None,
    given: list[Tensor] | None = None,
    among: Sequence[Space] = SPACES,
) -> Iterator[SearchProgress]:
    """Search space after space until every record is there; the last item carries the answers.

    Parameters
    ----------
    edit : LatentEdit
        Of the records, in any space.
    direction : (size of the second space,)
        Amortised direction of the target; not needed for ``"gradient"``.
    given : list of (batch, size)
        Answers already given, which new ones are to differ from.
    among : sequence of Space
        Those to be searched at most.
    """
    solutions: list[Solution | None] = [None] * len(start)
    rows, best = list(range(len(start))), _Best(start, edit.size, start)
    spaces = {"gradient": SPACES[-1:], "direction": SPACES[:2]}.get(method, SPACES)
    spaces = tuple(space for space in spaces if space in among and edit.opens(space))
    signal, score = edit.inversion.signals[0], float(start[0])
    best_moves, nearest = None, torch.full_like(start, torch.inf)
    for number, space in enumerate(spaces):
        here = edit.take(torch.tensor(rows)).within(space)
        before = start[rows]
        steps = _in_space(
            here, objective, before, method, direction, _padded(given, rows, here.size), best_moves
        )
        for progress in steps:
            share, signal, score, best = progress
            yield SearchProgress(space, (number + share) / len(spaces), signal, score)
        for i, row in enumerate(rows):
            if best.gap[i] < nearest[row]:
                nearest[row] = best.gap[i]
                solutions[row] = Solution(space, best.move[i].clone(), bool(best.gap[i] <= 0))
        missing = best.gap > 0
        rows = [row for row, open_ in zip(rows, missing.tolist(), strict=True) if open_]
        best_moves = best.move[missing]
        if not rows:
            break
    yield SearchProgress(space, 1.0, signal, score, [a for a in solutions if a is not None])


def _in_space(
    here: LatentEdit,
    objective: Objective,
    start: Tensor,
    method: str,
    direction: Tensor | None,
    given: Tensor | None,
    before: Tensor | None,
) -> Iterator[tuple[float, Tensor, float, _Best]]:
    """The steps of one method in one space."""
    if method == "gradient":
        yield from descend(here, objective, start)
        return
    assert direction is not None
    sign = objective.sign(start)
    along = torch.zeros(here.size)
    shared = min(here.size, len(direction))
    along[:shared] = direction[:shared]
    along = here.permitted(here.converted(along))
    if method == "direction":
        best = _Best(start, here.size, torch.zeros_like(start))
        move, gap = line(here, objective, start, along)
        best.update(torch.arange(len(start)), move, move.square().sum(dim=1), gap)
        with torch.no_grad():
            signals = here.signals(move)
        yield 1.0, signals[0], float(objective.target_score - sign[0] * gap[0]), best
        return
    first, near = probe(here, objective, start, along, before)
    if given is not None:
        first = first - ((first[:, None] * given).sum(2, keepdim=True) * given).sum(1)
        near = torch.zeros_like(near)
    yield from search(here, objective, start, first, near, given)


def _padded(given: list[Tensor] | None, rows: list[int], size: int) -> Tensor | None:
    """Orthogonal unit vectors that span given answers, ``(rows, answers, size)``."""
    if not given:
        return None
    out = torch.zeros(len(rows), len(given), size)
    for k, one in enumerate(given):
        width = min(size, one.shape[1])
        out[:, k, :width] = one[rows, :width]
    return torch.linalg.qr(out.transpose(1, 2))[0].transpose(1, 2)
