"""Whether a needed change is the reason for a record's neighbours, too."""

from __future__ import annotations

import torch

from ...generative.named_edit import NamedEdit
from ...models.number_type import number_type
from ...vocabulary.territories import CHANGES
from ..counterfactual.result import Counterfactual
from .case import Case
from .looking import Looker

#: Neighbours: copies with other noise of so much (mV), and other draws of what an edit adds at random.
NOISE_MV, NOISE_COPIES, OTHER_DRAWS = 0.01, 3, 2
#: On a neighbour the same change goes at least so far, and without any part of it no farther.
AS_FAR = 0.8


def holds(cf: Counterfactual) -> tuple[int, int]:
    """On how many neighbours of the record its needed change does as much, and no part of it does alone.

    Parameters
    ----------
    cf : Counterfactual
        A needed answer with its model.

    Returns
    -------
    tuple of int
        How many, of how many.
    """
    with number_type():
        case = Case(cf)
        numbers = torch.zeros(len(CHANGES))
        for k, (name, edit) in enumerate(CHANGES.items()):
            if name in cf.moved:
                numbers[k] = edit.number(cf.moved[name])
        active = numbers.nonzero()[:, 0]
        # All of it, and each part left out in turn.
        masks = torch.ones(len(active) + 1, len(active))
        masks[torch.arange(1, len(active) + 1), torch.arange(len(active))] = 0.0
        many = torch.zeros(len(masks), len(numbers))
        many[:, active] = masks * numbers[active]
        found = [_does(look, many) for look in _neighbours(case)]
    return sum(found), len(found)


def _neighbours(case: Case) -> list[Looker]:
    """The record with other noise, and with other random beats and waves."""
    generator = torch.Generator().manual_seed(11)
    out = []
    for seed in range(case.seed + 1, case.seed + 1 + OTHER_DRAWS):
        edit = NamedEdit(case.inversion, seed, case.keep)
        out.append(Looker(edit, case.objective, case.start))
    plain = case.looker()
    for _ in range(NOISE_COPIES):
        noise = NOISE_MV * torch.randn(plain.original.shape, generator=generator)
        out.append(plain.beside(noise))
    return out


def _does(look: Looker, many: torch.Tensor) -> bool:
    moved = look.moved(many)
    return bool(moved[0] >= AS_FAR and (moved[1:] < max(1.0, float(moved[0]))).all())
