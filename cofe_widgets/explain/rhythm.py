"""Editing when the beats come, and carrying with each beat what the generator did not draw.

A rhythm edit keeps the number of beats and the first and last of them. What rides with a beat moves
with it: P and QRS keep their shape, the T wave stretches with the cube root of RR (Fridericia), the
diastole between takes up the rest. So a moved beat leaves no ghost.
"""

from __future__ import annotations

import torch
from torch import Tensor

#: Shortest RR interval an edit asks for, s (before all are scaled to the record's length).
REFRACTORY_S = 0.34
#: What stays rigid around an R-peak: the PR segment before it and the QRS after it, s.
P_REACH_S, J_REACH_S = 0.25, 0.06
#: QT beyond the J-point at an RR interval of 1 s.
T_REACH_S = 0.36
#: Where a P wave lies before its R-peak, s.
P_WINDOW_S = (-0.28, -0.05)


def edited_beats(r_s: Tensor, spread: Tensor, irregularity: Tensor, pattern: Tensor) -> Tensor:
    """Beats with RR_k = mean + (RR_k - mean) e^spread + irregularity x mean x pattern_k.

    Parameters
    ----------
    r_s : (batch, beats)
        R-peak times in s, NaN after the last.
    spread : (batch,)
        Log of the factor on the variation that is there; 0 leaves it.
    irregularity : (batch,)
        Coefficient of variation that is added; 0 adds none.
    pattern : (batch, beats - 1)
        Which intervals grow and which shrink; zero mean and unit SD over the record's beats.
    """
    rr = r_s.diff(dim=1)
    valid = torch.isfinite(rr)
    rr = torch.where(valid, rr, 0.0)
    count = valid.sum(dim=1, keepdim=True)
    total = rr.sum(dim=1, keepdim=True)
    mean = total / count
    wanted = mean + (rr - mean) * spread.exp()[:, None] + irregularity[:, None] * mean * pattern
    shortest = torch.where(valid, rr, torch.inf).min(dim=1, keepdim=True).values
    floor = (0.85 * shortest).clamp(max=REFRACTORY_S)
    edited = rr + _above(wanted, floor) - _above(rr, floor)  # exactly rr where nothing is wanted
    edited = torch.where(valid, edited, 0.0)
    edited = edited * total / edited.sum(dim=1, keepdim=True)
    moved = r_s[:, :1] + edited.cumsum(dim=1)
    return torch.cat((r_s[:, :1], torch.where(valid, moved, torch.nan)), dim=1)


def _above(rr: Tensor, floor: Tensor) -> Tensor:
    """RR intervals bent softly (20 ms) so that none falls below ``floor``."""
    return floor + 0.02 * torch.nn.functional.softplus((rr - floor) / 0.02)


def rr_pattern(r_s: Tensor, seed: int) -> Tensor:
    """Independent intervals of AF (gamma distributed), zero mean and unit SD a record, ``(batch, beats - 1)``."""
    valid = torch.isfinite(r_s.diff(dim=1))
    draws = torch.empty(valid.shape[1])
    generator = torch.Generator().manual_seed(seed)
    draws = torch._standard_gamma(torch.full_like(draws, 12.0), generator=generator)
    draws = torch.where(valid, draws.to(r_s), 0.0)
    count = valid.sum(dim=1, keepdim=True).clamp(min=2)
    centred = torch.where(valid, draws - draws.sum(dim=1, keepdim=True) / count, 0.0)
    return centred / (centred.square().sum(dim=1, keepdim=True) / count).sqrt().clamp(min=1e-6)


def _knots(r_s: Tensor, other: Tensor) -> Tensor:
    """Knots of the warp, ``(batch, 4 beats)``: R, J, end of T, onset of the next P, and so on.

    Before the first and after the last R-peak nothing moves.
    """
    beats = torch.isfinite(r_s)
    r_s, other = _ascending(r_s), _ascending(other)
    rr, rr_other = r_s.diff(dim=1), other.diff(dim=1)
    p_reach = (0.4 * torch.minimum(rr, rr_other)).clamp(max=P_REACH_S)
    before = torch.cat((rr[:, :1], rr[:, :-1]), dim=1)
    room = rr - p_reach - J_REACH_S
    t_reach = torch.minimum(T_REACH_S * before.clamp(min=0.3) ** (1 / 3), 0.85 * room)
    start = r_s[:, :-1]
    inner = torch.stack(
        (start, start + J_REACH_S, start + J_REACH_S + t_reach, r_s[:, 1:] - p_reach), dim=2
    ).flatten(1)
    # From the last R on, knots are the same before and after the edit.
    count = beats.sum(dim=1, keepdim=True)
    last = r_s.gather(1, count - 1).detach()
    place = torch.arange(inner.shape[1], device=r_s.device) - 4 * (count - 1)
    inner = torch.where(place < 0, inner, last + 1e3 * place.clamp(min=0))
    edge = torch.full_like(last, -1e3)
    return torch.cat((edge, inner, last + 1e3 * (place[:, -1:] + 1).clamp(min=1)), dim=1)


def _ascending(r_s: Tensor) -> Tensor:
    """Beats with the places after the last filled by ascending times, so that no NaN meets a gradient."""
    last = torch.where(torch.isfinite(r_s), r_s, -torch.inf).max(dim=1, keepdim=True).values
    filler = last.detach() + 1.0 + torch.arange(r_s.shape[1], device=r_s.device)
    return torch.where(torch.isfinite(r_s), r_s, filler)


def carry(signal: Tensor, old_r_s: Tensor, new_r_s: Tensor, fs: float) -> Tensor:
    """Move a signal ``(batch, leads, samples)`` along with its beats, from old to new R-peak times."""
    old, new = _knots(old_r_s, new_r_s), _knots(new_r_s, old_r_s)
    samples = signal.shape[2]
    time = (torch.arange(samples, device=signal.device) / fs).expand(len(signal), -1).contiguous()
    i = torch.searchsorted(new.detach().contiguous(), time, right=True) - 1
    i = i.clamp(0, new.shape[1] - 2)
    start, end = new.gather(1, i), new.gather(1, i + 1)
    shift = old.gather(1, i) - start
    grow = (old.gather(1, i + 1) - end) - shift
    source = time + shift + grow * (time - start) / (end - start)
    return _cubic(signal, source * fs)


def p_wave_left(signal: Tensor, r_s: Tensor, fs: float) -> Tensor:
    """What a signal holds of the P wave: its median over beats before R, ``(batch, leads, window)``.

    The line between its ends is taken off, so that a wandering baseline is no P wave.
    """
    time = torch.arange(round(P_WINDOW_S[0] * fs), round(P_WINDOW_S[1] * fs) + 1) / fs
    places = (r_s[..., None] + time.to(r_s)) * fs
    count = places.shape[2]
    inside = (places > 0) & (places < signal.shape[2] - 1)
    values = _cubic(signal, places.nan_to_num(0.0).flatten(1)).unflatten(2, (-1, count))
    values = torch.where(inside[:, None], values, torch.nan).nanmedian(dim=2).values.nan_to_num(0.0)
    line = torch.linspace(0, 1, count).to(values)
    start, end = values[..., :4].mean(-1, keepdim=True), values[..., -4:].mean(-1, keepdim=True)
    values = values - start - (end - start) * line
    return values * torch.hann_window(count, periodic=False).to(values).sqrt()


def place_p_waves(wave: Tensor, r_s: Tensor, samples: int, fs: float) -> Tensor:
    """The window of `p_wave_left` put before every beat, ``(batch, leads, samples)``."""
    beats = _ascending(r_s)
    time = (torch.arange(samples, device=r_s.device) / fs).expand(len(r_s), -1).contiguous()
    following = torch.searchsorted(beats.detach().contiguous(), time)
    following = following.clamp(max=beats.shape[1] - 1)
    tau = time - beats.gather(1, following)
    position = (tau - P_WINDOW_S[0]) * fs
    inside = (position >= 0) & (position <= wave.shape[2] - 1)
    beat_there = torch.isfinite(r_s).gather(1, following)
    return _cubic(wave, position) * (inside & beat_there)[:, None]


def _cubic(signal: Tensor, position: Tensor) -> Tensor:
    """Catmull-Rom interpolation of ``(batch, leads, samples)`` at positions in samples."""
    last = signal.shape[2] - 1
    position = position.clamp(0, last)
    base = position.detach().floor()
    t = (position - base)[:, None]
    index = base.long()

    def tap(k: int) -> Tensor:
        at = (index + k).clamp(0, last)[:, None].expand(-1, signal.shape[1], -1)
        return signal.gather(2, at)

    a, b, c, d = tap(-1), tap(0), tap(1), tap(2)
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
