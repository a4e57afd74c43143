"""Numbers made of other numbers: corrected QT, electrical axes, voltages of hypertrophy."""

from __future__ import annotations

from collections.abc import Mapping
from math import atan2, degrees, hypot, isfinite, nan, sqrt

#: Lead -> name of a measurement -> value.
Leads = Mapping[str, Mapping[str, float]]


def corrected_qt(qt_ms: float, rr_ms: float) -> dict[str, float]:
    """QT as it would be at 60 beats a minute, by three formulas; RR in s.

    Bazett, Heart 1920;7:353: QT / sqrt(RR). Fridericia, Acta Med Scand 1920;53:469: QT / RR^(1/3).
    Framingham, Sagie et al., Am J Cardiol 1992;70:797: QT + 154 ms (1 - RR).
    """
    rr_s = rr_ms / 1000
    return {
        "qtc_bazett_ms": qt_ms / sqrt(rr_s),
        "qtc_fridericia_ms": qt_ms / rr_s ** (1 / 3),
        "qtc_framingham_ms": qt_ms + 154 * (1 - rr_s),
    }


def frontal_axis_deg(area_i: float, area_avf: float, least: float) -> float:
    """Direction of a wave in the frontal plane, degrees: 0 to the left, 90 to the feet.

    From the net areas under the wave in I and aVF. aVF is drawn smaller than I by sqrt(3)/2, which
    Novosel, Noll and Luscher (Croat Med J 1999;40:77) correct for.

    Parameters
    ----------
    area_i, area_avf, least : float
        In one unit; a wave whose vector is not longer than ``least`` points nowhere: NaN.
    """
    downward = 2 / sqrt(3) * area_avf
    return degrees(atan2(downward, area_i)) if hypot(area_i, downward) > least else nan


def height(leads: Leads, lead: str, deflection: str) -> float:
    """Height of ``q``, ``r`` or ``s`` in a lead, mV, never negative.

    Zero when the lead has no such deflection, NaN when the lead cannot be measured. As voltages are
    read, the depth of a QS complex counts as S.
    """
    values = leads.get(lead, {})
    if not isfinite(values.get("qrs_ms", nan)):
        return nan
    amplitude = values[f"{deflection}_amplitude_mv"]
    if deflection == "s" and not isfinite(values["r_amplitude_mv"]):
        amplitude = values["q_amplitude_mv"]
    return abs(amplitude) if isfinite(amplitude) else 0.0


def sokolow_lyon_mv(leads: Leads) -> float:
    """S in V1 and the taller R of V5 and V6, mV (Sokolow and Lyon, Am Heart J 1949;37:161)."""
    v5, v6 = height(leads, "V5", "r"), height(leads, "V6", "r")
    return height(leads, "V1", "s") + (max(v5, v6) if isfinite(v5 + v6) else nan)


def lewis_mv(leads: Leads) -> float:
    """(R in I + S in III) - (R in III + S in I), mV (Lewis, Heart 1914;5:367)."""
    leftward = height(leads, "I", "r") + height(leads, "III", "s")
    return leftward - (height(leads, "III", "r") + height(leads, "I", "s"))


def cornell_mv(leads: Leads) -> float:
    """R in aVL and S in V3, mV (Casale et al., Circulation 1987;75:565)."""
    return height(leads, "aVL", "r") + height(leads, "V3", "s")
