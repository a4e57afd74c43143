"""An ECG through encoder and generator and back: its losses, and how well it is redrawn."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from ...models.architectures.generator import Latent, agreement
from ..data.source import Examples


def encode(encoder: nn.Module, examples: Examples) -> tuple[Latent, Tensor]:
    """Latents of a batch and the loss of the f-wave branch, which only the simulator teaches."""
    latent = encoder(examples.signals, examples.r_s)
    known = examples.simulated[:, None]
    f_loss = ((latent.f_wave - examples.f_wave).square() * known).sum() / (known.sum() * 640 + 1)
    f_wave = torch.where(known > 0, examples.f_wave, latent.f_wave.detach())
    return replace(latent, f_wave=f_wave), f_loss


def reconstruction_loss(drawn: Tensor, signals: Tensor, r_s: Tensor) -> Tensor:
    """Squared error of the signal, of its slope, and of P, ST and T alone, each relative to its power.

    The QRS holds most of an ECG's power: without the last term its small waves would go undrawn.
    """

    def relative(a: Tensor, b: Tensor, floor: float) -> Tensor:
        return ((a - b).square().mean(dim=(1, 2)) / (b.square().mean(dim=(1, 2)) + floor)).mean()

    slope = relative(drawn.diff(dim=2), signals.diff(dim=2), 1e-5)
    time_s = torch.arange(signals.shape[2], device=signals.device) / 250.0
    away = (time_s - r_s.nan_to_num(-1e3)[..., None]).abs().min(dim=1).values[:, None]
    quiet = ((away - 0.04) / 0.03).clamp(0, 1)
    small = relative(drawn * quiet, signals * quiet, 5e-4)
    return relative(drawn, signals, 2e-3) + 0.4 * slope + 0.4 * small


@torch.no_grad()
def quality(
    generator: nn.Module, encoder: nn.Module, signals: Tensor, r_s: Tensor
) -> tuple[float, float]:
    """Median over records of Pearson r (all leads together) and RMSE in uV of the reconstruction."""
    drawn = torch.cat(
        [generator(encoder(x, r)) for x, r in zip(signals.split(32), r_s.split(32), strict=True)]
    )
    r, rmse = agreement(drawn, signals)
    return float(r.median()), float(rmse.median())
