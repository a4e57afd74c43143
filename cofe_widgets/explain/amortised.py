"""The amortised direction of a question: which way ECGs like those it is asked of have to go.

One gradient says which way the answer moves at one ECG, ripple included. The mean over many hearts,
each moved a little at random, says which way it moves for hearts: it is found once for a model and
a target, and serves every record at once.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from ..simulate import simulate
from .inversion import Inversion, invert, networks
from .moves import SPACES, Moves
from .question import Question

#: Hearts of the bank: half of them in sinus rhythm, the others with what models are asked about.
BANK = (
    *["NSR"] * 8,
    *["AF"] * 6,
    "SB",
    "STach",
    "IAVB",
    "LBBB",
    "RBBB",
    "LVH",
    "LQRSV",
    "HYPERK",
    "PAC",
    "SA",
)
#: Random moves at which the slope is taken, in standard deviations.
SPREAD_SD = 0.7
#: Fewest hearts of the bank on the near side of the goal that are heard alone.
ENOUGH = 6
_BATCH = 8


@lru_cache(maxsize=1)
@torch.inference_mode(False)  # kept tensors must not forbid later gradients
def bank(_weight_hash: str) -> Inversion:
    """Simulated hearts in the latent space."""
    return invert([simulate(code, seed=1700 + k)[0].record for k, code in enumerate(BANK)])


#: Directions by model, target and networks: a model's name alone would hand on another one's.
_known: dict[tuple[str, str, str, str], Tensor] = {}


def direction(question: Question) -> Tensor:
    """Unit move that raises the score, in the second search space, ``(size,)``.

    Coordinates are standard deviations of ECGs along uncorrelated axes, so that the gradient is
    already preconditioned with their covariance.
    """
    hearts = bank(networks().weight_hash)
    key = (question.f.weight_hash, question.f.name, question.target, networks().weight_hash)
    if key not in _known or question.f.preprocess or question.f.postprocess:
        _known[key] = _mean_slope(question, hearts)
    return _known[key]


def _mean_slope(question: Question, hearts: Inversion) -> Tensor:
    moves = Moves(hearts, SPACES[1], seed=0)
    with torch.no_grad():
        start = torch.cat([question.score(part) for part in hearts.signals.split(_BATCH)])
    # Whoever is already there does not know the way.
    goal = question.goal if question.f.output != "linear" else float(start.median())
    asked = (
        (start < goal).nonzero()[:, 0]
        if question.f.output != "linear"
        else torch.arange(len(start))
    )
    if len(asked) < ENOUGH:
        asked = torch.arange(len(start))
    at = SPREAD_SD * torch.randn(len(start), moves.size, generator=torch.Generator().manual_seed(5))
    slopes = []
    for rows in asked.split(_BATCH):
        here = moves.take(rows)
        move = at[rows].requires_grad_(True)
        with torch.enable_grad():
            score = question.score(here.signals(move))
            slope = question.slope(score.sum(), move)
        slopes.append(slope / slope.norm(dim=1, keepdim=True).clamp(min=1e-9))
    mean = torch.cat(slopes).mean(dim=0)
    if not bool(mean.norm() > 0):
        question.refuse_flat(hearts.signals[:1])
    return mean / mean.norm()
