"""Waves by territory: what a model may need of a heart that no number of the whole ECG names.

A territory is a group of leads that look at one wall; a wave in a territory is an edit parameter of its
own (`LOCAL_EDITS`), as those of `vocabulary.edits` are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .edits import EDITS, EditParameter
from .measurements import MEASUREMENTS


@dataclass(frozen=True)
class Territory:
    """Leads that look at one wall of the heart.

    Attributes
    ----------
    title : str
    leads : tuple of str
    """

    title: str
    leads: tuple[str, ...]


TERRITORIES: dict[str, Territory] = {
    "i_avl": Territory("I and aVL", ("I", "aVL")),
    "ii_iii_avf": Territory("II, III and aVF", ("II", "III", "aVF")),
    "v1_v2": Territory("V1-V2", ("V1", "V2")),
    "v3_v4": Territory("V3-V4", ("V3", "V4")),
    "v5_v6": Territory("V5-V6", ("V5", "V6")),
}
#: Parts of a beat that are carried from one ECG into another.
BEAT_PARTS = {"p": "P", "pr_segment": "PR segment", "qrs": "QRS", "st": "ST", "t": "T"}
#: What stands where a wave was taken out: nothing, or what the typical ECG has there.
Instead = Literal["absent", "typical"]
#: Waves that can be turned in a territory: title, mV of one standard deviation, range in mV (of Q, R and
#: S the depth or height), measurement. A territory alone costs half of what the whole ECG would.
_WAVES = {
    "p": ("P", 0.16, -0.4, 0.4, "p_amplitude_mv"),
    "q": ("Q depth", 0.16, -1.0, 1.0, "q_amplitude_mv"),
    "r": ("R", 0.5, -2.5, 3.0, "r_amplitude_mv"),
    "s": ("S depth", 0.5, -2.5, 3.0, "s_amplitude_mv"),
    "st": ("ST", 0.1, -0.6, 0.6, "j_amplitude_mv"),
    "t": ("T", 0.24, -1.5, 1.5, "t_amplitude_mv"),
}
#: Smallest change of each, mV, that is worth a word.
_LEAST_MV = 0.02


def _mv(amount: float) -> float:
    return amount


def _local(wave: str, territory: str) -> EditParameter:
    title, sd, low, high, asks = _WAVES[wave]
    name = f"{title} in {TERRITORIES[territory].title}"
    return EditParameter(f"{wave}_{territory}", name, "mV", sd, low, high, _mv, _LEAST_MV, (asks,))


QRS_AXIS = EditParameter(
    "qrs_axis",
    MEASUREMENTS["qrs_axis_deg"].title,
    "°",
    30.0,
    -150.0,
    150.0,
    _mv,
    5.0,
    ("qrs_axis_deg",),
)
LOCAL_EDITS: dict[str, EditParameter] = {
    one.name: one
    for one in (QRS_AXIS, *(_local(wave, where) for wave in _WAVES for where in TERRITORIES))
}
#: Every change that has a name.
CHANGES: dict[str, EditParameter] = {**EDITS, **LOCAL_EDITS}


def length_sd(moved: Mapping[str, float]) -> float:
    """Standard deviations of all named changes together (a city block), of amounts that people read."""
    return sum(
        abs(edit.number(moved[name])) / edit.sd for name, edit in CHANGES.items() if name in moved
    )


def waves_of(name: str) -> frozenset[str]:
    """What of the beat a change of amplitude touches, to tell whether two changes overlap.

    ``t_amplitude`` and ``t_v1_v2`` do; changes of time overlap with themselves alone.
    """
    whole = {
        "p_wave_taken_away": ("p",),
        "r_amplitude": ("q", "r", "s"),
        "qrs_axis": ("q", "r", "s"),
        "st": ("st",),
        "t_amplitude": ("t",),
    }
    if name in whole:
        return frozenset(f"{wave}_{where}" for wave in whole[name] for where in TERRITORIES)
    return frozenset((name,))
