"""Named directions: turn one measurement of an ECG and leave the others (explainability level 2).

Intervals, rate and rhythm move time along the beats (`time_warp`); the P wave has a gain of its own;
QRS, ST and T amplitudes are directions of W+ that were fitted to pairs of simulated hearts which
differ in that amplitude alone. What is asked is not always what comes of it: the edited ECG is
measured, and both are told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ..ecg import LEADS, Record
from ..errors import ExplainError
from ..models.architectures.generator import FS
from ..signals import measure
from ..vocabulary.edits import EDITS
from ..vocabulary.measurements import MEASUREMENTS
from .atrial_edit import typical_p_wave
from .inversion import invert
from .latent_edit import AMPLITUDES, NAMES, SPACES, LatentEdit
from .model_output import ModelOutput
from .networks import networks

if TYPE_CHECKING:
    from ..models.architectures.generator import Generator
    from ..wrapper import Predictor

Values = Mapping[str, float]


@dataclass(frozen=True)
class Direction:
    """One named measurement that can be turned.

    Attributes
    ----------
    low, high : float
        Range of the change that is offered, in the measurement's unit.
    number : str
        Name of the edit parameter (`vocabulary.edits`) that it turns.
    asked : callable
        From the change to that number, given the record's own measurements and, under the name of
        each number that is an amplitude, the mV that one unit of it adds in lead II.
    """

    low: float
    high: float
    number: str
    asked: Callable[[float, Values], float]


def _ratio(change: float, now: float, least: float) -> float:
    """Log of the factor that adds ``change`` to ``now``; never below ``least`` of it."""
    return log(max((now + change) / now, least)) if now > 0 else 0.0


def _irregularity(change: float, now: Values) -> float:
    """RR_SD to coefficient of variation: independent variations add up as squares."""
    sd, mean = now["rr_sd_ms"], now["rr_mean_ms"]
    if change >= 0:
        return sqrt((sd + change) ** 2 - sd**2) / mean
    return EDITS["irregularity"].sd * _ratio(change, sd, 0.003)


def _p_taken(change: float, now: Values) -> float:
    """Share of the record's own P wave to take away; what is added is typical, not his own."""
    own = abs(now["p_amplitude_mv"])
    if change < 0:
        return -change / own if own > 0 else 0.0
    return -change / float(typical_p_wave()[1].abs().max())


def _jt(change: float, now: Values) -> float:
    return _ratio(change, now["qt_ms"] - now["qrs_ms"], 0.3)


#: Least mV in lead II that a unit of an amplitude is taken to add.
LEAST_PER_UNIT = 0.06

#: What can be turned, by the name that `measure` has for it.
DIRECTIONS: dict[str, Direction] = {
    "heart_rate_bpm": Direction(
        -40, 60, "heart_rate",
        lambda change, now: _ratio(change, now["heart_rate_bpm"], 0.4),
    ),
    "rr_sd_ms": Direction(-150, 250, "irregularity", _irregularity),
    "p_amplitude_mv": Direction(-0.2, 0.2, "p_wave_taken_away", _p_taken),
    "pr_ms": Direction(-40, 140, "pr", lambda change, now: change / 1000),
    "qrs_ms": Direction(
        -30, 80, "qrs",
        lambda change, now: _ratio(change, now["qrs_ms"], 0.5),
    ),
    "r_amplitude_mv": Direction(
        -0.8, 1.2, "r_amplitude",
        lambda change, now: change / now["r_amplitude"],
    ),
    "st_amplitude_mv": Direction(
        -0.3, 0.4, "st", lambda change, now: change / now["st"]
    ),
    "t_amplitude_mv": Direction(
        -0.8, 1.0, "t_amplitude",
        lambda change, now: change / now["t_amplitude"],
    ),
    "qt_ms": Direction(-100, 140, "jt", _jt),
}  # fmt: skip


@dataclass(frozen=True)
class Directions:
    """The named directions of a generator.

    Attributes
    ----------
    names : tuple of str
        Measurements that can be turned, as `measure` names them.
    """

    names: tuple[str, ...]

    @property
    def units(self) -> dict[str, str]:
        """Unit of every measurement."""
        return {name: MEASUREMENTS[name].unit for name in self.names}

    @property
    def words(self) -> dict[str, str]:
        """Every measurement in words."""
        return {name: MEASUREMENTS[name].title for name in self.names}

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Smallest and largest change offered, in its unit."""
        return {name: (DIRECTIONS[name].low, DIRECTIONS[name].high) for name in self.names}

    def edit(self, record: Record, seed: int = 0) -> Edit:
        """Encode a record once, to turn its measurements.

        Parameters
        ----------
        seed : int
            Of the irregular rhythm that RR variability adds.

        Raises
        ------
        ExplainError
            When the record cannot be encoded (too short, without beats, leads missing).
        """
        latent_edit = LatentEdit(invert([record]), SPACES[0], seed)
        return Edit(self, latent_edit)


@dataclass(frozen=True, eq=False)
class Edit:
    """One record whose measurements are turned.

    Attributes
    ----------
    directions : Directions
    latent_edit : LatentEdit
        Of the record alone.
    """

    directions: Directions
    latent_edit: LatentEdit

    @property
    def record(self) -> Record:
        """The record itself: 12 leads, 10 s at 250 Hz."""
        return self.latent_edit.inversion.records[0]

    @cached_property
    def measured(self) -> dict[str, float]:
        """All measurements of the record."""
        return measure(self.record)

    @cached_property
    def now(self) -> dict[str, float]:
        """Those that can be turned; NaN where the wave is absent."""
        return {name: self.measured[name] for name in self.directions.names}

    @cached_property
    def _per_unit(self) -> dict[str, float]:
        """What one unit of each amplitude adds in lead II of this record, mV."""
        numbers = torch.eye(len(NAMES))[[NAMES.index(name) for name in AMPLITUDES]]
        with torch.no_grad():
            change = self.latent_edit.edited(numbers) - self.latent_edit.inversion.signals
        # The crest of the wave takes up more than half a per cent of the record. ST may hardly show
        # in lead II: then it is moved as far as in a typical heart, and what came of it is measured.
        crest = change[:, LEADS.index("II")].abs().quantile(0.995, dim=1).clamp(min=LEAST_PER_UNIT)
        return dict(zip(AMPLITUDES, crest.tolist(), strict=True))

    def signals(self, changes: Values) -> NDArray[np.float32]:
        """The ECG ``(12, samples)``, mV, with measurements changed by so much, each in its unit.

        Raises
        ------
        ExplainError
            For a measurement that cannot be turned, naming those that can, or a change that is no
            number.
        """
        return self.batch([changes])[0]

    def batch(self, many: Sequence[Values]) -> NDArray[np.float32]:
        """ECGs ``(n, 12, samples)``, mV, for several changes at once."""
        numbers = torch.tensor([self.numbers(changes) for changes in many])
        with torch.no_grad():
            return self.latent_edit.edited(numbers).numpy()

    def curve(
        self, name: str, f: Predictor, target: str, count: int = 9, others: Values | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """A model's answer against one measurement.

        Parameters
        ----------
        name : str
            Which measurement.
        others : mapping, optional
            Changes of others that stay.

        Returns
        -------
        asked : (count,) the change asked, in the measurement's unit
        achieved : (count,) the measurement that came of it; NaN where the wave is absent
        answers : (count,) the model's answer for ``target``
        """
        self._check({name: 0.0})
        low, high = self.directions.ranges[name]
        asked = np.linspace(low, high, count)
        signals = self.batch([{**(others or {}), name: float(change)} for change in asked])
        asked_of = ModelOutput(f, target)
        with torch.no_grad():
            answers = asked_of.answer(asked_of.score(torch.from_numpy(signals)))
        table = measure([Record(signal, FS, LEADS) for signal in signals])
        return asked, table[name].to_numpy(float), answers.double().numpy()

    def _check(self, changes: Values) -> None:
        for name, change in changes.items():
            if name not in self.directions.names:
                known = ", ".join(self.directions.names)
                raise ExplainError(f"{name!r} cannot be turned: choose one of {known}")
            if not np.isfinite(change):
                raise ExplainError(f"{name} by {change}: expected a number")

    def numbers(self, changes: Values) -> list[float]:
        """The edit parameters, in the order of `NAMES`, that are to change measurements by so much.

        Raises
        ------
        ExplainError
            As `signals`.
        """
        self._check(changes)
        now = {k: 0.0 if v != v else v for k, v in self.measured.items()} | self._per_unit
        out = dict.fromkeys(NAMES, 0.0)
        for name, change in changes.items():
            one = DIRECTIONS[name]
            out[one.number] = one.asked(float(change), now)
        return list(out.values())


def directions(generator: Generator | None = None) -> Directions:
    """The measurements that can be turned in the latent space of a generator.

    Parameters
    ----------
    generator : Generator, optional
        The shipped one; named directions belong to the generator they were fitted to.

    Raises
    ------
    ExplainError
        For another generator than the shipped one.
    """
    if generator is not None and generator is not networks().generator:
        raise ExplainError(
            "named directions are those of the shipped generator and encoder: train both anew "
            "(`cofe-widgets train generator`, `train encoder`) to have those of another"
        )
    return Directions(tuple(DIRECTIONS))
