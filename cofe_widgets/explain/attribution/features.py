"""Features of an ECG that are taken in or out together: leads, or groups of them, in windows of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from .gradients import score

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor

#: "each": every lead by itself. "region": limb leads, V1-V3, V4-V6. "all": all leads together.
Grouping = Literal["each", "region", "all"]
_RIGHT, _LEFT = ("V1", "V2", "V3"), ("V4", "V5", "V6")


def lead_groups(leads: tuple[str, ...], grouping: Grouping) -> NDArray[np.int64]:
    """Of each lead the number of its group, from 0; leads of unknown position are by themselves."""
    if grouping == "all":
        return np.zeros(len(leads), np.int64)
    if grouping == "each":
        return np.arange(len(leads))
    limb = ("I", "II", "III", "aVR", "aVL", "aVF")
    regions = {**dict.fromkeys(limb, "limb"), **dict.fromkeys(_RIGHT, "right")}
    regions |= dict.fromkeys(_LEFT, "left")
    names = [regions.get(lead, lead) for lead in leads]
    known = list(dict.fromkeys(names))
    return np.array([known.index(one) for one in names])


def features(
    predictor: Predictor, samples: int, window_s: float, grouping: Grouping
) -> NDArray[np.int64]:
    """Of each sample the number of its feature, ``(leads, samples)``, from 0 without holes."""
    width = max(1, round(window_s * predictor.fs))
    window = np.arange(samples) // width
    groups = lead_groups(predictor.leads, grouping)
    return groups[:, None] * (window[-1] + 1) + window


def asked(
    predictor: Predictor, made: Callable[[Tensor], Tensor], count: int, target: str
) -> Tensor:
    """The scores of ``count`` ECGs, ``(count,)`` float64, made a batch at a time from their numbers.

    Parameters
    ----------
    made : callable
        Numbers ``(k,)`` from 0 to ``count - 1`` -> ECGs ``(k, leads, samples)``.
    """
    import torch

    numbers = torch.arange(count, device=predictor.device)
    with torch.no_grad():
        parts = [
            score(predictor, made(some), target) for some in numbers.split(predictor.batch_size)
        ]
    return torch.cat(parts).double()
