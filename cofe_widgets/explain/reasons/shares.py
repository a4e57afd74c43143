"""How much of a moved answer each change carries: Shapley values over the changes, exact.

Shapley, "A value for n-person games", 1953; the interaction of two changes after Grabisch and Roubens,
1999. The game's value of some changes is the model's score when they alone are made.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import torch
from torch import Tensor

#: No more changes than this are shared out exactly (64 looks); the weakest are taken together.
MOST = 6


def coalitions(players: int) -> Tensor:
    """All subsets, ``(2 ** players, players)`` of 0 and 1; bit k of a row's number is player k."""
    number = torch.arange(2**players)[:, None]
    return ((number >> torch.arange(players)) & 1).float()


def shapley(values: Tensor) -> Tensor:
    """Shapley value of each player of a game ``(2 ** players,)``, in the order of `coalitions`.

    They add up to the value of all minus the value of none.
    """
    players = (len(values) - 1).bit_length()
    sets = coalitions(players)
    size = sets.sum(dim=1).long()
    weight = torch.tensor(
        [factorial(s) * factorial(max(players - s - 1, 0)) / factorial(players) for s in size],
        dtype=torch.float64,
    )
    out = torch.zeros(players, dtype=torch.float64)
    numbers = torch.arange(len(values))
    for k in range(players):
        without = sets[:, k] == 0
        gain = values[numbers[without] | (1 << k)] - values[without]
        out[k] = (weight[without] * gain).sum()
    return out


def interaction(values: Tensor, i: int, j: int) -> float:
    """Shapley interaction index of two players: what they add together beyond what each adds alone."""
    players = (len(values) - 1).bit_length()
    sets = coalitions(players)
    numbers = torch.arange(len(values))
    without = (sets[:, i] == 0) & (sets[:, j] == 0)
    size = sets.sum(dim=1).long()[without]
    weight = torch.tensor(
        [factorial(s) * factorial(players - s - 2) / factorial(players - 1) for s in size],
        dtype=torch.float64,
    )
    at, a, b = numbers[without], 1 << i, 1 << j
    extra = values[at | a | b] - values[at | a] - values[at | b] + values[at]
    return float((weight * extra).sum())


def together(strength: Tensor) -> Tensor:
    """Which group each player belongs to when only `MOST` can be shared out: ``(groups, players)``.

    The strongest stand alone, all others are one group.
    """
    players = len(strength)
    if players <= MOST:
        return torch.eye(players)
    order = strength.abs().argsort(descending=True)
    out = torch.zeros(MOST, players)
    for row, k in enumerate(order[: MOST - 1].tolist()):
        out[row, k] = 1.0
    out[-1, order[MOST - 1 :]] = 1.0
    return out


def shared(value: Callable[[Tensor], Tensor], players: int) -> tuple[Tensor, Tensor, Tensor]:
    """Shares of players in a game.

    Parameters
    ----------
    value : callable
        From masks ``(n, players)`` of 0 and 1 to values ``(n,)``.

    Returns
    -------
    shares (players,), they add up to the value of all minus that of none; groups (groups, players) that
    were shared out, and the values (2 ** groups,) of the game between them
    """
    groups = torch.eye(players)
    if players > MOST:
        alone, rest = torch.eye(players), 1 - torch.eye(players)
        ends = value(torch.stack((torch.zeros(players), torch.ones(players))))
        strength = (value(alone) - ends[0]).abs() + (ends[1] - value(rest)).abs()
        groups = together(strength)
    values = value(coalitions(len(groups)) @ groups).double()
    by_group = shapley(values)
    sizes = groups.sum(dim=1, keepdim=True)
    # What was taken together is weak: each gets the same.
    return (by_group[:, None] * (groups / sizes)).sum(dim=0), groups, values
