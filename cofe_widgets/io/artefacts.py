"""What no heart makes, at the door: brief stretches of it are missing samples, no reason to refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ecg import LEADS, runs
from ..ecg.scale import MAX_OFFSET_MV, MAX_PHYSIOLOGICAL_MV, median, reach
from .choice import listed

#: An artefact is taken out from where it leaves this range to where it is back, ...
_RANGE_MV = MAX_PHYSIOLOGICAL_MV / 5
#: ... stretches closer than this are one, ...
_NEAR_S = 0.2
#: ... and this much before and after goes too; it is longer than the runs that are bridged.
_MARGIN_S = 0.04
#: More stretches than one in this time come with the beats: that is a wrong scale.
_SECONDS_EACH = 5.0


def without_artefacts(
    signal: NDArray[np.floating[Any]], fs: float, leads: tuple[str, ...]
) -> tuple[NDArray[np.floating[Any]], tuple[str, ...], list[str]]:
    """The signal with artefacts as missing samples, the leads that are kept, and what to say.

    A brief stretch beyond what a surface ECG can reach becomes NaN. A lead that is beyond it
    throughout becomes NaN as a whole while most others are sound; otherwise it is the scale that is
    wrong, and the signal is left for `Record` to refuse.

    Parameters
    ----------
    signal : ndarray, shape (leads, samples)
        Millivolts; NaN where samples are missing.
    fs : float
        Samples a second.
    leads : tuple of str
        One name a row.
    """
    out, notes = signal, []
    hopeless: dict[int, str] = {}
    levels = median(signal)
    for row, (lead, level, peak) in enumerate(
        zip(leads, levels[:, 0], reach(signal, levels), strict=True)
    ):
        if abs(level) > MAX_OFFSET_MV:
            hopeless[row] = f"lies {level:.3g} mV from zero"
        elif peak > MAX_PHYSIOLOGICAL_MV:
            known = np.isfinite(signal[row])
            away = np.where(known, np.abs(signal[row] - level), 0)
            stretches = _stretches(away, fs)
            brief = np.percentile(away[known], 90) < MAX_PHYSIOLOGICAL_MV / 10
            if not brief or len(stretches) > max(3, known.sum() / fs / _SECONDS_EACH):
                hopeless[row] = f"reaches {peak:.3g} mV"
                continue
            out = signal.copy() if out is signal else out
            for start, end in stretches:
                out[row, start:end] = np.nan
            said = listed(f"{(b - a) / fs:.2g} s at {a / fs:.2f} s" for a, b in stretches)
            notes.append(
                f"lead {lead} reaches {peak:.3g} mV, which no heart makes: read as missing for {said}"
            )
    standard = [row for row, lead in enumerate(leads) if lead in LEADS] or list(range(len(leads)))
    if not hopeless or 2 * sum(row in hopeless for row in standard) >= len(standard):
        return out, leads, notes
    out = signal.copy() if out is signal else out
    for row, why in hopeless.items():
        out[row] = np.nan
        notes.append(f"lead {leads[row]} {why}, which no ECG does: read as missing")
    # A signal of unknown position that is no ECG either is not worth an empty row.
    rows = [row for row in range(len(leads)) if row not in hopeless or row in standard]
    return out[rows], tuple(leads[row] for row in rows), notes


def _stretches(away: NDArray[np.floating[Any]], fs: float) -> NDArray[np.intp]:
    """First and last (exclusive) sample of every artefact, by the distance from the baseline."""
    wide = runs(away > _RANGE_MV)
    apart = wide[1:, 0] - wide[:-1, 1] > _NEAR_S * fs
    joined = np.stack(
        [wide[np.r_[True, apart], 0], wide[np.r_[apart, True], 1]],
        axis=1,
    )
    tall = np.maximum.reduceat(away, joined.ravel()[:-1])[::2] > MAX_PHYSIOLOGICAL_MV
    margin = int(np.ceil(_MARGIN_S * fs))
    return np.asarray(np.clip(joined[tall] + [-margin, margin], 0, len(away)))
