"""Premature beats, and the foci that they come from; `rhythm` says when they come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..heart import LATE, P_KERNELS, QRS_KERNELS, ST, Hearts, Q, R, S, T, directions
from .condition import Condition, Rate

_RATE = Rate(74, 11, 55, 100, rank=1)

CONDITIONS = (
    Condition("PAC", "atrial ectopy", rate=_RATE, moves_beats=True),
    Condition("PVC", "ventricular ectopy", rate=_RATE, moves_beats=True),
)


def ectopic_hearts(hearts: Hearts, rng: np.random.Generator) -> Hearts:
    """The ectopic foci of each heart: its premature ventricular beats, and premature P waves.

    Wide and bizarre QRS with T opposed, from one focus a heart, right ventricular (LBBB-like) or
    left (RBBB-like) with any axis; P from elsewhere than the sinus node.
    """
    n = len(hearts.mu)
    mu, rise = hearts.mu.copy(), hearts.rise.copy()
    vectors = np.zeros_like(hearts.vectors)
    # Three in five from the right ventricle's outflow (LBBB-like, tall in the inferior leads), the
    # others from the left ventricle (RBBB-like, superior axis).
    right = (rng.random(n) < 0.6)[:, None]
    main = np.where(right, [0.45, 0.80, 0.60], [-0.50, -0.55, -0.75]) + rng.normal(0, 0.2, (n, 3))
    main *= (rng.uniform(1.4, 2.1, n) / np.linalg.norm(main, axis=1))[:, None]
    turn = directions(n, rng) * 0.25 * np.linalg.norm(main, axis=1, keepdims=True)
    vectors[:, Q], vectors[:, R] = 0.25 * main + 0.3 * turn, 0.85 * main
    vectors[:, S], vectors[:, LATE] = 0.45 * main + turn, 0.25 * main
    vectors[:, ST], vectors[:, T] = -0.12 * main, -0.34 * main + 0.1 * turn
    p_turn = np.array([0.5, -0.4, 1.2], np.float32) + rng.normal(0, 0.3, (n, 1, 3))
    vectors[:, P_KERNELS] = hearts.vectors[:, P_KERNELS] * p_turn
    w = rng.uniform(0.88, 1.15, n).astype(np.float32)
    for kernel, centre, width in (
        (Q, -0.036, 0.0110),
        (R, 0.0, 0.0190),
        (S, 0.034, 0.0170),
        (LATE, 0.062, 0.0120),
    ):
        mu[:, kernel], rise[:, kernel] = centre * w, width * w
    fall = hearts.fall.copy()
    fall[:, QRS_KERNELS] = rise[:, QRS_KERNELS]
    mu[:, ST], rise[:, ST] = 0.075 * w, 0.022 * w
    return replace(
        hearts,
        vectors=vectors.astype(np.float32),
        mu=mu,
        rise=rise,
        fall=fall,
        qtc_s=(hearts.qtc_s + 0.045).astype(np.float32),
    )
