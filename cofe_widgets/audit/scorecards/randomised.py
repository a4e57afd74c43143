"""Copies of a model whose layers forget what they learned, one after the other, the output layer first."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ...wrapper import Predictor

if TYPE_CHECKING:
    from torch import Tensor, nn


def layers(module: nn.Module) -> list[str]:
    """Names of the parts that have weights of their own, the input's first; as they are defined."""
    return [
        name
        for name, part in module.named_modules()
        if any(True for _ in part.parameters(recurse=False))
    ]


def stages(total: int, most: int) -> list[int]:
    """After how many randomised layers maps are made: one, all, and some between."""
    if total <= most:
        return list(range(1, total + 1))
    return [int(k) for k in np.unique(np.round(np.geomspace(1, total, most)).astype(int))]


def randomised(f: Predictor, most: int, seed: int) -> Iterator[Predictor]:
    """The model with more and more layers randomised: at every stage the same copy, further on.

    As in Quantus: parts forget by their own ``reset_parameters``, in the reverse of the order in which they
    are defined. Weights of a part that has none change places. Torch's own random numbers stay as they are.
    """
    import torch

    names = layers(f.module)[::-1]
    asked = set(stages(len(names), most))
    same = copy.copy(f)
    same.module = copy.deepcopy(f.module)
    parts = dict(same.module.named_modules())
    for count, name in enumerate(names, 1):
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed + 1)
            _forget(parts[name])
        if count in asked:
            yield same


def _forget(part: nn.Module) -> None:
    reset = getattr(part, "reset_parameters", None)
    if callable(reset):
        reset()
        return
    for weights in part.parameters(recurse=False):
        _shuffle(weights)


def _shuffle(weights: Tensor) -> None:
    import torch

    flat = weights.detach().flatten()
    weights.copy_(flat[torch.randperm(len(flat), device="cpu").to(flat.device)].view_as(weights))
