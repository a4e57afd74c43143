"""What planted models measure, each one thing: modules from ``(batch, 12, 2500)`` mV to ``(batch,)``."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from cofe_widgets.ecg import LEADS

from .soft_beats import FS, SoftBeats

#: Less power at 50 Hz than this is none: hum of about 1 uV.
LEAST_HUM = 2e-4


class Irregularity(nn.Module):
    """Coefficient of variation of RR."""

    def forward(self, x: Tensor) -> Tensor:
        return SoftBeats(x).rr_variation


class HeartRate(nn.Module):
    """60 s over the mean RR interval, bpm."""

    def forward(self, x: Tensor) -> Tensor:
        return 60 * FS / SoftBeats(x).rr_mean


class PAmplitude(nn.Module):
    """Height of P in II, mV."""

    def forward(self, x: Tensor) -> Tensor:
        return SoftBeats(x).p_amplitude("II")


class PR(nn.Module):
    """Crest of P in II to the QRS, ms."""

    def forward(self, x: Tensor) -> Tensor:
        return SoftBeats(x).pr


class QRSDuration(nn.Module):
    """How long the QRS of all leads is fast, ms: more than half of what is measured as its length."""

    def forward(self, x: Tensor) -> Tensor:
        onset, offset = SoftBeats(x).qrs
        return (offset - onset) * 1000 / FS


class RInV5(nn.Module):
    """Height of R in V5, mV."""

    def forward(self, x: Tensor) -> Tensor:
        return SoftBeats(x).r_amplitude("V5")


class RToSInV1(nn.Module):
    """Log of the ratio of R to S in V1; a deflection counts 0.05 mV at least."""

    def forward(self, x: Tensor) -> Tensor:
        beats = SoftBeats(x)
        r, s = (
            0.05 + nn.functional.softplus(one("V1") - 0.02, beta=50)
            for one in (beats.r_amplitude, beats.s_amplitude)
        )
        return (r / s).log()


class STInV2V3(nn.Module):
    """Mean level after the QRS in V2 and V3, mV."""

    def forward(self, x: Tensor) -> Tensor:
        beats = SoftBeats(x)
        return (beats.st_level("V2") + beats.st_level("V3")) / 2


class TInV2(nn.Module):
    """Height of T in V2, mV."""

    def forward(self, x: Tensor) -> Tensor:
        return SoftBeats(x).t_amplitude("V2")


def polarity(t: Any, mv: float = 0.05) -> Any:
    """From -1 to 1: which way a T wave of so many mV points, whatever its height; softly about 0."""
    return t / (abs(t) + mv)


class TPolarityInV6(nn.Module):
    """Near 1 where T in V6 is upright, near -1 where it is inverted, whatever its height.

    By its mean, for its height would be read at a crest that all leads together decide.
    """

    def forward(self, x: Tensor) -> Tensor:
        return polarity(SoftBeats(x).t_level("V6"), 0.025)


class QT(nn.Module):
    """Onset of the QRS to the steepest moment of the end of T, ms."""

    def forward(self, x: Tensor) -> Tensor:
        return SoftBeats(x).qt


class Axis(nn.Module):
    """Frontal QRS axis of the areas in I and aVF, degrees."""

    def forward(self, x: Tensor) -> Tensor:
        beats = SoftBeats(x)
        up = beats.qrs_area("aVF") * 2 / 3**0.5
        return torch.rad2deg(torch.atan2(up, beats.qrs_area("I") + 1e-6))


class OffsetOfV6(nn.Module):
    """Mean of V6, mV."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, LEADS.index("V6")].mean(dim=1)


class Hum(nn.Module):
    """Log10 of the power at 50 Hz in all leads."""

    def forward(self, x: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(x * torch.hann_window(x.shape[2], dtype=x.dtype))
        line = round(50 * x.shape[2] / FS)
        power = spectrum[..., line - 1 : line + 2].abs().square().sum(dim=2).mean(dim=1)
        return (power / x.shape[2] + LEAST_HUM).log10()


class FirstTenth(nn.Module):
    """Mean of the first 100 ms of lead I, mV."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, 0, : FS // 10].mean(dim=1)


class IrregularAndP(nn.Module):
    """Irregularity and height of P in II, ``(batch, 2)``."""

    def forward(self, x: Tensor) -> Tensor:
        beats = SoftBeats(x)
        return torch.stack((beats.rr_variation, beats.p_amplitude("II")), dim=1)


class Age(nn.Module):
    """The age that is given beside the ECG, years: the ECG does not matter."""

    def forward(self, x: Tensor, side: Tensor) -> Tensor:
        return side[:, 0]
