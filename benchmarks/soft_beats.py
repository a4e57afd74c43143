"""Beats and waves measured softly: every number has a gradient with respect to every sample.

Where a beat lies is decided by a local maximum, which has no gradient; how it lies there, by centroids
and crossings, which have. Good enough to plant reasons in a model; `cofe_widgets.signals` measures better.
"""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from cofe_widgets.ecg import LEADS

FS = 250
#: What a template beat holds about R, samples.
BEFORE, AFTER = 100, 150
#: One cycle of the mains, samples: a mean over it is blind to hum at 50 Hz.
CYCLE = 5
#: Beats nearer than this are one, a beat nearer to the record's end is cut off, and so far about a
#: beat its own place is looked for, samples.
REFRACTORY, EDGE, NEAR = 80, 25, 20
#: A beat is so large at least, of the record's typical one.
LEAST_BEAT = 0.3
#: What is slower than this share of the fastest moment of the QRS is no QRS; and the shares of its
#: energy at which it begins and ends.
SLOW, ENDS = 0.15, (0.005, 0.995)
#: What is farther from R than this is hardly QRS, however flat the QRS itself.
QRS_REACH_MS = 85.0
#: What stands out less is no P wave to take a time from, mV; and what is taken then, ms.
FAINT_P_MV, NO_PR_MS = 0.015, 60.0
#: How much taller a P wave is than it stands out of the 124 ms about its crest.
P_OF_BUMP = 1.7
#: Softness of the edges of windows, samples.
EDGE_SOFTNESS = 0.8
#: Beats that come much earlier than the mean, or are followed so, are left out of the template: their
#: waves lie on each other.
LEAST_RR, RR_SOFTNESS = 0.8, 0.04


def ms(value: float) -> float:
    """Milliseconds in samples."""
    return value * FS / 1000


def _speed2(x: Tensor) -> Tensor:
    """Squared speed of all leads together, ``(batch, samples)``, in (mV a sample)^2."""
    step = functional.pad(x[..., 2:] - x[..., :-2], (1, 1)) / 2
    return step.square().mean(dim=1)


def _without_hum(x: Tensor) -> Tensor:
    return functional.avg_pool1d(x, CYCLE, 1, CYCLE // 2, count_include_pad=False)


def crossing(cumulated: Tensor, share: float) -> Tensor:
    """Where a rising curve ``(batch, samples)`` from 0 to 1 crosses a share, ``(batch,)`` in samples."""
    with torch.no_grad():
        at = (cumulated < share).sum(dim=1, keepdim=True).clamp(1, cumulated.shape[1] - 1)
    low, high = cumulated.gather(1, at - 1), cumulated.gather(1, at)
    return (at - 1 + (share - low) / (high - low).clamp(min=1e-9))[:, 0].clamp(
        0, cumulated.shape[1] - 1
    )


class SoftBeats:
    """The beats of ECGs, and the beat that each of them repeats.

    Parameters
    ----------
    x : (batch, 12, samples)
        mV at 250 Hz, leads in the order of `LEADS`.

    Attributes
    ----------
    r : (batch, beats)
        Where beats lie, samples; zero where ``there`` is false.
    there : (batch, beats) bool
    """

    def __init__(self, x: Tensor) -> None:
        self.x, self.smooth = x, _without_hum(x)
        window = torch.hann_window(21, periodic=False, dtype=x.dtype)
        kernel = (window / window.sum()).view(1, 1, -1)
        self.energy = functional.conv1d(_speed2(self.smooth)[:, None], kernel, padding=10)[:, 0]
        places, self.there = self._found()
        self.r = self._placed(places)

    def _found(self) -> tuple[Tensor, Tensor]:
        """Local maxima of the energy, ``(batch, beats)``, and which of them there are."""
        energy = self.energy.detach()
        parts = energy[:, : energy.shape[1] // 500 * 500].unflatten(1, (-1, 500))
        typical = parts.amax(dim=2).median(dim=1, keepdim=True).values
        tallest = functional.max_pool1d(energy[:, None], 2 * REFRACTORY + 1, 1, REFRACTORY)[:, 0]
        mask = (energy >= tallest) & (energy > LEAST_BEAT * typical)
        mask[:, :EDGE], mask[:, -EDGE:] = False, False
        most = max(1, int(mask.sum(dim=1).max()))
        order = torch.arange(energy.shape[1]).expand_as(energy)
        places = torch.where(mask, order, energy.shape[1]).sort(dim=1).values[:, :most]
        there = places < energy.shape[1]
        return torch.where(there, places, EDGE), there

    def _placed(self, places: Tensor) -> Tensor:
        """The centroid of the energy about each maximum."""
        offsets = torch.arange(-NEAR, NEAR + 1)
        at = (places[..., None] + offsets).flatten(1)
        near = self.energy.gather(1, at).unflatten(1, (-1, len(offsets)))
        weight = (near - 0.1 * near.amax(dim=2, keepdim=True)).clamp(min=0) + 1e-12
        shift = (weight * offsets).sum(dim=2) / weight.sum(dim=2)
        return torch.where(self.there, places + shift, 0.0)

    # -- rhythm

    @cached_property
    def rr(self) -> tuple[Tensor, Tensor]:
        """RR intervals ``(batch, beats - 1)`` in samples, and which of them there are."""
        return self.r.diff(dim=1), self.there[:, 1:]

    @cached_property
    def rr_mean(self) -> Tensor:
        """Mean RR interval ``(batch,)`` in samples: from the first beat to the last; 250 without."""
        rr, there = self.rr
        count = there.sum(dim=1)
        total = torch.where(there, rr, 0.0).sum(dim=1)
        return torch.where(count > 0, total / count.clamp(min=1), float(FS))

    @cached_property
    def rr_variation(self) -> Tensor:
        """Coefficient of variation of RR, ``(batch,)``."""
        rr, there = self.rr
        off = torch.where(there, rr - self.rr_mean[:, None], 0.0)
        variance = off.square().sum(dim=1) / there.sum(dim=1).clamp(min=1)
        return (
            variance + 0.1
        ).sqrt() / self.rr_mean  # 0.1: a third of a sample, for the slope at 0

    # -- the template beat

    @cached_property
    def _weights(self) -> Tensor:
        """What each beat counts in the template, ``(batch, beats)``, summing to one."""
        rr, there = self.rr
        short = rr / self.rr_mean[:, None] - LEAST_RR
        apart = torch.where(there, torch.sigmoid(short / RR_SOFTNESS), 1.0) + 1e-3
        inside = (self.r > BEFORE) & (self.r < self.x.shape[2] - AFTER - 1) & self.there
        counts = inside * functional.pad(apart, (1, 0), value=1.0)
        counts = counts * functional.pad(apart, (0, 1), value=1.0) + 1e-6 * self.there + 1e-9
        return counts / counts.sum(dim=1, keepdim=True)

    def _template(self, x: Tensor) -> Tensor:
        """Mean beat ``(batch, 12, BEFORE + AFTER + 1)``."""
        position = self.r[..., None] + torch.arange(-BEFORE, AFTER + 1)
        position = position.clamp(0, x.shape[2] - 1.001)
        low = position.detach().floor()
        share, index = (position - low)[:, None], low.long().flatten(1)[:, None]
        index = index.expand(-1, x.shape[1], -1)
        beats = position.shape[1:]
        start = x.gather(2, index).unflatten(2, beats)
        end = x.gather(2, index + 1).unflatten(2, beats)
        return ((start + share * (end - start)) * self._weights[:, None, :, None]).sum(dim=2)

    @cached_property
    def time(self) -> Tensor:
        """Samples after R of a template."""
        return torch.arange(-BEFORE, AFTER + 1, dtype=self.x.dtype)

    @cached_property
    def _smooth_template(self) -> Tensor:
        return self._template(self.smooth)

    @cached_property
    def qrs(self) -> tuple[Tensor, Tensor]:
        """Onset and offset of the QRS, ``(batch,)`` each, in samples after R."""
        first, last = BEFORE - 35, BEFORE + 41
        speed = (_speed2(self._smooth_template)[:, first:last] + 1e-12).sqrt()
        speed = speed / (1 + (self.time[first:last].abs() / ms(QRS_REACH_MS)).pow(8))
        fast = (speed - SLOW * speed.amax(dim=1, keepdim=True)).clamp(min=0) + 1e-9
        energy = fast.square().cumsum(dim=1)
        onset, offset = (
            crossing(energy / energy[:, -1:], share) + first - BEFORE for share in ENDS
        )
        return onset, offset

    def window(self, start: Tensor, end: Tensor) -> Tensor:
        """1 from start to end ``(batch,)``, in samples after R, 0 outside, with soft edges."""
        after = (self.time - start[:, None]) / EDGE_SOFTNESS
        before = (end[:, None] - self.time) / EDGE_SOFTNESS
        return torch.sigmoid(after) * torch.sigmoid(before)

    def mean(self, values: Tensor, window: Tensor) -> Tensor:
        """Mean of ``(batch, ..., samples)`` over a window ``(batch, samples)``."""
        for _ in range(values.dim() - 2):
            window = window[:, None]
        return (values * window).sum(dim=-1) / window.sum(dim=-1).clamp(min=1e-6)

    @cached_property
    def _isoelectric(self) -> Tensor:
        """Level just before the QRS, ``(batch, 12, 1)`` in mV."""
        onset, _ = self.qrs
        return self.mean(self._smooth_template, self.window(onset - ms(36), onset - ms(20)))[
            ..., None
        ]

    @cached_property
    def beat(self) -> Tensor:
        """Template ``(batch, 12, samples)`` in mV from the level before the QRS."""
        return self._template(self.x) - self._isoelectric

    @cached_property
    def smooth_beat(self) -> Tensor:
        """The same without hum."""
        return self._smooth_template - self._isoelectric

    def peak(self, trace: Tensor, window: Tensor, per_mv: float) -> Tensor:
        """Largest value of a trace ``(batch, samples)`` in a window, softly: ``(batch,)`` in mV."""
        return (trace * _near_the_top(trace, window, per_mv)).sum(dim=1)

    # -- waves

    @cached_property
    def p_window(self) -> Tensor:
        """Where a P wave may lie; in a fast heart T lies right before it."""
        onset, _ = self.qrs
        return self.window(onset - (0.35 * self.rr_mean).clamp(max=ms(320)), onset - ms(20))

    def _p_bump(self, lead: str) -> Tensor:
        """What stands out of its surroundings before the QRS, ``(batch, samples)`` in mV.

        The QRS is replaced by the level before it. A P wave that leads into it, or rides on the end
        of a T wave, stands out as one does that is alone.
        """
        onset, _ = self.qrs
        before = self.window(onset - 2 * BEFORE, onset - ms(20))
        trace = self.smooth_beat[:, LEADS.index(lead)] * before
        return trace - functional.avg_pool1d(trace[:, None], 31, 1, 15)[:, 0]

    def p_amplitude(self, lead: str) -> Tensor:
        """Height of the P wave of a lead, ``(batch,)`` in mV, of one that lasts 100 ms."""
        return P_OF_BUMP * self.peak(self._p_bump(lead), self.p_window, 100.0)

    @cached_property
    def pr(self) -> Tensor:
        """From the crest of the P wave in II to the QRS, ``(batch,)`` in ms, whatever its height.

        Where P grows faint it falls to `NO_PR_MS`: who takes P away does not lengthen PR.
        """
        onset, _ = self.qrs
        bump = self._p_bump("II")
        size = (bump.clamp(min=0) * self.p_window / FAINT_P_MV).pow(6)
        near = self.window(onset - ms(NO_PR_MS + 8), onset - ms(NO_PR_MS - 8))
        place = size + near / near.sum(dim=1, keepdim=True)
        at = (self.time * place).sum(dim=1) / place.sum(dim=1)
        return (onset - at) * 1000 / FS

    @cached_property
    def t_place(self) -> Tensor:
        """How much each sample is the crest of the T wave of all leads, ``(batch, samples)``."""
        _, offset = self.qrs
        end = (0.62 * self.rr_mean).clamp(max=AFTER - 5)
        window = self.window(offset + ms(60), end)
        size = (self.smooth_beat.square().mean(dim=1) + 1e-8).sqrt() * window
        return _sharpened(size, 6)

    def t_amplitude(self, lead: str) -> Tensor:
        """Signed height of the T wave of a lead, ``(batch,)`` in mV."""
        return (self.smooth_beat[:, LEADS.index(lead)] * self.t_place).sum(dim=1)

    def t_level(self, lead: str) -> Tensor:
        """Mean of a lead while T lasts, wherever its crest is, ``(batch,)`` in mV."""
        _, offset = self.qrs
        end = (0.62 * self.rr_mean).clamp(max=AFTER - 5)
        window = self.window(offset + ms(160), end)
        return self.mean(self.smooth_beat[:, LEADS.index(lead)], window)

    @cached_property
    def qt(self) -> Tensor:
        """From the QRS to the steepest moment of the end of T, ``(batch,)`` in ms."""
        onset, _ = self.qrs
        crest = (self.t_place * self.time).sum(dim=1)
        end = torch.minimum(crest + ms(200), 0.75 * self.rr_mean)
        speed = (_speed2(self.smooth_beat) + 1e-10).sqrt() * self.window(crest + ms(10), end)
        return ((_sharpened(speed, 6) * self.time).sum(dim=1) - onset) * 1000 / FS

    @cached_property
    def qrs_window(self) -> Tensor:
        """Where the QRS lies."""
        onset, offset = self.qrs
        return self.window(onset - 2, offset + 2)

    def r_amplitude(self, lead: str) -> Tensor:
        """Height of R of a lead, ``(batch,)`` in mV."""
        return self.peak(self.beat[:, LEADS.index(lead)], self.qrs_window, 25.0)

    def s_amplitude(self, lead: str) -> Tensor:
        """Depth of Q or S of a lead, ``(batch,)`` in mV, positive."""
        return self.peak(-self.beat[:, LEADS.index(lead)], self.qrs_window, 25.0)

    def st_level(self, lead: str) -> Tensor:
        """Level of a lead 20 to 48 ms after the QRS, ``(batch,)`` in mV."""
        _, offset = self.qrs
        window = self.window(offset + ms(20), offset + ms(48))
        return self.mean(self.smooth_beat[:, LEADS.index(lead)], window)

    def qrs_area(self, lead: str) -> Tensor:
        """Net area of the QRS of a lead, ``(batch,)`` in mV ms."""
        return (self.beat[:, LEADS.index(lead)] * self.qrs_window).sum(dim=1) * 1000 / FS


def _near_the_top(trace: Tensor, window: Tensor, per_mv: float) -> Tensor:
    """Weights ``(batch, samples)``, summing to one, that favour what is high within a window."""
    return torch.softmax(per_mv * trace * window + (window + 1e-9).log(), dim=1)


def _sharpened(size: Tensor, power: int) -> Tensor:
    """Weights ``(batch, samples)``, summing to one, that favour what is large."""
    weight = (size / size.amax(dim=1, keepdim=True).clamp(min=1e-9)).pow(power) + 1e-12
    return weight / weight.sum(dim=1, keepdim=True)
