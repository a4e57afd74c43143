"""What a model needs: the smallest change of named things, each of them necessary.

What an illness looks like moves together; what a model needs of it may be a part. So every named change
is tried alone, as far as it goes; changes that do not suffice alone are tried on top of each other; of
the typical answer each change is taken out in turn (backward elimination) and the rest settles anew. The
shortest of all these is the answer: the length is that of a city block, the standard deviations of all
changes added, so that two changes are paid for twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ...generative.latent_edit import NAMES
from ...vocabulary.territories import CHANGES, waves_of
from .looking import Looker, Ray

#: Tried alone whatever the gradient says: at a regular rhythm that of irregularity says nothing.
ALWAYS = (
    *("irregularity", "f_wave_amplitude", "p_wave_taken_away", "heart_rate"),
    *("pr", "qrs", "jt", "qrs_axis"),
)
#: So many others, those that the gradient calls strongest.
OTHERS = 6
#: A change that goes less than this share of the way is no reason to add another to.
LEAST = 0.08
#: A change that goes so far and is then used up (no P wave is less than none) would do.
NEARLY = 0.9
#: Without a change the rest may be so many times as long; without one too small to be worth a word, more.
SLACK = (1.02, 1.1)
#: What settles anew may be stretched by so much.
STRETCHES = (1.0, 1.05, 1.12, 1.3, 1.6, 2.0)
#: Other single changes are told, too: up to so many times as long as the answer, or to so many SD; and so
#: many of them.
ALSO, ALSO_SD, MOST_OTHERS = 2.0, 2.5, 5


@dataclass(frozen=True)
class Needed:
    """The smallest change found.

    Attributes
    ----------
    numbers : (names,)
        Of the named changes.
    reached : bool
    length : float
        SD of all changes together.
    others : dict
        Single changes that suffice alone, too: name -> numbers ``(names,)``.
    """

    numbers: Tensor
    reached: bool
    length: float
    others: dict[str, Tensor] = field(default_factory=dict)


@torch.no_grad()
def needed(look: Looker, typical: Tensor) -> Needed:
    """The smallest change of named things that takes a record to the level.

    Parameters
    ----------
    look : Looker
    typical : (names,)
        Named numbers of the typical answer.
    """
    rays = _rays(look)
    if not rays:
        return Needed(torch.zeros(len(look.edit.names)), False, 0.0)
    lengths, moved, crossed = look.along(rays)
    singles = _singles(look, rays, lengths, moved, crossed)
    found = list(singles.values())
    eliminated = _eliminated(look, typical)
    if eliminated is not None:
        found.append(eliminated)
    if not found:
        pair = _on_top(look, rays, lengths, moved)
        found += [pair] if pair is not None else []
    if not found:
        best = int(moved.max(dim=1).values.argmax())
        at = int(moved[best].argmax())
        numbers = lengths[best, at] * rays[best].direction * look.edit.sd
        return Needed(numbers, False, look.length(numbers))
    best_numbers = min(found, key=look.length)
    length = look.length(best_numbers)
    others = {**_nearly(look, rays, lengths, moved), **singles}
    return Needed(best_numbers, True, length, _others(look, others, best_numbers, length))


def _rays(look: Looker) -> list[Ray]:
    """Single changes to try: the rhythm and the intervals both ways, and what the gradient calls strong."""
    names = look.edit.names
    slopes = look.slopes()
    strength = torch.tensor(
        [
            abs(float(slopes[k])) * look.reach(k, float(slopes[k])) if name not in ALWAYS else -1.0
            for k, name in enumerate(names)
        ]
    )
    strongest = strength.topk(OTHERS)
    chosen = [(names.index(name), sign) for name in ALWAYS for sign in (1.0, -1.0)]
    for value, k in zip(*strongest, strict=True):
        if value > 0:
            chosen.append((int(k), 1.0 if slopes[k] > 0 else -1.0))
    rays = []
    for k, sign in chosen:
        farthest = look.reach(k, sign)
        if farthest > 0.1:
            direction = torch.zeros(len(names))
            direction[k] = sign
            rays.append(Ray(direction, farthest))
    return rays


def _singles(
    look: Looker, rays: list[Ray], lengths: Tensor, moved: Tensor, crossed: Tensor
) -> dict[str, Tensor]:
    """Numbers of the single changes that suffice, the shortest first, by name."""
    out: dict[str, Tensor] = {}
    shortest = float(crossed.min())
    for k in crossed.argsort().tolist():
        if not crossed[k] <= max(ALSO * 1.15 * shortest, ALSO_SD) or len(out) > MOST_OTHERS:
            break
        first = int((moved[k] >= 1).int().argmax())
        low = 0.0 if first == 0 else float(lengths[k, first - 1])
        at = look.crossing(rays[k].direction, low, float(lengths[k, first]))
        name = look.edit.names[int(rays[k].direction.abs().argmax())]
        if at < float("inf") and name not in out:
            out[name] = at * rays[k].direction * look.edit.sd
    return out


def _nearly(look: Looker, rays: list[Ray], lengths: Tensor, moved: Tensor) -> dict[str, Tensor]:
    """Numbers of the single changes that nearly suffice and can go no farther, by name."""
    out = {}
    for ray, length, went in zip(rays, lengths, moved, strict=True):
        if NEARLY <= went[-1] < 1:
            name = look.edit.names[int(ray.direction.abs().argmax())]
            out[name] = length[-1] * ray.direction * look.edit.sd
    return out


def _others(
    look: Looker, singles: dict[str, Tensor], best: Tensor, length: float
) -> dict[str, Tensor]:
    """Single changes that suffice too and are another thing than those of the answer."""
    taken = frozenset[str]()
    for k in best.nonzero()[:, 0].tolist():
        taken |= waves_of(look.edit.names[k])
    return {
        name: numbers
        for name, numbers in singles.items()
        if not waves_of(name) & taken and look.length(numbers) <= max(ALSO * length, ALSO_SD)
    }


def _eliminated(look: Looker, typical: Tensor) -> Tensor | None:
    """The typical answer without what it does not need; None where its named part does not suffice."""
    numbers = _settled(look, look.edit.bounded(typical[None])[0], float("inf"))
    while numbers is not None:
        length = look.length(numbers)
        active = numbers.nonzero()[:, 0].tolist()
        if len(active) < 2:
            return numbers
        without = numbers.repeat(len(active), 1)
        without[torch.arange(len(active)), torch.tensor(active)] = 0.0
        fewer = [
            _settled(look, one, length * (SLACK[1] if _unseen(look, numbers, k) else SLACK[0]))
            for k, one in zip(active, without, strict=True)
        ]
        left = [one for one in fewer if one is not None]
        if not left:
            return _without_small(look, _shrunk(look, numbers))
        numbers = min(left, key=look.length)
    return None


def _without_small(look: Looker, numbers: Tensor) -> Tensor:
    """Without the changes that have become too small to be worth a word, where the rest can make up for it."""
    fewer = numbers.clone()
    for k in numbers.nonzero()[:, 0].tolist():
        if _unseen(look, numbers, k):
            fewer[k] = 0.0
    settled = _settled(look, fewer, SLACK[1] * look.length(numbers)) if fewer.any() else None
    return numbers if settled is None else settled


def _unseen(look: Looker, numbers: Tensor, k: int) -> bool:
    """Whether a change is too small to be worth a word."""
    edit = CHANGES[look.edit.names[k]]
    return not edit.shows(edit.amount(float(numbers[k])))


def _settled(look: Looker, numbers: Tensor, longest: float) -> Tensor | None:
    """Numbers stretched as far as the level asks, no longer than ``longest``; None where they fail."""
    many = torch.stack([stretch * numbers for stretch in STRETCHES])
    over = (look.moved(many) >= 1).nonzero()[:, 0]
    if not len(over):
        return None
    out = look.edit.bounded(many[over[:1]])[0]
    return out if look.length(out) <= longest else None


def _shrunk(look: Looker, numbers: Tensor) -> Tensor:
    """Each change of several made as small as the others allow."""
    for k in numbers.nonzero()[:, 0].tolist():
        shares = torch.tensor([0.3, 0.5, 0.7, 0.85, 1.0])
        many = numbers.repeat(len(shares), 1)
        many[:, k] = numbers[k] * shares
        over = (look.moved(many) >= 1).nonzero()[:, 0]
        if len(over):
            numbers = many[int(over[0])]
    return numbers


def _on_top(look: Looker, rays: list[Ray], lengths: Tensor, moved: Tensor) -> Tensor | None:
    """Two changes, or three, that suffice together where none does alone."""
    base = torch.zeros(len(look.edit.names))
    for _ in range(2):
        best, at = divmod(int((moved - 0.02 * lengths).argmax()), lengths.shape[1])
        if moved[best, at] < LEAST:
            return None
        base = base + lengths[best, at] * rays[best].direction * look.edit.sd
        used = waves_of(look.edit.names[int(rays[best].direction.abs().argmax())])
        rays = [
            ray
            for ray in rays
            if not used & waves_of(look.edit.names[int(ray.direction.abs().argmax())])
        ]
        if not rays:
            return None
        lengths, moved, crossed = look.along(rays, base)
        if crossed.isfinite().any():
            k = int(crossed.argmin())
            first = int((moved[k] >= 1).int().argmax())
            numbers = base + lengths[k, first] * rays[k].direction * look.edit.sd
            return _eliminated(look, numbers)
    return None


def numbers_of(edit_names: tuple[str, ...], named: Tensor) -> Tensor:
    """Numbers of all changes of those that `LatentEdit` knows, ``(NAMES,)``."""
    out = torch.zeros(len(edit_names))
    out[: len(NAMES)] = named
    return out
