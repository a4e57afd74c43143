"""What stands for "no ECG" in methods that explain the change of the score from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

#: "zero": 0 mV throughout. "blurred": the ECG without its waves, a Gaussian mean of its own, which
#: models need that scale their input by its spread (Sturmfels et al., Distill 2020).
Baseline = Literal["zero", "blurred"]
#: Standard deviation of the Gaussian: longer than any wave, shorter than a drift.
BLUR_S = 0.25


def baseline_ecg(name: Baseline, x: Tensor, fs: float) -> Tensor:
    """The baselines of ECGs ``(n, leads, samples)`` in mV at ``fs`` Hz; the same shape."""
    import torch
    from torch.nn.functional import conv1d, pad

    if name == "zero":
        return torch.zeros_like(x)
    sd = BLUR_S * fs
    half = round(3 * sd)
    bell = torch.exp(-0.5 * (torch.arange(-half, half + 1, device=x.device) / sd) ** 2)
    rows = pad(x.flatten(0, 1)[:, None], (half, half), mode="replicate")
    return conv1d(rows, (bell / bell.sum())[None, None]).reshape(x.shape)
