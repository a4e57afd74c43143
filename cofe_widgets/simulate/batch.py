"""Many simulated records as arrays, with everything that is known about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..ecg import expand_matrix
from ..vocabulary.segments import L_AFTER_J_S, POINTS, paint
from .beat import P_FLOOR_MV, Deflections, has_t, p_size_mv
from .dipole import draw_beats
from .heart import P_KERNELS, T_SD, Array, Hearts, People, T
from .rhythm import Rhythms

_Q, _R, _S, _QRS = range(4)
#: Between the end of QRS and what is called T.
_LEAST_ST_S = 0.02


@dataclass(frozen=True, eq=False)
class Batch:
    """Arrays of ``n`` simulated records, for those who train on them.

    Attributes
    ----------
    conditions : (n,) label codes, joined by "+" where there are several
    severity : (n,) 0 to 1
    signals : (n, 8, samples) mV, leads I, II, V1..V6, with noise
    f_waves : (n, samples) fibrillatory or flutter wave of unit amplitude (zero where there is none)
    f_dipoles : (n, 8) what each lead sees of it, mV
    hearts, ectopic : the conducted and the premature beats of each heart
    healthy : the same hearts without their conditions
    rhythms, people : when they beat, whose they are
    r_delay_s : (n,) how much later than in the healthy hearts R comes
    rhythm_altered : (n,) whether a condition decides when the beats come
    fs : float
    """

    conditions: NDArray[np.str_]
    severity: Array
    signals: Array
    f_waves: Array
    f_dipoles: Array
    hearts: Hearts
    ectopic: Hearts
    healthy: Hearts
    rhythms: Rhythms
    r_delay_s: Array
    people: People
    rhythm_altered: NDArray[np.bool_]
    fs: float

    @cached_property
    def clean(self) -> Array:
        """The records without noise, (n, 8, samples)."""
        return self._drawn(self.hearts, self.ectopic, self.rhythms) + self._f_signal

    @cached_property
    def _f_signal(self) -> Array:
        return self.f_dipoles[:, :, None] * self.f_waves[:, None]

    def _drawn(self, hearts: Hearts, ectopic: Hearts, rhythms: Rhythms) -> Array:
        return draw_beats(hearts, ectopic, rhythms, self.fs, self.signals.shape[-1])

    @cached_property
    def cause(self) -> Array:
        """What the conditions altered, mV, (n, 12, samples).

        Each record without noise minus the same heart without its conditions, beating at the same
        times, each beat conducted from a sinus P wave.
        """
        rhythms = self.rhythms
        none = np.zeros_like(rhythms.ectopic)
        regular = replace(
            rhythms,
            p_s=rhythms.r_s,
            blocked_s=rhythms.blocked_s[:, :0],
            ectopic=none,
            early=none,
        ).delayed(-self.r_delay_s)
        healthy = self._drawn(self.healthy, self.healthy, regular)
        return expand_matrix() @ (self.clean - healthy)

    @cached_property
    def deflections_s(self) -> Array:
        """Onset, peak, offset of Q, R, S and QRS: (n, 12, beats, 4, 3), s from the record's start."""
        relative = [one.spans_s for one in self._deflections]
        chosen = np.where(
            self.rhythms.ectopic[:, None, :, None, None],
            relative[1][:, :, None],
            relative[0][:, :, None],
        )
        return chosen + self.rhythms.r_s[:, None, :, None, None]

    @cached_property
    def _deflections(self) -> tuple[Deflections, Deflections]:
        conducted, ectopic = (
            Deflections(one, np.median(one.t_centre_s(self.rhythms.rr_s), axis=1))
            for one in (self.hearts, self.ectopic)
        )
        return conducted, ectopic

    @cached_property
    def points_s(self) -> Array:
        """The twelve `segments.POINTS` of each beat in each lead, (n, 12, beats, 12).

        Seconds from the start of the record; NaN where absent.
        """
        n, beats = self.rhythms.r_s.shape
        out = np.full((n, 12, beats, len(POINTS)), np.nan, np.float32)
        spans = self.deflections_s
        out[..., 3], out[..., 7] = spans[..., _QRS, 0], spans[..., _QRS, 2]
        for column, wave in ((4, _Q), (5, _R), (6, _S)):
            out[..., column] = spans[..., wave, 1]
        # An S before R (between r and R' of a right bundle branch block) has no place in the order.
        out[..., 6] = np.where(out[..., 6] > out[..., 5], out[..., 6], np.nan)
        out[..., 9:12] = self._t_points()[:, None]
        # In fast hearts T begins before the QRS has ended: it is called T a little after J.
        j = out[..., 7]
        out[..., 9] = np.where(out[..., 9] < j + _LEAST_ST_S, j + _LEAST_ST_S, out[..., 9])
        out[..., 8] = np.fmin(j + L_AFTER_J_S, (j + out[..., 9]) / 2)
        out[..., :3] = self._p_points(self.rhythms.p_s)
        return out

    def _t_points(self) -> Array:
        """T onset, peak, offset, (n, beats, 3)."""
        each = []
        for one in (self.hearts, self.ectopic):
            centre = one.t_centre_s(self.rhythms.rr_s) + self.rhythms.r_s
            on = centre - T_SD * one.rise[:, T, None]
            off = centre + T_SD * one.fall[:, T, None]
            points = np.stack((on, centre, off), axis=2)
            each.append(np.where(has_t(one)[:, None, None], points, np.nan))
        return np.where(self.rhythms.ectopic[:, :, None], each[1], each[0])

    def _p_points(self, p_s: Array) -> Array:
        """P onset, peak (each lead's own), offset, (n, 12, beats, 3), of P waves due at ``p_s``."""
        heart = self.hearts
        on, off = heart.p_onset_s, heart.p_offset_s
        time = np.linspace(0, 1, 41, dtype=np.float32) * (off - on)[:, None] + on[:, None]
        offset = (time[:, None] - heart.mu[:, P_KERNELS, None]) / heart.rise[:, P_KERNELS, None]
        kernels = np.exp(-0.5 * np.square(offset))
        seen = expand_matrix() @ heart.weights()[:, :, P_KERNELS] @ kernels
        at = np.abs(seen).argmax(axis=2)
        peak = np.take_along_axis(time, at.reshape(len(at), -1), axis=1).reshape(at.shape)
        bounds = np.broadcast_to(on[:, None], peak.shape), np.broadcast_to(off[:, None], peak.shape)
        relative = np.stack((bounds[0], peak, bounds[1]), axis=2)
        relative = np.where((p_size_mv(heart) >= P_FLOOR_MV)[:, None, None], relative, np.nan)
        return p_s[:, None, :, None] + relative[:, :, None]

    def painted_points(self, rows: slice = slice(None)) -> Array:
        """`points_s` with a beat of its own for every P wave that no QRS follows, in order."""
        if not self.rhythms.blocked_s.shape[1]:
            return self.points_s[rows]
        p = self._p_points(self.rhythms.blocked_s)
        alone = np.full((*p.shape[:3], len(POINTS)), np.nan, np.float32)
        alone[..., :3] = p
        both = np.concatenate((self.points_s, alone), axis=2)[rows]
        first = np.where(np.isnan(both), np.inf, both).min(axis=3)
        order = np.argsort(first, axis=2)
        return np.take_along_axis(both, order[..., None], axis=2)

    def segments(self) -> NDArray[np.int8]:
        """Segment of each sample of each lead, (n, 12, samples)."""
        return paint(self.painted_points(), self.fs, self.signals.shape[-1])
