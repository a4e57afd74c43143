"""Disorders of potassium, and what any potassium does to a heart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..heart import P_KERNELS, P_SD, ST, Array, Hearts, T, U, stretch_qrs
from .condition import Condition

CONDITIONS = (
    Condition("HYPERK", "potassium", potassium=(5.5, 8.8)),
    Condition("HYPOK", "potassium", potassium=(3.5, 2.0)),
)


def with_potassium(hearts: Hearts, potassium: Array) -> Hearts:
    """The hearts under a serum potassium, mmol/L (Mattu et al., Am J Emerg Med 2000;18:721; Surawicz 1995).

    From 5.5 mmol/L T grows tall, narrow and symmetric; from 6.5 QRS widens and P flattens, PR
    lengthens; at 8 P is gone; at 9 QRS lasts nearly twice as long. Below 3.5 T flattens, ST sinks,
    U grows and QT(U) lengthens.
    """
    high = ((potassium - 5.2) / 3.8).clip(0, 1.2).astype(np.float32)
    severe = ((potassium - 6.2) / 2.8).clip(0, 1.2).astype(np.float32)
    low = ((3.6 - potassium) / 1.6).clip(0, 1).astype(np.float32)
    if not (high.any() or low.any()):
        return hearts
    hearts = stretch_qrs(hearts, 1 + 0.95 * severe)
    vectors, mu = hearts.vectors.copy(), hearts.mu.copy()
    rise, fall = hearts.rise.copy(), hearts.fall.copy()
    width = 1 - 0.5 * high
    rise[:, T] = rise[:, T] * width + 0.004 * high
    fall[:, T] *= 1 - 0.3 * high
    # T grows along its own direction; one that is flat or inverted turns upright and forwards.
    tall = np.array([0.55, 0.42, -0.45], np.float32)
    t_size = np.linalg.norm(vectors[:, T], axis=1, keepdims=True)
    own = vectors[:, T] / np.maximum(t_size, 1e-6)
    vectors[:, T] += high[:, None] * (0.6 * tall + 1.6 * t_size.clip(0.15, 0.5) * own)
    flat = (1 - (potassium - 6.0) / 2.0).clip(0, 1) * (high > 0) + (high == 0)
    vectors[:, P_KERNELS] *= flat.astype(np.float32)[:, None, None]
    rise[:, P_KERNELS] *= (1 + 0.35 * severe)[:, None]
    fall[:, P_KERNELS] *= (1 + 0.35 * severe)[:, None]
    mu[:, P_KERNELS] -= (0.05 * severe)[:, None]
    mu[:, 0] -= 2 * P_SD * 0.1 * severe * rise[:, 0]
    vectors[:, T] *= (1 - 0.62 * low)[:, None]
    vectors[:, ST] += low[:, None] * np.array([-0.09, -0.07, 0.06], np.float32)
    vectors[:, U] += low[:, None] * np.array([0.08, 0.05, -0.11], np.float32)
    fall[:, T] *= 1 + 0.15 * low
    qtc = hearts.qtc_s + 0.02 * low + 0.035 * severe
    return replace(
        hearts, vectors=vectors, mu=mu, rise=rise, fall=fall, qtc_s=qtc.astype(np.float32)
    )
