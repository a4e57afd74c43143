"""The numbers of every beat of a record, where a delineation says its waves are."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...ecg import LIMB_LEADS, Record
from ...vocabulary.measurements import OF_BEAT, units
from ..beats import TIME_MS, between, cut
from ..blind import blind_stretches
from ..deflections import deflections
from ..filters import pass_band
from ..median_beat import p_alone, t_height
from ..repeated import HIGH_PASS_HZ
from ..waves import Wave, intervals, level
from .derived import corrected_qt
from .per_lead import lead_numbers

if TYPE_CHECKING:
    import pandas as pd

#: Name of every measurement of a beat and its unit: as in `UNITS` and `LEAD_UNITS`.
BEAT_UNITS = units(OF_BEAT)
#: Lead of the amplitudes.
LEAD = "II"
#: A beat has a P wave when this share of its leads show one: some leads see it flat.
P_SHARE = 1 / 3


def measure_beats(record: Record, fiducials: pd.DataFrame) -> pd.DataFrame:
    """Measure every beat of a record between the given bounds.

    Parameters
    ----------
    record : Record
    fiducials : pandas.DataFrame
        Columns beat, lead, wave (P, QRS, T; others are not used), onset_ms, peak_ms, offset_ms, as
        `cofe_widgets.delineate` or a simulated truth gives them.

    Returns
    -------
    pandas.DataFrame
        One row a beat that has a QRS, columns `BEAT_UNITS`, ``attrs["units"]``. Intervals are
        between the medians of the bounds over the leads; amplitudes are those of lead II. ``rr_ms``
        is the interval before the beat (NaN for the first, and across a gap of all leads), and QT is
        corrected by it.
    """
    import pandas as pd

    marks = fiducials.groupby(["beat", "wave"], sort=True)[["onset_ms", "peak_ms", "offset_ms"]]
    middle, count = marks.median(), marks.size()
    known = LEAD in record.leads or sum(one in LIMB_LEADS for one in record.leads) >= 2
    signal = pass_band(record.select([LEAD]).signal, record.fs, HIGH_PASS_HZ) if known else None
    rows, beats, before = [], [], nan
    blind_ms = 1000 * blind_stretches(record)
    for beat in middle.index.unique("beat"):
        if (beat, "QRS") not in middle.index:
            continue
        r = float(middle.at[(beat, "QRS"), "peak_ms"])
        waves = []
        for wave in ("P", "QRS", "T"):
            seen = (beat, wave) in middle.index
            if seen and wave == "P":
                seen = count[(beat, "P")] >= P_SHARE * count[(beat, "QRS")]
            waves.append(Wave(*(middle.loc[(beat, wave)] - r)) if seen else Wave())
        unseen = ((blind_ms[:, 0] > before) & (blind_ms[:, 0] < r)).any()
        row = {"r_peak_ms": r, "rr_ms": nan if unseen else r - before} | intervals(*waves)
        row["p_presence"] = float(np.isfinite(waves[0].peak_ms))
        row |= corrected_qt(row["qt_ms"], row["rr_ms"])
        if signal is not None:
            row |= _amplitudes(cut(signal, record.fs, np.array([r / 1000]))[0], *waves)
        rows.append(row)
        beats.append(beat)
        before = r
    index = pd.Index(beats, name="beat")
    table = pd.DataFrame(rows, index=index, columns=list(BEAT_UNITS), dtype=float)
    table.attrs["units"] = dict(BEAT_UNITS)
    return table


def _amplitudes(beat: NDArray[np.float64], p: Wave, qrs: Wave, t: Wave) -> dict[str, float]:
    """Numbers of the one lead of a beat ``(1, len(TIME_MS))``."""
    beat = beat - level(beat, qrs)
    inside = between(qrs.onset_ms, qrs.offset_ms + 1)
    parts = deflections(beat[:, inside], TIME_MS[inside])
    numbers = lead_numbers(beat, p_alone(beat, TIME_MS, p), (p, qrs, t), parts, t_height(beat, t))
    return {
        name: float(value[0])
        for name, value in numbers.items()
        if name in BEAT_UNITS and name != "qrs_ms"
    }
