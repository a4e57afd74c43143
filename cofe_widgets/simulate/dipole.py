"""Signals of hearts at the times of their rhythms: the waves of every beat are added to the leads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .heart import QRS_KERNELS, REPOLARISATION, ST, Array, Hearts, T, U
from .rhythm import Rhythms

#: Kernels are drawn this many widths from their centres.
_REACH_SD = 4.0


def draw_beats(hearts: Hearts, ectopic: Hearts, rhythms: Rhythms, fs: float, samples: int) -> Array:
    """Eight independent leads of ``n`` hearts without noise, mV, ``(n, 8, samples)``.

    Parameters
    ----------
    ectopic : Hearts
        What the ectopic beats of each heart look like.
    """
    n, beats = rhythms.r_s.shape
    canvas = _Canvas(n, fs, samples)
    vectors = np.swapaxes(np.stack((hearts.vectors, ectopic.vectors)), 2, 3)
    beyond = np.stack((hearts.seen_beyond, ectopic.seen_beyond))
    turns = _turns(rhythms.sway)
    both = [np.stack(pair) for pair in zip(_times(hearts), _times(ectopic), strict=True)]
    t_centre = np.stack([one.t_centre_s(rhythms.rr_s) for one in (hearts, ectopic)])
    everyone = np.arange(n)
    reaches = _reaches(both, t_centre)
    p_mu, p_rise, p_fall, sinus_p = hearts.atria(hearts.weights())
    p_times, p_reach = (p_mu, p_rise, p_fall), _reach(p_mu, p_rise, p_fall)
    for beat in range(beats):
        leads = np.matmul(hearts.lead_matrix, turns[:, beat])

        def seen(kind: NDArray[np.bool_], leads: Array = leads) -> Array:
            rows = kind.astype(np.intp), everyone
            return np.matmul(leads, vectors[rows]) + beyond[rows]

        ventricles = seen(rhythms.ectopic[:, beat])
        kind = rhythms.ectopic[:, beat].astype(np.intp)
        mu, rise, fall = (value[kind, everyone] for value in both)
        late = t_centre[kind, everyone, beat]
        mu[:, U] += late
        mu[:, T] = late
        r = rhythms.r_s[:, beat]
        for group, reach in zip((QRS_KERNELS, REPOLARISATION), reaches, strict=True):
            times = mu[:, group], rise[:, group], fall[:, group]
            canvas.stamp(r, times, ventricles[:, :, group], reach)
        *_, p = hearts.atria(seen(rhythms.early[:, beat]))
        canvas.stamp(rhythms.p_s[:, beat], p_times, p, p_reach)
    for at_s in rhythms.blocked_s.T:
        canvas.stamp(at_s, p_times, sinus_p, p_reach)
    return canvas.signals()


def _times(hearts: Hearts) -> tuple[Array, Array, Array]:
    return hearts.mu, hearts.rise, hearts.fall


def _reach(mu: Array, rise: Array, fall: Array) -> tuple[float, float]:
    """Window about the R-peak, s, that holds kernels in every heart."""
    return float((mu - _REACH_SD * rise).min()), float((mu + _REACH_SD * fall).max())


def _reaches(both: list[Array], t_centre: Array) -> tuple[tuple[float, float], tuple[float, float]]:
    """Windows of QRS and of repolarisation about the R-peak, s, that hold them in every heart."""
    mu, rise, fall = both
    begin, _ = _reach(mu[..., ST], rise[..., ST], fall[..., ST])
    begin = min(begin, float((t_centre - _REACH_SD * rise[..., T, None]).min()))
    after = np.maximum(_REACH_SD * fall[..., T], (mu + _REACH_SD * fall)[..., U])
    qrs = _reach(mu[..., QRS_KERNELS], rise[..., QRS_KERNELS], fall[..., QRS_KERNELS])
    return qrs, (begin, float((t_centre + after[..., None]).max()))


def _turns(sway: Array) -> Array:
    """Small rotations, (n, beats, 3, 3), by angles about three axes, and a gain (logarithm)."""
    out = np.zeros((*sway.shape[:2], 3, 3), np.float32)
    angle = sway[..., :3]
    out[..., [0, 1, 2], [1, 2, 0]] = -angle[..., [2, 0, 1]]
    out[..., [1, 2, 0], [0, 1, 2]] = angle[..., [2, 0, 1]]
    return (out + np.eye(3, dtype=np.float32)) * (1 + sway[..., 3:, None])


class _Canvas:
    """Records being drawn, ``(n, samples, 8)`` with room at both ends for beats that stick out."""

    def __init__(self, n: int, fs: float, samples: int) -> None:
        self.fs, self.samples = fs, samples
        self.margin = round(4.0 * fs)
        self.values = np.zeros((n, samples + 2 * self.margin, 8), np.float32)

    def stamp(
        self,
        at_s: Array,
        times: Sequence[Array],
        weights: Array,
        reach: tuple[float, float],
    ) -> None:
        """Add kernels about the times ``at_s`` (n,), seen by leads (n, 8, kernels).

        ``times`` are the kernels' centres, rises and falls, (n, kernels) each.
        """
        mu, rise, fall = times
        inside = (at_s + reach[1] > 0) & (at_s + reach[0] < self.samples / self.fs)
        rows = np.flatnonzero(inside & np.isfinite(at_s))
        if not rows.size:
            return
        at = at_s[rows]
        first = np.ceil((at + reach[0]) * self.fs).astype(np.intp)
        width = int(np.ceil((reach[1] - reach[0]) * self.fs)) + 1
        index = first[:, None] + np.arange(width)
        offset = (index / self.fs - at[:, None]).astype(np.float32)[:, None] - mu[rows][:, :, None]
        scale = np.where(offset < 0, 1 / rise[rows][:, :, None], 1 / fall[rows][:, :, None])
        offset *= scale
        np.square(offset, out=offset)
        offset *= -0.5
        shapes = np.exp(offset, out=offset)
        wave = np.matmul(np.swapaxes(shapes, 1, 2), np.swapaxes(weights[rows], 1, 2))
        index = np.clip(index + self.margin, 0, self.values.shape[1] - 1)
        self.values[rows[:, None], index] += wave

    def signals(self) -> Array:
        """The records, ``(n, 8, samples)``."""
        inside = self.values[:, self.margin : self.margin + self.samples]
        return np.ascontiguousarray(np.swapaxes(inside, 1, 2))
