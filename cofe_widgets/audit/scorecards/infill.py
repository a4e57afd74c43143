"""What stands for samples that are taken out of an ECG: a straight line, the beat of others, the level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...signals.beats import cut
from .formulas import Array, Mask

if TYPE_CHECKING:
    from .place import Place

#: Noise on what is drawn straight, in standard deviations of the record's lead.
NOISE_SD = 0.25
#: A beat begins this share of its RR interval before R, and is told of from so early to so late, ms.
BEFORE_R = 0.4
PHASE_MS = (-600.0, 1200.0)


def straight(signals: Array, gone: Mask) -> Array:
    """Signals with the samples that are ``gone`` on a line between the nearest that are left.

    In one dimension this is what ROAD's equations come to, in which each missing value is the mean of
    its neighbours (Rong et al., ICML 2022, section 5). At an end the nearest value is repeated; a lead
    of which nothing is left is flat at its mean.

    Parameters
    ----------
    signals : (..., samples)
    gone : (..., samples)
    """
    samples = signals.shape[-1]
    at = np.broadcast_to(np.arange(samples), gone.shape)
    before = np.maximum.accumulate(np.where(gone, -1, at), axis=-1)
    after = np.minimum.accumulate(np.where(gone, samples, at)[..., ::-1], axis=-1)[..., ::-1]
    first, last = np.where(before < 0, after, before), np.where(after >= samples, before, after)
    nothing = np.asarray(gone.all(axis=-1))
    first, last = (np.clip(one, 0, samples - 1) for one in (first, last))
    left, right = (np.take_along_axis(signals, one, axis=-1) for one in (first, last))
    share = (at - first) / np.maximum(last - first, 1)
    out = np.where(gone, left + (right - left) * share, signals)
    mean = np.broadcast_to(signals.mean(axis=-1, keepdims=True), out.shape)
    return np.where(nothing[..., None], mean, out).astype(signals.dtype)


def noise(place: Place) -> Array:
    """The noise that goes with lines, mV, ``(n, leads, samples)``: the same for every method.

    Arends et al. 2025 give it as sigma = 0.25 without a unit, after ROAD, which adds noise to images in
    standard deviations of their channel. So it is read here: of 0.25 mV an ECG would be left noise.
    """
    draws = [
        np.random.default_rng([place.seed, int(one[:12], 16), 1]).standard_normal(
            place.signals.shape[1:], np.float32
        )
        for one in place.hashes
    ]
    spread = place.signals.std(axis=2, keepdims=True)
    return NOISE_SD * spread * np.stack(draws)


def level(signals: Array) -> Array:
    """Every lead at its median, its isoelectric level; the shape of the signals ``(n, leads, samples)``."""
    return np.broadcast_to(np.median(signals, axis=2, keepdims=True), signals.shape)


def phase_ms(beats_s: NDArray[np.float64], samples: int, fs: float) -> NDArray[np.float64]:
    """When every sample comes in its own beat, ms from that beat's R, ``(samples,)``.

    A beat begins `BEFORE_R` of the RR interval before its R.
    """
    time = np.arange(samples) / fs
    begins = beats_s[1:] - BEFORE_R * np.diff(beats_s)
    own = np.searchsorted(begins, time, side="right")
    return np.asarray(1000 * (time - beats_s[own]))


def beats_of_others(place: Place) -> Array:
    """Every record redrawn with the median beat of others at its own beats, mV.

    The others are those that the model answers the other way, or all where it answers alike. The R-peaks
    stay, and each lead's level; what is special in the shape of this record's waves is gone. (Its own
    median beat in their place takes nothing away: an LBBB's is an LBBB.)

    Returns
    -------
    (n, leads, samples)
        NaN in records without a beat, and where there are no others.
    """
    fs = place.records[0].fs
    grid = np.arange(PHASE_MS[0], PHASE_MS[1], 1000 / fs)
    flat = place.signals - level(place.signals)
    known = [row for row, beats in enumerate(place.beats_s) if len(beats)]
    own = {
        row: np.median(cut(flat[row].astype(float), fs, place.beats_s[row], grid), axis=0)
        for row in known
    }
    out = np.full(place.signals.shape, np.nan, np.float32)
    for row in known:
        rest = [own[other] for other in known if place.sign[other] != place.sign[row]]
        rest = rest or [own[other] for other in known if other != row]
        if not rest:
            continue
        beat = np.median(rest, axis=0)
        phase = phase_ms(place.beats_s[row], flat.shape[2], fs)
        at = np.clip(np.round((phase - grid[0]) * fs / 1000), 0, len(grid) - 1).astype(np.intp)
        out[row] = beat[:, at] + level(place.signals)[row]
    return out
