"""Encoder E: an ECG and its R-peaks to the generator's latent (CoFE, section 2.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..phase import OFFSETS_S, BeatPhase, extend_beats
from .generator import _PADDED, CODES, LAYERS, STYLE, Latent

#: Amplitudes with a direction of their own in W+, in the order of `Encoder.named_styles`.
NAMED = ("r_amplitude", "st", "t_amplitude")
#: Leading components along which real ECGs are known.
REAL_COMPONENTS = 32
_CODE_OFFSETS_S = (-0.20, -0.14, -0.06, 0.0, 0.06, 0.16, 0.26, 0.36)


class Encoder(nn.Module):
    """Features at 62.5 Hz, pooled over all beats at each place of the beat, to W+ styles.

    Each beat's own code comes from how its features differ from the mean of all beats, so that what
    is common lies in the styles alone. A small branch, taught by the simulator, reads the
    fibrillatory wave.

    Parameters
    ----------
    width : int
        Channels of the features.
    real : int
        Real ECGs in `real_styles`.

    Attributes
    ----------
    style_mean : (LAYERS * STYLE,)
        Mean of the styles of real and simulated ECGs.
    style_basis : (LAYERS * STYLE, LAYERS * STYLE)
        Their principal components, one a row, largest first, each as long as one standard deviation.
    named_styles : (3, LAYERS * STYLE)
        What 20 % more QRS amplitude, 0.1 mV more ST and 0.1 mV more T (in lead II) do to the styles.
    real_styles : (real, `REAL_COMPONENTS`)
        Real training ECGs along the leading components, in standard deviations.

    Notes
    -----
    Input ``(batch, 8, 2500)`` mV, band-passed 0.5-40 Hz, and R-peak times ``(batch, beats)``.
    """

    style_mean: Tensor
    style_basis: Tensor
    named_styles: Tensor
    real_styles: Tensor

    def __init__(self, width: int = 64, real: int = 0) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(8, 32, 9, 1, 4),
            nn.LeakyReLU(0.2),
            nn.Conv1d(32, 48, 7, 2, 3),
            nn.LeakyReLU(0.2),
            nn.Conv1d(48, width, 7, 2, 3),
            nn.LeakyReLU(0.2),
            nn.Conv1d(width, width, 5, 1, 2),
        )
        self.phase = BeatPhase(62.5)
        pooled = width * len(OFFSETS_S)
        self.styles = nn.Sequential(
            nn.Linear(pooled, 384), nn.LeakyReLU(0.2), nn.Linear(384, LAYERS * STYLE)
        )
        own = width * len(_CODE_OFFSETS_S)
        self.codes = nn.Sequential(nn.Linear(own, 96), nn.LeakyReLU(0.2), nn.Linear(96, CODES))
        self.f_wave = nn.Sequential(
            nn.Conv1d(width + len(OFFSETS_S), 48, 9, 1, 4),
            nn.LeakyReLU(0.2),
            nn.Conv1d(48, 48, 9, 1, 16, dilation=4),
            nn.LeakyReLU(0.2),
            nn.Conv1d(48, 1, 9, 1, 4),
        )
        size = LAYERS * STYLE
        self.register_buffer("style_mean", torch.zeros(size))
        self.register_buffer("style_basis", torch.eye(size))
        self.register_buffer("real_styles", torch.zeros(real, REAL_COMPONENTS))
        self.register_buffer("named_styles", torch.zeros(len(NAMED), size))
        self.register_load_state_dict_pre_hook(_complete)

    def forward(self, x: Tensor, r_s: Tensor) -> Latent:
        features = self.features(F.pad(x, (0, _PADDED - x.shape[2])))
        phase, _ = self.phase(extend_beats(r_s), features.shape[2])
        inside = phase[..., : round(x.shape[2] / 4)]
        pooled = features[..., : inside.shape[2]] @ inside.transpose(1, 2)
        pooled = pooled / (inside.sum(dim=2)[:, None] + 0.5)
        styles = self.styles(pooled.flatten(1)).view(-1, LAYERS, STYLE)
        f_wave = self.f_wave(torch.cat((features, phase), dim=1))[:, 0]
        return Latent(styles, r_s, self._codes(features, r_s), f_wave, torch.ones_like(r_s[:, 0]))

    def _codes(self, features: Tensor, r_s: Tensor) -> Tensor:
        """Codes of each beat ``(batch, beats, CODES)``, of zero mean over the beats of a record."""
        valid = torch.isfinite(r_s)
        offsets = torch.tensor(_CODE_OFFSETS_S, device=r_s.device)
        places = (torch.nan_to_num(r_s)[..., None] + offsets) * 62.5 - 0.25
        places = places.clamp(0, features.shape[2] - 1.001).flatten(1)
        low = places.floor().long()
        share = (places - low)[:, None]
        left = features.gather(2, low[:, None].expand(-1, features.shape[1], -1))
        right = features.gather(2, low[:, None].expand(-1, features.shape[1], -1) + 1)
        at_beats = (left + share * (right - left)).unflatten(2, (r_s.shape[1], -1))
        own = at_beats.permute(0, 2, 1, 3).flatten(2)
        own = own - _masked_mean(own, valid)
        codes = 2 * torch.tanh(0.5 * self.codes(own))
        return (codes - _masked_mean(codes, valid)) * valid[..., None]


def _complete(module: nn.Module, state: dict[str, Tensor], prefix: str, *_: object) -> None:
    """Refuse the state of an encoder made before it carried real and named styles."""
    missing = [k for k in ("real_styles", "named_styles") if prefix + k not in state]
    if missing:
        raise RuntimeError(
            f"an encoder without {' and '.join(missing)}, made by an older version: finish it with "
            "`cofe-widgets train encoder`"
        )


def _masked_mean(x: Tensor, valid: Tensor) -> Tensor:
    weight = valid[..., None].to(x.dtype)
    return (x * weight).sum(dim=1, keepdim=True) / weight.sum(dim=1, keepdim=True).clamp(min=1)
