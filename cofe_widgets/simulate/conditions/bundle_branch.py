"""Blocks below the AV node: of a bundle branch, and of the left anterior fascicle."""

from __future__ import annotations

from ..heart import LATE, ST, Q, R, S, T
from .condition import Condition, Form, Stage

# QRS forces, ST and T point as vectorcardiography describes them (Macfarlane & Lawrie 2010, chs.
# 12-16); their sizes were set by hand, beside real ECGs.

# Initial forces down and right, then up and left: axis beyond -45 degrees.
_LAFB = Form(
    {
        Q: (-0.40, 0.50, -0.35),
        R: (0.95, -0.66, 0.20),
        S: (0.05, -0.42, 0.36),
        LATE: (-0.18, -0.34, 0.42),
    },
    {LATE: (0.0240, 0.0125, 0.0125)},
)
# No septal q; the main forces slow, leftwards and backwards, notched; ST and T oppose them.
_LBBB = Form(
    {
        Q: (0.14, 0.05, 0.24),
        R: (0.62, 0.32, 0.86),
        S: (0.25, 0.10, 1.00),
        LATE: (0.86, 0.20, 0.55),
        ST: (-0.14, -0.04, -0.24),
        T: (-0.32, -0.06, -0.36),
    },
    {
        Q: (-0.036, 0.0095, 0.0095),
        R: (0.0, 0.0155, 0.0155),
        S: (0.025, 0.0165, 0.0165),
        LATE: (0.056, 0.0145, 0.0145),
        ST: (0.080, 0.0200, 0.1000),
    },
)
# Normal until 50 ms; then slow forces rightwards and forwards; T opposes them in V1-V3.
_RBBB = Form(
    {
        S: (0.05, 0.05, 0.14),
        LATE: (-0.34, -0.05, -0.70),
        ST: (0.02, 0.00, 0.04),
        T: (0.28, 0.18, 0.28),
    },
    {S: (0.017, 0.0095, 0.0095), LATE: (0.058, 0.0178, 0.0178)},
)

CONDITIONS = (
    Condition(
        "LBBB",
        "bundle",
        excludes=frozenset({"LAFB", "AMI", "IMI", "SMI", "LVH"}),
        effects={Stage.BUNDLE: _LBBB},
    ),
    Condition("RBBB", "bundle", effects={Stage.BUNDLE: _RBBB}),
    Condition("LAFB", "fascicle", effects={Stage.FASCICLE: _LAFB}),
)
