"""A file as a hospital's machine writes it, of a heart that never was."""

from __future__ import annotations

import numpy as np

from cofe_widgets.simulate import simulate

from ..io.files import muse


def muse_xml(condition: str = "NSR", seed: int = 7) -> str:
    """Ten seconds of a simulated heart as a GE MUSE export at 250 Hz."""
    record = simulate(condition, n=1, seed=seed, fs=250.0)[0].record
    eight = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
    rows = {lead: np.rint(record[lead] * 200).astype(np.int16) for lead in eight}
    return muse(rows).decode("latin-1")
