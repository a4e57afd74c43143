"""A change of shape, piece by piece: which part of the beat, in which territory, carries how much of it."""

from __future__ import annotations

import torch
from torch import Tensor

from ...generative.latent_edit import LatentEdit
from ..counterfactual.objective import Objective
from .looking import BATCH


@torch.no_grad()
def effects(
    edit: LatentEdit, objective: Objective, named: Tensor, drawn: Tensor, pieces: Tensor
) -> Tensor:
    """The share of a change of shape that each piece of it carries, ``(pieces,)``; they add up to one.

    Each piece is carried into the ECG without the change, and taken out of the one with it, along the
    beats; the mean of the two counts.

    Parameters
    ----------
    edit : LatentEdit
        Of one record.
    objective : Objective
    named : (names,)
        All other changes, which stay.
    drawn : (1, 8, samples)
        What the generator draws without the change, on the record's own beats.
    pieces : (pieces, 8, samples)
        They add up to the change.
    """

    def score(some: Tensor) -> Tensor:
        parts = []
        for part in some.split(BATCH):
            request = edit.request(named.expand(len(part), -1), None)
            parts.append(objective.score(edit.compose(part, request)))
        return torch.cat(parts)

    whole = drawn + pieces.sum(dim=0, keepdim=True)
    without, full = score(torch.cat((drawn, whole)))
    effect = score(drawn + pieces) - without + full - score(whole - pieces)
    if not abs(float(effect.sum())) > 1e-9:
        effect = pieces.square().sum(dim=(1, 2))
    return effect / effect.sum()
