"""A counterfactual with its record in the latent space, and its model to be asked again."""

from __future__ import annotations

from functools import lru_cache

import torch

from ...ecg import Record
from ...errors import ExplainError
from ...generative.inversion import Inversion, invert
from ...generative.limits import NAMES
from ...generative.named_edit import NamedEdit
from ..counterfactual.constraints import Constraints
from ..counterfactual.objective import Objective
from ..counterfactual.result import Counterfactual
from .looking import Looker


@lru_cache(maxsize=1)
@torch.inference_mode(False)  # kept tensors must not forbid later gradients
def _inverted(record: Record) -> Inversion:
    """A record in the latent space: what is needed, why, and the neighbours ask for the same one."""
    return invert([record])


class Case:
    """A counterfactual with its record in the latent space and its model.

    Parameters
    ----------
    cf : Counterfactual

    Raises
    ------
    ExplainError
        When its model is not at hand.
    """

    def __init__(self, cf: Counterfactual) -> None:
        f = cf.predictor
        if f is None:
            raise ExplainError(
                f"the model ({cf.model}) is not at hand: what of the change it needs is asked of the model"
            )
        self.cf, self.f = cf, f.of(cf.original)
        self.objective = Objective(self.f, cf.target, cf.level)
        self.inversion = _inverted(cf.original)
        with torch.no_grad():
            self.start = float(self.objective.score(self.inversion.signals)[0])
        call = cf.call
        self.seed = int(call.get("seed", 0))
        self.keep = Constraints(call.get("keep", ()), call.get("vary", ())).kept

    def looker(self) -> Looker:
        """The model, to be shown named changes of the record, within the bounds of its ranges."""
        edit = NamedEdit(self.inversion, self.seed, self.keep)
        ranges = self.cf.call.get("ranges") or {}
        if ranges:
            limits, own = Constraints(ranges=ranges).limits(self.inversion), slice(len(NAMES))
            edit.low[own] = torch.maximum(edit.low[own], limits.low[0])
            edit.high[own] = torch.minimum(edit.high[own], limits.high[0])
        return Looker(edit, self.objective, self.start)
