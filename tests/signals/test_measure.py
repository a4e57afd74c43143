"""The named numbers, against arithmetic by hand and against what was drawn."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from cofe_widgets.ecg import LEADS, Record
from cofe_widgets.errors import EcgError
from cofe_widgets.signals import BEAT_UNITS, LEAD_UNITS, UNITS, measure, median_beat

from .hearts import draw, regular

AMPLITUDES = [name for name in UNITS if name.endswith("amplitude_mv")]
TIMES = [name for name in UNITS if name.endswith("_ms")]


def test_rr_statistics_by_hand() -> None:
    # Intervals 800, 1000, 900, 700, 1100, 900 ms: mean 900; deviations -100, 100, 0, -200, 200, 0,
    # squares 100000, / 5 = 20000, root 141.42; differences 200, -100, -200, 400, -200, squares
    # 290000, / 5 = 58000, root 240.83.
    times = 0.7 + np.cumsum([0, 0.8, 1.0, 0.9, 0.7, 1.1, 0.9])
    found = measure(draw(times, seconds=7))
    assert found["rr_mean_ms"] == pytest.approx(900, abs=1)
    assert found["heart_rate_bpm"] == pytest.approx(66.67, abs=0.1)
    assert found["rr_sd_ms"] == pytest.approx(141.42, abs=1.5)
    assert found["rr_rmssd_ms"] == pytest.approx(240.83, abs=2.5)


def test_intervals_and_amplitudes_as_drawn() -> None:
    record = draw(regular(62), pr_ms=180, qrs_ms=100, qt_ms=400, p_mv=0.12, r_mv=1.4, t_mv=0.35)
    found = measure(record)
    assert found["p_presence"] == 1
    assert found["pr_ms"] == pytest.approx(180, abs=12)
    assert found["qrs_ms"] == pytest.approx(100, abs=16)
    assert found["qt_ms"] == pytest.approx(400, abs=20)
    assert found["p_amplitude_mv"] == pytest.approx(0.12, abs=0.015)
    assert found["r_amplitude_mv"] == pytest.approx(1.4, abs=0.08)
    assert found["t_amplitude_mv"] == pytest.approx(0.35, abs=0.03)
    assert found["qtc_fridericia_ms"] == pytest.approx(
        found["qt_ms"] / (60 / found["heart_rate_bpm"]) ** (1 / 3)
    )


@pytest.mark.parametrize(
    ("wave", "name", "step"),
    [("pr_ms", "pr_ms", 40), ("qrs_ms", "qrs_ms", 40), ("qt_ms", "qt_ms", 50)],
)
def test_a_longer_interval_measures_longer_by_as_much(wave: str, name: str, step: float) -> None:
    start = {"pr_ms": 160.0, "qrs_ms": 90.0, "qt_ms": 360.0}
    if name == "qrs_ms":
        start["qt_ms"] = 420.0
    shorter = measure(draw(regular(60), **start))  # type: ignore[arg-type]
    longer = measure(draw(regular(60), **{**start, wave: start[wave] + step}))  # type: ignore[arg-type]
    assert longer[name] - shorter[name] == pytest.approx(step, abs=8)


@pytest.mark.parametrize("pr_ms", [110, 160, 240, 290, 340, 400])
def test_short_and_long_pr(pr_ms: float) -> None:
    found = measure(draw(regular(58), pr_ms=pr_ms))
    assert found["p_presence"] == 1
    assert found["pr_ms"] == pytest.approx(pr_ms, abs=8)
    assert found["p_amplitude_mv"] == pytest.approx(0.15, abs=0.03)


@pytest.mark.parametrize("gain", [0.3, 2.0, -1.0])
def test_amplitudes_scale_with_gain_and_times_do_not_change(gain: float) -> None:
    record = draw(regular(70), noise_mv=0.002)
    found, scaled = measure(record), measure(record.with_signal(record.signal * gain))
    for name in ("p_amplitude_mv", "t_amplitude_mv"):
        assert scaled[name] == pytest.approx(found[name] * gain, rel=0.02, abs=0.002)
    if gain > 0:
        assert scaled["r_amplitude_mv"] == pytest.approx(found["r_amplitude_mv"] * gain, rel=0.02)
    for name in TIMES:
        if gain > 0 or name != "q_duration_ms":
            assert scaled[name] == pytest.approx(found[name], abs=2)


@pytest.mark.parametrize("shift_s", [0.07, 0.31, 0.5])
def test_moving_the_record_in_time_changes_nothing(shift_s: float) -> None:
    times = regular(64, seconds=9, first=0.8)
    found, moved = measure(draw(times)), measure(draw(times + shift_s))
    for name in TIMES:
        assert moved[name] == pytest.approx(found[name], abs=4)
    for name in AMPLITUDES:
        assert moved[name] == pytest.approx(found[name], abs=0.01)


@pytest.mark.parametrize("fs", [250, 360, 1000])
def test_the_rate_of_the_record_changes_little(fs: float) -> None:
    record = draw(regular(70))
    found, other = measure(record), measure(record.resample(fs))
    for name in TIMES:
        assert other[name] == pytest.approx(found[name], abs=6)
    for name in AMPLITUDES:
        assert other[name] == pytest.approx(found[name], rel=0.03, abs=0.004)


def test_no_p_wave_is_absent_not_small() -> None:
    found = measure(draw(regular(70), with_p=False))
    assert found["p_presence"] == 0
    assert math.isnan(found["p_amplitude_mv"])
    assert math.isnan(found["pr_ms"])
    assert math.isnan(found["p_axis_deg"])
    assert not math.isnan(found["qrs_ms"])


def test_p_waves_that_march_on_their_own_are_not_before_the_beats() -> None:
    beats, atria = regular(45), regular(78, first=0.35)
    ventricles = draw(beats, with_p=False)
    p_alone = draw(atria, r_mv=0.0, t_mv=0.0, noise_mv=0.0)
    assert measure(ventricles.with_signal(ventricles.signal + p_alone.signal))["p_presence"] <= 0.2


def test_fibrillatory_waves_are_no_p_waves() -> None:
    rng = np.random.default_rng(4)
    times = 0.5 + np.cumsum(rng.uniform(0.45, 1.1, 12))
    record = draw(times, with_p=False)
    t = np.arange(record.samples) / record.fs
    phase = 2 * np.pi * np.cumsum(6.2 + 0.6 * np.sin(2 * np.pi * 0.23 * t)) / record.fs
    waves = np.outer([0.3, 0.6, 0.3, 0.0, 0.0, 0.4, 1.0, 0.6, 0.3, 0.2, 0.1, 0.1], np.sin(phase))
    found = measure(record.with_signal(record.signal + 0.1 * waves))
    assert found["p_presence"] <= 0.2
    assert math.isnan(found["p_amplitude_mv"])


def test_flutter_waves_are_no_p_waves() -> None:
    # Four flutter waves, 210 ms apart, to each beat: one always at the place of a P wave.
    record = draw(regular(60 / 0.84), with_p=False)
    t = np.arange(record.samples) / record.fs - 0.6
    saw = 0.12 * np.sin(2 * np.pi * t / 0.21) + 0.04 * np.sin(4 * np.pi * t / 0.21)
    leads = [0.2, 1.0, 0.8, -0.6, -0.3, 0.9, 0.4, 0.2, 0.1, 0.1, 0.1, 0.1]
    assert measure(record.with_signal(record.signal + np.outer(leads, saw)))["p_presence"] == 0


def test_many_records_make_a_table() -> None:
    records = [draw(regular(60)), draw(regular(90), fs=250), draw(regular(70)).crop(0, 1)]
    table = measure(records)
    assert isinstance(table, pd.DataFrame)
    assert list(table.columns) == list(UNITS)
    assert table.iloc[0].to_dict() == pytest.approx(measure(records[0]))
    assert table.iloc[2].isna().all()
    assert measure([]).shape == (0, len(UNITS))


def test_without_lead_ii_there_are_intervals_but_no_amplitudes() -> None:
    record = draw(regular(70))
    found, whole = measure(record.select(["V1", "V2", "V5"])), measure(record)
    assert all(math.isnan(found[name]) for name in AMPLITUDES)
    assert found["qrs_ms"] == pytest.approx(whole["qrs_ms"], abs=8)
    derived = measure(record.select(["I", "III", "V5"]))
    for name in AMPLITUDES:
        assert derived[name] == pytest.approx(whole[name], abs=0.02)


def test_every_lead_has_its_numbers() -> None:
    record = draw(regular(70), qrs_ms=100, r_mv=1.2, t_mv=0.3)
    table = measure(record, per="lead")
    assert table.index.tolist() == list(LEADS)
    assert list(table.columns) == list(LEAD_UNITS)
    assert table.attrs["units"] == LEAD_UNITS
    whole = measure(record)
    for name in set(UNITS) & set(LEAD_UNITS):
        assert table.loc["II", name] == pytest.approx(whole[name], nan_ok=True)
    # Drawn: R in V4 is 1.3 of that in II; V1 and V2 are turned upside down, Q and S among them.
    assert table.loc["V4", "r_amplitude_mv"] == pytest.approx(1.3 * 1.2, rel=0.06)
    assert table.loc["V4", "rs_ratio"] == pytest.approx(1 / 0.15, rel=0.35)
    assert table.loc["V2", "t_amplitude_mv"] == pytest.approx(1.2 * 0.3, rel=0.06)
    assert table.loc["V2", "s_amplitude_mv"] == pytest.approx(-0.9 * 1.2, rel=0.06)
    assert (table.loc[["I", "V3"], "t_polarity"] == 1).all()
    many = measure([record, record.select(["I", "II"])], per="lead")
    assert len(many) == 12 + 6
    assert many.index.names == ["record", "lead"]
    assert measure([], per="lead").shape == (0, len(LEAD_UNITS))


def test_every_beat_has_its_numbers() -> None:
    table = measure(draw(regular(70), pr_ms=170, qrs_ms=100), per="beat")
    assert table.attrs["units"] == BEAT_UNITS
    assert 9 <= len(table) <= 12
    assert table["rr_ms"].median() == pytest.approx(60000 / 70, abs=8)
    assert table["p_presence"].mean() >= 0.8
    assert table["qrs_ms"].median() == pytest.approx(100, abs=25)
    assert table["r_amplitude_mv"].median() == pytest.approx(1.0, abs=0.08)


def test_units_are_said_and_per_what_is_checked() -> None:
    assert measure([draw(regular(70))]).attrs["units"] == UNITS
    with pytest.raises(ValueError, match="expected 'lead', 'beat' or nothing"):
        measure(draw(regular(70)), per="second")  # type: ignore[call-overload]


def test_st_where_it_was_drawn() -> None:
    record = draw(regular(65), qrs_ms=90, qt_ms=400, noise_mv=0.002)
    t = np.arange(record.samples) * 2.0
    st = np.zeros(record.samples)
    for r in 1000 * regular(65):
        # From 0.1 mV at J, 45 ms after R, to 0.22 mV 60 ms later: 2 mV/s.
        st += np.interp(t - r, [20, 45, 105, 240], [0, 0.1, 0.22, 0])
    signal = record.signal.copy()
    signal[8] += st.astype(np.float32)
    found = measure(record.with_signal(signal), per="lead").loc["V3"]
    assert found["st_amplitude_mv"] == pytest.approx(0.22, abs=0.03)
    assert found["st_slope_mv_per_s"] == pytest.approx(2.0, abs=0.8)


#: What the beats alone tell.
OF_RR = ("heart_rate_bpm", "rr_mean_ms", "rr_sd_ms", "rr_rmssd_ms")


@pytest.mark.parametrize("rate", [190, 210, 230])
def test_ventricular_tachycardia_that_fills_its_cycle_is_refused(rate: float) -> None:
    qt_ms = 0.86 * 60000 / rate
    record = draw(regular(rate), qrs_ms=150, qt_ms=qt_ms, with_p=False, r_mv=1.5, t_mv=-0.5)
    with pytest.raises(EcgError, match="fill the cycle|stand out"):
        median_beat(record)
    values = measure(record)
    assert values["heart_rate_bpm"] == pytest.approx(rate, abs=1)
    assert all(math.isnan(value) for name, value in values.items() if name not in OF_RR)


@pytest.mark.parametrize("hz", [3.0, 4.0, 5.5])
def test_sine_waves_and_fibrillating_ventricles_have_no_numbers(hz: float) -> None:
    rng = np.random.default_rng(int(10 * hz))
    t = np.arange(5000) / 500
    size = np.linspace(0.3, 1.0, 12)[:, None]
    sine = size * np.sin(2 * np.pi * hz * t)
    wander = np.cumsum(rng.normal(0, 0.15, 5000)) / 20
    fibrillation = size * np.sin(2 * np.pi * hz * t + wander) * (1 + 0.4 * np.sin(0.9 * t + 1))
    for signal in (sine, fibrillation):
        record = Record(signal + rng.normal(0, 0.005, (12, 5000)), 500.0)
        assert all(math.isnan(value) for value in measure(record).values())


def test_paced_beats_are_wide_and_have_no_p_wave() -> None:
    times = regular(70)
    record = draw(times, qrs_ms=160, qt_ms=440, with_p=False)
    signal = record.signal.copy()
    for r in times:  # a spike of 2 ms where the QRS begins
        signal[:, round((r - 0.082) * 500)] += np.linspace(1.0, 3.0, 12, dtype=np.float32)
    found, unpaced = measure(record.with_signal(signal)), measure(record)
    assert found["heart_rate_bpm"] == pytest.approx(70, abs=0.5)
    assert found["qrs_ms"] == pytest.approx(unpaced["qrs_ms"], abs=10) and found["qrs_ms"] > 110
    assert found["p_presence"] == 0
    assert math.isnan(found["pr_ms"])


def test_clipped_leads_have_no_numbers_and_spoil_no_others() -> None:
    record = draw(regular(70))
    signal = record.signal.copy()
    tall = [LEADS.index(lead) for lead in ("II", "V4", "V5")]
    signal[tall] = np.clip(signal[tall], -0.4, 0.4)
    found, whole = (measure(one, per="lead") for one in (record.with_signal(signal), record))
    # What is derived from a clipped lead is clipped, too.
    lost = ["II", "III", "aVR", "aVL", "aVF", "V4", "V5"]
    assert found.loc[["II", "V4", "V5"]].isna().all(axis=None)
    kept = [lead for lead in LEADS if lead not in lost]
    size = (found - whole).loc[kept, "r_amplitude_mv"].abs()
    assert (size[whole.loc[kept, "r_amplitude_mv"].notna()] < 0.05).all()
    assert measure(record.with_signal(signal))["heart_rate_bpm"] == pytest.approx(70, abs=0.5)
    assert math.isnan(measure(record.with_signal(signal))["r_amplitude_mv"])


@pytest.mark.parametrize("kind", ["noise", "mains", "drift", "short", "coarse"])
def test_what_is_no_ecg_has_no_numbers(kind: str) -> None:
    t = np.arange(5000, dtype=np.float32) / 500
    signal: dict[str, NDArray[np.float32]] = {
        "noise": np.random.default_rng(0).normal(0, 0.2, (12, 5000)).astype(np.float32),
        "mains": np.tile(0.2 * np.sin(2 * np.pi * 50 * t), (12, 1)),
        "drift": np.tile(np.sin(t), (12, 1)),
    }
    if kind in signal:
        record = Record(signal[kind], 500.0)
    else:
        record = draw(regular(70)).crop(0, 1.9) if kind == "short" else draw(regular(70), fs=40)
    known = OF_RR if kind == "coarse" else ()  # beats are seen at any rate, bounds of waves are not
    assert all(math.isnan(value) for name, value in measure(record).items() if name not in known)
    with pytest.raises(EcgError):
        median_beat(record)
