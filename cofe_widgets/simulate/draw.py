"""Draw records of conditions as arrays: people, their hearts, rhythms, atrial waves and electrodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .batch import Batch
from .conditions import CONDITIONS, POTASSIUM, apply_conditions, ectopic_hearts, parse, r_delay_s
from .dipole import draw_beats
from .heart import Array, Hearts, People, draw_hearts, draw_people
from .noise import Noise, draw_noise, wire
from .rhythm import Rhythms, draw_f_waves, draw_flutter_waves, draw_rhythms

#: Streams of random numbers: one more at the end leaves the others as they are.
_STREAMS = (
    "hearts",
    "rhythms",
    "electrodes",
    "f waves",
    "severity",
    "people",
    "illness",
    "ectopy",
)
#: What leads see of f and flutter waves, relative to Dower's dipole: V1 lies over the right atrium.
_ATRIA_SEEN = (0.9, 1.0, 1.3, 0.7, 0.5, 0.45, 0.45, 0.5)


def draw(
    conditions: ArrayLike,
    seed: int | list[int],
    fs: float = 250.0,
    seconds: float = 10.0,
    noise: Noise = 1.0,
    variety: float = 0.0,
    *,
    severity: ArrayLike | None = None,
    age: ArrayLike | None = None,
    sex: str | None = None,
    potassium: ArrayLike | None = None,
) -> Batch:
    """Simulate one record a condition, as arrays (see `simulate` for records).

    Hearts, rhythms, electrodes and people are drawn from separate streams of ``seed``, so that the
    same seed under another condition is the same heart with the same electrodes.
    """
    names = np.atleast_1d(np.asarray(conditions, dtype=str))
    has = _flags(names)
    n = len(names)
    base = [seed] if isinstance(seed, int | np.integer) else list(seed)
    streams = {name: np.random.default_rng([*base, k]) for k, name in enumerate(_STREAMS)}
    graded = _severity(severity, n, streams["severity"])
    people = _people(n, has, graded, severity is not None, age, sex, potassium, streams["people"])
    time = (np.arange(round(seconds * fs)) / fs).astype(np.float32)

    healthy = draw_hearts(n, streams["hearts"], variety, people)
    hearts = apply_conditions(healthy, has, graded, people, streams["illness"])
    ectopic = ectopic_hearts(hearts, streams["ectopy"])
    r_delay = r_delay_s(healthy, hearts, has)
    rhythms = draw_rhythms(has, graded, seconds, streams["rhythms"]).delayed(r_delay)
    f_waves, f_dipoles = _atrial_waves(has, hearts, rhythms, time, streams["f waves"])
    signals = draw_beats(hearts, ectopic, rhythms, fs, time.size)
    signals += f_dipoles[:, :, None] * f_waves[:, None]
    if not isinstance(noise, int | float) or noise:
        signals += draw_noise(n, time, streams["electrodes"], noise)
        signals = wire(signals, noise)
    moving = [flags for code, flags in has.items() if CONDITIONS[code].moves_beats]
    moved = np.logical_or.reduce([np.zeros(n, bool), *moving])
    return Batch(
        names,
        graded,
        signals,
        f_waves,
        f_dipoles,
        hearts,
        ectopic,
        healthy,
        rhythms,
        r_delay,
        people,
        moved,
        fs,
    )


def _flags(names: NDArray[np.str_]) -> dict[str, NDArray[np.bool_]]:
    """Of each code in ``names``, which records have it, (n,); unknown or impossible names are refused."""
    codes = {name: parse(name) for name in dict.fromkeys(names.tolist())}
    every = dict.fromkeys(code for each in codes.values() for code in each)
    return {
        code: np.isin(names, [name for name, each in codes.items() if code in each])
        for code in every
    }


def _severity(given: ArrayLike | None, n: int, rng: np.random.Generator) -> Array:
    """Severities (n,) as given, or drawn from 0.6 to 1, where a condition is plain to see."""
    drawn = rng.uniform(0.6, 1.0, n)
    if given is None:
        return drawn.astype(np.float32)
    values = np.broadcast_to(np.asarray(given, np.float32), (n,))
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"severity={given}: expected a number from 0 (none) to 1 (full)")
    return values


def _people(
    n: int,
    has: dict[str, NDArray[np.bool_]],
    severity: Array,
    given: bool,
    age: ArrayLike | None,
    sex: str | None,
    potassium: ArrayLike | None,
    rng: np.random.Generator,
) -> People:
    """Age, sex and potassium as given, or drawn; under a potassium disorder, the disorder's potassium."""
    people = draw_people(n, rng)
    years = people.age if age is None else _within("age", age, n, 18, 110, "years")
    if sex not in (None, "F", "M"):
        raise ValueError(f"sex={sex!r}: expected 'F', 'M', or None to draw it")
    female = people.female if sex is None else np.full(n, sex == "F")
    level = people.potassium.copy()
    for code, (mild, severe) in POTASSIUM.items():
        if code in has:
            # From mild to severe where drawn: a potassium has no threshold that a label needs.
            share = severity if given else (2 * severity - 1).clip(0, 1)
            level = np.where(has[code], mild + (severe - mild) * share, level)
    if potassium is not None:
        level = _within("potassium", potassium, n, 1.5, 10, "mmol/L")
    return People(years.astype(np.float32), female, level.astype(np.float32))


def _within(name: str, given: ArrayLike, n: int, low: float, high: float, unit: str) -> Array:
    values = np.broadcast_to(np.asarray(given, np.float32), (n,))
    if not ((values >= low) & (values <= high)).all():
        raise ValueError(f"{name}={given!r}: expected {low:g} to {high:g} {unit}")
    return values


def _atrial_waves(
    has: dict[str, NDArray[np.bool_]],
    hearts: Hearts,
    rhythms: Rhythms,
    time: Array,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Waves of fibrillation or flutter of unit amplitude (n, samples), and what leads see (n, 8)."""
    n = len(hearts.mu)
    waves, seen = np.zeros((n, time.size), np.float32), np.zeros((n, 8), np.float32)
    near = np.array(_ATRIA_SEEN, np.float32)
    for code in ("AF", "AFL"):
        rows = np.flatnonzero(has.get(code, np.zeros(n, bool)))
        if not rows.size:
            continue
        if code == "AF":
            waves[rows], dipole = draw_f_waves(rows.size, time, rng)
        else:
            cycle, first = rhythms.flutter_s[rows], rhythms.r_s[rows, 0]
            waves[rows], dipole = draw_flutter_waves(cycle, first, time, rng)
        seen[rows] = near * np.einsum("nij,nj->ni", hearts.lead_matrix[rows], dipole)
    return waves, seen
