"""P waves and fibrillatory waves that an edit takes away whole, and P waves that it lets grow.

The generator draws both; what a patient's waves have beyond that lies in the residual, and is taken
away with it. Where a P wave is to grow, a fibrillating patient has none of his own to grow.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from ..models.architectures.generator import FS
from ..models.filters import BandPass
from ..simulate.heart import P_KERNELS, draw_hearts
from .time_warp import cubic

#: Where a P wave lies before its R-peak, s.
P_WINDOW_S = (-0.28, -0.05)
#: Where fibrillatory waves lie in frequency, Hz, and what they are not looked for in, s about R.
F_BAND_HZ, QRS_HALF_S = (3.0, 10.0), 0.07
#: SD of the encoder's f-wave below which there is none, and from which there surely is one.
F_WAVE_SD = (0.15, 0.45)


@lru_cache(maxsize=1)
@torch.inference_mode(False)  # kept tensors must not forbid later gradients
def typical_p_wave() -> Tensor:
    """Mean P wave of simulated hearts in `P_WINDOW_S`, eight leads ``(8, window)``, mV."""
    hearts = draw_hearts(256, np.random.default_rng(0))
    time = torch.arange(round(P_WINDOW_S[0] * FS), round(P_WINDOW_S[1] * FS) + 1).numpy() / FS
    # Mean times: a mean of waves at everybody's own times would be flat and long.
    centre, width = (
        value[:, P_KERNELS].mean(axis=0)[:, None] for value in (hearts.mu, hearts.rise)
    )
    kernels = np.exp(-0.5 * np.square((time - centre) / width))
    seen = hearts.weights()[:, :, P_KERNELS].mean(axis=0) @ kernels
    return torch.from_numpy(seen.astype(np.float32))


def p_wave_left(signal: Tensor, r_s: Tensor, fs: float) -> Tensor:
    """What a signal holds of the P wave: its median over beats before R, ``(batch, leads, window)``.

    The line between its ends is taken off, so that a wandering baseline is no P wave.
    """
    time = torch.arange(round(P_WINDOW_S[0] * fs), round(P_WINDOW_S[1] * fs) + 1) / fs
    places = (r_s[..., None] + time.to(r_s)) * fs
    count = places.shape[2]
    inside = (places > 0) & (places < signal.shape[2] - 1)
    values = cubic(signal, places.nan_to_num(0.0).flatten(1)).unflatten(2, (-1, count))
    values = torch.where(inside[:, None], values, torch.nan).nanmedian(dim=2).values.nan_to_num(0.0)
    line = torch.linspace(0, 1, count).to(values)
    start, end = values[..., :4].mean(-1, keepdim=True), values[..., -4:].mean(-1, keepdim=True)
    values = values - start - (end - start) * line
    return values * torch.hann_window(count, periodic=False).to(values).sqrt()


def f_waves_left(residual: Tensor, f_wave: Tensor, r_s: Tensor, fs: float) -> Tensor:
    """What a residual ``(batch, leads, samples)`` holds of fibrillatory waves, the same shape.

    Parameters
    ----------
    f_wave : (batch, samples at 62.5 Hz)
        As E reads it: where it sees none, nothing is left.
    """
    low, high = F_WAVE_SD
    there = ((f_wave.std(dim=1) - low) / (high - low)).clamp(0, 1)
    waves = BandPass(fs, *F_BAND_HZ)(residual)
    return waves * there[:, None, None] * outside_qrs(r_s, residual.shape[2], fs)


def outside_qrs(r_s: Tensor, samples: int, fs: float) -> Tensor:
    """1 away from the QRS complexes and 0 within, ``(batch, 1, samples)``, of R-peaks in s."""
    time = torch.arange(samples, device=r_s.device) / fs
    away = (time - r_s.nan_to_num(-1e3)[..., None]).abs().min(dim=1).values
    return ((away - QRS_HALF_S) / 0.03).clamp(0, 1)[:, None]


def place_p_waves(wave: Tensor, r_s: Tensor, samples: int, fs: float) -> Tensor:
    """The window of `p_wave_left` put before every beat, ``(batch, leads, samples)``."""
    finite = torch.isfinite(r_s)
    beats = torch.where(finite, r_s, torch.inf)
    time = (torch.arange(samples) / fs).to(r_s).expand(len(r_s), -1).contiguous()
    following = torch.searchsorted(beats, time).clamp(max=beats.shape[1] - 1)
    tau = time - r_s.nan_to_num(-1e3).gather(1, following)
    position = (tau - P_WINDOW_S[0]) * fs
    inside = (position >= 0) & (position <= wave.shape[2] - 1)
    return cubic(wave, position) * (inside & finite.gather(1, following))[:, None]
