"""Zero-phase filtering, by the Fourier transform: all leads, any pass band, one call."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..ecg import bridged

#: Each end is continued this far, mirrored about its last value, so that it does not ring.
PADDING_S = 2.0


def pass_band(
    signal: NDArray[np.floating], fs: float, low_hz: float = 0.0, high_hz: float = np.inf
) -> NDArray[np.float64]:
    """Keep ``low_hz`` to ``high_hz`` along the last axis, without moving anything in time.

    The gain is that of Butterworth filters run forward and backward, of second order at the upper
    cut-off and of fourth at the lower: one half at each. Not `models.filters.BandPass`, whose edges
    are half cosines: networks were trained behind those, thresholds of measurements behind these.

    Gaps (NaN) are bridged by a line for it, and stay gaps.
    """
    gaps = np.isnan(signal)
    if gaps.any():
        kept = pass_band(bridged(np.atleast_2d(signal), np.atleast_2d(gaps)), fs, low_hz, high_hz)
        return np.where(gaps, np.nan, kept.reshape(signal.shape))
    from scipy.fft import irfft, next_fast_len, rfft

    samples = signal.shape[-1]
    pad = min(samples - 1, round(PADDING_S * fs))
    first, last = signal[..., :1], signal[..., -1:]
    ends = 2 * first - signal[..., pad:0:-1], 2 * last - signal[..., -2 : -pad - 2 : -1]
    padded = np.concatenate((ends[0], signal, ends[1]), axis=-1, dtype=np.float64)
    middle = padded.mean(axis=-1, keepdims=True)
    length = next_fast_len(padded.shape[-1], real=True)
    frequency = np.fft.rfftfreq(length, 1 / fs)
    gain = 1 / (1 + (frequency / high_hz) ** 4)
    if low_hz > 0:
        gain *= 1 - 1 / (1 + (frequency / low_hz) ** 8)
        middle_kept = 0.0
    else:
        middle_kept = middle
    out = irfft(rfft(padded - middle, length, axis=-1) * gain, length, axis=-1)
    return np.asarray(out[..., pad : pad + samples] + middle_kept)
