"""Rhythms of the sinus node: normal, slow, fast, and moving with the breath."""

from __future__ import annotations

from .condition import Condition, Rate

CONDITIONS = (
    Condition("NSR", "rhythm", graded=False),
    Condition("SB", "rhythm", rate=Rate(58, 3.5, 38, 59, by_severity=-12), moves_beats=True),
    Condition("STach", "rhythm", rate=Rate(114, 11, 101, 150, by_severity=36), moves_beats=True),
    Condition("SA", "rhythm", rate=Rate(68, 10, 50, 95), moves_beats=True),
)
