"""Limb electrodes that seem swapped: a limb lead that runs against the chest leads beside it.

I and II look at the heart from much the same side as V5 and V6. Of 498 recordings with diagnoses none is
taken for one with arm electrodes swapped, one for right arm and left leg; of the same recordings with those
swapped 63 and 63 in 100 are told. Left arm and left leg swapped turn no lead upside down enough to be told.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: What is compared, Hz.
BAND_HZ = (0.7, 35.0)
#: Mean correlation of a limb lead with V5 and V6 below which it is upside down, that of aVR above which
#: it runs with them, as it then does (in a deviated axis it does not), and what that means.
UPSIDE_DOWN = {
    "I": (
        -0.75,
        -0.2,
        "left and right arm electrodes may be swapped, or the heart lies on the right",
    ),
    "II": (-0.6, 0.6, "right arm and left leg electrodes may be swapped"),
}
BESIDE = ("V5", "V6")


def upside_down(
    signal: NDArray[np.float64], leads: tuple[str, ...]
) -> dict[str, tuple[float, str]]:
    """Limb leads that run against the chest leads: lead -> mean correlation, and what that may mean.

    Parameters
    ----------
    signal : ndarray, shape (leads, samples)
        mV in `BAND_HZ`, zero where a lead is dead.
    leads : tuple of str
    """
    if not {*BESIDE, "I", "II"} <= set(leads):
        return {}
    row = {lead: signal[leads.index(lead)] for lead in (*BESIDE, "I", "II")}
    row["aVR"] = -(row["I"] + row["II"]) / 2
    alike = {
        lead: float(np.mean([_likeness(row[lead], row[one]) for one in BESIDE]))
        for lead in ("I", "II", "aVR")
    }
    return {
        lead: (alike[lead], f"{lead} is upside down beside V5 and V6: {meaning}")
        for lead, (least, avr, meaning) in UPSIDE_DOWN.items()
        if alike[lead] < least and alike["aVR"] > avr
    }


def _likeness(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    size = np.linalg.norm(one) * np.linalg.norm(other)
    return float(one @ other / size) if size > 0 else 0.0
