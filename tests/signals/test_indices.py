"""Numbers made of numbers, by hand."""

from __future__ import annotations

import math

import pytest

from cofe_widgets.signals.measurements.derived import (
    cornell_mv,
    corrected_qt,
    frontal_axis_deg,
    height,
    lewis_mv,
    sokolow_lyon_mv,
)

NAN = math.nan


def lead(q: float = NAN, r: float = NAN, s: float = NAN) -> dict[str, float]:
    return {"qrs_ms": 90.0, "q_amplitude_mv": q, "r_amplitude_mv": r, "s_amplitude_mv": s}


LEADS = {
    "I": lead(q=-0.1, r=1.4),
    "III": lead(r=0.2, s=-0.9),
    "aVL": lead(r=1.1),
    "V1": lead(q=-1.6),
    "V3": lead(r=0.4, s=-1.5),
    "V5": lead(r=2.1, s=-0.2),
    "V6": lead(r=2.3),
}


def test_corrected_qt_by_hand() -> None:
    # QT 360 ms at RR 640 ms: sqrt 0.8, cube root 0.86177; 154 x 0.36 = 55.44.
    found = corrected_qt(360, 640)
    assert found["qtc_bazett_ms"] == pytest.approx(450)
    assert found["qtc_fridericia_ms"] == pytest.approx(417.74, abs=0.01)
    assert found["qtc_framingham_ms"] == pytest.approx(415.44)
    assert all(value == pytest.approx(400) for value in corrected_qt(400, 1000).values())


@pytest.mark.parametrize("degrees", [-150, -90, -30, 0, 45, 60, 90, 180])
def test_axis_of_a_dipole(degrees: float) -> None:
    # I sees x, aVF sees sqrt(3)/2 y in Einthoven's triangle.
    angle = math.radians(degrees)
    found = frontal_axis_deg(10 * math.cos(angle), 10 * math.sin(angle) * math.sqrt(3) / 2, 2)
    assert math.cos(math.radians(found - degrees)) == pytest.approx(1)


def test_a_wave_too_small_points_nowhere() -> None:
    assert math.isnan(frontal_axis_deg(1, 1, 2))
    assert math.isnan(frontal_axis_deg(NAN, 1, 2))


def test_voltages_by_hand() -> None:
    # QS in V1 counts as S: 1.6 + 2.3; (1.4 + 0.9) - (0.2 + 0); 1.1 + 1.5.
    assert sokolow_lyon_mv(LEADS) == pytest.approx(3.9)
    assert lewis_mv(LEADS) == pytest.approx(2.1)
    assert cornell_mv(LEADS) == pytest.approx(2.6)


def test_a_missing_lead_is_nan_and_a_missing_deflection_zero() -> None:
    assert height(LEADS, "I", "s") == 0
    assert math.isnan(height(LEADS, "V2", "s"))
    without = {name: values for name, values in LEADS.items() if name not in ("V6", "III", "V3")}
    for index in (sokolow_lyon_mv, lewis_mv, cornell_mv):
        assert math.isnan(index(without))
