"""The narrative of a counterfactual: what measurably changed, what it means, what the model made of it.

Deterministic: every sentence follows from a number or a rule (named features and reasons, levels 3
and 4 of Arends et al. 2025, table 2), in the order in which an ECG is read. Differences smaller than
the measurement's own error, and waves that cannot be measured, are not spoken of.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from ..errors import ExplainError
from ..signals import Verdict
from ..signals.changes import OF_LEADS, TOLD_RULES, Change, Findings
from ..signals.criteria.diagnoses import DIAGNOSES, MOST_P, diagnosis, holds
from ..signals.measurements.per_lead import FLAT_T_MV
from ..vocabulary.diagnoses import QUANTITIES, title, title_with_code
from .measured import not_given, remarks
from .reasons import needs

if TYPE_CHECKING:
    from ..explain.counterfactual import Counterfactual

#: How potassium shows: number, direction when it rises, what that is called, what the opposite.
POTASSIUM_SIGNS = (
    ("t_amplitude_mv", 1, "taller T waves", "lower T waves"),
    ("qrs_ms", 1, "a longer QRS", "a shorter QRS"),
    ("pr_ms", 1, "a longer PR interval", "a shorter PR interval"),
    ("p_amplitude_mv", -1, "a lower P wave", "a taller P wave"),
)
#: Criteria whose turning the sentences on atria and RR have already told.
_TOLD_BY_RHYTHM = ("no P waves", "sinus P waves", "irregular RR intervals")


def narrative(cf: Counterfactual) -> str:
    """The deterministic text."""
    found = cf.findings
    changed = [*_rhythm(found), *_conduction(found), *_repolarisation(found), *_voltage(found)]
    if not isfinite(found.after.values["qrs_ms"]):
        changed.append("the waves of the changed ECG cannot be measured")
    if not changed:
        changed = ["no measurement changed by more than its own error"]
    said = [_unreached(cf), "; ".join(changed), *_turned(found), _answer(cf), needs(cf)]
    said += [_unnamed(cf), _meaning(cf, found), _longer(cf), *_measured(cf, found)]
    return " ".join(sentence[0].upper() + sentence[1:] + "." for sentence in said if sentence)


# -- the model ------------------------------------------------------------------------------------


def _unreached(cf: Counterfactual) -> str:
    if cf.reached:
        return ""
    last = cf.shown(float(cf.predictions[-1]))
    return (
        f"not reached: {cf.shown(cf.level)} was asked of {cf.model} for {title_with_code(cf.target)}, "
        f"the search ended at {last}; what follows is how far it came"
    )


def _answer(cf: Counterfactual) -> str:
    first, last = (cf.shown(float(cf.predictions[k])) for k in (0, -1))
    gives = "estimates" if cf.is_value else "gives"
    what = (
        title_with_code(cf.target)
        if cf.is_value
        else f"probability of {title_with_code(cf.target)}"
    )
    if cf.target in QUANTITIES:  # the unit is said once
        first = first.removesuffix(f" {QUANTITIES[cf.target].unit}")
    return f"the {what} that {cf.model} {gives} moves from {first} to {last}"


def _longer(cf: Counterfactual) -> str:
    meta, looked_at = cf.original.meta, cf.original.duration_s
    longer, begins = meta.get("first_of_s"), meta.get("start_s")
    if begins is not None:
        return f"of {meta['of_s']:g} s, {looked_at:g} s from {begins:g} s were looked at"
    if longer is None:
        return ""
    return f"only the first {looked_at:g} s of {longer:g} s were looked at"


def _measured(cf: Counterfactual, found: Findings) -> list[str]:
    """What is to be known of the numbers of the original: the device's own, those not given, and why."""
    said = [f"of the original: {one}" for one in remarks(found.before, cf.original.meta)]
    return [*said, *(f"of the changed ECG: {one}" for one in not_given(found.after))]


def _unnamed(cf: Counterfactual) -> str:
    if "whole" not in cf.space or not cf.reached:
        return ""
    try:
        if cf.why.nameable:  # the search went farther than the model needs
            return ""
    except ExplainError:
        pass
    return "no nameable change was enough: the model was flipped by one without a name"


# -- rhythm ---------------------------------------------------------------------------------------


def _rhythm(found: Findings) -> list[str]:
    told = [_atria(found.changes), _variability(found), _rate(found)]
    return [sentence for sentence in told if sentence]


def _atria(changes: dict[str, Change]) -> str:
    share, height = changes["p_presence"], changes["p_amplitude_mv"]
    before, after = share.before, share.after
    if before > 0 and after == 0:
        return f"the P wave present before {_most(before)} is gone"
    if before == 0 and after >= MOST_P:
        return f"a P wave{_height(height.after)} now precedes {_most(after)}, where there was none"
    if share.counts:
        return f"P waves precede {_most(after)} instead of {_most(before) if before else 'none'}"
    if height.counts:
        return f"the P wave is {'taller' if height.by > 0 else 'lower'} ({_pair(height)} in II)"
    return ""


def _height(p_mv: float) -> str:
    return f" ({p_mv:.2f} mV in II)" if isfinite(p_mv) else ""


def _most(share: float) -> str:
    if share >= 0.995 or share == 0:
        return "every beat" if share else "no beat"
    return f"{100 * share:.0f} % of the beats"


def _variability(found: Findings) -> str:
    sd = found.changes["rr_sd_ms"]
    if not sd.counts:
        return ""
    was, now = (
        next(v.met for v in diagnosis("AF", one) if v.name == "irregular RR intervals")
        for one in (found.before, found.after)
    )
    if was != now and None not in (was, now):
        turned = "become irregular" if now else "become regular"
        return f"RR intervals {turned} (SD {_pair(sd)})"
    return f"RR variability {'rises' if sd.by > 0 else 'falls'} (SD {_pair(sd)})"


def _rate(found: Findings) -> str:
    rate = found.changes["heart_rate_bpm"]
    return f"the heart rate {_verb(rate)} ({_pair(rate)})" if rate.counts else ""


# -- conduction, repolarisation, voltage ----------------------------------------------------------


def _conduction(found: Findings) -> list[str]:
    said = []
    for name, what in (("pr_ms", "PR"), ("qrs_ms", "the QRS"), ("qt_ms", "QT")):
        change = found.changes[name]
        if change.counts:
            said.append(f"{what} {'lengthens' if change.by > 0 else 'shortens'} ({_pair(change)})")
    axis = found.changes["qrs_axis_deg"]
    if axis.counts:
        side = "right" if axis.by > 0 else "left"
        said.append(f"the QRS axis turns to the {side} ({_pair(axis)})")
    return [
        *said,
        *_in_leads(found, "q_amplitude_mv", "Q or QS becomes shallower", "Q or QS deepens"),
    ]


def _repolarisation(found: Findings) -> list[str]:
    kinds: dict[str, dict[str, Change]] = {}
    for lead, one in found.in_leads("t_amplitude_mv").items():
        kinds.setdefault(_t_kind(one), {})[lead] = one
    st = _in_leads(found, "j_amplitude_mv", "ST rises at J", "ST falls at J")
    return [*st, *(f"the T wave {kind} in {_leads(some)}" for kind, some in kinds.items())]


def _t_kind(change: Change) -> str:
    """What became of a T wave; its direction is said only of a wave that is not flat."""
    if change.before * change.after < 0:
        if abs(change.after) <= FLAT_T_MV:
            return "flattens"
        return "becomes upright" if change.after > 0 else "inverts"
    if abs(change.after) > abs(change.before):
        return "grows" if change.after > 0 else "deepens"
    return "flattens" if change.before > 0 else "becomes shallower"


def _voltage(found: Findings) -> list[str]:
    return _in_leads(found, "r_amplitude_mv", "R grows", "R shrinks")


def _in_leads(found: Findings, name: str, up: str, down: str) -> list[str]:
    """What a number does in the leads where it changed, one sentence for either direction."""
    moved = found.in_leads(name)
    said = []
    for sign, verb in ((1, up), (-1, down)):
        leads = {lead: one for lead, one in moved.items() if one.by * sign > 0}
        if leads:
            said.append(f"{verb} in {_leads(leads)}")
    return said


# -- criteria and meaning -------------------------------------------------------------------------


def _turned(found: Findings) -> list[str]:
    """Criteria that turned, without those that the sentences on the rhythm have told."""
    turned = [new for _, new in found.turned if new.name not in _TOLD_BY_RHYTHM]
    if any("pattern" in verdict.name for verdict in turned):  # a bundle branch block is wide
        turned = [verdict for verdict in turned if verdict.name != "a wide QRS"]
    said = []
    for verb, now in (("now met", True), ("no longer met", False)):
        some = [_criterion(verdict, now) for verdict in turned if verdict.met is now]
        if some:
            said.append(f"{verb}: {', '.join(some)}")
    return said


def _criterion(verdict: Verdict, now: bool) -> str:
    name = TOLD_RULES.get(verdict.name, verdict.name)
    if len(verdict.values) != 1:
        return name
    ((what, value),) = verdict.values.items()
    number, unit = what[:-1].split(" (")
    return f"{name} ({number} {value:.0f}{'°' if unit == 'deg' else f' {unit}'})"


def _meaning(cf: Counterfactual, found: Findings) -> str:
    """Whether what changed is what the diagnosis is made of."""
    if cf.target == "potassium_mmol_l":
        return _potassium(cf, found)
    if cf.target not in DIAGNOSES:
        return ""
    rising = cf.predictions[-1] >= cf.predictions[0]
    before, after = diagnosis(cf.target, found.before), diagnosis(cf.target, found.after)
    was, now = holds(before), holds(after)
    what = title(cf.target)
    if now is None:
        return f"whether the changed ECG meets the criteria of {what} cannot be measured"
    if now and rising:
        parts = " and ".join(verdict.words for verdict in after)
        meets = f"meets the criteria of {what}: {parts}"
        return f"the original already {meets}" if was else f"the changed ECG {meets}"
    if now:
        return f"by its measurements the changed ECG is still {what}, whatever the model says"
    if rising:
        return f"by its measurements the changed ECG is not {what}{_missing(after, found)}"
    if was:
        return f"the changed ECG no longer meets the criteria of {what}{_missing(after, found)}"
    return ""


def _missing(verdicts: list[Verdict], found: Findings) -> str:
    """What of a diagnosis is not there, as the end of a sentence about it."""
    lacking = [verdict for verdict in verdicts if verdict.met is False]
    if len(lacking) == 1 and "," in lacking[0].words:  # one criterion of several parts
        return f", which asks for {lacking[0].words}"
    return f": {'; '.join(_lack(verdict, found) for verdict in lacking)}"


def _lack(verdict: Verdict, found: Findings) -> str:
    share, p_mv = (found.after.values[name] for name in ("p_presence", "p_amplitude_mv"))
    if verdict.name == "no P waves":
        return f"P waves{_height(p_mv)} precede {_most(share)}"
    if verdict.name == "sinus P waves":
        few = f"P waves precede {_most(share)}" if share else "no P waves are found"
        return few if share < MOST_P else "the P wave is not upright in II"
    if verdict.name == "irregular RR intervals":
        return f"RR intervals vary too little (SD {found.after.values['rr_sd_ms']:.0f} ms)"
    if len(verdict.values) == 1:
        ((what, value),) = verdict.values.items()
        number, unit = what[:-1].split(" (")
        return f"the {number} is {value:.0f} {unit}"
    return f"no {verdict.words}"


def _potassium(cf: Counterfactual, found: Findings) -> str:
    rising = cf.predictions[-1] >= cf.predictions[0]
    seen: list[str] = []
    against: list[str] = []
    for name, direction, up, down in POTASSIUM_SIGNS:
        if name in OF_LEADS:  # seen wherever two neighbouring leads show it
            by = sum(one.by for one in found.in_leads(name).values())
        else:
            change = found.changes[name]
            by = change.by if change.counts else 0.0
        if by:
            expected = (by * direction > 0) == rising
            (seen if expected else against).append(up if by * direction > 0 else down)
    what = f"a {'rising' if rising else 'falling'} potassium"
    if not seen and not against:
        return f"none of the measured signs of {what} appears"
    said = f"of the signs of {what} the changed ECG shows {', '.join(seen) or 'none'}"
    return f"{said}; {', '.join(against)} would speak against it" if against else said


# -- numbers --------------------------------------------------------------------------------------


def _pair(change: Change) -> str:
    about = change.measurement
    unit = about.symbol if about.symbol == "°" else f" {about.symbol}"
    return f"{change.before:.{about.digits}f} -> {change.after:.{about.digits}f}{unit}"


def _verb(change: Change) -> str:
    return "rises" if change.by > 0 else "falls"


def _leads(leads: dict[str, Change]) -> str:
    """Names of leads, runs of chest leads as ``V2-V4``, and the numbers of the one that moved most."""
    runs: list[list[int]] = []
    for n in sorted(int(lead[1:]) for lead in leads if lead.startswith("V")):
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    chest = [f"V{r[0]}" if len(r) == 1 else f"V{r[0]}-V{r[-1]}" for r in runs]
    limb = [lead for lead in leads if not lead.startswith("V")]
    most = max(leads, key=lambda name: abs(leads[name].by))
    return f"{', '.join([*limb, *chest])} ({most} {_pair(leads[most])})"
