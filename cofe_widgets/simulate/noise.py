"""What electrodes add to a heart: baseline wander, mains, muscle, motion, wrong leads, clipping."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

#: Limb electrodes swapped: what leads I and II then show, as coefficients on the true (I, II).
_SWAPPED_LIMBS = {
    "RA-LA": ((-1.0, 0.0), (-1.0, 1.0)),
    "RA-LL": ((1.0, -1.0), (0.0, -1.0)),
    "LA-LL": ((0.0, 1.0), (1.0, 0.0)),
}
#: What an everyday recording carries of each kind at level 1.
EVERYDAY: Mapping[str, float] = MappingProxyType({"wander": 1.0, "mains": 1.0, "emg": 1.0})
KINDS = ("wander", "mains", "emg", "motion", "reversal", "clipping_mv")
Noise = float | Mapping[str, float | str]


def levels(noise: Noise) -> dict[str, float | str]:
    """Level of each kind of noise; a plain number scales what an everyday recording carries.

    Raises
    ------
    ValueError
        For an unknown kind, a negative level, an unknown pair of electrodes.
    """
    if not isinstance(noise, Mapping):
        noise = {kind: float(noise) * level for kind, level in EVERYDAY.items()}
    unknown = sorted(set(noise) - set(KINDS))
    if unknown:
        raise ValueError(f"unknown noise {', '.join(unknown)}: expected {', '.join(KINDS)}")
    for kind, level in noise.items():
        if kind == "reversal":
            _swap(str(level))
        elif not float(level) >= 0:
            raise ValueError(f"noise {kind}={level}: expected a level of 0 or more")
    return dict(noise)


def draw_noise(n: int, time_s: Array, rng: np.random.Generator, noise: Noise = 1.0) -> Array:
    """Noise in the eight independent leads, mV, ``(n, 8, samples)``.

    At level 1: wander, median 70 uV, below 0.6 Hz, larger in the chest leads; muscle (EMG), median
    11 uV RMS, falling above 50 Hz; 50 or 60 Hz mains of 2-8 uV in a third of the records (in all of
    them above level 1). Electrode motion is one to three jumps of 0.2-0.6 mV that decay within a
    second, each on one electrode.
    """
    level = {k: float(v) for k, v in levels(noise).items() if k not in ("reversal", "clipping_mv")}
    out = _muscle(n, time_s, rng)
    size = np.exp(rng.normal(np.log(0.011), 0.5, (n, 1, 1))).clip(0.003, 0.035)
    size = size * rng.uniform(0.7, 1.4, (n, 8, 1)) * level.get("emg", 0.0)
    out *= size.astype(np.float32)
    slow = np.array([0.05, 0.1, 0.2, 0.35])[:, None] * rng.uniform(0.8, 1.8, (n, 4, 1))
    waves = np.sin(2 * np.pi * slow * time_s + 2 * np.pi * rng.random((n, 4, 1))).astype(np.float32)
    spread = np.exp(rng.normal(np.log(0.030), 0.75, (n, 1, 1))).clip(0.004, 0.15)
    wander = rng.normal(size=(n, 8, 4)) * spread * [1.2, 1.1, 0.9, 0.6]
    wander[:, 2:] *= 1.4
    out += np.matmul((level.get("wander", 0.0) * wander).astype(np.float32), waves)
    mains_hz = rng.choice([50.0, 60.0], (n, 1))
    mains = np.sin(2 * np.pi * mains_hz * time_s + 6.28 * rng.random((n, 1))).astype(np.float32)
    mains_level = level.get("mains", 0.0)
    some = rng.random((n, 1, 1)) < (1 / 3 if mains_level <= 1 else 1.0)
    size = mains_level * rng.uniform(0.002, 0.008, (n, 8, 1)) * some
    out += size.astype(np.float32) * mains[:, None]
    if level.get("motion"):
        out += level["motion"] * _motion(n, time_s, rng)
    return out


def _muscle(n: int, time_s: Array, rng: np.random.Generator) -> Array:
    """Noise of unit RMS that falls by 6 dB an octave above 50 Hz, (n, 8, samples)."""
    from scipy.signal import lfilter

    keep = np.exp(-2 * np.pi * 50.0 * float(time_s[1] - time_s[0]))
    white = rng.standard_normal((n, 8, time_s.size), dtype=np.float32)
    gain = np.float32(np.sqrt(1 - keep**2))
    return lfilter([gain], np.array([1.0, -keep], np.float32), white, axis=2).astype(np.float32)


def _motion(n: int, time_s: Array, rng: np.random.Generator) -> Array:
    """Electrodes that move: jumps that decay, (n, 8, samples)."""
    jumps = 3
    at = rng.uniform(time_s[0], time_s[-1], (n, jumps, 1))
    since = time_s - at
    decay = rng.uniform(0.15, 0.7, (n, jumps, 1))
    course = np.where(since >= 0, np.exp(-np.maximum(since, 0) / decay), 0)
    course *= 1 - np.exp(-np.maximum(since, 0) / 0.02)
    size = rng.uniform(0.2, 0.6, (n, jumps)) * rng.choice([-1, 1], (n, jumps))
    size *= rng.random((n, jumps)) < [1.0, 0.6, 0.3]
    # Right arm, left arm, left leg, V1..V6: what each electrode does to I, II, V1..V6 (Wilson).
    electrodes = np.zeros((9, 8))
    electrodes[0, :2], electrodes[1, 0], electrodes[2, 1] = -1, 1, 1
    electrodes[:3, 2:] = -1 / 3
    electrodes[3:, 2:] = np.eye(6)
    leads = electrodes[rng.integers(0, 9, (n, jumps))] * size[:, :, None]
    return np.matmul(np.swapaxes(leads, 1, 2), course).astype(np.float32)


def wire(signals: Array, noise: Noise) -> Array:
    """Signals ``(n, 8, samples)`` as wrongly placed electrodes and a small amplifier show them."""
    level = levels(noise)
    if "reversal" in level:
        signals = np.matmul(_swap(str(level["reversal"])), signals)
    limit = float(level.get("clipping_mv", 0.0))
    return np.clip(signals, -limit, limit) if limit else signals


def _swap(pair: str) -> Array:
    """What leads I, II, V1..V6 show when two electrodes are swapped, on the true ones, (8, 8)."""
    matrix = np.eye(8, dtype=np.float32)
    if pair in _SWAPPED_LIMBS:
        matrix[:2, :2] = _SWAPPED_LIMBS[pair]
        return matrix
    chest = [f"V{k}" for k in range(1, 7)]
    first, _, second = pair.partition("-")
    if first not in chest or second not in chest or first == second:
        raise ValueError(
            f"unknown lead reversal {pair!r}: expected {', '.join(_SWAPPED_LIMBS)}, or two chest "
            "electrodes such as 'V1-V2'"
        )
    rows = [2 + chest.index(first), 2 + chest.index(second)]
    matrix[rows] = matrix[rows[::-1]]
    return matrix
