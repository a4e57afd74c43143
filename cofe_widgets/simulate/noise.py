"""What electrodes add to a heart: baseline wander, muscle, mains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def draw_noise(
    n: int, time_s: NDArray[np.float32], rng: np.random.Generator, level: float
) -> NDArray[np.float32]:
    """Noise in the eight independent leads, mV, ``(n, 8, samples)``.

    At ``level`` 1: wander of 10-80 uV below 0.5 Hz, broad-band (EMG) noise of 2-12 uV RMS, and in a
    third of the records 50 or 60 Hz mains of 2-8 uV.
    """
    out = rng.standard_normal((n, 8, time_s.size), dtype=np.float32)
    out *= rng.uniform(0.002, 0.012, (n, 1, 1)).astype(np.float32)
    slow = rng.uniform(0.05, 0.5, (n, 4, 1))
    waves = np.sin(2 * np.pi * slow * time_s + 2 * np.pi * rng.random((n, 4, 1))).astype(np.float32)
    wander = rng.normal(size=(n, 8, 4)) * rng.uniform(0.005, 0.04, (n, 1, 1))
    out += np.matmul(wander.astype(np.float32), waves)
    mains_hz = rng.choice([50.0, 60.0], (n, 1))
    mains = np.sin(2 * np.pi * mains_hz * time_s + 6.28 * rng.random((n, 1))).astype(np.float32)
    size = rng.uniform(0.002, 0.008, (n, 8, 1)) * (rng.random((n, 1, 1)) < 1 / 3)
    out += size.astype(np.float32) * mains[:, None]
    return level * out
