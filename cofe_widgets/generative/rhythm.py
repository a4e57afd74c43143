"""Editing when the beats come.

A rhythm edit keeps the beats' order; irregularity also keeps their number and the first and last of
them, heart rate moves all of them. What lies between beats is moved by `time_warp`.
"""

from __future__ import annotations

import torch
from torch import Tensor

#: Shortest RR interval an edit asks for, s (before all are scaled to the record's length).
REFRACTORY_S = 0.34


def edited_beats(
    times_s: Tensor,
    real: Tensor,
    spread: Tensor,
    irregularity: Tensor,
    pattern: Tensor,
    rate: Tensor | None = None,
) -> Tensor:
    """Beats with RR_k = (mean + (RR_k - mean) e^spread + irregularity x mean x pattern_k) / e^rate.

    Parameters
    ----------
    times_s : (batch, beats)
        R-peak times in s, ascending, NaN after the last; they may begin with a beat before the
        record and end with beats after it.
    real : (batch, beats - 1) bool
        Which intervals lie between beats of the record: their sum is kept, the mean is theirs.
    spread : (batch,)
        Log of the factor on the variation that is there; 0 leaves it.
    irregularity : (batch,)
        Coefficient of variation that is added; 0 adds none.
    pattern : (batch, beats - 1)
        Which intervals grow and which shrink; zero mean and unit SD over the record's intervals.
    rate : (batch,), optional
        Log of the factor on the heart rate; time 0 stays where it is.
    """
    rr = times_s.diff(dim=1)
    valid = torch.isfinite(rr)
    rr = torch.where(valid, rr, 0.0)
    within = torch.where(real, rr, 0.0)
    count = real.sum(dim=1, keepdim=True)
    total = within.sum(dim=1, keepdim=True)
    mean = total / count
    wanted = mean + (rr - mean) * spread.exp()[:, None] + irregularity[:, None] * mean * pattern
    shortest = torch.where(real, rr, torch.inf).min(dim=1, keepdim=True).values
    floor = (0.85 * shortest).clamp(max=REFRACTORY_S)
    edited = rr + _above(wanted, floor) - _above(rr, floor)  # exactly rr where nothing is wanted
    edited = edited * total / torch.where(real, edited, 0.0).sum(dim=1, keepdim=True)
    # The interval into the record is not part of it, and keeps its length.
    led_in = valid & ~real & (real.cumsum(dim=1) == 0)
    edited = torch.where(valid, torch.where(led_in, rr, edited), 0.0)
    first = times_s[:, :1]
    if rate is not None:
        slower = (-rate).exp()[:, None]
        first, edited = first * slower, edited * slower
    moved = first + edited.cumsum(dim=1)
    return torch.cat((first, torch.where(valid, moved, torch.nan)), dim=1)


def _above(rr: Tensor, floor: Tensor) -> Tensor:
    """RR intervals bent softly (20 ms) so that none falls below ``floor``."""
    return floor + 0.02 * torch.nn.functional.softplus((rr - floor) / 0.02)


def rr_pattern(real: Tensor, seed: int) -> Tensor:
    """Independent intervals of AF (gamma distributed): zero mean and unit SD over the real ones.

    Parameters
    ----------
    real : (batch, intervals) bool
        The same draw for every record of a batch, so that an answer does not depend on its company.
    """
    draws = torch.empty(real.shape[1])
    generator = torch.Generator().manual_seed(seed)
    draws = torch._standard_gamma(torch.full_like(draws, 12.0), generator=generator)
    count = real.sum(dim=1, keepdim=True).clamp(min=2)
    centred = draws - torch.where(real, draws, 0.0).sum(dim=1, keepdim=True) / count
    size = torch.where(real, centred, 0.0).square().sum(dim=1, keepdim=True) / count
    return centred / size.sqrt().clamp(min=1e-6)
