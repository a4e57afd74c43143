"""Records whose every wave is known, drawn from raised cosines: they begin and end somewhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cofe_widgets.ecg import LEADS, Record, expand_matrix

#: Share of each wave in I, II, V1 ... V6.
P_IN_LEADS = (0.5, 1.0, 0.4, 0.5, 0.4, 0.4, 0.3, 0.3)
QRS_IN_LEADS = (0.6, 1.0, -0.8, -0.9, 0.7, 1.3, 1.2, 0.9)
T_IN_LEADS = (0.6, 1.0, 0.3, 1.2, 1.3, 1.1, 0.9, 0.7)


def bump(time_ms: NDArray[np.float64], onset: float, offset: float) -> NDArray[np.float64]:
    """A raised cosine of height 1 between two moments."""
    phase = np.clip((time_ms - onset) / (offset - onset), 0, 1)
    return (1 - np.cos(2 * np.pi * phase)) / 2


def regular(rate: float = 70.0, seconds: float = 10.0, first: float = 0.6) -> NDArray[np.float64]:
    """Times of a regular heart."""
    return np.arange(first, seconds - 0.05, 60 / rate)


def draw(
    r_s: ArrayLike,
    *,
    fs: float = 500.0,
    seconds: float = 10.0,
    pr_ms: float = 160.0,
    qrs_ms: float = 96.0,
    qt_ms: float = 380.0,
    p_mv: float = 0.15,
    r_mv: float = 1.0,
    t_mv: float = 0.3,
    with_p: ArrayLike = True,
    noise_mv: float = 0.005,
    seed: int = 0,
) -> Record:
    """Twelve leads (Einthoven exact), amplitudes as in lead II.

    R is in the middle of the QRS; P lasts 100 ms and T 200 ms; ``with_p`` says which beats have P.
    """
    r_ms = 1000 * np.asarray(r_s, dtype=float)[:, None]
    time = np.arange(round(seconds * fs)) * 1000 / fs - r_ms
    has_p = np.broadcast_to(np.asarray(with_p, dtype=float), r_ms.shape[:1])[:, None]
    on, off = -qrs_ms / 2, qrs_ms / 2
    p = (has_p * bump(time, on - pr_ms, on - pr_ms + 100)).sum(axis=0) * p_mv
    t = bump(time, on + qt_ms - 200, on + qt_ms).sum(axis=0) * t_mv
    r = bump(time, on / 2, off / 2).sum(axis=0) * r_mv
    q_s = -0.15 * r_mv * (bump(time, on, 0) + bump(time, 0, off)).sum(axis=0)
    rng = np.random.default_rng(seed)
    signal = np.outer(P_IN_LEADS, p) + np.outer(QRS_IN_LEADS, r + q_s) + np.outer(T_IN_LEADS, t)
    signal += rng.normal(0, noise_mv, signal.shape) if noise_mv else 0.0
    return Record(expand_matrix() @ signal, fs, LEADS)
