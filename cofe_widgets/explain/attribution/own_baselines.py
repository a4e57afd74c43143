"""Baselines made of an ECG's own beats: its isoelectric levels, and normal hearts that beat with it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import INDEPENDENT_LEADS, Record
from ...errors import EcgError, ExplainError
from ...signals.median_beat import median_beat
from ...signals.rpeaks import r_peaks
from ...simulate.dipole import draw_beats
from ...simulate.draw import draw
from ...simulate.rhythm import Rhythms

if TYPE_CHECKING:
    from ...wrapper import Predictor

Signal = NDArray[np.floating[Any]]

#: From so long before the QRS to its onset a lead is at its level.
_LEVEL_S = 0.02
#: Where R lies in a median beat that a model takes, s, and how far off its neighbours are put.
_BEAT_R_S, _BEAT_RR_S = 0.5, 1.0
#: Normal hearts are drawn from this seed.
_SEED = 1906
#: ECGs whose beats are kept: a method asks for its baseline more than once.
_KEPT = 128


def isoelectric(signal: Signal, predictor: Predictor) -> Signal:
    """Each lead at its level before the QRS, the mean over beats of its main kind: ``(leads, samples)``.

    Where no beat comes back, each lead at its median. A median beat is counted from that level already.
    """
    if predictor.median_beat:
        return np.zeros_like(signal)
    levels = _levels(signal.tobytes(), signal.shape, predictor.fs, predictor.leads)
    return np.broadcast_to(np.array(levels)[:, None], signal.shape)


@lru_cache(_KEPT)
def _levels(
    content: bytes, shape: tuple[int, int], fs: float, leads: tuple[str, ...]
) -> tuple[float, ...]:
    """Isoelectric levels of the leads, mV."""
    signal = np.frombuffer(content, np.float32).reshape(shape)
    middle = np.median(signal, axis=1)
    try:
        beat = median_beat(Record(signal, fs, leads))
    except EcgError:
        return tuple(middle.tolist())
    onsets = beat.r_peaks_s[beat.is_main] + beat.qrs.onset_ms / 1000
    reach = max(1, round(_LEVEL_S * fs))
    ends = np.round(onsets * fs).astype(int)
    ends = ends[(ends >= reach) & (ends <= shape[1])]
    if not len(ends):
        return tuple(middle.tolist())
    before = np.stack([signal[:, end - reach : end].mean(axis=1) for end in ends])
    return tuple(np.mean(before, axis=0).tolist())


def normal(signal: Signal, predictor: Predictor, hearts: int) -> Signal:
    """Normal hearts, simulated and without noise, that beat when this ECG does: ``(hearts, leads, samples)``.

    Raises
    ------
    ExplainError
        When there are no beats, or a lead is none that a heart is simulated in.
    """
    if predictor.median_beat:
        r_s = _BEAT_R_S + _BEAT_RR_S * np.arange(-1, 2)
    else:
        found = _beats(signal.tobytes(), signal.shape, predictor.fs, predictor.leads)
        if not found:
            raise ExplainError(
                "baseline='normal' lays normal beats on those of the ECG, and none are found in it: "
                "choose baseline='zero', 'blurred' or 'isoelectric'"
            )
        r_s = np.array(found)
        rr = float(np.median(np.diff(r_s))) if len(r_s) > 1 else _BEAT_RR_S
        r_s = np.array([r_s[0] - rr, *r_s, r_s[-1] + rr])
    drawn = _drawn(r_s, hearts, predictor.fs, signal.shape[1])
    try:
        return np.stack(
            [
                Record(one, predictor.fs, INDEPENDENT_LEADS).select(predictor.leads).signal
                for one in drawn
            ]
        )
    except EcgError as error:
        raise ExplainError(
            f"baseline='normal' is of standard leads: {error}; choose another baseline"
        ) from error


@lru_cache(_KEPT)
def _beats(
    content: bytes, shape: tuple[int, int], fs: float, leads: tuple[str, ...]
) -> tuple[float, ...]:
    """R-peaks of an ECG, s."""
    try:
        found = r_peaks(Record(np.frombuffer(content, np.float32).reshape(shape), fs, leads))
    except EcgError:
        return ()
    return tuple(found.tolist())


def _drawn(r_s: Signal, hearts: int, fs: float, samples: int) -> Signal:
    """Normal hearts that beat at ``r_s``, mV ``(hearts, 8, samples)``: QT goes with the intervals."""
    healthy = draw(["NSR"] * hearts, _SEED, fs, 1.0, noise=0.0).healthy
    r = np.tile(r_s, (hearts, 1)).astype(np.float32)
    none = np.zeros(r.shape, bool)
    rhythms = Rhythms(
        r_s=r,
        rr_s=np.diff(r, axis=1, prepend=2 * r[:, :1] - r[:, 1:2]),
        p_s=r,
        blocked_s=np.zeros((hearts, 0), np.float32),
        ectopic=none,
        early=none,
        sway=np.zeros((*r.shape, 4), np.float32),
        flutter_s=np.full(hearts, np.nan, np.float32),
    )
    return draw_beats(healthy, healthy, rhythms, fs, samples)
