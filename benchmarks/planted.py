"""Planted models: of each, the one reason of its answer is known.

A planted model measures one thing of an ECG softly (`soft_beats`) and answers by how far it is from
what the record had: 0.1 for the record itself, 0.9 a clinically sensible distance away. What an
explanation may name of it is known, or that there is nothing to name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log

import torch
from torch import Tensor, nn

import cofe_widgets as cw
from cofe_widgets import Predictor, Record
from cofe_widgets.signals import Measured
from cofe_widgets.vocabulary.territories import CHANGES, TERRITORIES

from .planted_modules import (
    PR,
    QT,
    Age,
    Axis,
    FirstTenth,
    HeartRate,
    Hum,
    IrregularAndP,
    Irregularity,
    OffsetOfV6,
    PAmplitude,
    QRSDuration,
    RInV5,
    RToSInV1,
    STInV2V3,
    TInV2,
    TPolarityInV6,
    polarity,
)
from .soft_beats import FS

#: What a planted model answers to the record itself, and at its full distance.
BEGINS, ENDS = 0.1, 0.9
#: Log-odds between the two.
SPAN = log(ENDS / (1 - ENDS)) - log(BEGINS / (1 - BEGINS))
#: Leads in which morphology may be named, ``r_v1_v2``, and every name that a cause may have.
GROUPS = {name: territory.leads for name, territory in TERRITORIES.items()}
CAUSES = (*CHANGES, *(f"pr_segment_{group}" for group in GROUPS))
#: How sharply AND and OR choose between two causes that are each 0 at first and 1 at full distance.
SHARPNESS = 6.0
#: The age of those whose age is not known, years.
USUAL_AGE = 60.0


# -- what is answered of it


class Answer(nn.Module):
    """Log-odds of a measurement: `BEGINS` at the record's own value, `ENDS` at a distance from it.

    Of two measurements, ``both`` or either have to go their distance.
    """

    def __init__(
        self, measured: nn.Module, own: list[float], distance: list[float], both: bool
    ) -> None:
        super().__init__()
        self.measured, self.both = measured, both
        self.register_buffer("own", torch.tensor(own))
        self.register_buffer("distance", torch.tensor(distance))

    def forward(self, x: Tensor, *side: Tensor) -> Tensor:
        value = self.measured(x, *side)
        way = (value.view(len(value), -1) - self.own) / self.distance
        if way.shape[1] == 1:
            gone = way[:, 0]
        else:
            sign = -SHARPNESS if self.both else SHARPNESS
            # Even at both ends: 0 for none of them, 1 for all of them.
            gone = (torch.logsumexp(sign * way, dim=1) - log(way.shape[1])) / sign
        return (log(BEGINS / (1 - BEGINS)) + SPAN * gone)[:, None]


@dataclass(frozen=True)
class Planted:
    """A planted model, and what is known of its reason.

    Attributes
    ----------
    title : str
    measured : nn.Module class
    distance : callable
        From the record's own measurements to how far each must go, signed.
    causes : frozenset of str
        Names of `CAUSES` that are the reason.
    wider : frozenset of str
        ... and those that hold it among other things: the same wave in more leads, or what moves the
        measured thing in a true heart too. They are no false reasons.
    reads : callable or None
        The same number of what `cofe_widgets.signals` measures, to hold the planted one against.
    own : tuple of str
        Turns (`planted_turns`) that move what is measured, the first of them in all leads.
    linked : tuple of str
        Turns that truly move it too, beside what they are named by.
    logic : str
        ``"single"``, ``"and"`` or ``"or"``; empty where nothing can be named.
    """

    title: str
    measured: type[nn.Module]
    distance: Callable[[list[float]], list[float]]
    causes: frozenset[str] = frozenset()
    wider: frozenset[str] = frozenset()
    reads: Callable[[Measured], float] | None = None
    own: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    logic: str = "single"

    @property
    def nameable(self) -> bool:
        """Whether there is anything to name."""
        return bool(self.causes)

    @property
    def names(self) -> frozenset[str]:
        """Names that are no false reasons."""
        return self.causes | self.wider

    @property
    def inputs(self) -> Callable[[Record], list[float]] | tuple[()]:
        """What the model takes beside the ECG."""
        return _age if self.measured is Age else ()


def is_of(name: str, names: frozenset[str]) -> bool:
    """Whether a reported change is one of some names; ``qrs/v1_v2`` is Q, R and S there."""
    part, _, where = name.partition("/")
    waves = ("q", "r", "s") if part == "qrs" else (part,)
    return name in names or (bool(where) and any(f"{wave}_{where}" in names for wave in waves))


def _age(record: Record) -> list[float]:
    return [float(record.meta.get("age", USUAL_AGE))]


def _by(*distance: float) -> Callable[[list[float]], list[float]]:
    return lambda own: list(distance)


def _p_loss(own: float) -> float:
    """Seven tenths of the P wave; of one that is hardly there, as much as of a small one."""
    return -max(0.7 * own, 0.04)


def _waves(*waves: str, groups: Mapping[str, tuple[str, ...]] = GROUPS) -> frozenset[str]:
    return frozenset(f"{wave}_{group}" for wave in waves for group in groups)


def _lead(lead: str, name: str) -> Callable[[Measured], float]:
    return lambda found: found.leads[lead][name]


def _value(name: str) -> Callable[[Measured], float]:
    return lambda found: found.values[name]


_QRS = _waves("q", "r", "s")
_NO_P = frozenset({"p_wave_taken_away", "p_ii_iii_avf"})
PLANTED: dict[str, Planted] = {
    "irregularity": Planted(
        "RR irregularity", Irregularity, _by(0.10),
        causes=frozenset({"irregularity"}),
        reads=lambda found: found.values["rr_sd_ms"] / found.values["rr_mean_ms"],
        own=("RR SD",),
    ),
    "rate": Planted(
        "heart rate", HeartRate, _by(20.0),
        causes=frozenset({"heart_rate"}),
        reads=_value("heart_rate_bpm"), own=("rate",),
    ),
    "p_ii": Planted(
        "P amplitude in II", PAmplitude, lambda own: [_p_loss(own[0])],
        causes=frozenset({"p_ii_iii_avf"}), wider=_waves("p") | {"p_wave_taken_away"},
        reads=_lead("II", "p_amplitude_mv"), own=("P", "P limb"),
    ),
    "pr": Planted(
        "PR", PR, _by(60.0),
        causes=frozenset({"pr"}), wider=_waves("p", "pr_segment"),
        reads=_value("pr_ms"), own=("PR",),
    ),
    "qrs": Planted(
        "QRS duration", QRSDuration, _by(24.0),
        causes=frozenset({"qrs"}), wider=_QRS,
        reads=_value("qrs_ms"), own=("QRS",),
    ),
    "r_v5": Planted(
        "R in V5", RInV5, _by(0.6),
        causes=frozenset({"r_v5_v6"}), wider=frozenset({"r_amplitude"}),
        reads=_lead("V5", "r_amplitude_mv"), own=("R", "R v5_v6"),
    ),
    "rs_v1": Planted(
        "R/S in V1", RToSInV1, _by(1.2),
        causes=frozenset({"r_v1_v2", "s_v1_v2"}), wider=frozenset({"q_v1_v2"}),
        reads=lambda found: log(found.leads["V1"]["rs_ratio"]), own=("R up in V1",),
    ),
    "st_v2_v3": Planted(
        "ST in V2-V3", STInV2V3, _by(0.2),
        causes=frozenset({"st_v1_v2", "st_v3_v4"}), wider=frozenset({"st"}),
        reads=lambda found: sum(found.leads[k]["j_amplitude_mv"] for k in ("V2", "V3")) / 2,
        own=("ST", "ST v1_v2", "ST v3_v4"),
    ),
    "t_v2": Planted(
        "T in V2", TInV2, _by(0.3),
        causes=frozenset({"t_v1_v2"}), wider=frozenset({"t_amplitude"}),
        reads=_lead("V2", "t_amplitude_mv"), own=("T", "T v1_v2"), linked=("ST", "ST v1_v2"),
    ),
    "t_v6": Planted(
        "T polarity in V6", TPolarityInV6,
        lambda own: [-0.5 - own[0] if own[0] > 0 else 0.5 - own[0]],
        causes=frozenset({"t_v5_v6"}), wider=frozenset({"t_amplitude"}),
        reads=lambda found: polarity(found.leads["V6"]["t_amplitude_mv"]),
        own=("T down in V6",),
    ),
    "qt": Planted(
        "QT", QT, _by(60.0),
        causes=frozenset({"jt"}), wider=frozenset({"heart_rate", "qrs"}) | _waves("t"),
        reads=_value("qt_ms"), own=("QT",), linked=("rate", "QRS"),
    ),
    "axis": Planted(
        "frontal QRS axis", Axis, lambda own: [-45.0 if own[0] > 30 else 45.0],
        causes=frozenset({"qrs_axis"}),
        wider=_waves("q", "r", "s", groups={"i_avl": (), "ii_iii_avf": ()}),
        reads=_value("qrs_axis_deg"), own=("axis",),
    ),
    "v6_offset": Planted("V6 offset", OffsetOfV6, _by(0.1), own=("offset",), linked=("T down in V6",), logic=""),
    "hum": Planted("50 Hz power", Hum, _by(1.7), own=("hum",), logic=""),
    "first_100_ms": Planted("first 100 ms of I", FirstTenth, _by(0.1), own=("offset",), logic=""),
    "irregular_and_no_p": Planted(
        "irregular AND no P", IrregularAndP, lambda own: [0.10, _p_loss(own[1])],
        causes=frozenset({"irregularity"}) | _NO_P, wider=_waves("p"),
        own=("RR SD", "P", "P limb"), logic="and",
    ),
    "irregular_or_no_p": Planted(
        "irregular OR no P", IrregularAndP, lambda own: [0.10, _p_loss(own[1])],
        causes=frozenset({"irregularity"}) | _NO_P, wider=_waves("p"),
        own=("RR SD", "P", "P limb"), logic="or",
    ),
    "age": Planted("age", Age, _by(10.0), own=("age",), logic=""),
}  # fmt: skip


@lru_cache(maxsize=len(PLANTED))
def measuring(name: str) -> Predictor:
    """The measurement of a planted model, as a model of values: outputs ``v``, or ``v`` and ``w``."""
    one = PLANTED[name]
    outputs = ["v", "w"] if one.measured is IrregularAndP else ["v"]
    return cw.wrap(
        _Column(one.measured()), fs=FS, outputs=outputs, output="linear", inputs=one.inputs
    )


class _Column(nn.Module):
    """Values ``(batch,)`` or ``(batch, n)`` as ``(batch, n)``."""

    def __init__(self, measured: nn.Module) -> None:
        super().__init__()
        self.measured = measured

    def forward(self, x: Tensor, *side: Tensor) -> Tensor:
        value = self.measured(x, *side)
        return value.view(len(value), -1)


def plant(name: str, record: Record) -> Predictor:
    """The planted model of a name, set by a record: output ``X``, 0.1 for the record itself."""
    one, own = PLANTED[name], list(measuring(name).predict(record).values())
    module = Answer(one.measured(), own, one.distance(own), one.logic == "and")
    return cw.wrap(
        module, fs=FS, outputs=["X"], output="sigmoid", inputs=one.inputs, name=f"planted: {name}"
    )
