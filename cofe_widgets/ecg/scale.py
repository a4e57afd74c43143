"""What no electrocardiogram can be: rates and amplitudes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import EcgError

#: A surface ECG above this is a wrong scale, not a heart (the tallest QRS stay under 8 mV).
MAX_PHYSIOLOGICAL_MV = 15.0
#: A whole record whose largest lead spans less than this was not scaled to mV, or is flat.
MIN_PHYSIOLOGICAL_MV = 0.02
#: No electrode stands further from zero; beyond it float32 no longer tells microvolts apart.
MAX_OFFSET_MV = 8000.0


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
    centred = np.nan_to_num(np.abs(signal - level))
    peaks = centred.max(axis=1)
    row = int(np.argmax(peaks))
    peak, lead = float(peaks[row]), leads[row]
    if peak > MAX_PHYSIOLOGICAL_MV:
        # A wrong scale stretches the whole lead; an artefact leaves most of it alone.
        brief = np.percentile(centred[row], 90) < MAX_PHYSIOLOGICAL_MV / 10
        raise EcgError(
            f"lead {lead} reaches {peak:.4g} mV from its baseline at "
            f"{int(np.argmax(centred[row])) / fs:.2f} s, more than the "
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


def median(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """The median of each lead, ``(leads, 1)``, over the samples it has; zero where it has none."""
    if not np.isnan(signal).any():
        return np.asarray(np.median(signal, axis=1, keepdims=True))
    some = ~np.isnan(signal).all(axis=1)
    out = np.zeros((len(signal), 1), np.float32)
    out[some] = np.nanmedian(signal[some], axis=1, keepdims=True)
    return out
