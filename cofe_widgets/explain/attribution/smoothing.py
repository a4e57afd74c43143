"""Noise that methods add to an ECG."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def noisy(copies: int, x: Tensor, noise_mv: float, seed: int) -> Tensor:
    """Gaussian noise ``(copies, leads, samples)`` of ``noise_mv`` (SD, mV), the same for every ECG.

    What is said of one ECG so does not depend on which others are asked about.
    """
    import torch

    # On the CPU, so that a seed means the same noise wherever the model runs.
    spread = torch.full((copies, *x.shape[1:]), noise_mv)
    return torch.normal(0.0, spread, generator=torch.Generator().manual_seed(seed)).to(x)
