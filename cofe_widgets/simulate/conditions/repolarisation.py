"""Repolarisation that takes too long."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..heart import Hearts, T
from .condition import Case, Condition, Stage


def _long_qt(hearts: Hearts, case: Case) -> Hearts:
    """QTc longer by up to 160 ms; T rises more slowly, in some people more than in others."""
    rise = hearts.rise.copy()
    rise[:, T] *= 1 + 0.35 * case.severity * np.abs(case.individual[:, T, 0]).clip(0, 1.5)
    qtc = (hearts.qtc_s + 0.16 * case.severity).astype(np.float32)
    return replace(hearts, rise=rise, qtc_s=qtc)


CONDITIONS = (Condition("LQT", "repolarisation", effects={Stage.REPOLARISATION: _long_qt}),)
