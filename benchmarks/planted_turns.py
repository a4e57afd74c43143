"""Is a planted model what it says? Its measurement while one thing of an ECG after another is turned.

Each must follow its own measurement, and hardly move with the others: a model that leaks is no
yardstick. ``python -m benchmarks planted --models`` prints the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import cofe_widgets as cw
from cofe_widgets import Record
from cofe_widgets.ecg import LEADS
from cofe_widgets.errors import EcgError
from cofe_widgets.generative.directions import Edit
from cofe_widgets.signals import measured, median_beat

from .planted import GROUPS, PLANTED, USUAL_AGE, measuring

Array = NDArray[np.float32]

#: Ordinary changes of the measurements that `cw.directions` turns: label -> (measurement, amount).
NAMED = {
    "rate": ("heart_rate_bpm", 15.0),
    "RR SD": ("rr_sd_ms", 60.0),
    "P": ("p_amplitude_mv", -0.04),
    "PR": ("pr_ms", 40.0),
    "QRS": ("qrs_ms", 20.0),
    "R": ("r_amplitude_mv", 0.3),
    "ST": ("st_amplitude_mv", 0.1),
    "T": ("t_amplitude_mv", 0.2),
    "QT": ("qt_ms", 40.0),
}
#: Turned in some leads alone as well, the others left as they are.
LOCAL = ("P", "R", "ST", "T")
TERRITORIES = {
    "limb": LEADS[:6],
    **{name: leads for name, leads in GROUPS.items() if name.startswith("v")},
}
#: Amounts of what is turned by hand: degrees, mV, share of T taken away, mV of hum and of an offset.
AXIS_DEG, R_MV, T_SHARE, HUM_MV, OFFSET_MV = -20.0, 0.15, 1.5, 0.02, 0.05
#: Half of a QRS, SD of an R wave and of a T wave, s.
QRS_HALF_S, R_SD_S, T_SD_S = 0.06, 0.01, 0.05
#: Steps by which a thing is turned to hold the planted measurement against a measured one.
STEPS = (-1.0, -0.5, 0.5, 1.0, 1.5)
#: More of the distance asked than this is a leak.
MOST_LEAK = 0.15


# -- turns by hand


def _bumps(record: Record, delay_s: float, sd_s: float) -> Array:
    """A bump of height one after every R-peak, ``(samples,)``."""
    time = np.arange(record.samples) / record.fs
    away = time[:, None] - (cw.r_peaks(record) + delay_s)
    return np.exp(-0.5 * np.square(away / sd_s)).sum(axis=1).astype(np.float32)


def turn_axis(record: Record, step: float) -> Array:
    """The QRS of the limb leads turned in the frontal plane; P and T stay."""
    time = np.arange(record.samples) / record.fs
    away = np.abs(time[:, None] - cw.r_peaks(record)).min(axis=1)
    inside = np.clip((QRS_HALF_S - away) / 0.015, 0, 1)
    angle = np.deg2rad(step * AXIS_DEG) * inside
    level = np.median(record.signal[:6], axis=1, keepdims=True)
    limbs = record.signal[:6] - level
    left, down = limbs[0], limbs[5] * 2 / 3**0.5
    one = left * np.cos(angle) - down * np.sin(angle)
    foot = (left * np.sin(angle) + down * np.cos(angle)) * 3**0.5 / 2
    two, three = foot + one / 2, foot - one / 2
    turned = np.stack((one, two, three, -(one + two) / 2, (one - three) / 2, foot)) + level
    return np.concatenate((turned, record.signal[6:])).astype(np.float32)


def raise_r_in_v1(record: Record, step: float) -> Array:
    """R of V1 higher, where it is; S stays."""
    beat = median_beat(record)
    at = float(np.nan_to_num(beat.deflections.peak_ms[LEADS.index("V1"), 1], nan=-25.0))
    return _added(record, "V1", step * R_MV * _bumps(record, at / 1000, R_SD_S))


def lower_t_in_v6(record: Record, step: float) -> Array:
    """T of V6 lower, and inverted at last; the other leads stay."""
    beat = median_beat(record)
    size = T_SHARE * float(np.nan_to_num(beat.t_amplitude_mv[LEADS.index("V6")]))  # 0 when absent
    at = float(np.nan_to_num(beat.t.peak_ms)) / 1000
    return _added(record, "V6", -step * size * _bumps(record, at, T_SD_S))


def _added(record: Record, lead: str, wave: Array) -> Array:
    signal = record.signal.copy()
    signal[LEADS.index(lead)] += wave
    return signal


def add_hum(record: Record, step: float) -> Array:
    """Hum in all leads."""
    time = np.arange(record.samples) / record.fs
    return record.signal + np.float32(step * HUM_MV) * np.sin(100 * np.pi * time, dtype=np.float32)


def add_offset(record: Record, step: float) -> Array:
    """All leads higher."""
    return record.signal + np.float32(step * OFFSET_MV)


#: Label -> what becomes of the signal of a record, by steps.
BY_HAND: dict[str, Callable[[Record, float], Array]] = {
    "axis": turn_axis,
    "R up in V1": raise_r_in_v1,
    "T down in V6": lower_t_in_v6,
    "hum": add_hum,
    "offset": add_offset,
}


def _in_leads(record: Record, signal: Array, leads: Sequence[str]) -> Array:
    rows = [LEADS.index(lead) for lead in leads]
    some = record.signal.copy()
    some[rows] = signal[rows]
    return some


def turn(edit: Edit, label: str, step: float) -> Record:
    """The record of an edit with one thing turned by so many steps."""
    record, meta = edit.record, dict(edit.record.meta)
    if label == "age":
        return Record(record.signal, record.fs, LEADS, {**meta, "age": _age(record) + 5 * step})
    if label in BY_HAND:
        signal = BY_HAND[label](record, step)
    else:
        name, _, territory = label.partition(" ") if label not in NAMED else (label, "", "")
        measurement, amount = NAMED[name]
        signal = edit.signals({measurement: step * amount})
        if territory:
            signal = _in_leads(record, signal, TERRITORIES[territory])
    return Record(signal, record.fs, LEADS, meta)


def _age(record: Record) -> float:
    return float(record.meta.get("age", USUAL_AGE))


TURNS = (
    *NAMED,
    *(f"{name} {territory}" for name in LOCAL for territory in TERRITORIES),
    *BY_HAND,
    "age",
)

# -- what became of the planted measurements


def turned(edit: Edit) -> dict[str, Record]:
    """A record turned in every way alone, and itself under the name ``""``."""
    itself = Record(edit.record.signal, edit.record.fs, LEADS, dict(edit.record.meta))
    return {"": itself, **{label: turn(edit, label, 1.0) for label in TURNS}}


def ways(name: str, many: Sequence[dict[str, Record]]) -> pd.Series:
    """Medians over records: how far each turn moves a planted measurement, of the distance asked.

    The sign is that of the measurement. Of a model of two measurements, the one that moved farther.
    """
    f, one = measuring(name), PLANTED[name]
    rows = []
    for records in many:
        values = np.array([list(a.values()) for a in f.predict(list(records.values()))])
        gone = (values[1:] - values[0]) / np.abs(one.distance(values[0].tolist()))
        farther = gone[np.arange(len(gone)), np.abs(gone).argmax(axis=1)]
        rows.append(dict(zip(TURNS, farther, strict=True)))
    return pd.DataFrame(rows).median()


def followed(name: str, edits: Sequence[Edit]) -> tuple[float, float, int]:
    """A planted measurement against the same one of `signals.measure`, while its own thing is turned.

    Returns
    -------
    slope, correlation, n
        Of the changes within each record, over all records together; NaN where nothing else
        measures it.
    """
    one, f = PLANTED[name], measuring(name)
    if one.reads is None:
        return np.nan, np.nan, 0
    theirs, ours = [], []
    for edit in edits:
        records = [edit.record, *(turn(edit, one.own[0], step) for step in STEPS)]
        read = np.array([_read(one.reads, record) for record in records])
        mine = np.array([answer["v"] for answer in f.predict(records)])
        theirs.append(read[1:] - read[0])
        ours.append(mine[1:] - mine[0])
    x, y = np.concatenate(theirs), np.concatenate(ours)
    sound = np.isfinite(x) & np.isfinite(y)
    x, y = x[sound], y[sound]
    return float((x @ y) / (x @ x)), float(np.corrcoef(x, y)[0, 1]), len(x)


def _read(reads: Callable[[Any], float], record: Record) -> float:
    try:
        return reads(measured(record))
    except (EcgError, KeyError, ValueError):
        return np.nan


def measured_ways(name: str, label: str, many: Sequence[dict[str, Record]]) -> float:
    """How far the same turn moves the measurement by `signals.measure`, of the distance asked; median."""
    one, f = PLANTED[name], measuring(name)
    if one.reads is None:
        return np.nan
    read = partial(_read, one.reads)
    gone = [
        (read(records[label]) - read(records[""]))
        / abs(one.distance(list(f.predict(records[""]).values()))[0])
        for records in many
    ]
    return float(np.nanmedian(gone)) if np.isfinite(gone).any() else np.nan


def table(groups: dict[str, Sequence[Record]]) -> pd.DataFrame:
    """A row for each planted model and kind of record: what it follows, and what leaks into it."""
    rows = []
    for kind, records in groups.items():
        edits = [cw.directions().edit(record) for record in records]
        many = [turned(edit) for edit in edits]
        for name, one in PLANTED.items():
            gone = ways(name, many)
            others = gone.drop([*one.own, *one.linked])
            worst = str(others.abs().idxmax())
            slope, r, n = followed(name, edits)
            same = measured_ways(name, worst, many)
            rows.append(
                {
                    "model": name,
                    "records": kind,
                    "slope": slope,
                    "r": r,
                    "n": n,
                    "own turn": f"{one.own[0]} {gone[one.own[0]]:+.0%}",
                    "linked": ", ".join(f"{k} {gone[k]:+.0%}" for k in one.linked),
                    "worst other": f"{worst} {others[worst]:+.0%}",
                    "the same measured": "-" if np.isnan(same) else f"{same:+.0%}",
                    "over 15 %": ", ".join(others.index[others.abs() > MOST_LEAK]) or "none",
                }
            )
    return pd.DataFrame(rows).set_index(["model", "records"])
