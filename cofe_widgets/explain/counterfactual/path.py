"""The straight way from a record to a move: drawn at a few places, and in between them by carrying.

Looking at many places of one way asks the generator for much the same again and again. What it draws
on the record's own beats changes smoothly along the way, so it is drawn at a few nodes and taken
linearly between them; where the beats go is computed for every place exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from torch import Tensor

from ...generative.atrial_edit import outside_qrs
from ...generative.inversion import joined
from ...generative.latent_edit import EditRequest, LatentEdit
from ...generative.networks import networks
from ...generative.time_warp import carry
from ...models.architectures.generator import FS, SAMPLES
from .objective import Objective

#: Drawings between the record and the end of the way, the end included.
NODES = 3
#: Lengths looked at along the amortised direction, in standard deviations.
LINE_SD = (0.7, 1.4, 2.2, 3.2, 4.5, 7.0)
#: Factors on the length at which a crossing is expected, so that it is surely passed: where a search
#: begins, and where a straight way ends (the path then takes the part of it that it needs).
CLEAR, AMPLE = 1.03, 1.12
#: Places of a way at which the answer is looked up before severities are solved for, and of how many of
#: them one where only the last severity is asked for.
PLACES, STRIDE = 25, 6
#: Places at which a crossing between two looks is narrowed down.
NEAR = 6
BATCH = 8


class Way(Protocol):
    """A way from one record to another ECG, to be looked at anywhere."""

    @property
    def original(self) -> Tensor:
        """The record itself, ``(1, 12, samples)``, mV."""

    def signals(self, shares: Tensor) -> Tensor:
        """ECGs ``(n, 12, samples)``, mV, at shares ``(n,)`` of the way, 0 to 1."""


class EditPath:
    """ECGs anywhere on the straight way from one record to a move.

    Parameters
    ----------
    edit : LatentEdit
        Of the record alone.
    move : (size,)
        Where the way ends: there, and at the record itself, an ECG is what `LatentEdit.signals` gives.
    """

    @torch.no_grad()
    def __init__(self, edit: LatentEdit, move: Tensor) -> None:
        self.edit, self.move = edit, move
        inversion = edit.inversion
        nodes = self._request(torch.linspace(0, 1, NODES + 1)[1:])
        end = self._request(torch.ones(1))
        fibrillates = bool((end.f_added != 0).any())
        latents = [nodes.latent, *([end.drawable(inversion)] if fibrillates else [])]
        drawn = networks().generator(joined(latents))
        self.drawn = torch.cat((inversion.drawn, drawn[:NODES]))
        # Added fibrillatory waves ride on time and not on beats: they grow where they will be. What
        # they do to a QRS stays with it.
        self.waves = self.on_qrs = torch.zeros(1, 1, 1)
        if fibrillates:
            added = drawn[-1:] - drawn[NODES - 1 : NODES]
            waves = added * outside_qrs(inversion.latent.r_s, SAMPLES, FS)
            self.on_qrs = added - waves
            self.waves, _ = carry(waves, inversion.timeline, end.time_edit, FS, SAMPLES)

    @property
    def original(self) -> Tensor:
        """The record itself, ``(1, 12, samples)``, mV."""
        return self.edit.inversion.signals

    def _request(self, shares: Tensor) -> EditRequest:
        move = shares[:, None] * self.move
        return self.edit.request(self.edit.named(move), self.edit.shift(move))

    @torch.no_grad()
    def signals(self, shares: Tensor) -> Tensor:
        """ECGs ``(n, 12, samples)``, mV, at shares ``(n,)`` of the way, 0 to 1."""
        if len(shares) > BATCH:
            return torch.cat([self.signals(part) for part in shares.split(BATCH)])
        low = (shares * NODES).floor().clamp(0, NODES - 1)
        between = (shares * NODES - low)[:, None, None]
        at = low.long()
        far = shares[:, None, None]
        drawn = torch.lerp(self.drawn[at], self.drawn[at + 1], between) + far * self.on_qrs
        return self.edit.compose(drawn, self._request(shares), waves=far * self.waves)

    def beats(self, share: float) -> Tensor:
        """The beats at a share of the way, ``(beats,)`` in s."""
        return self.edit.beats(share * self.move[None])[0]


def crossing(lengths: Tensor, start: Tensor, scores: Tensor, goal: Tensor) -> Tensor:
    """Length at which a score first reaches its goal, linear between looks; infinite where it does not.

    Parameters
    ----------
    lengths : (looks,)
        Ascending, above zero.
    start : (batch,)
        Score at length zero.
    scores : (looks, ..., batch)
    goal : (batch,)

    Returns
    -------
    (..., batch)
    """
    over = scores >= goal
    first = over.int().argmax(dim=0, keepdim=True)
    before = torch.cat((start.expand_as(scores[:1]), scores[:-1])).gather(0, first)[0]
    after = scores.gather(0, first)[0]
    last = torch.cat((torch.zeros(1), lengths[:-1]))[first[0]]
    share = (goal - before) / (after - before)
    length = last + share * (lengths[first[0]] - last)
    return torch.where(over.any(dim=0), length, torch.inf)


@torch.no_grad()
def line(
    edit: LatentEdit, objective: Objective, start: Tensor, direction: Tensor
) -> tuple[Tensor, Tensor]:
    """First crossing along the amortised direction: moves ``(batch, size)`` and their gaps.

    The crossing is interpolated between looks; `path` checks it when it draws the frames.
    """
    sign, lengths = objective.sign(start), torch.tensor(LINE_SD)
    move, gaps = torch.zeros(len(sign), edit.size), torch.full_like(start, torch.inf)
    for i in range(len(sign)):
        here, ray, goal = (
            edit.take(torch.tensor([i])),
            sign[i] * direction,
            sign[i] * objective.target_score,
        )
        edit_path = EditPath(here, lengths[-1] * ray)
        scores = sign[i] * objective.score(edit_path.signals(lengths / lengths[-1]))
        length = AMPLE * crossing(lengths, sign[i] * start[i], scores, goal)
        found = bool(torch.isfinite(length))
        move[i] = (length if found else lengths[scores.argmax()]) * ray
        gaps[i] = 0.0 if found else goal - scores.max()
    return move, gaps


def inside(beats: Tensor) -> list[float]:
    """Those of ``beats`` (s) that lie in the record."""
    times = beats.double()
    return times[torch.isfinite(times) & (times >= 0) & (times < SAMPLES / FS)].tolist()


class Path(NamedTuple):
    """Frames along a way.

    Attributes
    ----------
    signals : (count, 12, samples)
    predictions : (count,)
    share : float
        Of the way, at the last frame.
    """

    signals: NDArray[np.float32]
    predictions: NDArray[np.float64]
    share: float


@torch.no_grad()
def path(way: Way, objective: Objective, start: float, count: int, whole: bool = False) -> Path:
    """Frames at even steps of the score, from the record itself to the crossing.

    Severity is a target schedule: along the way the shares are looked up at which the score first
    passes each scheduled value, and the last is narrowed down to the crossing. How many frames are
    asked for does not change the last.

    Parameters
    ----------
    whole : bool
        Whether the last frame is the end of the way, wherever on it the score crosses.
    """

    def look(shares: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
        signals = way.signals(torch.from_numpy(shares.astype(np.float32)))
        return signals, objective.score(signals)

    sign = float(np.sign(objective.target_score - start))
    goal = sign * objective.target_score
    shares = np.linspace(0, 1, PLACES)
    scores = np.full(PLACES, np.nan)
    scores[0] = sign * start

    def look_up(places: NDArray[np.intp]) -> None:
        new = places[np.isnan(scores[places])]
        if len(new):
            scores[new] = sign * look(shares[new])[1].double().numpy()

    few = np.arange(0, PLACES, STRIDE)
    look_up(few if count == 2 else np.arange(PLACES))
    first = _first_over(scores, few, goal, look_up)
    seen = ~np.isnan(scores)
    end = scores[-1] if whole else min(scores[seen].max(), goal)
    chosen = _first_passed(shares[seen], scores[seen], np.linspace(sign * start, end, count))
    chosen[0] = 0.0
    if first and not whole:
        near = np.linspace(shares[first - 1], shares[first], NEAR + 1)[1:]
        signals, score = look(near)
        there = sign * score.double().numpy() >= goal
        at = int(there.argmax()) if there.any() else NEAR - 1
        chosen[-1], last, its = near[at], signals[at : at + 1], score[at : at + 1]
    else:
        chosen[-1] = 1.0 if whole else chosen[-1]
        last, its = look(chosen[-1:])
    chosen = np.minimum(np.maximum.accumulate(chosen), chosen[-1])
    between = [look(chosen[1:-1])] if count > 2 else []
    parts = [(way.original, torch.tensor([start])), *between, (last, its)]
    signals, final = (torch.cat(each) for each in zip(*parts, strict=True))
    return Path(signals.numpy(), objective.answer(final).double().numpy(), float(chosen[-1]))


def _first_over(
    scores: NDArray[np.float64],
    few: NDArray[np.intp],
    goal: float,
    look_up: Callable[[NDArray[np.intp]], None],
) -> int:
    """Place at which the goal is first passed; 0 where it is not.

    It is looked for just before the first of ``few`` places beyond the goal, and everywhere where
    none is, however many places were looked up already: the answer must not depend on that.
    """
    over = scores[few] >= goal
    if over.any():
        last = int(few[over.argmax()])
        places = np.arange(last - STRIDE + 1, last + 1)
    else:
        places = np.arange(1, len(scores))
    look_up(places)
    there = scores[places] >= goal
    return int(places[there.argmax()]) if there.any() else 0


def _first_passed(
    shares: NDArray[np.float64], scores: NDArray[np.float64], wanted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where the running maximum first reaches each value, along a monotone curve through the looks."""
    fine = np.linspace(0, 1, 40 * (len(shares) - 1) + 1)
    curve = PchipInterpolator(shares, np.maximum.accumulate(scores))(fine)
    at = np.searchsorted(np.maximum.accumulate(curve), wanted - 1e-9)
    return fine[at.clip(max=len(fine) - 1)]
