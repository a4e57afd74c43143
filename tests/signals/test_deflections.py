"""Q, R and S of complexes drawn corner by corner, so that every crossing is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cofe_widgets.signals.deflections import NAMES, deflections

TIME_MS = np.arange(0.0, 101.0, 2.0)


def found(*corners: tuple[float, float]) -> dict[str, tuple[float, ...]]:
    """Onset, peak, offset, height of the deflections of a trace of straight lines."""
    trace = np.interp(TIME_MS, *zip(*corners, strict=True))
    parts = deflections(trace[None], TIME_MS)
    return {
        name: tuple(float(each[0, k]) for each in parts)
        for k, name in enumerate(NAMES)
        if np.isfinite(parts.peak_ms[0, k])
    }


def test_q_r_and_s_meet_where_the_trace_crosses_its_level() -> None:
    parts = found((0, 0), (10, -0.2), (20, 0), (40, 1.0), (60, 0), (70, -0.4), (90, 0), (100, 0))
    assert parts["Q"] == pytest.approx((0, 10, 20, -0.2), abs=0.1)
    assert parts["R"] == pytest.approx((20, 40, 60, 1.0), abs=0.1)
    assert parts["S"] == pytest.approx((60, 70, 90, -0.4), abs=0.1)


def test_a_complex_without_r_is_qs_and_one_however_notched() -> None:
    parts = found((0, 0), (20, -0.8), (30, 0.01), (40, 0.01), (60, -0.6), (90, 0), (100, 0))
    assert set(parts) == {"Q"}
    onset, peak, offset, height = parts["Q"]
    assert (onset, peak, height) == pytest.approx((0, 20, -0.8), abs=0.1)
    assert offset > 85


def test_of_two_r_waves_the_taller_counts_and_s_lies_after_the_first() -> None:
    parts = found((0, 0), (10, 0.2), (20, 0), (36, -0.5), (50, 0), (70, 0.7), (100, 0))
    assert parts["R"][3] == pytest.approx(0.7)
    assert parts["S"][:2] == pytest.approx((20, 36), abs=0.2)
    assert "Q" not in parts


@pytest.mark.parametrize("j_mv", [0.3, -0.3])
def test_a_shifted_st_segment_is_no_deflection(j_mv: float) -> None:
    # From the peak the trace runs straight to a raised or lowered J.
    sign = -np.sign(j_mv)
    parts = found((0, 0), (40, sign * 1.0), (70, 0), (100, j_mv))
    assert set(parts) == {"R" if sign > 0 else "Q"}


@pytest.mark.parametrize(("height", "width"), [(0.015, 20.0), (0.1, 4.0)])
def test_what_is_too_low_or_too_brief_is_none(height: float, width: float) -> None:
    parts = found((0, 0), (width / 2, -height), (width, 0), (50, 1.0), (100, 0))
    assert set(parts) == {"R"}


def test_a_lead_that_cannot_be_used_has_nothing() -> None:
    traces: NDArray[np.float64] = np.stack([np.sin(TIME_MS / 16), np.full(len(TIME_MS), np.nan)])
    parts = deflections(traces, TIME_MS)
    assert np.isfinite(parts.amplitude_mv[0]).any()
    assert np.isnan(np.stack(parts)[:, 1]).all()
