"""Beat phase: R-peak times as bumps over time, the input of the generator's first layer.

Every wave of a beat has its place relative to its R-peak; a bump for each place, drawn at the beat
times, tells the network where in the beat a sample lies. The map is differentiable in the beat
times, so that moving a beat moves its waves whole.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

#: Most beats of a ten-second record; arrays of beat times have this many places.
MAX_BEATS = 40

#: Places of the bumps in s after the R-peak (before it where negative) at an RR interval of 1 s.
OFFSETS_S = (
    *(-0.300, -0.250, -0.210, -0.175, -0.145, -0.115, -0.085, -0.055),
    *(-0.032, -0.014, 0.0, 0.014, 0.032, 0.055, 0.085),
    *(0.12, 0.16, 0.20, 0.245, 0.29, 0.34, 0.39, 0.45, 0.52),
)
#: The bumps of the P wave: without them a sample looks like diastole, and no P wave is drawn.
P_BEFORE_S = -0.07
#: The bumps that a fine time axis needs: those of the QRS complex.
QRS_BUMPS = slice(7, 15)
#: After the J-point, times stretch with the cube root of RR (Fridericia); before it they do not.
STRETCH_FROM_S = 0.06


def pad_beats(times_s: ArrayLike) -> NDArray[np.float32]:
    """Beat times of one record as a row of `MAX_BEATS` places, NaN after the last beat."""
    times = np.asarray(times_s, np.float32)[:MAX_BEATS]
    return np.pad(times, (0, MAX_BEATS - len(times)), constant_values=np.nan)


def extend_beats(r_s: Tensor) -> Tensor:
    """Add one beat before the first and one after the last, at the neighbouring RR interval.

    Parameters
    ----------
    r_s : (batch, beats)
        R-peak times in s, ascending, NaN after the last; at least two a record.

    Returns
    -------
    (batch, beats + 2)
        Ascending; places after the added last beat lie beyond any record.
    """
    valid = torch.isfinite(r_s)
    count = valid.sum(dim=1, keepdim=True)
    if int(count.min()) < 2:
        raise ValueError("a beat phase needs at least two R-peaks in every record")
    last = r_s.gather(1, count - 1)
    after = 2 * last - r_s.gather(1, count - 2)
    before = 2 * r_s[:, :1] - r_s[:, 1:2]
    place = torch.arange(r_s.shape[1] + 1, device=r_s.device)[None]
    far = 1e3 + place.to(r_s.dtype)
    tail = torch.cat((r_s, far[:, -1:].expand(len(r_s), 1)), dim=1)
    tail = torch.where(place < count, tail, torch.where(place == count, after, far))
    return torch.cat((before, tail), dim=1)


class BeatPhase(nn.Module):
    """Bumps at `OFFSETS_S` of every beat, and per-beat codes spread over P, QRS and T.

    Parameters
    ----------
    fs : float
        Rate of the map in Hz.
    bumps : slice
        Which of `OFFSETS_S`.
    """

    places: Tensor
    widths: Tensor
    window_places: Tensor
    window_widths: Tensor

    #: Windows that carry a beat's own code: centre and width in s.
    CODE_WINDOWS = ((-0.16, 0.045), (-0.015, 0.025), (0.02, 0.025), (0.16, 0.06), (0.32, 0.08))

    def __init__(self, fs: float, bumps: slice = slice(None)) -> None:
        super().__init__()
        self.fs = fs
        places = torch.tensor(OFFSETS_S)
        gaps = torch.cat((places[1:2] - places[:1], places[1:] - places[:-1]))
        widths = 0.55 * torch.maximum(gaps, gaps.roll(-1).clamp(max=0.07)).clamp(min=0.012)
        self.register_buffer("places", places[bumps], persistent=False)
        self.register_buffer("widths", widths[bumps], persistent=False)
        windows = torch.tensor(self.CODE_WINDOWS)
        self.register_buffer("window_places", windows[:, 0], persistent=False)
        self.register_buffer("window_widths", windows[:, 1], persistent=False)

    def forward(
        self,
        beats_s: Tensor,
        samples: int,
        codes: Tensor | None = None,
        p_gain: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Phase map ``(batch, bumps, samples)`` and, with ``codes``, their map over time.

        Parameters
        ----------
        beats_s : (batch, beats)
            From `extend_beats`.
        codes : (batch, beats, windows), optional
            One number a beat and code window.
        p_gain : (batch,), optional
            Factor on the bumps of the P wave: 1 leaves it, 0 takes it away.
        """
        time = (torch.arange(samples, device=beats_s.device) + 0.5) / self.fs
        time = (time - 0.5 / 250.0).expand(len(beats_s), -1).contiguous()
        before = torch.searchsorted(beats_s.detach().contiguous(), time, right=True) - 1
        before = before.clamp(0, beats_s.shape[1] - 2)
        rr = torch.diff(beats_s, dim=1)
        stretch = torch.cat((rr[:, :1], rr), dim=1).clamp(0.35, 1.6) ** (1 / 3)
        phase, spread = torch.zeros(()), torch.zeros(())
        for index in (before, before + 1):
            tau = time - beats_s.gather(1, index)
            late = (tau - STRETCH_FROM_S).clamp(min=0)
            tau = tau - late + late / stretch.gather(1, index)
            phase = phase + _bumps(tau, self.places, self.widths)
            if codes is not None:
                own = codes.gather(1, index[..., None].expand(-1, -1, codes.shape[2]))
                window = _bumps(tau, self.window_places, self.window_widths)
                spread = spread + window * own.transpose(1, 2)
        if p_gain is not None:
            gain = torch.where(self.places < P_BEFORE_S, p_gain[:, None], 1.0)
            phase = phase * gain[..., None]
        return phase, (spread if codes is not None else None)


def _bumps(tau: Tensor, places: Tensor, widths: Tensor) -> Tensor:
    scaled = (tau[:, None] - places[:, None]) / widths[:, None]
    # Where a bump is nothing it is 1e-13, and no denormal number: convolving those takes twice as long.
    return torch.exp((-0.5 * scaled * scaled).clamp(min=-30))
