"""`Fault`: one thing that is wrong with the signal of one lead, from when to when."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...ecg import runs

#: Kind of fault -> what it is called, and whether the samples are no heart's while it lasts.
KINDS = {
    "gap": ("no samples", True),
    "flat": ("a flat line", True),
    "saturated": ("the amplifier at its limit", True),
    "silent": ("no heartbeat while other leads show it: lead off", True),
    "artefact": ("an artefact taller than any beat", True),
    "spike": ("a brief spike", False),
    "hum": ("mains hum", False),
    "step": ("a jump of the baseline", False),
    "drift": ("a wandering baseline", False),
    "clipped": ("peaks cut off", False),
    "swapped": ("electrodes that seem swapped", False),
}


class Fault(NamedTuple):
    """One fault.

    Attributes
    ----------
    kind : str
        Key of `KINDS`.
    lead : str
        Empty when it is one of the record as a whole.
    start_s, end_s : float
        Seconds from the start of the record.
    size : float
        What it measures, in ``unit``; NaN where nothing is to be measured.
    unit : str
    detail : str
        What else there is to say: the frequency of a hum, which electrodes.
    """

    kind: str
    lead: str
    start_s: float
    end_s: float
    size: float = float("nan")
    unit: str = ""
    detail: str = ""

    @property
    def is_dead(self) -> bool:
        """Whether the samples are no heart's while it lasts."""
        return KINDS[self.kind][1]


def stretches(
    kind: str, leads: tuple[str, ...], flags: NDArray[np.bool_], fs: float
) -> list[Fault]:
    """A fault for every run of True in ``flags`` (leads, samples)."""
    found = []
    for row in np.flatnonzero(flags.any(axis=1)):
        for first, last in runs(flags[row]).tolist():
            found.append(Fault(kind, leads[row], first / fs, last / fs))
    return found
