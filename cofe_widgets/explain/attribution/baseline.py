"""What stands for "no ECG" in methods that explain the change of the score from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor

Baseline = Literal["zero", "blurred"]
BLUR_S = 0.25

def baseline_ecg(name: Any, x: Tensor, predictor: Predictor) -> Tensor:
    """The baselines of ECGs ``(n, leads, samples)`` in mV at ``fs`` Hz; the same shape."""
    import torch
    from torch.nn.functional import conv1d, pad

    if name == "zero":
        return torch.zeros_like(x)
    sd = BLUR_S * predictor.fs
    half = round(3 * sd)
    bell = torch.exp(-0.5 * (torch.arange(-half, half + 1, device=x.device) / sd) ** 2)
    rows = pad(x.flatten(0, 1)[:, None], (half, half), mode="replicate")
    return conv1d(rows, (bell / bell.sum())[None, None]).reshape(x.shape)
