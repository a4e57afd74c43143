"""From hearts and rhythms to leads: every beat is stamped into the record, wave by wave."""

from __future__ import annotations

import numpy as np

from .heart import P_KERNELS, QRS_KERNELS, REPOLARISATION, ST, Array, Hearts, T, U
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
    turns = _turns(rhythms.sway)
    both = [np.stack(pair) for pair in zip(_times(hearts), _times(ectopic), strict=True)]
    t_centre = np.stack([one.t_centre_s(rhythms.rr_s) for one in (hearts, ectopic)])
    everyone = np.arange(n)
    p_reach, *reaches = _reach(both, t_centre)
    p_mu, p_rise, p_fall = (one[:, P_KERNELS] for one in _times(hearts))
    for beat in range(beats):
        kind = rhythms.ectopic[:, beat].astype(np.intp)
        leads = np.matmul(hearts.lead_matrix, turns[:, beat])
        seen = np.matmul(leads, vectors[kind, everyone]) * hearts.gain
        mu, rise, fall = (value[kind, everyone] for value in both)
        late = t_centre[kind, everyone, beat]
        mu[:, U] += late
        mu[:, T] = late
        r = rhythms.r_s[:, beat]
        for group, reach in zip((QRS_KERNELS, REPOLARISATION), reaches, strict=True):
            canvas.stamp(r, mu[:, group], rise[:, group], fall[:, group], seen[:, :, group], reach)
        atrium = rhythms.early[:, beat].astype(np.intp)
        p_seen = np.matmul(leads, vectors[atrium, everyone][:, :, P_KERNELS])
        p_seen *= hearts.gain[:, :, P_KERNELS]
        canvas.stamp(rhythms.p_s[:, beat], p_mu, p_rise, p_fall, p_seen, p_reach)
    sinus_p = hearts.weights()[:, :, P_KERNELS]
    for at_s in rhythms.blocked_s.T:
        canvas.stamp(at_s, p_mu, p_rise, p_fall, sinus_p, p_reach)
    return canvas.signals()


def _times(hearts: Hearts) -> tuple[Array, Array, Array]:
    return hearts.mu, hearts.rise, hearts.fall


def _reach(both: list[Array], t_centre: Array) -> list[tuple[float, float]]:
    """Windows of P, QRS and repolarisation about the R-peak, s, that hold them in every heart."""
    mu, rise, fall = both
    early, late = mu - _REACH_SD * rise, mu + _REACH_SD * fall
    out = [
        (float(early[..., group].min()), float(late[..., group].max()))
        for group in (P_KERNELS, QRS_KERNELS)
    ]
    begin = min(early[..., ST].min(), (t_centre - _REACH_SD * rise[..., T, None]).min())
    end = (t_centre + np.maximum(_REACH_SD * fall[..., T], late[..., U])[..., None]).max()
    return [*out, (float(begin), float(end))]


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
        mu: Array,
        rise: Array,
        fall: Array,
        weights: Array,
        reach: tuple[float, float],
    ) -> None:
        """Add kernels (m, kernels) about the times ``at_s`` (n,), seen by leads (n, 8, kernels)."""
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
