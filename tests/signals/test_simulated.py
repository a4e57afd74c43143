"""Against simulated hearts, whose truth is known to the microvolt."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cofe_widgets.signals import measure, r_peaks
from cofe_widgets.simulate import Simulated, simulate


def table(hearts: list[Simulated]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measured and true values, one row a heart."""
    return measure([one.record for one in hearts]), pd.DataFrame(
        [one.truth.measurements for one in hearts]
    )


@pytest.mark.parametrize("fs", [250.0, 500.0])
@pytest.mark.parametrize("condition", ["NSR", "SB", "STach", "AF"])
def test_every_beat_is_found(condition: str, fs: float) -> None:
    beats = missed = invented = 0
    for one in simulate(condition, n=12, seed=5, fs=fs):
        found, true = r_peaks(one.record), one.truth.r_peaks_s
        apart = np.abs(true[:, None] - found)
        # The detector may or may not see a beat that the record's edge cuts through.
        inside = (true > 0.15) & (true < 9.85)
        beats += int(inside.sum())
        missed += int((apart.min(axis=1)[inside] > 0.1).sum())
        invented += int((apart.min(axis=0)[(found > 0.15) & (found < 9.85)] > 0.1).sum())
    assert beats > 80
    assert missed == 0
    assert invented <= 0.01 * beats


def test_sinus_hearts_measure_as_they_are() -> None:
    found, true = table(simulate("NSR", n=40, seed=6))
    error = found - true[found.columns]
    assert error["rr_mean_ms"].abs().median() < 2
    assert error["rr_sd_ms"].abs().median() < 2
    assert found["p_presence"].median() == 1
    assert (found["p_presence"] >= 0.9).mean() >= 0.95
    assert error["pr_ms"].abs().median() < 6
    # The truth ends a wave at two standard deviations of its last Gaussian, before cardiologists
    # do: a constant offset, which says nothing about the hearts.
    for name, constant in (("qrs_ms", 18), ("qt_ms", 25)):
        assert error[name].median() == pytest.approx(constant, abs=8)
        assert (error[name] - error[name].median()).abs().median() < 6
    for name, limit in (("p_amplitude_mv", 0.03), ("t_amplitude_mv", 0.02)):
        assert error[name].abs().median() < limit
    assert error["r_amplitude_mv"].abs().median() < 0.02


def test_fibrillating_hearts_have_no_p_waves_and_vary() -> None:
    found, _ = table(simulate("AF", n=40, seed=7))
    sinus, _ = table(simulate("NSR", n=40, seed=7))
    assert found["p_presence"].mean() <= 0.1
    assert found["p_amplitude_mv"].isna().mean() >= 0.9
    assert found["rr_sd_ms"].median() > 3 * sinus["rr_sd_ms"].median()


def test_measured_values_follow_the_truth_heart_by_heart() -> None:
    found, true = table(simulate("NSR", n=40, seed=8))
    for name in ("heart_rate_bpm", "rr_sd_ms", "pr_ms", "qt_ms", "r_amplitude_mv"):
        assert found[name].corr(true[name]) > 0.95, name
    assert found["t_amplitude_mv"].corr(true["t_amplitude_mv"]) > 0.95
    assert found["qrs_ms"].corr(true["qrs_ms"]) > 0.85
