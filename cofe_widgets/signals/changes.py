"""What measurably changed between two ECGs: numbers beyond the measurement's own error, criteria.

A number that differs by less than it differs between the first and the second half of one and the
same recording is no change, and a criterion that turned on such a difference did not turn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, isfinite, nan

from ..ecg import Record
from ..vocabulary.measurements import MEASUREMENTS, Measurement
from . import Measured, Verdict, measured
from .criteria.diagnoses import CRITERIA, irregular_rr, wide_qrs
from .criteria.infarction import PAIRS
from .criteria.rules import RULES

#: What is said of an ECG. QT means nothing where RR is irregular.
OF_ECG = (
    *("heart_rate_bpm", "rr_sd_ms", "rr_rmssd_ms", "p_presence", "p_amplitude_mv", "pr_ms"),
    *("qrs_ms", "qt_ms", "qtc_fridericia_ms", "qrs_axis_deg"),
)
#: ... and of its leads. ST is taken at J: later, it rises with the rate, being T then.
OF_LEADS = ("q_amplitude_mv", "r_amplitude_mv", "j_amplitude_mv", "t_amplitude_mv")
#: Numbers that say the same as others, of which one is enough.
_REPEATS = ("rr_rmssd_ms", "qtc_fridericia_ms")
#: Height of a deflection that is not there.
_ZERO_WHEN_ABSENT = ("q_amplitude_mv", "r_amplitude_mv")
#: The rules of `RULES` that a change is told by (the others are parts of these, or the patient's), and
#: the numbers of leads that must have changed for one to have turned.
TOLD_RULES = {
    "QWAVES-MI": "Q waves of an old infarction",
    "ST-ELEV-ISC": "ST elevation of ischaemia",
    "ST-DEPR-ISC": "ST depression or T inversion of ischaemia",
    "SLI-LVH": "the Sokolow-Lyon criterion of left ventricular hypertrophy",
}
_RESTS_ON = {
    "QWAVES-MI": ("q_amplitude_mv",),
    "ST-ELEV-ISC": ("j_amplitude_mv",),
    "ST-DEPR-ISC": ("j_amplitude_mv", "t_amplitude_mv"),
    "SLI-LVH": ("r_amplitude_mv",),
    "low QRS voltage": ("r_amplitude_mv",),
}
_OF_NORMAL_CONDUCTION = ("QWAVES-MI", "SLI-LVH")
#: ... and of the record, for the other criteria.
_RESTS_ON_ONE = {
    "no P waves": "p_presence",
    "sinus P waves": "p_presence",
    "irregular RR intervals": "rr_rmssd_ms",
    "bradycardia": "heart_rate_bpm",
    "tachycardia": "heart_rate_bpm",
    "a long PR interval": "pr_ms",
    "a wide QRS": "qrs_ms",
    "the pattern of left bundle branch block": "qrs_ms",
    "the pattern of right bundle branch block": "qrs_ms",
    "left axis deviation": "qrs_axis_deg",
    "right axis deviation": "qrs_axis_deg",
    "a long QTc": "qtc_fridericia_ms",
}
#: A P wave lower than this is too faint for a PR interval.
FAINT_P_MV = 0.03


@dataclass(frozen=True)
class Change:
    """One number before and after; NaN where the wave is absent.

    Attributes
    ----------
    name : str
        One of `OF_ECG` or `OF_LEADS`.
    before, after : float
    least : float
        The smallest difference that counts here.
    """

    name: str
    before: float
    after: float
    least: float

    @property
    def measurement(self) -> Measurement:
        """What is known of the measurement."""
        return MEASUREMENTS[self.name]

    @property
    def unit(self) -> str:
        """Its unit."""
        return self.measurement.unit

    @property
    def by(self) -> float:
        """After minus before, an angle by the shorter way round; NaN when one is absent."""
        return self.measurement.change(self.before, self.after)

    @property
    def counts(self) -> bool:
        """Whether it changed by more than its own error."""
        return abs(self.by) >= self.least


@dataclass(frozen=True, eq=False)
class Findings:
    """Two ECGs of one patient, measured, and what differs between them.

    Attributes
    ----------
    before, after : Measured
    """

    before: Measured
    after: Measured

    @classmethod
    def between(cls, original: Record, edited: Record) -> Findings:
        """Both records, measured; age and sex of both are those of the original."""
        before, after = measured(original), measured(edited)
        return cls(before, replace(after, age=before.age, sex=before.sex))

    @cached_property
    def irregular(self) -> bool:
        """Whether RR is irregular in one of them: then waves are measured less exactly."""
        return bool(irregular_rr(self.before).met or irregular_rr(self.after).met)

    @cached_property
    def changes(self) -> dict[str, Change]:
        """The change of every number of `OF_ECG`, by name."""
        found = {name: self._change(name, self.before.values, self.after.values) for name in OF_ECG}
        p = found["p_amplitude_mv"]
        if min(abs(p.before), abs(p.after)) < FAINT_P_MV:
            found["pr_ms"] = replace(found["pr_ms"], least=inf)
        return found

    def in_leads(self, name: str) -> dict[str, Change]:
        """One number of `OF_LEADS` in the leads where it and a neighbour changed alike.

        One lead of twelve may differ by chance; two that look at the same wall seldom do.
        """
        found = {
            lead: self._change(name, values, self.after.leads.get(lead, {}))
            for lead, values in self.before.leads.items()
        }
        alike = [
            pair
            for pair in PAIRS
            if all(lead in found and found[lead].counts for lead in pair)
            and found[pair[0]].by * found[pair[1]].by > 0
        ]
        return {lead: one for lead, one in found.items() if any(lead in pair for pair in alike)}

    @cached_property
    def moved(self) -> dict[str, tuple[str, Change]]:
        """What changed by more than its error: name -> lead ("" for numbers of the whole ECG), change."""
        found = {
            name: ("", one)
            for name, one in self.changes.items()
            if one.counts and name not in _REPEATS
        }
        if "p_presence" in found:
            found.pop("p_amplitude_mv", None)
        for name in OF_LEADS:
            leads = self.in_leads(name)
            if leads:
                lead = max(leads, key=lambda one: abs(leads[one].by))
                found[name] = (lead, leads[lead])
        return found

    @cached_property
    def judged(self) -> list[tuple[Verdict, Verdict]]:
        """Every criterion that a change may be told by, before and after, in the order of reading."""
        judges = [*CRITERIA, *(RULES[name] for name in TOLD_RULES)]
        return [(judge(self.before), judge(self.after)) for judge in judges]

    @cached_property
    def turned(self) -> list[tuple[Verdict, Verdict]]:
        """Those of `judged` that newly hold or cease to hold, by more than an error.

        Where conduction is abnormal, before or after, Q waves and voltages mean something else.
        """
        wide = wide_qrs(self.before).met or wide_qrs(self.after).met
        return [
            (old, new)
            for old, new in self.judged
            if None not in (old.met, new.met)
            and old.met != new.met
            and self.beyond(new.name)
            and not (wide and new.name in _OF_NORMAL_CONDUCTION)
        ]

    def beyond(self, name: str) -> bool:
        """Whether what a criterion rests on changed by more than its error."""
        if name in _RESTS_ON:
            return any(self.in_leads(number) for number in _RESTS_ON[name])
        return self.changes[_RESTS_ON_ONE[name]].counts

    def _change(self, name: str, before: dict[str, float], after: dict[str, float]) -> Change:
        old, new = (_value(values, name) for values in (before, after))
        about = MEASUREMENTS[name]
        limit = about.least_irregular if self.irregular else about.least
        return Change(name, old, new, limit)


def _value(values: dict[str, float], name: str) -> float:
    value = values.get(name, nan)
    missing = name in _ZERO_WHEN_ABSENT and isfinite(values.get("qrs_ms", nan))
    return 0.0 if missing and not isfinite(value) else value
