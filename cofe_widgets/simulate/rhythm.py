"""Rhythms: when the beats of a condition come, and what the atria do meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

#: Label codes this version simulates (the codes of PhysioNet Challenge 2021 and PTB-XL).
CONDITIONS = {
    "NSR": "normal sinus rhythm",
    "SB": "sinus bradycardia",
    "STach": "sinus tachycardia",
    "SA": "sinus (respiratory) arrhythmia",
    "PAC": "sinus rhythm with frequent premature atrial complexes",
    "AF": "atrial fibrillation",
}
_RATE_BPM = {  # mean, SD, lowest, highest
    "NSR": (73, 11, 60, 100),
    "SB": (52, 5, 38, 59),
    "STach": (114, 11, 101, 150),
    "SA": (68, 10, 50, 95),
    "PAC": (74, 11, 55, 100),
    "AF": (92, 22, 48, 160),
}


@dataclass(frozen=True)
class Rhythms:
    """Beats of ``n`` records.

    Attributes
    ----------
    r_s : (n, beats) R-peak times in s; the first lies before the record, the last after its end
    rr_s : (n, beats) RR interval that precedes each beat
    p_wave : (n,) whether the atria contract before each beat
    """

    r_s: Array
    rr_s: Array
    p_wave: NDArray[np.bool_]


def draw_rhythms(conditions: NDArray[np.str_], seconds: float, rng: np.random.Generator) -> Rhythms:
    """Draw the beats of one record a condition.

    Sinus rhythm is modulated by respiration (0.15-0.35 Hz) and by baroreflex (0.1 Hz) (Task Force
    of the ESC, Circulation 1996;93:1043); premature atrial beats come 10-45 % early and reset it;
    in AF successive intervals are independent, with a coefficient of variation of 0.14-0.30 and a
    refractory floor (Bollmann et al., Europace 2006;8:911).
    """
    n = len(conditions)
    mean, sd, low, high = np.array([_RATE_BPM[c] for c in conditions], float).T
    rr_mean = 60 / np.clip(rng.normal(mean, sd), low, high)
    beats = int(np.ceil(seconds / 0.30)) + 6
    fibrillating = conditions == "AF"

    nominal = np.arange(beats) * rr_mean[:, None]
    respiration = np.where(
        conditions == "SA", rng.uniform(0.09, 0.2, n), rng.uniform(0.005, 0.04, n)
    )
    phase = 2 * np.pi * rng.random((n, 2, 1))
    modulation = respiration[:, None] * np.sin(
        2 * np.pi * rng.uniform(0.15, 0.35, (n, 1)) * nominal + phase[:, 0]
    )
    modulation += rng.uniform(0.003, 0.02, (n, 1)) * np.sin(2 * np.pi * 0.1 * nominal + phase[:, 1])
    modulation += rng.normal(0, 0.006, (n, beats))
    sinus = rr_mean[:, None] * (1 + modulation)

    premature = rng.random((n, beats)) < rng.uniform(0.12, 0.5, (n, 1))
    premature &= (conditions == "PAC")[:, None]
    sinus *= np.where(premature, rng.uniform(0.55, 0.9, (n, beats)), 1.0)
    # The sinus node, reset by the early beat, waits a little longer than one cycle.
    after = np.roll(premature, 1, axis=1) & ~premature
    sinus *= np.where(after, rng.uniform(1.0, 1.2, (n, beats)), 1.0)
    sinus = np.maximum(sinus, 0.36)

    cv = rng.uniform(0.14, 0.30, (n, 1))
    shape = 1 / cv**2
    floor = 0.55 * rr_mean[:, None]
    gamma = rng.gamma(np.broadcast_to(shape, (n, beats))) / shape
    irregular = np.maximum(rr_mean[:, None] * gamma, np.maximum(floor, 0.30))
    rr = np.where(fibrillating[:, None], irregular, sinus)

    start = -rr[:, 0] * rng.random(n) - rr_mean * 0.5
    r = start[:, None] + np.cumsum(rr, axis=1) - rr[:, :1]
    keep = int((r < seconds + 2.0).sum(axis=1).max()) + 1
    return Rhythms(
        r_s=r[:, :keep].astype(np.float32),
        rr_s=rr[:, :keep].astype(np.float32),
        p_wave=~fibrillating,
    )


def draw_f_waves(n: int, time_s: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Fibrillatory waves of unit amplitude, (n, samples), and their directions in mV, (n, 3).

    4-9 Hz, wandering in frequency and size, with a second harmonic; largest in V1 (Bollmann 2006).
    """
    rate = rng.uniform(4.2, 8.5, (n, 1))
    drift = 0.5 * np.sin(
        2 * np.pi * rng.uniform(0.1, 0.5, (n, 1)) * time_s + 6.28 * rng.random((n, 1))
    )
    drift += 0.35 * np.sin(
        2 * np.pi * rng.uniform(0.6, 1.3, (n, 1)) * time_s + 6.28 * rng.random((n, 1))
    )
    phase = 2 * np.pi * rate * time_s + drift + 6.28 * rng.random((n, 1))
    swell = 1 + 0.35 * np.sin(
        2 * np.pi * rng.uniform(0.2, 0.8, (n, 1)) * time_s + 6.28 * rng.random((n, 1))
    )
    wave = swell * (np.sin(phase) + rng.uniform(0.1, 0.45, (n, 1)) * np.sin(2 * phase + 0.8))
    size = rng.lognormal(np.log(0.055), 0.5, (n, 1)).clip(0.015, 0.16)
    direction = np.array([0.15, 0.45, -0.85]) + rng.normal(0, 0.2, (n, 3))
    return wave.astype(np.float32), (size * direction).astype(np.float32)
