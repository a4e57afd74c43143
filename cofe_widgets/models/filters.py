"""Filters that sit inside a model, so that gradients pass through them to the raw ECG."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
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
            self._gain[length] = self._make(length)
        return self._gain[length]

    # An inference tensor in this store would forbid every gradient after it.
    @torch.inference_mode(False)
    def _make(self, length: int) -> Tensor:
        hz = torch.fft.rfftfreq(length, 1 / self.fs)

        def rise(start: float, stop: float) -> Tensor:
            part = ((hz - start) / (stop - start)).clamp(0, 1)
            return 0.5 - 0.5 * torch.cos(torch.pi * part)

        low = rise(0.6 * self.low, 1.4 * self.low)
        return low * (1 - rise(self.high, 1.2 * self.high))


class Standardise(nn.Module):
    """Signals of twelve leads in units of their own spread, so that a z-scored ECG and one in mV are alike.

    The six limb leads share one unit, as four of them are sums of the other two; each chest lead has
    its own. What is lost is voltage: that of an ECG, and that of one chest lead against another.

    Parameters
    ----------
    limb : int
        How many leads, the first ones, share a unit.
    floor_mv : float
        Added in squares to the spread, so that a flat lead stays flat.
    """

    def __init__(self, limb: int = 6, floor_mv: float = 0.01) -> None:
        super().__init__()
        self.limb, self.floor_mv = limb, floor_mv

    def forward(self, x: Tensor) -> Tensor:
        level = x - x.mean(dim=-1, keepdim=True)
        power = level.square().mean(dim=-1, keepdim=True)
        limb = power[:, : self.limb].mean(dim=1, keepdim=True).expand(-1, self.limb, -1)
        power = torch.cat((limb, power[:, self.limb :]), dim=1)
        return level / (power + self.floor_mv**2).sqrt()


class Resample(nn.Module):
    """`Record.resample` with gradients: the same polyphase filter, from ``fs`` to ``to_fs``.

    Every output sample is a weighted sum of the few input samples under the filter (scipy's
    ``resample_poly``, Kaiser 5.0), after the line from first to last sample is taken off.
    """

    def __init__(self, fs: float, to_fs: float, samples: int) -> None:
        super().__init__()
        from scipy.signal import firwin

        ratio = Fraction(to_fs / fs).limit_denominator(1000)
        up, down = ratio.numerator, ratio.denominator
        half = 10 * max(up, down)
        taps = firwin(2 * half + 1, 1 / max(up, down), window=("kaiser", 5.0)) * up
        length = max(2, round(samples * to_fs / fs))
        centre = np.arange(length)[:, None] * down
        index = centre // up + np.arange(-(half // up) - 1, half // up + 2)
        place = centre - index * up + half
        weight = np.where((place >= 0) & (place <= 2 * half), taps[place.clip(0, 2 * half)], 0.0)
        weight *= (index >= 0) & (index < samples)
        self.samples, self.length = samples, length
        self.index = torch.from_numpy(index.clip(0, samples - 1))
        self.weight = torch.from_numpy(weight.astype(np.float32))
        self.share = torch.from_numpy((centre[:, 0] / up / (samples - 1)).astype(np.float32))

    def forward(self, x: Tensor) -> Tensor:
        first, last = x[..., :1], x[..., -1:]
        line = torch.linspace(0, 1, self.samples).to(x)
        flat = x - (first + (last - first) * line)
        out = (flat[..., self.index.to(x.device)] * self.weight.to(x)).sum(dim=-1)
        return out + first + (last - first) * self.share.to(x)
