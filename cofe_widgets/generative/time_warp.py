"""Moving time along the beats: every wave moves whole, and with it all that rides on it.

Each beat is divided into P wave, PR segment, the two sides of the QRS at its R-peak, JT, and the
pause until the next P wave. An edit gives those parts new lengths; a piecewise linear map of time
carries the signal there. P wave and QRS keep their shape unless they are asked to change, JT
stretches with the cube root of RR (Fridericia), and the pause takes up the rest. The patient's own
detail goes through the same map, so a moved beat leaves no ghost.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from .rhythm import edited_beats

#: Parts of a beat whose lengths are kept: P wave, PR segment, QRS before R, QRS after R, JT; s.
PARTS = ("p", "pr_segment", "q_to_r", "r_to_j", "jt")
#: Their lengths where a wave was not found, s.
USUAL_S = (0.13, 0.045, 0.05, 0.06, 0.30)
#: Shortest pause between T and the next P wave, and PR segment that an edit leaves, s.
LEAST_PAUSE_S, LEAST_PR_SEGMENT_S = 0.012, 0.004
#: The continuation takes over within this time constant from the level at which a record ends, s.
SEAM_S = 0.15


@dataclass(frozen=True)
class Timeline:
    """When a record's beats come, what they are made of, and how the record would go on.

    A record is continued by its own beats, from the phase at which it ends, so that a faster heart
    has something to show. The continuation is as long as the record.

    Attributes
    ----------
    times_s : (batch, beats)
        R-peaks: one before the record, its own, those of the continuation; NaN after the last.
    real : (batch, beats - 1) bool
        Intervals between beats of the record.
    parts_s : (batch, 5)
        Typical length of each of `PARTS`, s.
    source : (batch, 2 * samples) int
        Sample of the record that stands at each place of record and continuation.
    seam : (batch, 2 * samples)
        How much of the step at the end of the record is added at each place.
    """

    times_s: Tensor
    real: Tensor
    parts_s: Tensor
    source: Tensor
    seam: Tensor

    @classmethod
    def of(cls, r_s: Tensor, parts_s: Tensor, samples: int, fs: float) -> Timeline:
        """Timeline of records with R-peaks ``r_s (batch, beats)``, NaN after the last."""
        r_s, parts_s = r_s.double(), parts_s.double()  # so that no edit is none, exactly
        start, source = _continuation(r_s, samples, fs)
        period = samples - start
        later = torch.arange(2 * samples)[None] - samples
        seam = torch.exp(-(later % period[:, None]) / (SEAM_S * fs)) * (later >= 0)
        n = len(r_s)
        # Beats of the continuation: those after its start in the record, once and again.
        laps = torch.arange(12)
        again = (samples + laps[None, :, None] * period[:, None, None]) / fs
        virtual = again + (r_s - start[:, None] / fs)[:, None]
        outside = (r_s < start[:, None] / fs)[:, None] | (virtual >= 2 * samples / fs)
        virtual = torch.where(outside | virtual.isnan(), torch.inf, virtual).flatten(1)
        before = 2 * r_s[:, :1] - r_s[:, 1:2]
        own = torch.where(r_s.isfinite(), r_s, torch.inf)
        times = torch.cat((before, own, virtual), dim=1).sort(dim=1).values
        times = torch.where(times.isfinite(), times, torch.nan)[:, : 2 * r_s.shape[1] + 1]
        count = r_s.isfinite().sum(dim=1, keepdim=True)
        place = torch.arange(times.shape[1] - 1)[None].expand(n, -1)
        real = (place >= 1) & (place < count)
        return cls(times, real, parts_s, source, seam.float())

    def take(self, rows: Tensor) -> Timeline:
        """The given records of the batch."""
        return Timeline(*(getattr(self, f.name)[rows] for f in fields(self)))

    @classmethod
    def join(cls, parts: list[Timeline]) -> Timeline:
        """One batch of several."""
        return cls(*(torch.cat([getattr(p, f.name) for p in parts]) for f in fields(cls)))

    def expand(self, n: int) -> Timeline:
        """One record, ``n`` times."""
        if len(self.times_s) == n:
            return self
        return Timeline(*(getattr(self, f.name).expand(n, -1) for f in fields(self)))

    def edited(self, edit: TimeEdit) -> Tensor:
        """The beats after an edit, ``(batch, beats)`` in s."""
        return edited_beats(
            self.times_s, self.real, edit.spread, edit.irregularity, edit.pattern, edit.rate
        )

    def continued(self, signal: Tensor) -> Tensor:
        """Record and continuation ``(batch, leads, 2 * samples)`` of ``(batch, leads, samples)``."""
        at = self.source[:, None].expand(-1, signal.shape[1], -1)
        start = self.source[:, None, signal.shape[2] : signal.shape[2] + 1]
        step = signal[..., -1:] - signal.gather(2, start.expand(-1, signal.shape[1], -1))
        return signal.gather(2, at) + step * self.seam[:, None]


@dataclass(frozen=True)
class TimeEdit:
    """What an edit asks of time; each ``(batch,)``, all zero for none.

    Attributes
    ----------
    spread, irregularity, rate
        See `edited_beats`.
    pattern : (batch, beats - 1)
    pr_s : seconds added to the PR interval
    qrs, qt : log of the factor on the QRS duration and on JT
    """

    spread: Tensor
    irregularity: Tensor
    rate: Tensor
    pattern: Tensor
    pr_s: Tensor
    qrs: Tensor
    qt: Tensor


def _continuation(r_s: Tensor, samples: int, fs: float) -> tuple[Tensor, Tensor]:
    """Where in the record its continuation starts ``(batch,)``, and the sample at every place."""
    rr = r_s.diff(dim=1).nan_to_num(-1.0)
    count = r_s.isfinite().sum(dim=1, keepdim=True)
    left = samples / fs - r_s.gather(1, count - 1)
    # The first beat whose interval is long enough to go on from, else the longest.
    fits = rr >= left + 0.02
    first = torch.where(fits.any(dim=1), fits.int().argmax(dim=1), rr.argmax(dim=1))[:, None]
    phase = torch.minimum(left, rr.gather(1, first) - 0.02).clamp(min=0)
    start = ((r_s.gather(1, first) + phase) * fs).round().long().clamp(0, samples - 2)[:, 0]
    place = torch.arange(2 * samples)[None].expand(len(r_s), -1)
    wrapped = start[:, None] + (place - samples) % (samples - start[:, None])
    return start, torch.where(place < samples, place, wrapped)


def knots(times_s: Tensor, parts: tuple[Tensor, ...]) -> Tensor:
    """Times at which the parts of the beats meet, ``(batch, 6 beats - 4)``, ascending.

    ``parts`` are those of `PARTS`: JT of the beat that an interval begins with, all others of the
    beat that it ends with; ``(batch, beats - 1)`` or broadcastable to that.
    """
    p, segment, q, j, jt = parts
    times = _ascending(times_s)
    start, end = times[:, :-1], times[:, 1:]
    inner = (start, start + j, start + j + jt, end - q - segment - p, end - q - segment, end - q)
    flat = torch.stack([part.expand_as(start) for part in inner], dim=2).flatten(1)
    return torch.cat((flat[:, :1] - 100, flat, times[:, -1:], times[:, -1:] + 100), dim=1)


def fitted(rr: Tensor, parts_s: Tensor) -> tuple[Tensor, ...]:
    """Parts of every interval of a record, ``(batch, beats - 1)``: short intervals squeeze P and JT."""
    p, segment, q, j, jt = (parts_s[:, k, None].expand_as(rr) for k in range(len(PARTS)))
    before = torch.cat((rr[:, :1], rr[:, :-1]), dim=1).clamp(0.3, 2.0)
    typical = before.median(dim=1, keepdim=True).values
    return _squeeze(rr, p, segment, q, j, jt * (before / typical) ** (1 / 3))


def edited_parts(
    parts: tuple[Tensor, ...], rr: Tensor, new_rr: Tensor, edit: TimeEdit
) -> tuple[Tensor, ...]:
    """Parts of every interval after an edit."""
    p, segment, q, j, jt = parts
    wider = edit.qrs.exp()[:, None]
    # Softly never below the least PR segment; exactly the old one where nothing is asked.
    soft = torch.nn.functional.softplus
    room = segment - LEAST_PR_SEGMENT_S
    new_segment = segment + 0.01 * (soft((room + edit.pr_s[:, None]) / 0.01) - soft(room / 0.01))
    before = torch.cat((rr[:, :1], rr[:, :-1]), dim=1)
    new_before = torch.cat((new_rr[:, :1], new_rr[:, :-1]), dim=1)
    longer = edit.qt.exp()[:, None] * (new_before / before) ** (1 / 3)
    return _squeeze(new_rr, p, new_segment, q * wider, j * wider, jt * longer)


def _squeeze(
    rr: Tensor, p: Tensor, segment: Tensor, q: Tensor, j: Tensor, jt: Tensor
) -> tuple[Tensor, ...]:
    """The same parts, P and JT shortened alike where they would not fit into their interval."""
    room = rr - LEAST_PAUSE_S - segment - q - j
    share = (room / (p + jt)).clamp(0.1, 1.0)
    return p * share, segment, q, j, jt * share


def carry(
    signal: Tensor, timeline: Timeline, edit: TimeEdit, fs: float, samples: int
) -> tuple[Tensor, Tensor]:
    """Carry a signal to where an edit puts its beats.

    Parameters
    ----------
    signal : (batch, leads, samples)
        The record's, or anything drawn on its beats.

    Returns
    -------
    (batch, leads, samples)
        The signal itself where nothing is asked.
    (batch, beats)
        The new beats, s.
    """
    new_times, old, new = _maps(timeline, edit)
    source = _through(_axis(signal, samples, fs), new, old)
    return cubic(timeline.continued(signal), source * fs), new_times


def carried_back(wave: Tensor, timeline: Timeline, edit: TimeEdit, fs: float) -> Tensor:
    """What must be drawn on the old beats for ``wave (batch, samples)`` to come out of `carry`.

    Its gradient is that of the wave alone, not of where it is drawn.
    """
    with torch.no_grad():
        _, old, new = _maps(timeline, edit)
        position = _through(_axis(wave, wave.shape[1], fs), old, new) * fs
    return cubic(wave[:, None], position)[:, 0]


def _axis(signal: Tensor, samples: int, fs: float) -> Tensor:
    time = torch.arange(samples, dtype=torch.float64) / fs
    return time.expand(len(signal), -1).contiguous()


def _maps(timeline: Timeline, edit: TimeEdit) -> tuple[Tensor, Tensor, Tensor]:
    """New beats, old and new knots."""
    times = timeline.times_s
    rr = _ascending(times).diff(dim=1)
    new_times = timeline.edited(edit)
    new_rr = _ascending(new_times).diff(dim=1)
    parts = fitted(rr, timeline.parts_s)
    old = knots(times, parts)
    return new_times, old, knots(new_times, edited_parts(parts, rr, new_rr, edit))


def _through(time: Tensor, there: Tensor, here: Tensor) -> Tensor:
    """Times on ``here``'s axis of times ``(batch, samples)`` on ``there``'s, both given by knots."""
    i = torch.searchsorted(there.detach().contiguous(), time, right=True) - 1
    i = i.clamp(0, there.shape[1] - 2)
    start, end = there.gather(1, i), there.gather(1, i + 1)
    shift = here.gather(1, i) - start
    grow = (here.gather(1, i + 1) - end) - shift
    return time + shift + grow * (time - start) / (end - start).clamp(min=1e-4)


def _ascending(r_s: Tensor) -> Tensor:
    """Beats with the places after the last filled by ascending times, so that no NaN meets a gradient."""
    finite = torch.isfinite(r_s)
    last = torch.where(finite, r_s, -torch.inf).max(dim=1, keepdim=True).values
    filler = last.detach() + torch.arange(1, r_s.shape[1] + 1) - finite.sum(dim=1, keepdim=True)
    return torch.where(finite, r_s, filler)


def parts_of(beat: Any) -> list[float]:
    """Lengths of `PARTS` in s from a median beat's waves; usual ones where a wave is absent."""
    import numpy as np

    usual_p, usual_segment, _, _, usual_jt = USUAL_S
    q, j = -beat.qrs.onset_ms / 1000, beat.qrs.offset_ms / 1000
    q, j = float(np.clip(q, 0.02, 0.12)), float(np.clip(j, 0.02, 0.16))
    p, segment = usual_p, usual_segment
    if np.isfinite(beat.p.onset_ms):
        # 10 ms more on both sides belong to the wave: marks lie where it leaves the baseline visibly.
        segment = max((beat.qrs.onset_ms - beat.p.offset_ms) / 1000 - 0.01, 0.008)
        p = max(-beat.p.onset_ms / 1000 + 0.01 - q - segment, 0.05)
    jt = usual_jt
    if np.isfinite(beat.t.offset_ms):
        jt = max((beat.t.offset_ms - beat.qrs.offset_ms) / 1000 + 0.02, 0.1)
    return [p, segment, q, j, jt]


def cubic(signal: Tensor, position: Tensor) -> Tensor:
    """Catmull-Rom interpolation of ``(batch, leads, samples)`` at positions in samples."""
    last = signal.shape[2] - 1
    position = position.clamp(0, last)
    base = position.detach().floor()
    t = (position - base).to(signal.dtype)[:, None]
    index = base.long()

    def tap(k: int) -> Tensor:
        at = (index + k).clamp(0, last)[:, None].expand(-1, signal.shape[1], -1)
        return signal.gather(2, at)

    a, b, c, d = tap(-1), tap(0), tap(1), tap(2)
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
