"""Rules of infarction and ischaemia, from the Fourth Universal Definition of Myocardial Infarction.

Thygesen et al., Circulation 2018;138:e618: table 5 (prior infarction) and table 2 (ischaemia). The
names and formulas are those of Wagner et al., "Explaining deep learning for ECG analysis", 2024,
table 4; where its formulas differ from the definition that it cites, the definition is followed
and each rule says how.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations
from math import isfinite, nan

from ..measurements.derived import height
from ..measurements.measure import Measured
from .verdict import (
    Answer,
    Seen,
    Verdict,
    above,
    all_of,
    any_of,
    at_least,
    in_neighbours,
    judge,
)

_PRIOR = "Fourth Universal Definition of MI (Circulation 2018;138:e618), table 5"
_ACUTE = "Fourth Universal Definition of MI (Circulation 2018;138:e618), table 2"

#: Pairs of neighbours, in which a finding counts when both show it.
PAIRS = (
    ("I", "aVL"),
    *combinations(("II", "III", "aVF"), 2),
    *((f"V{n}", f"V{n + 1}") for n in range(1, 6)),
)
#: A QRS this wide is conducted abnormally, and ST and T with it (AHA/ACCF/HRS 2009).
WIDE_QRS_MS = 120.0
#: ST rises no more than this from J to J + 60 ms where it is called horizontal.
LEVEL_MV = 0.02


def v2v3_mi(ecg: Measured) -> Verdict:
    """Any Q wave longer than 20 ms, or a QS complex, in V2 or V3.

    The table's formula asks for it in both leads and gives 0.02 without a unit; the definition says
    "any Q wave in leads V2-V3 > 0.02 s or QS complex in leads V2-V3": either lead, seconds.
    """
    words = "a Q wave longer than 20 ms or a QS complex in V2 or V3"
    seen: Seen = {}
    has = {lead: _long_q(ecg, lead, 20.0, above, 0.0, seen) for lead in ("V2", "V3")}
    leads = [lead for lead, answer in has.items() if answer]
    return _prior("V2V3-MI", ecg, any_of(has.values()), seen, words, leads)


def rpeak_mi(ecg: Measured) -> Verdict:
    """R longer than 40 ms with R/S above 1 and an upright T in V1 and V2, conduction normal.

    The description in the table names other leads than its formula; the definition says "R wave
    > 0.04 s in V1-V2 and R/S > 1 with a concordant positive T wave in absence of conduction
    defect". The formula leaves the conduction out: here QRS must be shorter than 120 ms. An S that
    is not there is smaller than R.
    """
    words = "R longer than 40 ms, R/S above 1 and T upright in V1 and V2, with a QRS shorter than 120 ms"
    seen: Seen = {"": {"QRS (ms)": ecg.values["qrs_ms"]}}
    wide = at_least(ecg.values["qrs_ms"], WIDE_QRS_MS)
    parts: list[Answer] = [None if wide is None else not wide]
    for lead in ("V1", "V2"):
        r, s = height(ecg.leads, lead, "r"), height(ecg.leads, lead, "s")
        duration, t = _duration(ecg, lead, "r"), _value(ecg, lead, "t_amplitude_mv")
        seen[lead] = {"R in @ (ms)": duration, "R in @ (mV)": r, "S in @ (mV)": s, "T in @ (mV)": t}
        parts += [above(duration, 40.0), above(r, s), above(t, 0.0)]
    return _prior("RPEAK-MI", ecg, all_of(parts), seen, words, ["V1", "V2"])


def qpeak_mi(ecg: Measured) -> Verdict:
    """Q of 30 ms and 1 mm, or a QS complex, in two of I and aVL, II and aVF, or V4 to V6.

    The table's formula leaves QS complexes out and asks for more than 0.03 and 0.1 where the
    definition says "Q wave >= 0.03 s and >= 1 mm deep or QS complex in leads I, II, aVL, aVF or
    V4-V6 in any 2 leads of a contiguous lead grouping". 1 mm is 0.1 mV.
    """
    words = (
        "a Q wave of 30 ms and 0.1 mV or more, or a QS complex, in two of I and aVL, of II and aVF, "
        "or of V4 to V6"
    )
    seen: Seen = {}
    pairs = (("I", "aVL"), ("II", "aVF"), *combinations(("V4", "V5", "V6"), 2))
    has = {lead: _long_q(ecg, lead, 30.0, at_least, 0.1, seen) for lead in _leads(pairs)}
    met, leads = in_neighbours(has, pairs)
    return _prior("QPEAK-MI", ecg, met, seen, words, leads)


def qwaves_mi(ecg: Measured) -> Verdict:
    """Any of V2V3-MI, RPEAK-MI and QPEAK-MI."""
    parts = [rule(ecg) for rule in (v2v3_mi, rpeak_mi, qpeak_mi)]
    met = any_of(part.met for part in parts)
    deciding = [part for part in parts if part.met == met]
    seen: Seen = {"": {name: value for part in deciding for name, value in part.values.items()}}
    reason = "; ".join(dict.fromkeys(part.reason for part in deciding if part.reason))
    words = "one of V2V3-MI, RPEAK-MI and QPEAK-MI"
    return judge("QWAVES-MI", met, seen, words, _PRIOR, reason=reason)


def st_elev_isc(ecg: Measured) -> Verdict:
    """ST elevation at J in two neighbouring leads.

    0.1 mV in all leads but V2 and V3, where men of 40 or older need 0.2 mV, younger men 0.25 mV and
    women 0.15 mV. The table's formula takes V1 and V2 for V2 and V3 and 0.15 mV for everybody, and
    measures later than J; the definition is followed. One ECG cannot show that it is new. Not judged
    where QRS is 120 ms or wider: the definition leaves bundle branch block out.
    """
    words = (
        "J raised by 0.1 mV in two neighbouring leads (in V2 and V3 by 0.2 mV in men from 40, "
        "0.25 mV in younger men, 0.15 mV in women)"
    )
    seen: Seen = {"": {"age (years)": ecg.age, "female": {"F": 1.0, "M": 0.0}.get(ecg.sex, nan)}}
    has: dict[str, Answer] = {}
    for lead in _leads(PAIRS):
        j = _value(ecg, lead, "j_amplitude_mv")
        seen[lead] = {"J in @ (mV)": j}
        lowest, highest = _j_limits(ecg) if lead in ("V2", "V3") else (0.1, 0.1)
        # Between the limits of those whom the patient may be nothing can be said.
        has[lead] = at_least(j, lowest if j < lowest else highest if j >= highest else nan)
    met, leads = in_neighbours(has, PAIRS)
    return _acute("ST-ELEV-ISC", ecg, met, seen, words, leads)


def st_depr_isc(ecg: Measured) -> Verdict:
    """Horizontal or downsloping ST depression, or T inversion under a large R, in two neighbours.

    The definition: "new horizontal or downsloping ST-depression >= 0.5 mm in two contiguous leads
    and/or T inversion > 1 mm in two contiguous leads with prominent R wave or R/S ratio > 1". The
    table's formula takes 0.5 mm for 0.5 mV, leaves the slope and the depth of T out and lacks
    parentheses. A prominent R is, as in the table, above 2 mV; horizontal is an ST that rises no
    more than 0.02 mV from J to J + 60 ms. Not judged where QRS is 120 ms or wider.
    """
    words = (
        "ST lowered by 0.05 mV and not rising, or T inverted by more than 0.1 mV where R is above "
        "2 mV or R/S above 1, in two neighbouring leads"
    )
    seen: Seen = {}
    low: dict[str, Answer] = {}
    inverted: dict[str, Answer] = {}
    for lead in _leads(PAIRS):
        j, st = _value(ecg, lead, "j_amplitude_mv"), _value(ecg, lead, "st_amplitude_mv")
        t = _value(ecg, lead, "t_amplitude_mv")
        r, s = height(ecg.leads, lead, "r"), height(ecg.leads, lead, "s")
        seen[lead] = {"J in @ (mV)": j, "ST in @ (mV)": st, "T in @ (mV)": t}
        seen[lead] |= {"R in @ (mV)": r, "S in @ (mV)": s}
        low[lead] = all_of((at_least(-0.05, j), at_least(-0.05, st), at_least(LEVEL_MV, st - j)))
        inverted[lead] = all_of((above(-0.1, t), any_of((above(r, 2.0), above(r, s)))))
    by_st, st_leads = in_neighbours(low, PAIRS)
    by_t, t_leads = in_neighbours(inverted, PAIRS)
    leads = list(dict.fromkeys(st_leads + t_leads))
    return _acute("ST-DEPR-ISC", ecg, any_of((by_st, by_t)), seen, words, leads)


def left_bundle_branch_block(ecg: Measured) -> Answer:
    """QRS of 120 ms, no Q in V5, V6 and I, an R of 60 ms or more in V5 or V6, little R in V1.

    The main criteria of the AHA/ACCF/HRS recommendations (Surawicz et al., J Am Coll Cardiol
    2009;53:976).
    """
    broad = any_of(at_least(_duration(ecg, lead, "r"), 60.0) for lead in ("V5", "V6"))
    no_q = all_of(at_least(0.0, height(ecg.leads, lead, "q")) for lead in ("I", "V5", "V6"))
    no_r = above(height(ecg.leads, "V1", "s"), 2 * height(ecg.leads, "V1", "r"))
    return all_of((at_least(ecg.values["qrs_ms"], WIDE_QRS_MS), broad, no_q, no_r))


def _prior(
    name: str, ecg: Measured, met: Answer, seen: Seen, words: str, leads: list[str]
) -> Verdict:
    """A verdict on Q waves; not judged under left bundle branch block, which makes them by itself."""
    if met and left_bundle_branch_block(ecg):
        reason = "left bundle branch block looks alike"
        return judge(name, None, seen, words, _PRIOR, reason=reason)
    return judge(name, met, seen, words, _PRIOR, leads=leads)


def _acute(
    name: str, ecg: Measured, met: Answer, seen: Seen, words: str, leads: list[str]
) -> Verdict:
    """A verdict on ST and T; not judged under a wide QRS, which shifts them by itself."""
    qrs = ecg.values["qrs_ms"]
    seen[""] = {"QRS (ms)": qrs, **seen.get("", {})}
    if at_least(qrs, WIDE_QRS_MS):
        reason = f"a QRS of {qrs:.0f} ms shifts ST and T by itself"
        return judge(name, None, seen, words, _ACUTE, reason=reason)
    return judge(name, met if isfinite(qrs) else None, seen, words, _ACUTE, leads=leads)


def _long_q(
    ecg: Measured,
    lead: str,
    limit_ms: float,
    longer: Callable[[float, float], Answer],
    depth_mv: float,
    seen: Seen,
) -> Answer:
    """Whether a lead has a long enough and deep enough Q wave, or a QS complex."""
    duration, depth = _duration(ecg, lead, "q"), height(ecg.leads, lead, "q")
    r = height(ecg.leads, lead, "r")
    seen[lead] = {"Q in @ (ms)": duration, "Q in @ (mV)": depth, "R in @ (mV)": r}
    complete = all_of((at_least(0.0, r), above(depth, 0.0)))
    return any_of((complete, all_of((longer(duration, limit_ms), at_least(depth, depth_mv)))))


def _duration(ecg: Measured, lead: str, deflection: str) -> float:
    """Of Q, R or S, ms; zero when the lead has none, NaN when it cannot be measured."""
    duration = _value(ecg, lead, f"{deflection}_duration_ms")
    measurable = isfinite(_value(ecg, lead, "qrs_ms"))
    return duration if isfinite(duration) or not measurable else 0.0


def _value(ecg: Measured, lead: str, name: str) -> float:
    return ecg.leads.get(lead, {}).get(name, nan)


def _leads(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """The leads of some pairs, each once."""
    return list(dict.fromkeys(lead for pair in pairs for lead in pair))


def _j_limits(ecg: Measured) -> tuple[float, float]:
    """Lowest and highest limit of J in V2 and V3 for the age and sex; they differ where those are unknown."""
    men = [0.2] if ecg.age >= 40 else [0.25] if ecg.age < 40 else [0.2, 0.25]
    limits = {"F": [0.15], "M": men}.get(ecg.sex, [0.15, *men])
    return min(limits), max(limits)
