"""The score that is explained and its gradient, for batches of any size and modules of any manners."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import ExplainError

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor


def score(predictor: Predictor, x: Tensor, target: str) -> Tensor:
    """Log-odds (or value) of ``target`` for ECGs ``(n, leads, samples)`` in mV: ``(n,)``.

    The model gets a copy (`Predictor.raw`): a module that works in place on its input changes nothing
    of ``x``, which may be a leaf whose gradient is wanted.
    """
    return predictor.score(predictor.raw(x), target)


def gradient(
    predictor: Predictor,
    x: Tensor,
    target: str,
    before: Callable[[Tensor], None] | None = None,
) -> Tensor:
    """Gradient of the score at every ECG, ``(n, leads, samples)``, per mV.

    No more than ``predictor.batch_size`` ECGs go through the model at once; the gradients of its
    parameters are left alone. ``before`` is called with each sum of scores ahead of its backward pass.

    Raises
    ------
    ExplainError
        When the score has none.
    """
    import torch

    found = []
    with torch.enable_grad():
        for part in x.detach().split(predictor.batch_size):
            leaf = part.detach().requires_grad_(True)
            total = score(predictor, leaf, target).sum()
            if before is not None and total.requires_grad:
                before(total)
            try:
                found += torch.autograd.grad(total, leaf)
            except Exception as error:  # also of a backward of the user's own
                raise ExplainError(
                    f"{predictor.name} gives no gradient for {target}: {error}"
                ) from error
    return torch.cat(found)
