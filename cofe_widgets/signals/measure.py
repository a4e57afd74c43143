"""The named numbers of an electrocardiogram."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, overload

import numpy as np

from ..ecg import LIMB_LEADS, EcgError, Record
from .median import MedianBeat, median_beat

if TYPE_CHECKING:
    import pandas as pd

#: Name of every measurement and its unit.
UNITS: dict[str, str] = {
    "heart_rate_bpm": "bpm",
    "rr_mean_ms": "ms",
    "rr_sd_ms": "ms",
    "rr_rmssd_ms": "ms",
    "p_presence": "",
    "p_amplitude_mv": "mV",
    "pr_ms": "ms",
    "qrs_ms": "ms",
    "r_amplitude_mv": "mV",
    "t_amplitude_mv": "mV",
    "qt_ms": "ms",
    "qtc_fridericia_ms": "ms",
}
#: Lead of the amplitudes.
LEAD = "II"


@overload
def measure(record: Record) -> dict[str, float]: ...
@overload
def measure(record: Iterable[Record]) -> pd.DataFrame: ...


def measure(record: Record | Iterable[Record]) -> dict[str, float] | pd.DataFrame:
    """Measure a record, or many.

    Parameters
    ----------
    record : Record or iterable of Record

    Returns
    -------
    dict of float, or pandas.DataFrame with one row a record
        Keys and units as in `UNITS`; NaN for what cannot be measured (a flat record, a wave that
        is not there).

        heart_rate_bpm : 60000 / rr_mean_ms
        rr_mean_ms, rr_sd_ms, rr_rmssd_ms : mean, sample standard deviation (n - 1) and root mean
            square of successive differences of all RR intervals of the record, those about
            ectopic beats included
        p_presence : share of the beats that a P wave precedes, 0 to 1
        p_amplitude_mv, r_amplitude_mv, t_amplitude_mv : in lead II of the median beat
        pr_ms, qrs_ms, qt_ms : P onset to QRS onset, QRS onset to offset, QRS onset to T offset;
            global, over all leads of the median beat
        qtc_fridericia_ms : qt_ms / (rr_mean_ms / 1000) ** (1/3) (Fridericia 1920)
    """
    if isinstance(record, Record):
        return _measure(record)
    import pandas as pd

    return pd.DataFrame([_measure(one) for one in record], columns=list(UNITS), dtype=float)


def _measure(record: Record) -> dict[str, float]:
    try:
        beat = median_beat(_with_amplitude_lead(record))
    except EcgError:
        return dict.fromkeys(UNITS, float("nan"))
    values = {**_rhythm(beat.r_peaks_s), **_shape(beat)}
    values["qtc_fridericia_ms"] = values["qt_ms"] / np.cbrt(values["rr_mean_ms"] / 1000)
    return {name: float(values[name]) for name in UNITS}


def _with_amplitude_lead(record: Record) -> Record:
    """The record with `LEAD` among its leads, where two other limb leads allow it."""
    if LEAD in record.leads or sum(name in LIMB_LEADS for name in record.leads) < 2:
        return record
    return record.select((*record.leads, LEAD))


def _rhythm(r_peaks_s: np.ndarray) -> dict[str, float]:
    """Statistics of the RR intervals."""
    rr = np.diff(r_peaks_s) * 1000
    mean = rr.mean() if len(rr) else np.nan
    return {
        "heart_rate_bpm": 60000 / mean,
        "rr_mean_ms": mean,
        "rr_sd_ms": rr.std(ddof=1) if len(rr) > 1 else np.nan,
        "rr_rmssd_ms": np.sqrt(np.mean(np.diff(rr) ** 2)) if len(rr) > 1 else np.nan,
    }


def _shape(beat: MedianBeat) -> dict[str, float]:
    """Intervals of the median beat, and its amplitudes in one lead."""
    row = beat.leads.index(LEAD) if LEAD in beat.leads else None
    p, qrs, t = beat.p, beat.qrs, beat.t

    def in_lead(amplitude: np.ndarray) -> float:
        return float("nan") if row is None else float(amplitude[row])

    return {
        "p_presence": beat.has_p.mean() if len(beat.has_p) else np.nan,
        "p_amplitude_mv": in_lead(beat.p_amplitude_mv),
        "pr_ms": qrs.onset_ms - p.onset_ms,
        "qrs_ms": qrs.offset_ms - qrs.onset_ms,
        "r_amplitude_mv": in_lead(beat.r_amplitude_mv),
        "t_amplitude_mv": in_lead(beat.t_amplitude_mv),
        "qt_ms": t.offset_ms - qrs.onset_ms,
    }
