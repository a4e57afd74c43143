"""Faults put into simulated recordings, at three levels each: what an electrode, a cable, a clock can do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cofe_widgets.ecg import LIMB_LEADS, Record, limb_matrix

Signal = NDArray[np.float64]
#: What becomes of the eight independent leads (I, II, V1 to V6), (8, samples), at a rate and a level.
Fault = Callable[[Signal, float, float, np.random.Generator], Signal]


def _at(rng: np.random.Generator, samples: int, fs: float, seconds: float) -> slice:
    """A stretch somewhere."""
    length = round(seconds * fs)
    start = int(rng.integers(0, max(1, samples - length)))
    return slice(start, start + length)


def chest_off(x: Signal, fs: float, level: float, rng: np.random.Generator) -> Signal:
    """Two, four, all six chest leads flat for 2, 4, 6 s."""
    leads = 2 + rng.permutation(6)[: round(2 * level)]
    where = _at(rng, x.shape[1], fs, 2 * level)
    x[leads, where] = x[leads, where.start][:, None] if rng.random() < 0.5 else 0.0
    return x


def all_off(x: Signal, fs: float, level: float, rng: np.random.Generator) -> Signal:
    """No signal at all for 0.5, 1.5, 3 s."""
    where = _at(rng, x.shape[1], fs, (0.5, 1.5, 3.0)[round(level) - 1])
    x[:, where] = 0.0 if rng.random() < 0.5 else x[:, where.start][:, None]
    return x


def gap(x: Signal, fs: float, level: float, rng: np.random.Generator) -> Signal:
    """Samples missing in all leads, or in some, for 0.3, 1, 3 s."""
    where = _at(rng, x.shape[1], fs, (0.3, 1.0, 3.0)[round(level) - 1])
    leads = np.arange(8) if rng.random() < 0.5 else rng.permutation(8)[:3]
    x[leads, where] = np.nan
    return x


def saturated(x: Signal, fs: float, level: float, rng: np.random.Generator) -> Signal:
    """One to three leads at the amplifier's limit for 1, 2, 3 s."""
    leads = rng.permutation(8)[: round(level)]
    x[leads, _at(rng, x.shape[1], fs, level)] = rng.choice([-5.0, 5.0])
    return x


def lead_off(x: Signal, fs: float, level: float, rng: np.random.Generator) -> Signal:
    """One, three, five leads show nothing but noise for 3, 5, 7 s."""
    leads = rng.permutation(8)[: round(2 * level - 1)]
    where = _at(rng, x.shape[1], fs, 1 + 2 * level)
    x[leads, where] = rng.normal(0, 0.02, (len(leads), where.stop - where.start))
    return x


def spikes(x: Signal, fs: float, level: float, rng: np.random.Generator) -> Signal:
    """1, 3, 10 spikes of 0.5 to 2 mV and 2 to 6 ms, in all leads or in one each."""
    for _ in range((1, 3, 10)[round(level) - 1]):
        start = int(rng.integers(0, x.shape[1] - 8))
        width = int(rng.integers(1, max(2, round(0.006 * fs)) + 1))
        height = rng.choice([-1, 1]) * rng.uniform(0.5, 2.0)
        leads = np.arange(8) if rng.random() < 0.5 else rng.integers(0, 8, 1)
        x[leads, start : start + width] += height
    return x


def hum(x: Signal, fs: float, level: float, rng: np.random.Generator) -> Signal:
    """Mains of 0.05, 0.2, 0.5 mV with a third harmonic, its amplitude breathing by 20 %."""
    time = np.arange(x.shape[1]) / fs
    hz = rng.choice([50.0, 60.0]) + rng.uniform(-0.1, 0.1)
    size = (0.05, 0.2, 0.5)[round(level) - 1] * rng.uniform(0.5, 1, (8, 1))
    size = size * (1 + 0.2 * np.sin(2 * np.pi * 0.15 * time + rng.uniform(0, 6)))
    wave = np.sin(2 * np.pi * hz * time + rng.uniform(0, 6))
    if 3 * hz < fs / 2:
        wave = wave + 0.2 * np.sin(2 * np.pi * 3 * hz * time)
    return x + size * wave


def steps(x: Signal, fs: float, level: float, rng: np.random.Generator) -> Signal:
    """1, 2, 3 jumps of 2 to 5 mV in one or two leads."""
    for _ in range(round(level)):
        start = int(rng.integers(0, x.shape[1]))
        leads = rng.permutation(8)[: rng.integers(1, 3)]
        x[leads, start:] += rng.choice([-1, 1]) * rng.uniform(2, 5)
    return x


def drift(x: Signal, fs: float, level: float, rng: np.random.Generator) -> Signal:
    """A baseline that wanders by 2, 6, 12 mV within ten seconds."""
    time = np.arange(x.shape[1]) / fs
    size = (2.0, 6.0, 12.0)[round(level) - 1] * rng.uniform(0.3, 1, (8, 1))
    phase = rng.uniform(0, 6, (8, 1))
    return x + size / 2 * np.sin(2 * np.pi * rng.uniform(0.05, 0.2) * time + phase)


def muscle(x: Signal, fs: float, level: float, rng: np.random.Generator) -> Signal:
    """Noise of 0.03, 0.08, 0.2 mV, in bursts."""
    noise = np.diff(rng.normal(0, 1, (8, x.shape[1] + 1)), axis=1) / np.sqrt(2)
    time = np.arange(x.shape[1]) / fs
    bursts = 1 + np.sin(2 * np.pi * 0.2 * time + rng.uniform(0, 6))
    return x + (0.03, 0.08, 0.2)[round(level) - 1] * bursts / 2 * noise


def clipped(x: Signal, fs: float, level: float, rng: np.random.Generator) -> Signal:
    """Every lead cut off at 75, 50, 30 % of its height."""
    share = (0.75, 0.5, 0.3)[round(level) - 1]
    middle = np.median(x, axis=1, keepdims=True)
    top = share * np.abs(x - middle).max(axis=1, keepdims=True)
    leads = rng.permutation(8)[: 2 * round(level)]
    x[leads] = np.clip(x, middle - top, middle + top)[leads]
    return x


def limbs_swapped(x: Signal, fs: float, level: float, rng: np.random.Generator) -> Signal:
    """Two limb electrodes swapped: arms, left arm and leg, right arm and leg."""
    one, two = x[0].copy(), x[1].copy()
    x[0], x[1] = ((-one, two - one), (two, one), (one - two, -two))[round(level) - 1]
    return x


FAULTS: dict[str, Fault] = {
    "none": lambda x, fs, level, rng: x,
    "chest leads off": chest_off,
    "all leads off": all_off,
    "gap": gap,
    "saturated": saturated,
    "lead off": lead_off,
    "spikes": spikes,
    "hum": hum,
    "steps": steps,
    "drift": drift,
    "muscle": muscle,
    "clipped": clipped,
    "limbs swapped": limbs_swapped,
}


def faulty(record: Record, kind: str, level: float, rng: np.random.Generator) -> Record:
    """A standard record with a fault in its independent leads; the limb leads follow from I and II."""
    rows = [0, 1, *range(6, 12)]
    eight = FAULTS[kind](record.signal[rows].astype(float), record.fs, level, rng)
    twelve = np.concatenate((limb_matrix(LIMB_LEADS).astype(float) @ eight[:2], eight[2:]))
    return Record(np.round(twelve, 3), record.fs, record.leads, record.meta)
