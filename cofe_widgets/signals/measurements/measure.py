"""The named numbers of an electrocardiogram."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isnan, nan
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from numpy.typing import NDArray

from ...ecg import LIMB_LEADS, Record
from ...errors import EcgError
from ...vocabulary.measurements import OF_RECORD, units
from ...vocabulary.meta import RATE_ASSUMED
from ..beats import BEAT_FS, between
from ..doubts import repeats
from ..filters import pass_band
from ..median_beat import MedianBeat, median_beat
from ..quality import screened
from ..repeated import HIGH_PASS_HZ
from ..rpeaks import WORKING_FS, beats_in, working_leads
from ..waves import Wave, intervals
from .derived import (
    cornell_mv,
    corrected_qt,
    frontal_axis_deg,
    lewis_mv,
    sokolow_lyon_mv,
)
from .per_beat import BEAT_UNITS, LEAD, measure_beats
from .per_lead import LEAD_UNITS, lead_numbers

if TYPE_CHECKING:
    import pandas as pd

#: Name of every measurement of a record and its unit.
UNITS = units(OF_RECORD)
#: So many beats at one distance make a rate where nothing else can be measured.
LEAST_RATE_BEATS = 6
#: A wave of less area than this, mV ms, has no axis.
LEAST_AREA = {"p": 0.5, "qrs": 2.0, "t": 2.0}


@dataclass(frozen=True)
class Measured:
    """What rules judge by: the numbers of one record, and whose they are.

    Attributes
    ----------
    values : dict
        Keys of `UNITS`.
    leads : dict
        Lead -> keys of `LEAD_UNITS`; a lead that the record lacks is not in it.
    age : float
        Years; NaN when not known.
    sex : str
        ``"F"``, ``"M"``, or empty when not known.
    reasons : dict
        Key of `UNITS` -> why there is no value, as a sentence, where the signal is to blame. A wave
        that is truly absent needs no reason.
    n_beats, n_other : int
        Beats found, and how many of them have another shape than the beat that was measured.
    """

    values: dict[str, float]
    leads: dict[str, dict[str, float]]
    age: float = nan
    sex: str = ""
    reasons: dict[str, str] = field(default_factory=dict)
    n_beats: int = 0
    n_other: int = 0


@overload
def measure(record: Record, per: None = None, *, clean: bool = True) -> dict[str, float]: ...
@overload
def measure(
    record: Record, per: Literal["lead", "beat"], *, clean: bool = True
) -> pd.DataFrame: ...
@overload
def measure(
    record: Iterable[Record], per: Literal["lead", "beat"] | None = None, *, clean: bool = True
) -> pd.DataFrame: ...


def measure(
    record: Record | Iterable[Record],
    per: Literal["lead", "beat"] | None = None,
    *,
    clean: bool = True,
) -> dict[str, float] | pd.DataFrame:
    """Measure a record, or many.

    Parameters
    ----------
    record : Record or iterable of Record
    per : {"lead", "beat"}, optional
        Numbers of each lead of the median beat, or of each beat, instead of the record's.
    clean : bool
        Take out mains hum, spikes and jumps of the baseline first (`quality` says which there are).
        Stretches in which a lead is dead are never measured.

    Returns
    -------
    dict of float, or pandas.DataFrame with one row a record
        Keys `UNITS`; a table has them in ``attrs["units"]``. With ``per``, a table: one row a lead
        (keys `LEAD_UNITS`) or one row a beat (see `measure_beats`); of many records, the first
        level of the index says which. NaN for what cannot be measured: a flat record, a lead that
        is missing, a wave that is not there, a number that its own checks speak against. A table
        of records has ``attrs["reasons"]``, one dict a record: measurement -> why it is NaN.

        heart_rate_bpm : 60000 / rr_mean_ms
        rr_mean_ms, rr_sd_ms, rr_rmssd_ms : mean, sample standard deviation (n - 1; SDRR, the RR
            variability of counterfactual tables) and root mean square of successive differences
            of all RR intervals of the record, those about ectopic beats included
        p_presence : share of the beats that a P wave precedes, 0 to 1
        p_duration_ms, pr_ms, qrs_ms, qt_ms : P onset to offset, P onset to QRS onset, QRS onset to
            offset, QRS onset to T offset; global, over all leads of the median beat
        qtc_bazett_ms, qtc_fridericia_ms, qtc_framingham_ms : see `corrected_qt`; RR is rr_mean_ms
        p_axis_deg, qrs_axis_deg, t_axis_deg : of the net area, see `frontal_axis_deg`
        sokolow_lyon_mv, lewis_mv, cornell_mv : see `indices`
        all others : lead II of the median beat, see `lead_numbers`

    Raises
    ------
    ValueError
        When ``per`` is neither.
    """
    if per not in (None, "lead", "beat"):
        raise ValueError(f"per={per!r}: expected 'lead', 'beat' or nothing")
    if isinstance(record, Record):
        _say_assumed(record)
        if per is None:
            return measured(record, clean=clean).values
        return _lead_table(record, clean) if per == "lead" else _beat_table(record, clean)
    import pandas as pd

    records = list(record)
    for one in records:
        _say_assumed(one)
    if per is None:
        found = [measured(one, clean=clean) for one in records]
        rows = [one.values for one in found]
        table = _with_units(pd.DataFrame(rows, columns=list(UNITS), dtype=float), UNITS)
        table.attrs["reasons"] = [one.reasons for one in found]
        return table
    units = LEAD_UNITS if per == "lead" else BEAT_UNITS
    if not records:
        return _with_units(pd.DataFrame(columns=list(units), dtype=float), units)
    tables = [measure(one, per, clean=clean) for one in records]
    return _with_units(pd.concat(tables, keys=range(len(tables)), names=["record"]), units)


def _say_assumed(record: Record) -> None:
    """Warn where every time and rate rests on a sampling rate that the file does not give."""
    for said in record.meta.get("warnings", ()):
        if str(said).startswith(RATE_ASSUMED):
            warnings.warn(said, UserWarning, stacklevel=3)


def measured(record: Record, *, clean: bool = True) -> Measured:
    """All numbers of a record, global and of each lead, from one median beat."""
    age, sex = _person(record)
    try:
        beat = median_beat(_with_derived_leads(record), clean=clean)
    except EcgError as error:
        nothing = dict.fromkeys(LEAD_UNITS, nan)
        leads = dict.fromkeys(record.leads, nothing)
        values = dict.fromkeys(UNITS, nan) | _rate_alone(record, clean)
        why = {name: str(error) for name in UNITS if isnan(values[name])}
        return Measured(values, leads, age, sex, why)
    numbers = lead_numbers(
        beat.signal, beat.p_mv, (beat.p, beat.qrs, beat.t), beat.deflections, beat.t_amplitude_mv
    )
    each = {name: values.tolist() for name, values in numbers.items()}
    leads = {lead: {name: each[name][i] for name in each} for i, lead in enumerate(beat.leads)}
    in_lead = leads.get(LEAD, dict.fromkeys(LEAD_UNITS, nan))
    values = {name: value for name, value in in_lead.items() if name in UNITS}
    values |= _rhythm(beat.rr_ms) | intervals(beat.p, beat.qrs, beat.t) | _axes(beat)
    values["p_presence"] = beat.has_p.mean() if len(beat.has_p) else nan
    values |= corrected_qt(values["qt_ms"], values["rr_mean_ms"])
    for name, index in (
        ("sokolow_lyon_mv", sokolow_lyon_mv),
        ("lewis_mv", lewis_mv),
        ("cornell_mv", cornell_mv),
    ):
        values[name] = index(leads)
    values = {name: float(values[name]) for name in UNITS}
    reasons = _why_missing(values, beat)
    for part, sentence in beat.doubts.items():
        doubtful = [name for name in {**UNITS, **LEAD_UNITS} if _rests_on(name, part)]
        reasons = dict.fromkeys(doubtful, sentence) | reasons
        for one in (values, *leads.values()):
            one.update(dict.fromkeys(one.keys() & set(doubtful), nan))
    return Measured(values, leads, age, sex, reasons, beat.n_beats, beat.n_other)


def _rests_on(name: str, part: str) -> bool:
    """Whether a measurement rests on a part of the median beat (keys of `MedianBeat.doubts`)."""
    starts = {
        "rhythm": ("",),
        "rate": ("heart_rate", "rr_", "qtc_", "p_presence"),
        "RR": ("rr_sd", "rr_rmssd"),
        "QRS": ("q", "r_", "s", "rs", "j", "st", "t_", "pr_", "lewis", "cornell"),
        "T": ("qt", "t_"),
        "T end": ("qt",),
        "P": ("p",),
        "P onset": ("pr_", "p_duration", "p_axis"),
    }
    return name.startswith(starts[part])


def _why_missing(values: dict[str, float], beat: MedianBeat) -> dict[str, str]:
    """Why numbers are missing that no doubt about the beat explains: the signal is to blame."""
    missing = [name for name in UNITS if isnan(values[name])]
    shown = {
        lead for lead, trace in zip(beat.leads, beat.signal, strict=True) if trace[0] == trace[0]
    }
    out: dict[str, str] = {}
    for name in missing:
        if name.startswith(("heart_rate", "rr_")):
            out[name] = "no two beats follow each other without a stretch that no lead shows"
        elif name.endswith("_axis_deg") and not {"I", "aVF"} <= shown:
            out[name] = "the beat is not shown by both I and aVF"
        elif name.startswith("p") and not len(beat.has_p):
            out[name] = "too few beats show what comes before their QRS"
        elif name in LEAD_UNITS and LEAD not in shown:
            out[name] = f"the beat is not shown by lead {LEAD}"
    return out


def _rate_alone(record: Record, clean: bool) -> dict[str, float]:
    """RR statistics where there is no median beat, if the signal repeats as often as beats were found."""
    try:
        work = working_leads(screened(record).record(clean))
    except EcgError:
        return {}
    beats = beats_in(work.signal)
    steady = pass_band(work.signal, WORKING_FS, HIGH_PASS_HZ)
    if len(beats.r_peaks_s) < LEAST_RATE_BEATS or not repeats(steady, WORKING_FS, beats.r_peaks_s):
        return {}
    return _rhythm(beats.rr_ms)


def _person(record: Record) -> tuple[float, str]:
    """Age in years and sex as far as the file told."""
    try:
        age = float(record.meta.get("age", nan))
    except (TypeError, ValueError):
        age = nan
    sex = str(record.meta.get("sex", "")).strip().upper()[:1]
    return age if 0 <= age <= 130 else nan, sex if sex in ("F", "M") else ""


def _with_derived_leads(record: Record) -> Record:
    """The record with all six limb leads, where two of them allow it."""
    missing = [name for name in LIMB_LEADS if name not in record.leads]
    if not missing or len(missing) > len(LIMB_LEADS) - 2:
        return record
    return record.select((*record.leads, *missing))


def _rhythm(rr_ms: NDArray[np.float64]) -> dict[str, float]:
    """Statistics of the RR intervals; those that nobody knows, NaN, are left out."""
    rr = rr_ms[np.isfinite(rr_ms)]
    turns = np.diff(rr_ms)
    turns = turns[np.isfinite(turns)]
    mean = float(rr.mean()) if len(rr) else nan
    return {
        "heart_rate_bpm": 60000 / mean,
        "rr_mean_ms": mean,
        "rr_sd_ms": float(rr.std(ddof=1)) if len(rr) > 1 else nan,
        "rr_rmssd_ms": float(np.sqrt(np.mean(turns**2))) if len(turns) else nan,
    }


def _axes(beat: MedianBeat) -> dict[str, float]:
    """Frontal axes of P, QRS and T; NaN without the limb leads."""
    return {
        "p_axis_deg": _axis(beat, beat.p_mv, beat.p, LEAST_AREA["p"]),
        "qrs_axis_deg": _axis(beat, beat.signal, beat.qrs, LEAST_AREA["qrs"]),
        "t_axis_deg": _axis(beat, beat.signal, beat.t, LEAST_AREA["t"]),
    }


def _axis(beat: MedianBeat, signal: NDArray[np.floating], wave: Wave, least: float) -> float:
    """Frontal axis of a wave in the leads of a beat."""
    if not (np.isfinite(wave.peak_ms) and {"I", "aVF"} <= set(beat.leads)):
        return nan
    inside = signal[:, between(wave.onset_ms, wave.offset_ms)]
    areas = inside[[beat.leads.index("I"), beat.leads.index("aVF")]].sum(axis=1) * 1000 / BEAT_FS
    return frontal_axis_deg(float(areas[0]), float(areas[1]), least)


def _lead_table(record: Record, clean: bool) -> pd.DataFrame:
    import pandas as pd

    leads = measured(record, clean=clean).leads
    table = pd.DataFrame.from_dict(leads, orient="index", columns=list(LEAD_UNITS), dtype=float)
    table.index.name = "lead"
    return _with_units(table, LEAD_UNITS)


def _beat_table(record: Record, clean: bool) -> pd.DataFrame:
    from ..delineation.delineate import delineate

    seen = screened(record).record(clean)
    return measure_beats(seen, delineate(seen).fiducials)


def _with_units(table: pd.DataFrame, units: dict[str, str]) -> pd.DataFrame:
    table.attrs["units"] = dict(units)
    return table
