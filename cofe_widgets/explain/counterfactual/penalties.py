"""What a search pays for: distance from the record, likeness to answers given, falling short of the target.

A move is measured in standard deviations along uncorrelated axes (`generative.latent_edit`), so what a
change of one edit parameter costs is set by its ``sd`` in `vocabulary.edits`.
"""

from __future__ import annotations

from torch import Tensor

#: How much more a change costs that lies along an answer already given.
DIVERSITY = 12.0
#: How far beyond the target, as a share of the way there, the pull towards it ends.
BEYOND = 0.03


def distance(move: Tensor) -> Tensor:
    """Squared Mahalanobis distance of moves ``(batch, size)`` from the record, ``(batch,)``."""
    return move.square().sum(dim=1)


def likeness(move: Tensor, given: Tensor) -> Tensor:
    """What moves ``(batch, size)`` pay for lying along answers given, ``(batch,)``.

    Parameters
    ----------
    given : (batch, answers, size)
        Orthogonal unit vectors that span those answers.
    """
    along = (given @ move[:, :, None])[..., 0]
    return DIVERSITY * along.square().sum(dim=1)


def shortfall(gap: Tensor, way: Tensor, weight: Tensor) -> Tensor:
    """What falling short of the target costs, ``(batch,)``; nothing from a little beyond it.

    Parameters
    ----------
    gap : (batch,)
        Score that is missing, below zero where the target is passed.
    way : (batch,)
        Score between the record and the target.
    weight : (batch,)
        The Lagrangian's multiplier.
    """
    return weight * (gap / way + BEYOND).clamp(min=0)
