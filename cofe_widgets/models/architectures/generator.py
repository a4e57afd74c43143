"""StyleGAN2 in one dimension, with the rhythm explicit (Karras et al. 2020; CoFE, section 2.1).

The learned constant of StyleGAN2 is replaced by a map of beat phase computed from R-peak times;
styles carry the morphology (W+), a small code a beat what differs between beats, and one channel
the fibrillatory waves, which ride on time and not on beats. Eight leads are drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..filters import BandPass
from ..phase import OFFSETS_S, QRS_BUMPS, BeatPhase, extend_beats

FS, SAMPLES = 250.0, 2500
_PADDED = 2560  # 40 x 64: halves cleanly
STYLE, NOISE_INPUT, CODES = 48, 48, len(BeatPhase.CODE_WINDOWS)
#: Channels of the synthesis layers, coarse to fine: three at 62.5 Hz, two at 125, two at 250.
WIDTHS = (80, 80, 80, 56, 56, 32, 32)
LAYERS = len(WIDTHS)


@dataclass(frozen=True)
class Latent:
    """Everything the generator draws from.

    Attributes
    ----------
    styles : (batch, LAYERS, STYLE) W+
    r_s : (batch, beats) R-peak times in s, NaN after the last
    codes : (batch, beats, CODES) what is particular to each beat
    f_wave : (batch, 640) fibrillatory wave at 62.5 Hz, about unit amplitude where there is one
    p_gain : (batch,) factor on the P waves, 0 to 1; 1 in every ECG that is encoded
    """

    styles: Tensor
    r_s: Tensor
    codes: Tensor
    f_wave: Tensor
    p_gain: Tensor


def agreement(drawn: Tensor, signals: Tensor) -> tuple[Tensor, Tensor]:
    """Pearson r over all leads together and RMSE in uV of each drawing, ``(batch,)`` both.

    Parameters
    ----------
    drawn, signals : (batch, leads, samples)
        mV.
    """
    a, b = (x.flatten(1) - x.flatten(1).mean(dim=1, keepdim=True) for x in (drawn, signals))
    r = (a * b).sum(dim=1) / (a.norm(dim=1) * b.norm(dim=1) + 1e-9)
    return r, 1000 * (drawn - signals).square().mean(dim=(1, 2)).sqrt()


class Mapping(nn.Module):
    """Mapping network: z ``(batch, NOISE_INPUT)``, normalised, to styles ``(batch, LAYERS, STYLE)``.

    It writes every layer's style, because the encoder does: of one style for all layers, the
    morphologies that real ECGs need are not made.
    """

    def __init__(self, depth: int = 4, hidden: int = 192) -> None:
        super().__init__()
        sizes = [NOISE_INPUT, *[hidden] * (depth - 1), LAYERS * STYLE]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, z: Tensor) -> Tensor:
        unit = z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
        return self.layers(unit).view(-1, LAYERS, STYLE)


#: A single input of no more numbers than this torch (2.13, CPU) convolves six times slower than two.
_SMALL = 20480


def _convolved(x: Tensor, weight: Tensor) -> Tensor:
    """``F.conv1d`` of the same length."""
    alone = len(x) == 1 and x.numel() <= _SMALL
    y = F.conv1d(x.expand(2, -1, -1) if alone else x, weight, padding=weight.shape[2] // 2)
    return y[: len(x)]


class ModulatedConv(nn.Module):
    """Weight modulation and demodulation (StyleGAN2, section 2.2), one kernel a sample.

    Scaling the input by the style and the output by the demodulation equals scaling the weights,
    and lets the whole batch share one convolution.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, demodulate: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.affine = nn.Linear(STYLE, inputs)
        nn.init.normal_(self.affine.weight, std=1 / math.sqrt(STYLE))
        nn.init.ones_(self.affine.bias)
        self.gain = 1 / math.sqrt(inputs * kernel)
        self.demodulate = demodulate

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w)
        weight = self.weight * self.gain
        y = _convolved(x * style[:, :, None], weight)
        if self.demodulate:
            power = style.square() @ weight.square().sum(dim=2).t()
            y = y * torch.rsqrt(power + 1e-8)[:, :, None]
        return y + self.bias[:, None]


class StyledLayer(nn.Module):
    """Modulated convolution, noise of learned strength, leaky ReLU.

    Every channel has noise of its own: the muscles under two electrodes tremble apart.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = ModulatedConv(inputs, outputs, 5)
        self.noise_strength = nn.Parameter(torch.zeros(outputs, 1))

    def forward(self, x: Tensor, w: Tensor, noise: bool) -> Tensor:
        y = self.conv(x, w)
        if noise:
            y = y + self.noise_strength * torch.randn_like(y)
        return F.leaky_relu(y, 0.2) * math.sqrt(2)


def _upsample(x: Tensor) -> Tensor:
    """Twice the rate, by linear interpolation (a low-pass FIR, as StyleGAN2's)."""
    return F.interpolate(x, scale_factor=2.0, mode="linear", align_corners=False)


class Generator(nn.Module):
    """Latent -> eight leads ``(batch, 8, 2500)`` in mV at 250 Hz, 0.5-40 Hz.

    Called with ``noise=True`` it adds fresh noise of learned strength to every layer, as samples
    need for the texture of a recording; a reconstruction or an edit is drawn without.
    """

    w_mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.mapping = Mapping()
        self.phase = nn.ModuleDict(
            {
                "62": BeatPhase(62.5),
                "125": BeatPhase(125.0, slice(4, 19)),
                "250": BeatPhase(250.0, QRS_BUMPS),
            }
        )
        bumps = len(OFFSETS_S)
        fresh = {0: bumps + CODES + 1, 3: 15 + CODES, 5: 8}
        inputs = [fresh[0], *WIDTHS[:-1]]
        for layer in (3, 5):
            inputs[layer] += fresh[layer]
        self.layers = nn.ModuleList(StyledLayer(i, o) for i, o in zip(inputs, WIDTHS, strict=True))
        self.to_leads = nn.ModuleDict(
            {
                str(layer): ModulatedConv(WIDTHS[layer], 8, 1, demodulate=False)
                for layer in (2, 4, 6)
            }
        )
        self.band_pass = BandPass(FS)
        self.register_buffer("w_mean", torch.zeros(LAYERS, STYLE))

    def forward(self, latent: Latent, noise: bool = False) -> Tensor:
        beats = extend_beats(latent.r_s)
        codes = F.pad(latent.codes, (0, 0, 1, 1))
        styles = latent.styles.unbind(dim=1)
        gain = latent.p_gain
        phase, spread = self.phase["62"](beats, _PADDED // 4, codes, gain)
        f_wave = F.pad(latent.f_wave, (0, _PADDED // 4 - latent.f_wave.shape[1]))[:, None]
        x = torch.cat((phase, spread, f_wave), dim=1)
        leads: Tensor | None = None
        for k, layer in enumerate(self.layers):
            if k == 3:
                phase, spread = self.phase["125"](beats, _PADDED // 2, codes, gain)
                x = torch.cat((_upsample(x), phase, spread), dim=1)
            elif k == 5:
                x = torch.cat((_upsample(x), self.phase["250"](beats, _PADDED)[0]), dim=1)
            x = layer(x, styles[k], noise)
            if str(k) in self.to_leads:
                drawn = self.to_leads[str(k)](x, styles[k])
                leads = drawn if leads is None else _upsample(leads) + drawn
        assert leads is not None
        return self.band_pass(leads[..., :SAMPLES])

    def styles_from_noise(self, z: Tensor, truncation: float = 1.0) -> Tensor:
        """W+ styles ``(batch, LAYERS, STYLE)`` of ``z``, drawn towards the mean by ``truncation``."""
        return self.w_mean + truncation * (self.mapping(z) - self.w_mean)
