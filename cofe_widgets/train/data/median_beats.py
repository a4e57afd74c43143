"""Median beats of simulated hearts and of real records, as a model of median beats is given them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...ecg import INDEPENDENT_LEADS, Record
from ...errors import EcgError
from ...wrapper.records import beat_record
from .cache import CACHE, kept, of_array
from .records import RealRecords

#: Rate, and from 0.5 s before R to 0.7 s after (`wrapper.records.beat_record`).
FS, SECONDS, SAMPLES = 500.0, 1.2, 600
_ROOMS = ("signals", "wrapper/records.py", "train/data/median_beats.py")
_AT = 250.0


def beats_of(signals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median beats ``(n, 8, 600)`` mV of ECGs ``(n, 8, samples)`` at 250 Hz; NaN where there is none."""
    out = np.full((len(signals), len(INDEPENDENT_LEADS), SAMPLES), np.nan, np.float32)
    for k in range(len(signals)):
        try:
            beat = beat_record(Record(signals[k], _AT, INDEPENDENT_LEADS))
        except EcgError:
            continue
        if beat.leads == INDEPENDENT_LEADS:  # all were sound
            out[k] = beat.signal[:, :SAMPLES]
    return out


def of_real(real: RealRecords, cache: Path = CACHE) -> NDArray[np.float32]:
    """Those of real records, ``(n, 8, 600)``."""

    def make() -> dict[str, NDArray[np.float32]]:
        return {"beats": beats_of(np.asarray(real.signals))}

    return kept("beats-real", of_array(real.names), _ROOMS, make, cache)["beats"]


def of_simulated(
    simulate: Callable[[int, int], tuple[NDArray[np.float32], NDArray[np.float32]]],
    n: int,
    seed: int,
    cache: Path = CACHE,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Those of ``n`` simulated hearts, and what is true of them.

    Parameters
    ----------
    simulate : callable
        Of a number and a seed, ECGs ``(n, 8, samples)`` at 250 Hz and truth ``(n, outputs)``.
    """

    def make() -> dict[str, NDArray[np.float32]]:
        signals, truth = simulate(n, seed)
        beats = beats_of(signals)
        sound = np.isfinite(beats).all(axis=(1, 2))
        return {"beats": beats[sound], "truth": truth[sound]}

    rooms = (*_ROOMS, "simulate", "train/recipes/multilabel.py")
    found = kept("beats-simulated", f"{n} {seed}", rooms, make, cache)
    return found["beats"], found["truth"]
