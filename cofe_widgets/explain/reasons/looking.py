"""What a model answers to many named changes of one record: looks, rays, and where they cross the level."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...generative.named_edit import NamedEdit
from ...models.architectures.generator import FS, SAMPLES
from ..counterfactual.objective import Objective
from ..counterfactual.path import crossing

#: Looks that go through the model together.
BATCH = 16
#: No change goes farther than this, in standard deviations.
FARTHEST_SD = 8.0
#: Where along a ray one looks first, as shares of how far it may go.
PLACES = (0.18, 0.42, 0.7, 1.0)
#: ... and how often a crossing is narrowed down, with so many looks each.
ROUNDS, NARROW = 2, 4


@dataclass(frozen=True)
class Ray:
    """One way to go: a direction in standard deviations of the named changes, and how far.

    Attributes
    ----------
    direction : (names,)
        In SD; its city-block length is 1.
    farthest : float
        SD.
    """

    direction: Tensor
    farthest: float


class Looker:
    """A model that is shown named changes of one record.

    Attributes
    ----------
    edit : NamedEdit
    objective : Objective
    start : float
        Score of the record itself.
    way : float
        Score that is to be moved, signed.
    seen : (1, 12, samples) or None
        Weight of the change at each sample: what the model does not see is not changed.
    """

    def __init__(self, edit: NamedEdit, objective: Objective, start: float) -> None:
        self.edit, self.objective, self.start = edit, objective, start
        self.way = objective.target_score - start
        self.original = edit.inversion.signals
        self.seen: Tensor | None = None
        self.noise: Tensor | float = 0.0

    def beside(self, noise: Tensor) -> Looker:
        """The same record with noise ``(1, 12, samples)``, mV, on it, asked to move as far."""
        out = Looker(self.edit, self.objective, self.start)
        out.seen, out.noise = self.seen, noise
        with torch.no_grad():
            out.start = float(self.objective.score(self.original + noise)[0])
        out.way = self.way
        return out

    def signals(self, numbers: Tensor) -> Tensor:
        """ECGs ``(batch, 12, samples)`` of numbers ``(batch, names)``, changed where the model sees it."""
        out = self.edit.signals(numbers)
        if self.seen is not None:
            out = self.original + self.seen * (out - self.original)
        return out + self.noise

    @torch.no_grad()
    def moved(self, numbers: Tensor) -> Tensor:
        """Share of the way to the level that numbers ``(batch, names)`` go, ``(batch,)``; 1 is there."""
        parts = [self.of(self.signals(part)) for part in numbers.split(BATCH)]
        return torch.cat(parts)

    @torch.no_grad()
    def of(self, signals: Tensor) -> Tensor:
        """The same of ECGs."""
        return (self.objective.score(signals) - self.start) / self.way

    def slopes(self) -> Tensor:
        """Share of the way that one SD of each change goes, by the gradient at the record, ``(names,)``."""
        numbers = torch.zeros(1, len(self.edit.names), requires_grad=True)
        with torch.enable_grad():
            score = self.objective.score(self.signals(numbers)).sum()
            slope = self.objective.slope(score, numbers)[0]
        return (slope * self.edit.sd / self.way).nan_to_num(0.0)

    def along(self, rays: list[Ray], base: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Looks along rays, from the record or from a ``base``.

        Returns
        -------
        lengths (rays, places) in SD, moved (rays, places), and length of the first crossing (rays,),
        linear between looks and infinite where there is none
        """
        lengths = torch.tensor([[ray.farthest * share for share in PLACES] for ray in rays])
        directions = torch.stack([ray.direction for ray in rays])
        numbers = lengths[..., None] * (directions * self.edit.sd)[:, None]
        begin = 0.0
        if base is not None:
            numbers = numbers + base
            begin = float(self.moved(base[None])[0])
        moved = self.moved(numbers.flatten(0, 1)).view_as(lengths)
        crossed = torch.stack(
            [
                crossing(lengths[k], torch.tensor([begin]), moved[k, :, None], torch.ones(1))[0]
                for k in range(len(rays))
            ]
        )
        return lengths, moved, crossed

    def crossing(self, direction: Tensor, low: float, high: float) -> float:
        """Length at which a ray crosses the level, between one where it has not and one where it has."""
        for _ in range(ROUNDS):
            lengths = torch.linspace(low, high, NARROW + 2)[1:]
            over = self.moved(lengths[:, None] * direction * self.edit.sd) >= 1
            if not bool(over.any()):
                return float("inf")
            first = int(over.int().argmax())
            high = float(lengths[first])
            low = low if first == 0 else float(lengths[first - 1])
        return high

    def reach(self, name: int, sign: float) -> float:
        """How far one change may go to a side, SD."""
        bound = self.edit.high[name] if sign > 0 else -self.edit.low[name]
        return min(FARTHEST_SD, float(bound / self.edit.sd[name]))

    def length(self, numbers: Tensor) -> float:
        """City-block length of numbers ``(names,)``: standard deviations of all changes together."""
        return float((self.edit.bounded(numbers[None])[0] / self.edit.sd).abs().sum())


def seconds(signals: Tensor, first: float, last: float) -> Tensor:
    """1 between two moments and 0 elsewhere, ``(samples,)``, with edges of 40 ms."""
    time = torch.arange(SAMPLES) / FS
    edge = 0.04
    inside = ((time - first) / edge + 0.5).clamp(0, 1) * ((last - time) / edge + 0.5).clamp(0, 1)
    return inside.to(signals)
