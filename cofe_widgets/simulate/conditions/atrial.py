"""Rhythms of the atria; `rhythm` says when their beats come, and draws their waves."""

from __future__ import annotations

from .condition import Condition, Rate

_NEED_SINUS_P = frozenset({"IAVB", "MoI", "PAC"})

CONDITIONS = (
    Condition(
        "AF",
        "rhythm",
        graded=False,
        excludes=_NEED_SINUS_P,
        rate=Rate(92, 22, 48, 160, rank=2),
        moves_beats=True,
    ),
    Condition("AFL", "rhythm", graded=False, excludes=_NEED_SINUS_P, moves_beats=True),
)
