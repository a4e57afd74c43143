"""Old infarctions: the first 40 ms point away from the scar, T too."""

from __future__ import annotations

from ..heart import LATE, ST, Q, R, S, T
from .condition import Condition, Form, Stage

_AMI = Form(
    {
        Q: (-0.12, 0.02, 0.85),
        R: (0.66, 0.52, 0.46),
        S: (0.10, 0.12, 0.34),
        LATE: (-0.10, -0.04, 0.36),
        ST: (0.0, -0.02, -0.10),
        T: (-0.02, 0.14, 0.30),
    },
    {Q: (-0.0150, 0.0110, 0.0110)},
)
_IMI = Form(
    {Q: (0.02, -0.68, -0.22), R: (1.00, 0.48, 0.17), T: (0.26, -0.17, -0.18)},
    {Q: (-0.0190, 0.0098, 0.0098)},
)
_SMI = Form(
    {Q: (0.08, 0.02, 0.34), R: (1.02, 0.64, 0.30), T: (0.28, 0.14, 0.03)},
    {Q: (-0.0170, 0.0105, 0.0105)},
)

# Their Q waves come before an R that stays.
CONDITIONS = tuple(
    Condition(code, "infarction", effects={Stage.INFARCTION: form}, keeps_r=True)
    for code, form in (("AMI", _AMI), ("IMI", _IMI), ("SMI", _SMI))
)
