"""Filters that sit inside a model, so that gradients pass through them to the raw ECG."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class BandPass(nn.Module):
    """Zero-phase band-pass of ``(..., samples)`` signals in the frequency domain.

    Edges are half cosines: 0.3-0.7 Hz below (wander) and ``high``-1.2 ``high`` above. The signal is
    mirrored for two seconds at both ends so that the circular transform leaves them alone.

    Parameters
    ----------
    fs : float
        Sampling rate in Hz.
    low, high : float
        Half-amplitude frequency of the low edge and start of the high edge, Hz.
    """

    def __init__(self, fs: float = 250.0, low: float = 0.5, high: float = 40.0) -> None:
        super().__init__()
        self.fs, self.low, self.high = fs, low, high
        self._gain: dict[int, Tensor] = {}

    def forward(self, x: Tensor) -> Tensor:
        samples = x.shape[-1]
        pad = min(round(2 * self.fs), samples - 1)
        head = 2 * x[..., :1] - x[..., 1 : pad + 1].flip(-1)
        tail = 2 * x[..., -1:] - x[..., -pad - 1 : -1].flip(-1)
        spectrum = torch.fft.rfft(torch.cat((head, x, tail), dim=-1))
        length = samples + 2 * pad
        gain = self._gains(length).to(spectrum.device)
        return torch.fft.irfft(spectrum * gain, n=length)[..., pad : pad + samples]

    def _gains(self, length: int) -> Tensor:
        if length not in self._gain:
            hz = torch.fft.rfftfreq(length, 1 / self.fs)

            def rise(start: float, stop: float) -> Tensor:
                part = ((hz - start) / (stop - start)).clamp(0, 1)
                return 0.5 - 0.5 * torch.cos(torch.pi * part)

            self._gain[length] = rise(0.6 * self.low, 1.4 * self.low) * (
                1 - rise(self.high, 1.2 * self.high)
            )
        return self._gain[length]
