"""What diagnoses ask of an ECG: rhythm, conduction and voltage in the numbers that define them.

Beside the rules of infarction and hypertrophy (`rules`): what a reader says first of any ECG. Each
criterion is a pure function of the measured numbers (`Measured`) that returns a `Verdict`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite, nan

from ...vocabulary.diagnoses import DIAGNOSES as KNOWN
from ..measurements.derived import height
from ..measurements.measure import Measured
from .hypertrophy import r56_lvh, romhilt_estes, rs_lvh, s12_lvh, sli_lvh
from .infarction import WIDE_QRS_MS, left_bundle_branch_block, qwaves_mi
from .verdict import Answer, Verdict, above, all_of, any_of, at_least, judge

Criterion = Callable[[Measured], Verdict]

#: Fewer of the beats than this have a P wave where the atria fibrillate, more than that in sinus
#: rhythm (measured on 68 and 330 real records: 97 % and 94 % of them).
FEW_P, MOST_P = 0.3, 0.8
#: Successive RR intervals differ by this share of their mean in 96 % of real records in atrial
#: fibrillation and 14 % of those in sinus rhythm; without P waves as well, in 93 % and 1 %.
IRREGULAR_SHARE = 0.10

_III = "AHA/ACCF/HRS recommendations III (Surawicz et al., J Am Coll Cardiol 2009;53:976)"
_IV = "AHA/ACCF/HRS recommendations IV (Rautaharju et al., J Am Coll Cardiol 2009;53:982)"
_SVT = "ACC/AHA/HRS guideline on tachycardia (Page et al., Circulation 2016;133:e506)"
_BRADY = "ACC/AHA/HRS guideline on bradycardia (Kusumoto et al., Circulation 2019;140:e382)"
_AF = "ESC guidelines on atrial fibrillation (Van Gelder et al., Eur Heart J 2024;45:3314)"
_LOW = "Madias, J Electrocardiol 2008;41:498"

_LIMB = ("I", "II", "III", "aVR", "aVL", "aVF")
_CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")


def no_p_waves(ecg: Measured) -> Verdict:
    """P waves before fewer than 0.3 of the beats."""
    share = ecg.values["p_presence"]
    few = None if not isfinite(share) else share < FEW_P
    return judge("no P waves", few, {"": {"beats with P": share}}, "no P waves", _AF)


def sinus_p_waves(ecg: Measured) -> Verdict:
    """P waves, upright in II, before 0.8 of the beats or more."""
    share, p = ecg.values["p_presence"], ecg.values["p_amplitude_mv"]
    upright = False if share < MOST_P else above(p, 0.0)
    met = all_of((at_least(share, MOST_P), upright))
    seen = {"": {"beats with P": share, "P in II (mV)": p}}
    return judge("sinus P waves", met, seen, "an upright P wave in II before the beats", _SVT)


def is_irregular(values: Mapping[str, float]) -> Answer:
    """Whether RR intervals are irregular by the numbers of a record; None where that is not known."""
    return above(values["rr_rmssd_ms"] / values["rr_mean_ms"], IRREGULAR_SHARE)


def irregular_rr(ecg: Measured) -> Verdict:
    """Successive RR intervals that differ (root mean square) by more than 0.1 of their mean."""
    rmssd, mean = ecg.values["rr_rmssd_ms"], ecg.values["rr_mean_ms"]
    seen = {"": {"RMSSD (ms)": rmssd, "mean RR (ms)": mean}}
    met = is_irregular(ecg.values)
    return judge("irregular RR intervals", met, seen, "irregular RR intervals", _AF)


def bradycardia(ecg: Measured) -> Verdict:
    """Heart rate below 60 bpm; the guideline asks for less than 50, older books and databases for 60."""
    return _below("bradycardia", ecg, "heart_rate_bpm", "heart rate (bpm)", 60.0, _BRADY)


def tachycardia(ecg: Measured) -> Verdict:
    """Heart rate above 100 bpm."""
    return _over("tachycardia", ecg, "heart_rate_bpm", "heart rate (bpm)", 100.0, _SVT)


def normal_rate(ecg: Measured) -> Verdict:
    """Heart rate from 60 to 100 bpm."""
    rate = ecg.values["heart_rate_bpm"]
    met = all_of((at_least(rate, 60.0), at_least(100.0, rate)))
    seen = {"": {"heart rate (bpm)": rate}}
    return judge("a normal heart rate", met, seen, "a heart rate of 60 to 100 bpm", _SVT)


def long_pr(ecg: Measured) -> Verdict:
    """PR above 200 ms."""
    return _over("a long PR interval", ecg, "pr_ms", "PR (ms)", 200.0, _BRADY)


def wide_qrs(ecg: Measured) -> Verdict:
    """QRS of 120 ms or more."""
    qrs = ecg.values["qrs_ms"]
    words = "a QRS of 120 ms or more"
    return judge("a wide QRS", at_least(qrs, WIDE_QRS_MS), {"": {"QRS (ms)": qrs}}, words, _III)


def left_bundle(ecg: Measured) -> Verdict:
    """The main criteria of left bundle branch block, see `left_bundle_branch_block`."""
    seen = {"": {"QRS (ms)": ecg.values["qrs_ms"]}}
    words = "QRS of 120 ms, a broad R in V5 or V6, no Q in I, V5 and V6, little R in V1"
    met = left_bundle_branch_block(ecg)
    return judge("the pattern of left bundle branch block", met, seen, words, _III)


def right_bundle(ecg: Measured) -> Verdict:
    """QRS of 120 ms, R taller than S in V1, S of 40 ms or more in I and V6.

    The recommendations also take an R' in V1 that is smaller than S; without a measured R' such an
    ECG cannot be judged.
    """
    qrs = ecg.values["qrs_ms"]
    r, s = height(ecg.leads, "V1", "r"), height(ecg.leads, "V1", "s")
    broad = all_of(at_least(_number(ecg, lead, "s_duration_ms"), 40.0) for lead in ("I", "V6"))
    dominant = True if above(r, s) else None
    seen = {"": {"QRS (ms)": qrs}, "V1": {"R in @ (mV)": r, "S in @ (mV)": s}}
    seen |= {lead: {"S in @ (ms)": _number(ecg, lead, "s_duration_ms")} for lead in ("I", "V6")}
    words = "QRS of 120 ms, R taller than S in V1, S of 40 ms in I and V6"
    met = all_of((at_least(qrs, WIDE_QRS_MS), broad, dominant))
    reason = "an R' in V1 that is smaller than S is not measured" if above(s, r) else ""
    name = "the pattern of right bundle branch block"
    return judge(name, met, seen, words, _III, reason=reason if met is None else "")


def long_qt(ecg: Measured) -> Verdict:
    """QTc (Fridericia) of 450 ms in men, 460 ms in women.

    Not judged where RR is irregular or QRS wide: the formulas were made for neither.
    """
    qtc = ecg.values["qtc_fridericia_ms"]
    low, high = {"F": (460.0, 460.0), "M": (450.0, 450.0)}.get(ecg.sex, (450.0, 460.0))
    met = at_least(qtc, low if qtc < low else high if qtc >= high else nan)
    reason = ""
    for other in (irregular_rr(ecg), wide_qrs(ecg)):
        if other.met:
            met, reason = None, f"{other.name} make the correction unreliable"
    words = "QTc of 450 ms or more in men, 460 ms in women"
    seen = {"": {"QTc Fridericia (ms)": qtc}}
    return judge("a long QTc", met, seen, words, _IV, reason=reason)


def left_axis(ecg: Measured) -> Verdict:
    """QRS axis between -30 and -90 degrees."""
    axis = ecg.values["qrs_axis_deg"]
    met = all_of((above(-30.0, axis), at_least(axis, -90.0)))
    words = "a QRS axis beyond -30 degrees"
    return judge("left axis deviation", met, {"": {"QRS axis (deg)": axis}}, words, _III)


def right_axis(ecg: Measured) -> Verdict:
    """QRS axis between 90 and 180 degrees."""
    words = "a QRS axis beyond 90 degrees"
    seen = {"": {"QRS axis (deg)": ecg.values["qrs_axis_deg"]}}
    met = above(ecg.values["qrs_axis_deg"], 90.0)
    return judge("right axis deviation", met, seen, words, _III)


def low_voltage(ecg: Measured) -> Verdict:
    """QRS smaller than 0.5 mV in every limb lead, or than 1 mV in every chest lead, peak to peak."""
    sizes = {lead: _peak_to_peak(ecg, lead) for lead in _LIMB + _CHEST}
    low = [
        all_of(above(limit, sizes[lead]) for lead in leads)
        for leads, limit in ((_LIMB, 0.5), (_CHEST, 1.0))
    ]
    seen = {lead: {"QRS in @ (mV)": size} for lead, size in sizes.items()}
    words = "QRS below 0.5 mV in all limb leads or 1 mV in all chest leads"
    return judge("low QRS voltage", any_of(low), seen, words, _LOW)


def large_voltage(ecg: Measured) -> Verdict:
    """Any of the rules of left ventricular hypertrophy SLI, RS, S12, R56 and Romhilt-Estes."""
    parts = [rule(ecg) for rule in (sli_lvh, rs_lvh, s12_lvh, r56_lvh, romhilt_estes)]
    met = any_of(part.met for part in parts)
    deciding = parts if not met else [part for part in parts if part.met]
    seen = {"": {name: value for part in deciding for name, value in part.values.items()}}
    words = "a voltage criterion or 5 points of Romhilt and Estes"
    return judge("a criterion of left ventricular hypertrophy", met, seen, words, parts[0].source)


#: In the order in which an ECG is read.
CRITERIA: tuple[Criterion, ...] = (
    no_p_waves,
    sinus_p_waves,
    irregular_rr,
    bradycardia,
    tachycardia,
    long_pr,
    wide_qrs,
    left_bundle,
    right_bundle,
    left_axis,
    right_axis,
    long_qt,
    low_voltage,
)

#: Criteria by the names under which `vocabulary.diagnoses` asks for them.
BY_NAME: dict[str, Criterion] = {
    "no P waves": no_p_waves,
    "sinus P waves": sinus_p_waves,
    "irregular RR intervals": irregular_rr,
    "a normal heart rate": normal_rate,
    "bradycardia": bradycardia,
    "tachycardia": tachycardia,
    "a long PR interval": long_pr,
    "the pattern of left bundle branch block": left_bundle,
    "the pattern of right bundle branch block": right_bundle,
    "a criterion of left ventricular hypertrophy": large_voltage,
    "low QRS voltage": low_voltage,
    "QWAVES-MI": qwaves_mi,
}


def _resolved(code: str, names: tuple[str, ...]) -> tuple[Criterion, ...]:
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        raise LookupError(
            f"vocabulary/diagnoses.py asks {', '.join(unknown)} of {code}: "
            f"signals/criteria/diagnoses.py knows {', '.join(BY_NAME)}"
        )
    return tuple(BY_NAME[name] for name in names)


#: Diagnosis -> what must hold of an ECG for it, as far as this package measures.
DIAGNOSES: dict[str, tuple[Criterion, ...]] = {
    code: _resolved(code, known.criteria) for code, known in KNOWN.items() if known.criteria
}


def _over(name: str, ecg: Measured, key: str, label: str, limit: float, source: str) -> Verdict:
    value = ecg.values[key]
    what, unit = label[:-1].split(" (")
    words = f"{what} above {limit:g} {unit}"
    return judge(name, above(value, limit), {"": {label: value}}, words, source)


def _below(name: str, ecg: Measured, key: str, label: str, limit: float, source: str) -> Verdict:
    value = ecg.values[key]
    what, unit = label[:-1].split(" (")
    words = f"{what} below {limit:g} {unit}"
    return judge(name, above(limit, value), {"": {label: value}}, words, source)


def _number(ecg: Measured, lead: str, name: str) -> float:
    """A duration or amplitude; 0 when the lead has no such deflection, NaN when it is not measured."""
    values = ecg.leads.get(lead, {})
    value = values.get(name, nan)
    return value if isfinite(value) or not isfinite(values.get("qrs_ms", nan)) else 0.0


def _peak_to_peak(ecg: Measured, lead: str) -> float:
    r, q, s = (height(ecg.leads, lead, wave) for wave in "rqs")
    return r + max(q, s)


def diagnosis(target: str, ecg: Measured) -> list[Verdict]:
    """What a diagnosis asks of an ECG, judged; empty when this package has no criteria for it."""
    return [criterion(ecg) for criterion in DIAGNOSES.get(target, ())]


def holds(verdicts: list[Verdict]) -> Answer:
    """Whether all criteria of a diagnosis hold; None when that is not known, or there are none."""
    return all_of(verdict.met for verdict in verdicts) if verdicts else None
