"""Acute injury: ST, high from J into T, towards the territory and away from the opposite one."""

from __future__ import annotations

from ..heart import ST, T
from .condition import Condition, Form, Stage

_ANTERIOR = Form({ST: (0.16, -0.14, -0.36), T: (0.40, 0.12, -0.42)}, {ST: (0.040, 0.014, 0.140)})
_INFERIOR = Form({ST: (-0.08, 0.36, 0.17), T: (0.10, 0.50, 0.04)}, {ST: (0.040, 0.014, 0.140)})
_LATERAL = Form({ST: (0.38, -0.17, 0.18), T: (0.58, 0.02, 0.10)}, {ST: (0.040, 0.014, 0.140)})

CONDITIONS = tuple(
    Condition(code, "acute", effects={Stage.INJURY: form})
    for code, form in (("STEMI_A", _ANTERIOR), ("STEMI_I", _INFERIOR), ("STEMI_L", _LATERAL))
)
