"""QRS of high and of low voltage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..beat import ventricles
from ..heart import LATE, P_KERNELS, QRS_KERNELS, ST, Hearts, Q, R, S, T
from .condition import Case, Condition, Form, Stage

# Tall leftward and backward forces that take longer.
_LVH = Form(
    {
        Q: (-0.14, -0.14, -0.50),
        R: (2.00, 0.78, 0.98),
        S: (0.28, 0.12, 1.15),
        LATE: (-0.25, -0.10, 0.95),
    },
    {R: (0.0, 0.0120, 0.0120), S: (0.0140, 0.0090, 0.0090), LATE: (0.024, 0.0125, 0.0125)},
)
#: The strain of a severe hypertrophy: ST and T turn away from the QRS.
_STRAIN = Form({ST: (-0.13, -0.06, -0.13), T: (-0.22, -0.10, -0.16)})
#: QRS of low voltage spans less than this (mV, limb and chest leads) at severities 0.6 and 1.
_LOW_LIMB_MV, _LOW_CHEST_MV = (0.48, 0.30), (0.98, 0.65)


def _strain(hearts: Hearts, case: Case) -> Hearts:
    """From severity 0.65 on."""
    return _STRAIN(hearts, replace(case, severity=((case.severity - 0.65) / 0.35).clip(0)))


def _low_voltage(hearts: Hearts, case: Case) -> Hearts:
    """QRS that span under 0.5 mV in the limb leads and 1 mV in the chest, from severity 0.6."""
    severity = case.severity
    time = np.linspace(-0.05, 0.08, 66, dtype=np.float32)
    span = np.ptp(ventricles(hearts, hearts.qtc_s, time), axis=2)
    gain = np.ones(len(span), np.float32)
    for leads, (mild, severe) in ((slice(0, 6), _LOW_LIMB_MV), (slice(6, 12), _LOW_CHEST_MV)):
        largest = span[:, leads].max(axis=1)
        aim = np.interp(severity, (0.6, 1.0), (mild, severe)) / largest
        gain = np.minimum(gain, 1 + (aim - 1) * (severity / 0.6).clip(0, 1))
    vectors = hearts.vectors.copy()
    vectors[:, QRS_KERNELS] *= gain[:, None, None]
    for kernels in (P_KERNELS, slice(ST, None)):
        vectors[:, kernels] *= np.sqrt(gain)[:, None, None]
    return replace(hearts, vectors=vectors.astype(np.float32))


CONDITIONS = (
    Condition("LVH", "voltage", effects={Stage.HYPERTROPHY: _LVH, Stage.STRAIN: _strain}),
    Condition("LQRSV", "voltage", effects={Stage.VOLTAGE: _low_voltage}),
)
