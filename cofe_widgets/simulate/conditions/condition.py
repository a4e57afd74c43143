"""What a condition is: its name, what it goes with, and how it acts on hearts and on their rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, auto
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...vocabulary.diagnoses import title
from ..adults import DIPOLES
from ..heart import P_KERNELS, ST, Array, Hearts, R


class Stage(IntEnum):
    """When a condition acts on hearts, from the first to the last.

    A later one has the last word on times: bundle branch blocks come after what they outlast.
    """

    FASCICLE = auto()
    HYPERTROPHY = auto()
    BUNDLE = auto()
    INFARCTION = auto()
    INJURY = auto()
    STRAIN = auto()
    VOLTAGE = auto()
    REPOLARISATION = auto()
    CONDUCTION = auto()


@dataclass(frozen=True)
class Case:
    """Who of ``n`` hearts has a condition, and how it shows in each.

    Attributes
    ----------
    ill : (n,) bool
    severity : (n,) 0 to 1; 0 in the others
    individual : (n, kernels, 3) standard normal numbers of each person, the same for every condition
    """

    ill: NDArray[np.bool_]
    severity: Array
    individual: Array


#: Turns all hearts of a batch into what the case makes of them; those that are not ill stay.
Act: TypeAlias = Callable[[Hearts, Case], Hearts]


class Rate(NamedTuple):
    """Heart rate under a condition, in beats a minute.

    Attributes
    ----------
    mean, sd, low, high : float
        It is drawn from this normal distribution, within these bounds.
    by_severity : float
        How much the mean grows from severity 0 to 1.
    rank : int
        Of several conditions' rates the one of the highest rank holds.
    """

    mean: float
    sd: float
    low: float
    high: float
    by_severity: float = 0.0
    rank: int = 0


@dataclass(frozen=True)
class Condition:
    """A condition of the simulator.

    Attributes
    ----------
    code : str
        Of its row in `vocabulary.diagnoses`.
    kind : str
        What it acts on: two of one kind exclude each other.
    graded : bool
        Whether it has degrees.
    excludes : frozenset of str
        Others that medicine does not combine with it: they need the sinus node's P waves, or one
        hides the other. It is enough that one of two says so.
    effects : mapping of Stage to callable
        What it does to the waves, and when.
    rate : Rate, optional
        Without one the heart beats as in sinus rhythm.
    moves_beats : bool
        Whether it decides when the beats come.
    keeps_r : bool
        Whether a QRS that begins earlier leaves R in its place; else P and the onset of QRS stay.
    potassium : (float, float), optional
        Serum potassium, mmol/L, at severity 0 and 1.
    """

    code: str
    kind: str
    graded: bool = True
    excludes: frozenset[str] = frozenset()
    effects: Mapping[Stage, Act] = field(default_factory=dict)
    rate: Rate | None = None
    moves_beats: bool = False
    keeps_r: bool = False
    potassium: tuple[float, float] | None = None

    @property
    def words(self) -> str:
        """What people call it."""
        return title(self.code)


#: Spread of a form's dipoles between people, as a share of their size.
_SPREAD = 0.12


@dataclass(frozen=True)
class Form:
    """An effect: the kernels of an ill heart, towards which a healthy one turns as far as it is ill.

    What is the person's own stays: rotation, voltage and variation.

    Attributes
    ----------
    vectors : mapping of kernel to dipole (x, y, z), mV
    times : mapping of kernel to centre, rise and fall, s, where they differ from the healthy heart's
    """

    vectors: Mapping[int, tuple[float, float, float]]
    times: Mapping[int, tuple[float, float, float]] = field(default_factory=dict)

    def __call__(self, hearts: Hearts, case: Case) -> Hearts:
        """The hearts, turned towards this form."""
        mu, rise, fall = hearts.mu.copy(), hearts.rise.copy(), hearts.fall.copy()
        vectors, part = hearts.vectors.copy(), case.severity[:, None].astype(np.float32)
        # A person of high voltage has high voltage ill, too.
        gain = np.linalg.norm(vectors[:, R], axis=1, keepdims=True) / 1.38
        for kernel, dipole in self.vectors.items():
            ill = np.array(dipole, np.float32)
            spread = case.individual[:, kernel] * np.float32(_SPREAD * np.linalg.norm(ill))
            voltage = gain.clip(0.6, 1.5) if kernel < ST else 0.5 + 0.5 * gain.clip(0.6, 1.5)
            vectors[:, kernel] += part * (ill - DIPOLES[kernel] + spread) * voltage
        for kernel, times in self.times.items():
            for value, ill_time in zip((mu, rise, fall), times, strict=True):
                value[:, kernel] += case.severity * (ill_time - value[:, kernel])
        out = replace(hearts, vectors=vectors.astype(np.float32), mu=mu, rise=rise, fall=fall)
        if self.times:
            # A slow QRS begins as long after P as before; a Q wave takes its time from the PR instead.
            if R in self.times:
                mu[:, P_KERNELS] += (out.qrs_onset_s - hearts.qrs_onset_s)[:, None]
            # The ST level is reached by the new end of QRS, T ends as much later.
            longer = out.qrs_offset_s - hearts.qrs_offset_s
            mu[:, ST] += 0 if ST in self.times else longer
            widening = (out.qrs_offset_s - out.qrs_onset_s) - (
                hearts.qrs_offset_s - hearts.qrs_onset_s
            )
            out = replace(out, qtc_s=(hearts.qtc_s + 0.8 * widening).astype(np.float32))
        return out
