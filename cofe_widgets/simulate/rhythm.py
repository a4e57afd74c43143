"""Rhythms: when the beats of a condition come, and what the atria do meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .conditions import CONDITIONS, Rate

Array = NDArray[np.floating]
Flags = NDArray[np.bool_]

#: Heart rate of sinus rhythm, and of every condition without a rate of its own.
_RATE = Rate(71, 10, 60, 100)
#: Nothing beats again sooner than this.
_REFRACTORY_S = 0.30


@dataclass(frozen=True)
class Rhythms:
    """Beats of ``n`` records.

    Attributes
    ----------
    r_s : (n, beats) R-peak times in s; the first lies before the record, the last after its end
    rr_s : (n, beats) RR interval that precedes each beat
    p_s : (n, beats) time that a P wave at the heart's own PR has its R-peak due; NaN without P.
        It differs from ``r_s`` where the AV node delays the beat more (Wenckebach).
    blocked_s : (n, blocked) the same of P waves that no QRS follows, NaN-padded
    ectopic : (n, beats) whether the beat is ventricular (PVC)
    early : (n, beats) whether the beat is an atrial premature one (PAC)
    sway : (n, beats, 4) how far respiration turns the heart at each beat, radians about x, y, z,
        and by what share it looms larger
    flutter_s : (n,) length of a flutter wave; NaN without flutter
    """

    r_s: Array
    rr_s: Array
    p_s: Array
    blocked_s: Array
    ectopic: Flags
    early: Flags
    sway: Array
    flutter_s: Array

    @property
    def p_wave(self) -> Flags:
        """Whether the atria contract before the beats of each record, (n,)."""
        return np.asarray(np.isfinite(self.p_s).any(axis=1))

    def delayed(self, by_s: Array) -> Rhythms:
        """The rhythms with every beat of a record later by ``by_s`` (n,)."""
        later = {name: getattr(self, name) + by_s[:, None] for name in ("r_s", "p_s", "blocked_s")}
        return replace(self, **later)

    def take(self, rows: NDArray[np.int64]) -> Rhythms:
        """The rhythms of the given rows."""
        return Rhythms(**{name: value[rows] for name, value in vars(self).items()})


def draw_rhythms(
    has: dict[str, Flags], severity: Array, seconds: float, rng: np.random.Generator
) -> Rhythms:
    """Draw the beats of ``n`` records.

    Sinus rhythm is modulated by respiration (0.15-0.35 Hz) and by baroreflex (0.1 Hz) (Task Force
    of the ESC, Circulation 1996;93:1043); premature atrial beats come 10-45 % early and reset it,
    premature ventricular beats do not and are followed by a compensatory pause; in AF successive
    intervals are independent, with a coefficient of variation of 0.14-0.30 and a refractory floor
    (Bollmann et al., Europace 2006;8:911); flutter conducts every second to fourth wave.

    Parameters
    ----------
    has : mapping of code to (n,) bool
    severity : (n,), 0 to 1: depth of respiratory arrhythmia, distance of the rate from normal,
        how many beats are premature
    """
    n = len(severity)
    rr_mean = _mean_interval(has, severity, rng)
    beats = int(np.ceil((seconds + 4) / _REFRACTORY_S)) + 6
    sinus, sway = _sinus(has, severity, rr_mean, beats, rng)
    chance = rng.random((n, beats))
    reach = rng.uniform(0.55, 0.9, (n, beats))
    burden = (0.12 + 0.4 * severity[:, None]) * rng.uniform(0.8, 1.2, (n, 1))

    early = (chance < burden) & _of(has, "PAC", n)[:, None]
    early[:, 1:] &= ~early[:, :-1]
    ectopic = (chance < 0.75 * burden) & _of(has, "PVC", n)[:, None] & ~early
    ectopic[:, 1:] &= ~ectopic[:, :-1] & ~early[:, :-1]
    # Two sinus beats either side fix the pause: the cycle after makes up for what came early.
    rr = sinus * np.where(early, reach, 1.0)
    rr = np.where(ectopic, sinus * (0.52 + 0.5 * (reach - 0.55)), rr)
    after = np.roll(early, 1, axis=1) & ~early
    rr *= np.where(after, rng.uniform(1.0, 1.2, (n, beats)), 1.0)
    missed = np.roll(ectopic, 1, axis=1) & ~ectopic
    rr = np.where(missed, sinus + np.roll(sinus - rr, 1, axis=1), rr)

    rr = np.where(_of(has, "AF", n)[:, None], _fibrillating(rr_mean, beats, rng), rr)
    flutter = np.where(_of(has, "AFL", n), 60 / rng.normal(290, 20, n).clip(240, 340), np.nan)
    conducted = flutter[:, None] * _conducted(n, beats, rng)
    rr = np.where(np.isfinite(conducted), conducted, np.maximum(rr, _REFRACTORY_S + 0.06))
    # Where the first beats are delayed or dropped one more cycle leads in.
    lead_in = rr_mean * np.where(_of(has, "MoI", n), 2.0, 0.5)
    start = -rr[:, 0] * rng.random(n) - lead_in
    r = start[:, None] + np.cumsum(rr, axis=1) - rr[:, :1]
    no_p = _of(has, "AF", n) | _of(has, "AFL", n)
    p = np.where(no_p[:, None] | ectopic, np.nan, r)
    came, p, blocked, keep_beat = _wenckebach(_of(has, "MoI", n), r, p, rng)
    order = _in_order(came, keep_beat, seconds)
    beats_s = np.take_along_axis(came, order, axis=1)
    return Rhythms(
        r_s=beats_s.astype(np.float32),
        rr_s=np.diff(beats_s, axis=1, prepend=2 * beats_s[:, :1] - beats_s[:, 1:2]).astype(
            np.float32
        ),
        p_s=np.take_along_axis(p, order, axis=1).astype(np.float32),
        blocked_s=_inside(blocked, seconds),
        ectopic=np.take_along_axis(ectopic, order, axis=1),
        early=np.take_along_axis(early, order, axis=1),
        sway=np.take_along_axis(sway, order[:, :, None], axis=1),
        flutter_s=flutter.astype(np.float32),
    )


def _of(has: dict[str, Flags], code: str, n: int) -> Flags:
    return has.get(code, np.zeros(n, bool))


def _mean_interval(has: dict[str, Flags], severity: Array, rng: np.random.Generator) -> Array:
    """Mean RR interval of each record, s: severer bradycardia and tachycardia lie further off."""
    n = len(severity)
    mean, sd, low, high = (np.full(n, value, float) for value in _RATE[:4])
    rates = [(one.rate, has[code]) for code, one in CONDITIONS.items() if one.rate and code in has]
    for rate, flags in sorted(rates, key=lambda pair: pair[0].rank):
        for column, value in zip((mean, sd, low, high), rate, strict=False):
            column[flags] = value
    for rate, flags in rates:
        mean += np.where(flags, rate.by_severity, 0.0) * (severity - 0.5)
    return 60 / np.clip(rng.normal(size=n) * sd + mean, low, high)


def _sinus(
    has: dict[str, Flags], severity: Array, rr_mean: Array, beats: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Intervals of the sinus node, (n, beats), and how far breathing turns the heart (`Rhythms.sway`)."""
    n = len(severity)
    nominal = np.arange(beats) * rr_mean[:, None]
    deep = (0.05 + 0.15 * severity) * rng.uniform(0.85, 1.15, n)
    usual = np.exp(rng.normal(np.log(0.034), 0.6, n)).clip(0.005, 0.075)
    depth = np.where(_of(has, "SA", n), deep, usual)
    phase = 2 * np.pi * rng.random((n, 2, 1))
    breath = 2 * np.pi * rng.uniform(0.15, 0.35, (n, 1)) * nominal + phase[:, 0]
    slow = np.exp(rng.normal(np.log(0.013), 0.5, (n, 1))).clip(0.003, 0.03)
    modulation = depth[:, None] * np.sin(breath)
    modulation += slow * np.sin(2 * np.pi * 0.1 * nominal + phase[:, 1])
    modulation += rng.normal(0, 0.007, (n, beats))
    # Breathing turns the heart some 3 degrees, mostly in the frontal plane, and brings it nearer.
    amount = np.exp(rng.normal(np.log(0.055), 0.45, (n, 1, 1))).clip(0.01, 0.14)
    amount = amount * rng.normal(size=(n, 1, 4)) * np.array([0.6, 0.8, 1.0, 0.3])
    sway = amount * np.sin(breath - 0.6)[:, :, None]
    sway += rng.normal(size=(n, beats, 4)) * np.array([0.012, 0.014, 0.016, 0.012])
    return rr_mean[:, None] * (1 + modulation), sway.astype(np.float32)


def _fibrillating(rr_mean: Array, beats: int, rng: np.random.Generator) -> Array:
    """RR intervals of fibrillation, (n, beats): independent of each other, above the refractory floor."""
    n = len(rr_mean)
    shape = 1 / rng.uniform(0.14, 0.30, (n, 1)) ** 2
    gamma = rng.gamma(np.broadcast_to(shape, (n, beats))) / shape
    floor = np.maximum(0.55 * rr_mean[:, None], _REFRACTORY_S)
    return np.maximum(rr_mean[:, None] * gamma, floor)


def _conducted(n: int, beats: int, rng: np.random.Generator) -> Array:
    """Flutter waves to each beat, (n, beats): two, three or four; in half of the hearts it varies."""
    usual = rng.choice([2, 3, 4], (n, 1), p=[0.4, 0.2, 0.4])
    other = rng.choice([2, 3, 4], (n, beats))
    varies = (rng.random((n, 1)) < 0.45) & (rng.random((n, beats)) < 0.6)
    return np.where(varies, other, usual)


def _wenckebach(
    mask: Flags, r: Array, p: Array, rng: np.random.Generator
) -> tuple[Array, Array, Array, Flags]:
    """Delay each beat of a group more, by ever smaller steps, until one P wave is not conducted."""
    n, beats = r.shape
    group = rng.integers(3, 6, (n, 1))
    first = rng.uniform(0.07, 0.13, (n, 1))
    place = (np.arange(beats)[None] + rng.integers(0, 6, (n, 1))) % group
    # Increments shrink: 1, 1.5, 1.75 ... of the first.
    delay = first * 2 * (1 - 0.5**place)
    dropped = (place == group - 1) & mask[:, None]
    blocked = np.where(dropped, p, np.nan)
    r = np.where(mask[:, None], r + delay, r)
    p = np.where(dropped, np.nan, p)
    return r, p, blocked, ~dropped


def _in_order(r: Array, keep: Flags, seconds: float) -> NDArray[np.intp]:
    """Indices of the beats that came, in time, up to the first after the end of every record."""
    last = int(((r < seconds + 2.0) & keep).sum(axis=1).max()) + 1
    last = min(last, int(keep.sum(axis=1).min()))
    return np.argsort(np.where(keep, r, np.inf), axis=1, kind="stable")[:, :last]


def _inside(times: Array, seconds: float) -> Array:
    """The times that can show in a record, ascending, padded with NaN."""
    inside = (times > -1.5) & (times < seconds + 1.5)
    most = int(inside.sum(axis=1).max())
    return np.sort(np.where(inside, times, np.nan), axis=1)[:, :most].astype(np.float32)


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


def draw_flutter_waves(
    cycle_s: Array, first_s: Array, time_s: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Flutter waves of unit amplitude, (n, samples), and their directions in mV, (n, 3).

    A slow fall and a quick rise, one after the other without rest: the saw of the inferior leads,
    negative there and upright in V1 (counterclockwise typical flutter).

    Parameters
    ----------
    cycle_s : (n,) length of a flutter wave
    first_s : (n,) time of a conducted beat, which flutter waves precede by a fixed time
    """
    n = len(cycle_s)
    turn = (time_s - first_s[:, None] + rng.uniform(0.15, 0.25, (n, 1))) / cycle_s[:, None]
    skew = rng.uniform(0.62, 0.75, (n, 1))
    part = turn - np.floor(turn)
    saw = np.where(part < skew, 1 - 2 * part / skew, 2 * (part - skew) / (1 - skew) - 1)
    rounded = 0.75 * saw + 0.25 * np.cos(2 * np.pi * turn)
    size = rng.lognormal(np.log(0.13), 0.3, (n, 1)).clip(0.06, 0.19)
    direction = np.array([-0.05, 0.95, -0.60]) + rng.normal(0, 0.12, (n, 3))
    return rounded.astype(np.float32), (size * direction).astype(np.float32)
