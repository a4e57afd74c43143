"""Mains hum: 50 or 60 Hz and their harmonics, found, measured and taken out.

A notch would ring after every QRS and leave the ends alone. Here the hum is followed: the signal is
turned by the hum's frequency, and what is left of it after smoothing is the hum's slowly changing
amplitude and phase (synchronous demodulation).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Frequencies of mains, Hz, and how far a mains or a clock may be off.
MAINS_HZ, OFF_HZ = (50.0, 60.0), 0.6
#: Harmonics looked for, the mains itself being the first.
HARMONICS = 5
#: A hum stands out of the spectrum around it by so many times, and is as tall as this.
STANDS_OUT, LEAST_HUM_MV = 5.0, 0.02
#: Its amplitude may change within about so long.
FOLLOW_S = 0.6
#: ... and is read this often: whole periods of 50 and of 60 Hz.
STEP_S = 0.1
#: Below this, the trace is the heart's; what is above is where hum is measured.
FROM_HZ = 35.0


class Hum(NamedTuple):
    """Hum of a record.

    Attributes
    ----------
    hz : tuple of float
        Frequencies found: of the mains, and of the harmonics that stand out. Empty without hum.
    amplitude_mv : ndarray, shape (leads,)
        Amplitude (half of peak to peak) of the strongest, median over time.
    wave : ndarray, shape (leads, samples)
        All of it; to be subtracted.
    """

    hz: tuple[float, ...]
    amplitude_mv: NDArray[np.float64]
    wave: NDArray[np.float64] | None


def find_hum(signal: NDArray[np.float64], fs: float, alive: NDArray[np.bool_] | None = None) -> Hum:
    """The mains hum in any lead of ``signal`` (leads, samples), bridged where not ``alive``."""
    alive = np.ones(signal.shape, bool) if alive is None else alive
    nothing = Hum((), np.zeros(len(signal)), None)
    samples = signal.shape[1]
    if samples < 2 * fs:
        return nothing
    spectrum, frequency = _spectrum(signal, fs)
    base = [_peak(spectrum, frequency, mains) for mains in MAINS_HZ if mains + 3 < fs / 2]
    found = [hz for hz in base if hz]
    if not found:
        return nothing
    wanted = []
    for hz in found:
        for k in range(1, HARMONICS + 1):
            if k * hz + 3 < fs / 2:
                wanted.append(_peak(spectrum, frequency, k * hz) if k > 1 else hz)
    high = _fast_part(signal, fs)
    parts = [(hz, _followed(high, fs, hz, alive)) for hz in wanted if hz]
    sizes = np.stack([_usual(np.abs(part), alive) for _, part in parts])
    parts = [part for part, size in zip(parts, sizes, strict=True) if size.max() >= LEAST_HUM_MV]
    if not parts:
        return nothing
    time = np.arange(samples) / fs
    wave = sum(np.real(part * np.exp(2j * np.pi * hz * time)) for hz, part in parts)
    return Hum(tuple(round(hz, 2) for hz, _ in parts), sizes.max(axis=0), np.asarray(wave))


def _spectrum(
    signal: NDArray[np.float64], fs: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Amplitude spectrum of every lead, mV, of up to ten seconds of it, under a Hann window."""
    from scipy.fft import next_fast_len, rfft

    part = signal[:, : round(10 * fs)]
    window = np.hanning(part.shape[1])
    length = next_fast_len(4 * part.shape[1], real=True)  # fine enough to read a peak off
    spectrum = np.abs(rfft((part - part.mean(axis=1, keepdims=True)) * window, length, axis=1))
    return np.asarray(spectrum * 2 / window.sum()), np.asarray(np.fft.rfftfreq(length, 1 / fs))


def _peak(spectrum: NDArray[np.float64], frequency: NDArray[np.float64], hz: float) -> float:
    """Frequency near ``hz`` at which a line stands out of the spectrum of some lead; 0 without one."""
    near = np.abs(frequency - hz) <= OFF_HZ
    beside = (np.abs(frequency - hz) > 1.5) & (np.abs(frequency - hz) < 5)
    if not (near.any() and beside.any()):
        return 0.0
    level = np.median(spectrum[:, beside], axis=1)
    lines = spectrum[:, near].max(axis=1)
    clear = (lines > STANDS_OUT * level) & (lines > LEAST_HUM_MV / 4)
    if not clear.any():
        return 0.0
    together = np.square(spectrum[clear][:, near]).sum(axis=0)
    return float(frequency[near][together.argmax()])


def _fast_part(signal: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """What is too fast for waves, with its QRS and spikes held down so that hum decides."""
    from ..filters import pass_band

    high = signal - pass_band(signal, fs, high_hz=FROM_HZ)
    level = 3 * np.median(np.abs(high), axis=1, keepdims=True)
    return np.clip(high, -level, level)


def _followed(
    high: NDArray[np.float64], fs: float, hz: float, alive: NDArray[np.bool_]
) -> NDArray[np.complex128]:
    """Amplitude and phase of the part at ``hz``, ``(leads, samples)``, complex."""
    from scipy.ndimage import gaussian_filter1d

    gain = 1 - 1 / (1 + (hz / FROM_HZ) ** 4)  # what `_fast_part` left of it
    samples, block = high.shape[1], max(1, round(STEP_S * fs))
    count = samples // block
    time = np.arange(count * block) / fs
    there = alive[:, : count * block]
    turned = high[:, : count * block] * there * np.exp(-2j * np.pi * hz * time) * (2 / gain)
    steps = turned.reshape(len(high), count, block).mean(axis=2)
    # Divided by the smoothed time that is there: means of what there is, at ends and gaps too.
    width = FOLLOW_S / STEP_S
    weight = there.reshape(len(high), count, block).mean(axis=2)
    whole = gaussian_filter1d(weight, width, axis=1, mode="constant") + 1e-6
    smooth = [
        gaussian_filter1d(part, width, axis=1, mode="constant") / whole
        for part in (steps.real, steps.imag)
    ]
    at = np.clip((np.arange(samples) + 0.5) / block - 0.5, 0, count - 1)
    left = np.minimum(at.astype(int), count - 2)
    share = at - left
    line = (smooth[0] + 1j * smooth[1]).astype(np.complex128)
    return np.asarray(line[:, left] * (1 - share) + line[:, left + 1] * share)


def _usual(amplitude: NDArray[np.float64], alive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Median amplitude of each lead over what is alive of it; zero where nothing is."""
    if alive.all():
        return np.asarray(np.median(amplitude, axis=1))
    return np.array(
        [
            np.median(a[there]) if there.any() else 0.0
            for a, there in zip(amplitude, alive, strict=True)
        ]
    )
