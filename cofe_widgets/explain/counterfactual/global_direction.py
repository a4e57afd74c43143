"""The global direction of an objective: the one move that raises a model's score for hearts in general.

One gradient says which way the answer moves at one ECG, ripple included. The mean over many hearts,
each moved a little at random, says which way it moves for hearts: it is found once for a model and
a target, and serves every record at once.
"""

from __future__ import annotations

from functools import lru_cache
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from ...generative.inversion import Inversion, invert
from ...generative.latent_edit import SPACES, LatentEdit
from ...generative.networks import networks
from ...simulate import simulate
from .objective import Objective
from .path import BATCH

#: Hearts of the bank: half of them in sinus rhythm, the others with what models are asked about.
BANK = (
    *("NSR",) * 8,
    *("AF",) * 6,
    *["SB", "STach", "IAVB", "LBBB", "RBBB", "LVH", "LQRSV", "HYPERK", "PAC", "SA"],
)
#: Random moves at which the slope is taken, in standard deviations.
SPREAD_SD = 0.7
#: How far along the way found so far it is looked for anew, in standard deviations.
STRETCHES_SD = (0.0, 2.0)
#: How far candidates are followed to be compared, in standard deviations.
REACH_SD = 2.0
#: Fewest hearts of the bank on the near side of the goal that are heard alone.
ENOUGH = 6


@lru_cache(maxsize=1)
@torch.inference_mode(False)  # kept tensors must not forbid later gradients
def bank(_weight_hash: str) -> Inversion:
    """Simulated hearts in the latent space."""
    return invert([simulate(code, seed=1700 + k)[0].record for k, code in enumerate(BANK)])


#: Directions by model, target, way and networks: a name alone would hand on another model's.
_known: dict[tuple[object, ...], Tensor] = {}
#: Those of models with functions, by module, and what the model answered to the bank then.
_of_functions: WeakKeyDictionary[nn.Module, dict[tuple[object, ...], tuple[Tensor, Tensor]]]
_of_functions = WeakKeyDictionary()


def global_direction(objective: Objective) -> Tensor:
    """Unit move that raises the score, in the second search space, ``(size,)``.

    Coordinates are standard deviations of ECGs along uncorrelated axes, so that the gradient is
    already preconditioned with their covariance.

    It is kept by the hash of the model. That of a model with functions or side inputs is kept with the
    predictor itself, for as long as that lives, and found anew where the model does not answer the
    whole bank exactly as it did: functions may do otherwise tomorrow, and what they do is not in a hash.
    """
    f, rising = objective.f, objective.f.output == "linear" or objective.level >= 0.5
    hearts = bank(networks().weight_hash)
    wrapped = f.weight_hash, f.fs, f.leads, f.outputs, f.output, f.seconds
    key: tuple[object, ...] = (*wrapped, objective.target, rising, networks().weight_hash)
    if not f.has_functions:
        if key not in _known:
            _known[key] = _mean_slope(objective, hearts, _scores(objective, hearts), rising)
        return _known[key]
    key = (*key, repr(f.side.row_of))
    now, kept = _scores(objective, hearts), _of_functions.setdefault(f.module, {})
    then, direction = kept.get(key, (None, None))
    if direction is None or then is None or not torch.equal(now, then):
        direction = _mean_slope(objective, hearts, now, rising)
        kept[key] = now, direction
    return direction


@torch.no_grad()
def _scores(objective: Objective, hearts: Inversion) -> Tensor:
    """What a model says of the bank, ``(hearts,)``."""
    return torch.cat([objective.score(part) for part in hearts.signals.split(BATCH)])


def _mean_slope(objective: Objective, hearts: Inversion, start: Tensor, rising: bool) -> Tensor:
    """Mean over hearts of the direction of steepest ascent, at the record and on the way."""
    edit = LatentEdit(hearts, SPACES[1], seed=0)
    # Hearts that already give the answer say nothing about how to get there.
    asked = ((start < 0) == rising).nonzero()[:, 0]
    if objective.f.output == "linear" or len(asked) < ENOUGH:
        asked = torch.arange(len(start))
    way, sign = torch.zeros(edit.size), 1.0 if rising else -1.0
    for far in STRETCHES_SD:  # the best direction changes along the way
        way = way + _slope(objective, edit, asked, sign * far * way)
    return _farthest(objective, edit.take(asked), way / way.norm(), sign)


@torch.no_grad()
def _farthest(objective: Objective, edit: LatentEdit, way: Tensor, sign: float) -> Tensor:
    """Of the direction found and those along the rhythm, the one that changes the scores most.

    At a heart in sinus rhythm the slope of irregularity says little, so the rhythm is tried as such.
    """
    both = [way + side * edit.rhythm for side in (1, -1)]
    ways = [way, edit.rhythm, -edit.rhythm, *(one / one.norm() for one in both)]
    batches = torch.arange(len(edit.pattern)).split(BATCH)

    def taken(one: Tensor) -> float:
        scores = [
            objective.score(edit.take(rows).signals(sign * REACH_SD * one.expand(len(rows), -1)))
            for rows in batches
        ]
        return sign * float(torch.cat(scores).median())

    return max(ways, key=taken)


def _slope(objective: Objective, edit: LatentEdit, asked: Tensor, begin: Tensor) -> Tensor:
    """Mean unit slope, at moves scattered about one."""
    noise = torch.Generator().manual_seed(5)
    at = begin + SPREAD_SD * torch.randn(len(edit.pattern), edit.size, generator=noise)
    slopes = []
    for rows in asked.split(BATCH):
        here = edit.take(rows)
        move = at[rows].requires_grad_(True)
        with torch.enable_grad():
            score = objective.score(here.signals(move))
            slope = objective.slope(score.sum(), move)
        slopes.append(slope / slope.norm(dim=1, keepdim=True).clamp(min=1e-9))
    mean = torch.cat(slopes).mean(dim=0)
    if not bool(mean.norm() > 0):
        objective.refuse_flat(edit.inversion.signals[:1])
    return mean / mean.norm()
