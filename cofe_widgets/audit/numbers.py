"""The measurements that tables and scores compare."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from ..ecg import Record
from ..signals import measure, measured
from ..vocabulary.measurements import MEASUREMENTS as ALL
from ..vocabulary.measurements import Measurement

#: P amplitude with an absent P wave as 0: `measure` says NaN of what is not there, and a table that
#: left those records out would compare P waves only where they stayed.
P_OR_0 = "p_amplitude_or_0_mv"
_SHOWN = (
    "heart_rate_bpm",
    "rr_sd_ms",
    "p_presence",
    "p_amplitude_mv",
    P_OR_0,
    "pr_ms",
    "qrs_ms",
    "r_amplitude_mv",
    "st_amplitude_mv",
    "t_amplitude_mv",
    "qt_ms",
    "qtc_fridericia_ms",
    "qrs_axis_deg",
)
#: What is compared: of the numbers of `measure` those that do not repeat each other.
MEASUREMENTS: dict[str, Measurement] = {name: ALL[name] for name in _SHOWN}


def chosen(values: Mapping[str, float]) -> dict[str, float]:
    """Of all `measure` says, or of a simulated truth in its form, the numbers of `MEASUREMENTS`."""
    absent = isfinite(values["p_presence"]) and values["p_presence"] == 0
    height = 0.0 if absent else values["p_amplitude_mv"]
    return {name: float(height if name == P_OR_0 else values[name]) for name in MEASUREMENTS}


def numbers(record: Record) -> dict[str, float]:
    """`MEASUREMENTS` of a record; NaN for what cannot be measured."""
    return chosen(measure(record))


def given(record: Record) -> dict[str, float]:
    """`numbers` without those that the checks of the measurement itself do not give, see `measured`."""
    found = measured(record)
    rests_on = {P_OR_0: ("p_presence", "p_amplitude_mv")}
    return {
        name: value
        for name, value in chosen(found.values).items()
        if not found.reasons.keys() & {*rests_on.get(name, (name,))}
    }
