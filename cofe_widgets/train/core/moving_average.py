"""Exponential moving average of weights (EMA): what is validated and what ships."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

Module = TypeVar("Module", bound=nn.Module)


def moving_average(model: Module, decay: float, young: bool = True) -> tuple[AveragedModel, Module]:
    """Torch's average of a model, which begins as the model is, and the network that it fills.

    A step is ``average.update_parameters(model)``. A checkpoint holds the network alone: after
    resuming, `updates_done` says how old it is.

    Parameters
    ----------
    decay : float
        Share that the average keeps in each update; buffers are copied.
    young : bool
        Whether it follows closely at first: the n-th update keeps n / (n + 10) at most. An average
        of weights that begin good keeps ``decay`` from the first.
    """

    def update(means: Sequence[Tensor], values: Sequence[Tensor], n: Tensor | int) -> None:
        kept = min(decay, int(n) / (int(n) + 10)) if young else decay
        get_ema_multi_avg_fn(kept)(cast(Any, means), cast(Any, values), n)

    average = AveragedModel(model, multi_avg_fn=update)
    updates_done(average, 0)
    return average, cast(Module, average.module)


def updates_done(average: AveragedModel, n: int) -> None:
    """Go on as after ``n`` updates."""
    # torch's first update is a copy; here the weights that it begins with count as that.
    average.n_averaged.fill_(n + 1)
