"""Rules of left ventricular hypertrophy: voltage indices and the score of Romhilt and Estes.

The names and formulas are those of Wagner et al., "Explaining deep learning for ECG analysis",
2024, table 4; where they differ from the papers they cite, the papers are followed and each rule
says how. 10 mm are 1 mV.
"""

from __future__ import annotations

from math import nan

from ...vocabulary.measurements import MEASUREMENTS
from ..measurements.derived import height, lewis_mv
from ..measurements.measure import Measured
from .verdict import (
    Answer,
    Seen,
    Verdict,
    above,
    all_of,
    any_of,
    at_least,
    judge,
)

_LEWIS = "Lewis, Heart 1914;5:367"
_SOKOLOW = "Sokolow and Lyon, Am Heart J 1949;37:161"
_ROMHILT = "Romhilt and Estes, Am Heart J 1968;75:752"

_LIMB = ("I", "II", "III", "aVR", "aVL", "aVF")


def li_lvh(ecg: Measured) -> Verdict:
    """Lewis index (R in I + S in III) - (R in III + S in I) above 1.6 mV.

    As in the table; Lewis himself took 1.7 mV. The table's formula is with S as a height.
    """
    seen: Seen = {lead: _r_and_s(ecg, lead) for lead in ("I", "III")}
    index = lewis_mv(ecg.leads)
    seen[""] = {"Lewis index (mV)": index}
    words = "Lewis index above 1.6 mV"
    return judge("LI-LVH", above(index, 1.6), seen, words, _LEWIS)


def sli_lvh(ecg: Measured) -> Verdict:
    """Sokolow-Lyon index S in V1 + the taller R of V5 and V6 of at least 3.5 mV.

    The table's formula takes R in V5 alone and asks for more than 3.5; the paper takes V5 or V6, and
    "35 mm or more".
    """
    s = height(ecg.leads, "V1", "s")
    r = {lead: height(ecg.leads, lead, "r") for lead in ("V5", "V6")}
    seen: Seen = {"V1": {"S in @ (mV)": s}}
    seen |= {lead: {"R in @ (mV)": value} for lead, value in r.items()}
    met = any_of(at_least(s + value, 3.5) for value in r.values())
    words = "S in V1 and the taller R of V5 and V6 together 3.5 mV or more"
    return judge("SLI-LVH", met, seen, words, _SOKOLOW)


def rs_lvh(ecg: Measured) -> Verdict:
    """Largest R or S of the limb leads at least 2 mV.

    The table's formula names I, II and III and asks for more than 2; the paper says limb leads and
    "20 mm or more".
    """
    seen: Seen = {lead: _r_and_s(ecg, lead) for lead in _LIMB}
    met, leads = _any_of_least(seen, 2.0)
    words = "an R or S of 2 mV or more in a limb lead"
    return judge("RS-LVH", met, seen, words, _ROMHILT, leads=leads)


def s12_lvh(ecg: Measured) -> Verdict:
    """S in V1 or V2 of at least 3 mV ("30 mm or more"; the table: above 3)."""
    seen: Seen = {lead: {"S in @ (mV)": height(ecg.leads, lead, "s")} for lead in ("V1", "V2")}
    met, leads = _any_of_least(seen, 3.0)
    words = "an S of 3 mV or more in V1 or V2"
    return judge("S12-LVH", met, seen, words, _ROMHILT, leads=leads)


def r56_lvh(ecg: Measured) -> Verdict:
    """R in V5 or V6 of at least 3 mV ("30 mm or more"; the table: above 3)."""
    seen: Seen = {lead: {"R in @ (mV)": height(ecg.leads, lead, "r")} for lead in ("V5", "V6")}
    met, leads = _any_of_least(seen, 3.0)
    words = "an R of 3 mV or more in V5 or V6"
    return judge("R56-LVH", met, seen, words, _ROMHILT, leads=leads)


def romhilt_estes(ecg: Measured, digitalis: bool = False) -> Verdict:
    """Point score of Romhilt and Estes: 5 or more are left ventricular hypertrophy, 4 probable.

    3 for voltage (RS-LVH, S12-LVH or R56-LVH); 3 for strain, ST lowered and T inverted under a
    dominant R in V5 or V6 (1 on digitalis); 3 for a left atrium, P in V1 ending in a negative part of
    1 mm times 40 ms (Morris's terminal force); 2 for an axis of -30 degrees or further left; 1 for a
    QRS of 90 ms or more; 1 for an R peak 50 ms or more after the QRS onset in V5 or V6.

    Parameters
    ----------
    ecg : Measured
    digitalis : bool
        Whether the patient takes it.

    Notes
    -----
    Met from 5 points on. An item that cannot be judged leaves the score between two bounds; the
    rule is judged when both lie on one side of 5. Without a P wave there is no terminal force.
    """
    items = _romhilt_items(ecg, 1 if digitalis else 3)
    sure = sum(points for points, answer in items.values() if answer)
    possible = sure + sum(points for points, answer in items.values() if answer is None)
    met = True if sure >= 5 else False if possible < 5 else None
    seen: Seen = {"": {"score": float(sure) if sure == possible or met is not None else nan}}
    seen[""] |= {
        f"{name} ({points})": nan if answer is None else float(points * answer)
        for name, (points, answer) in items.items()
    }
    grade = "definite" if sure >= 5 else "probable" if sure == 4 and possible == 4 else ""
    words = "5 points or more" + (f"; {grade} hypertrophy" if grade else "")
    return judge("ROMHILT-ESTES", met, seen, words, _ROMHILT)


def _romhilt_items(ecg: Measured, strain_points: int) -> dict[str, tuple[int, Answer]]:
    """Points of each item, and whether it is there."""
    sides = [ecg.leads.get(lead, {}) for lead in ("V5", "V6")]
    strain = any_of(
        all_of(
            (
                above(height(ecg.leads, lead, "r"), height(ecg.leads, lead, "s")),
                at_least(-0.05, values.get("st_amplitude_mv", nan)),
                above(0.0, values.get("t_polarity", nan)),
            )
        )
        for lead, values in zip(("V5", "V6"), sides, strict=True)
    )
    force = ecg.leads.get("V1", {}).get("p_terminal_mv_ms", nan)
    no_p = above(ecg.values["p_presence"], 0.0) is False
    late = any_of(at_least(values.get("r_peak_time_ms", nan), 50.0) for values in sides)
    return {
        "voltage": (3, any_of(rule(ecg).met for rule in (rs_lvh, s12_lvh, r56_lvh))),
        "strain": (strain_points, strain),
        "left atrium": (3, False if no_p else at_least(-4.0, force)),
        "axis": (2, _leftward(ecg.values["qrs_axis_deg"])),
        MEASUREMENTS["qrs_ms"].title: (1, at_least(ecg.values["qrs_ms"], 90.0)),
        "intrinsicoid deflection": (1, late),
    }


def _leftward(axis_deg: float) -> Answer:
    """Whether the axis lies between -30 and -90 degrees; further round it points to the right."""
    return all_of((at_least(-30.0, axis_deg), at_least(axis_deg, -90.0)))


def _r_and_s(ecg: Measured, lead: str) -> dict[str, float]:
    return {
        "R in @ (mV)": height(ecg.leads, lead, "r"),
        "S in @ (mV)": height(ecg.leads, lead, "s"),
    }


def _any_of_least(seen: Seen, limit: float) -> tuple[Answer, list[str]]:
    """Whether one of the numbers reaches the limit, and in which leads."""
    has = {
        lead: any_of(at_least(value, limit) for value in values.values())
        for lead, values in seen.items()
    }
    return any_of(has.values()), [lead for lead, answer in has.items() if answer]
