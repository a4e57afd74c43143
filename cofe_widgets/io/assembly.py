"""From the chosen signals of a file to a `Record`: one rate, one length, one part, and what is doubtful."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ecg import Record, stored_record
from ..ecg.scale import check_rate
from ..errors import EcgError
from .artefacts import without_artefacts
from .choice import Choice, listed
from .wanted import Wanted

#: III may differ from II - I by rounding and by channel skew, not by more than this.
EINTHOVEN_MV = 0.15
#: Beyond what is refused anyhow, and within what 32 bits hold.
_BEYOND_MV = 1e30
#: Leads that end further apart than this are said to differ in length.
_SAME_LENGTH_S = 0.05


def assembled(
    signals: Sequence[NDArray[np.floating[Any]]] | NDArray[np.floating[Any]],
    rates: Sequence[float],
    choice: Choice,
    wanted: Wanted,
    cut: bool,
) -> tuple[Record, list[str]]:
    """The record of the chosen ``signals``, missing limb leads derived, and what is doubtful about it.

    Parameters
    ----------
    signals : sequence of ndarray, each (samples,)
        Millivolts of the chosen signals in the order of ``choice``; NaN where samples are missing.
    rates : sequence of float
        Their sampling rates in Hz.
    choice : Choice
        What they are called.
    wanted : Wanted
        What the caller asks for.
    cut : bool
        Whether the signals are only the wanted part already.

    Raises
    ------
    EcgError
        When they are no ECG, or the part that is wanted is not there.
    """
    for rate in rates:
        check_rate(rate)
    fs = max(rates)
    signal, notes = _of_one_length(signals, rates, fs, choice.leads)
    if wanted.is_part and not cut:
        first, last = wanted.window(fs, signal.shape[1])
        signal = signal[:, first:last]
    if not np.isfinite(signal).any():
        raise EcgError("no ECG inside: every sample of every lead is marked invalid")
    signal, leads, said = without_artefacts(signal, fs, choice.leads)
    empty = ~np.isfinite(signal).any(axis=1)
    record = Record(signal, fs, leads).completed()
    # Stretches filled from other limb leads may hold the artefact that was taken out.
    sound, _, again = without_artefacts(record.signal, fs, record.leads)
    if sound is not record.signal and len(sound) == len(record.leads):
        record = Record(sound, fs, record.leads)
    notes += said or again
    notes += _doubts(record, leads)
    gone = [lead for lead, none in zip(leads, empty, strict=True) if none]
    gone = [lead for lead in gone if not any(f"lead {lead} " in one for one in said)]
    if gone:
        notes.append(f"lead {listed(gone)} holds no valid sample")
    if wanted.leads is not None:
        record = record.select(wanted.leads)
    return record, notes


def _of_one_length(
    signals: Sequence[NDArray[np.floating[Any]]] | NDArray[np.floating[Any]],
    rates: Sequence[float],
    fs: float,
    leads: Sequence[str],
) -> tuple[NDArray[np.floating[Any]], list[str]]:
    """The signals at one rate, ``(leads, samples)``: a shorter one ends in missing samples."""
    if isinstance(signals, np.ndarray) and min(rates) == fs:
        return signals, []
    notes = []
    slow = [lead for lead, rate in zip(leads, rates, strict=True) if rate != fs]
    if slow:
        notes.append(
            f"lead {listed(slow)} was resampled to {fs:g} Hz, the rate of the fastest lead"
        )
    rows = [
        stored_record(np.asarray(row, np.float32)[None], rate, ["ECG"], {}).resample(fs).signal[0]
        if rate != fs and np.isfinite(row).any()
        else np.resize(row, round(len(row) * fs / rate))
        for row, rate in zip(signals, rates, strict=True)
    ]
    longest = max(len(row) for row in rows)
    short = [
        f"{lead} {len(row) / fs:.2f} s"
        for lead, row in zip(leads, rows, strict=True)
        if longest - len(row) > _SAME_LENGTH_S * fs
    ]
    if short:
        notes.append(f"leads end before the others, after which they are missing: {listed(short)}")
    signal = np.full((len(rows), longest), np.nan, np.float32)
    for place, row in zip(signal, rows, strict=True):
        place[: len(row)] = np.clip(row, -_BEYOND_MV, _BEYOND_MV)
    return signal, notes


def _doubts(record: Record, stored: Sequence[str]) -> list[str]:
    """Warnings about a record: a stored III that is not II - I."""
    doubts = []
    if {"I", "II", "III"} <= set(stored):
        # Of a long record a million samples, evenly spread, say it.
        some = slice(None, None, max(1, record.samples // 1_000_000))
        error = record["III"][some] - record["II"][some] + record["I"][some]
        if np.isfinite(error).any():
            residual = float(np.nanpercentile(np.abs(error - np.nanmedian(error)), 99))
            if residual > EINTHOVEN_MV:
                doubts.append(
                    f"III is not II - I (off by {residual:.2g} mV): an artefact, or wrong gains"
                )
    return doubts
