"""What stands for "no ECG" in methods that explain the change of the score from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .given import Ecg, Ecgs, GivenEcgs
from .own_baselines import isoelectric, normal

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor

#: "zero": 0 mV throughout. "blurred": the ECG without its waves, a Gaussian mean of its own, which
#: models need that scale their input by its spread (Sturmfels et al., Distill 2020). "isoelectric":
#: each lead at its level before the QRS. "normal": what normal hearts show (simulated ones, their median)
#: that beat when this one does. Or an ECG of yours, for instance the same heart without the illness.
Named = Literal["zero", "blurred", "isoelectric", "normal"]
Baseline = Named | Ecg
#: The same for methods that take the mean over several baselines: "normal" is so many hearts, one each.
Baselines = Named | Ecgs
#: Standard deviation of the Gaussian: longer than any wave, shorter than a drift.
BLUR_S = 0.25
#: Normal hearts whose median is the normal ECG.
_HEARTS = 15


def baseline_ecg(baseline: Any, x: Tensor, predictor: Predictor) -> Tensor:
    """The baselines of ECGs ``(n, leads, samples)`` in mV; the same shape.

    Raises
    ------
    ExplainError
        When ``"normal"`` is asked for and there are no beats.
    """
    import torch

    if isinstance(baseline, GivenEcgs):
        return baseline.one_for_each(x)
    if baseline == "zero":
        return torch.zeros_like(x)
    if baseline == "blurred":
        return _blurred(x, predictor.fs)
    if baseline == "isoelectric":
        return _own(x, lambda signal: isoelectric(signal, predictor))
    return _own(x, lambda signal: np.median(normal(signal, predictor, _HEARTS), axis=0))


def baseline_ecgs(baseline: Any, x: Tensor, predictor: Predictor, count: int) -> Tensor:
    """Several baselines of each ECG, ``(n, k, leads, samples)``: of normal hearts or given ones.

    Raises
    ------
    ExplainError
        As `baseline_ecg`.
    """
    if isinstance(baseline, GivenEcgs):
        return baseline.all_for_each(x)
    if baseline == "normal":
        return _own(x, lambda signal: normal(signal, predictor, count))
    return baseline_ecg(baseline, x, predictor)[:, None]


def _own(x: Tensor, of: Callable[[Any], Any]) -> Tensor:
    """What is made of each ECG's own samples."""
    import torch

    made = [np.asarray(of(one), np.float32) for one in x.detach().cpu().float().numpy()]
    return torch.from_numpy(np.stack(made)).to(x)


def _blurred(x: Tensor, fs: float) -> Tensor:
    """A Gaussian mean of each lead, `BLUR_S` wide; beyond its ends the first or last sample goes on."""
    import torch
    from torch.nn.functional import conv1d, pad

    sd = BLUR_S * fs
    half = round(3 * sd)
    bell = torch.exp(-0.5 * (torch.arange(-half, half + 1, device=x.device) / sd) ** 2)
    rows = pad(x.flatten(0, 1)[:, None], (half, half), mode="replicate")
    return conv1d(rows, (bell / bell.sum())[None, None]).reshape(x.shape)
