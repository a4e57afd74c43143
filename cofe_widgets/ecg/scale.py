"""What no electrocardiogram can be: rates and amplitudes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import EcgError

#: A surface ECG above this is a wrong scale, not a heart (the tallest QRS stay under 8 mV).
MAX_PHYSIOLOGICAL_MV = 15.0
#: A whole record whose largest lead spans less than this was not scaled to mV, or is flat.
MIN_PHYSIOLOGICAL_MV = 0.02
#: No electrode stands further from zero; beyond it float32 no longer tells microvolts apart.
MAX_OFFSET_MV = 8000.0
#: Samples that the baseline of a lead is worked out from.
_MEDIAN_OF = 1_000_000


def check_rate(fs: float) -> None:
    """Refuse a sampling rate that no ECG is recorded or computed at."""
    if not (np.isfinite(fs) and 20 <= fs <= 20_000):
        raise EcgError(f"sampling rate {fs!r} Hz: expected a number from 20 to 20000")


def check_scale(signal: NDArray[np.float32], fs: float, leads: tuple[str, ...]) -> None:
    """Refuse amplitudes that are no surface ECG's millivolts; a baseline offset is no fault."""
    level = median(signal)
    row = int(np.argmax(np.abs(level)))
    if abs(level[row, 0]) > MAX_OFFSET_MV:
        raise EcgError(
            f"lead {leads[row]} lies {level[row, 0]:.4g} mV from zero, which no electrode does: "
            "convert the signal to millivolts, or subtract its baseline first"
        )
    peaks = reach(signal, level)
    row = int(np.argmax(peaks))
    peak, lead = float(peaks[row]), leads[row]
    if peak > MAX_PHYSIOLOGICAL_MV:
        # A wrong scale stretches the whole lead; an artefact leaves most of it alone.
        centred = np.nan_to_num(np.abs(signal[row] - level[row]))
        brief = np.percentile(centred, 90) < MAX_PHYSIOLOGICAL_MV / 10
        raise EcgError(
            f"lead {lead} reaches {peak:.4g} mV from its baseline at "
            f"{int(np.argmax(centred)) / fs:.2f} s, more than the "
            f"{MAX_PHYSIOLOGICAL_MV:g} mV a surface ECG can: "
            + (
                "an artefact, so crop it away or leave the lead out"
                if brief
                else "convert the signal to millivolts first"
            )
        )
    if peak == 0:
        raise EcgError("every lead is flat: nothing was recorded")
    if peak < MIN_PHYSIOLOGICAL_MV / 2:
        raise EcgError(
            f"no lead deviates more than {peak:.2g} mV from its baseline (largest: {lead}): "
            "nothing was recorded, or the signal is not in millivolts"
        )


def median(signal: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """The median of each lead, ``(leads, 1)``, over the samples it has; zero where it has none.

    Of a long record it is that of a million samples, evenly spread.
    """
    out = np.zeros((len(signal), 1), np.float32)
    for place, row in zip(out, signal, strict=True):
        some = row[:: max(1, len(row) // _MEDIAN_OF)]
        known = some[~np.isnan(some)]
        if not len(known):
            known = row[~np.isnan(row)]
        if len(known):
            place[0] = np.median(known)
    return out


def reach(
    signal: NDArray[np.floating[Any]], level: NDArray[np.float32]
) -> NDArray[np.floating[Any]]:
    """The furthest that each lead goes from its ``level``, ``(leads,)``; zero where it has no sample."""
    # fmax and fmin skip NaN in silence, and take no copy of a long record.
    up = np.fmax.reduce(signal, axis=1) - level[:, 0]
    down = level[:, 0] - np.fmin.reduce(signal, axis=1)
    return np.asarray(np.nan_to_num(np.fmax(up, down)))
