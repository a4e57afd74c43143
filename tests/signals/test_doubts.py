"""A number that its own checks speak against is not given; what the dominant beat is not is counted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cofe_widgets.ecg import LEADS, Record, expand_matrix
from cofe_widgets.signals import measure, measured, median_beat
from cofe_widgets.signals.doubts import of_p, of_rhythm, of_t
from cofe_widgets.signals.measurements import disagreements
from cofe_widgets.signals.p_wave import AtrialWave
from cofe_widgets.signals.paced import after_spike
from cofe_widgets.signals.quality.fault import Fault
from cofe_widgets.signals.repeated import looked_at_again
from cofe_widgets.signals.waves import Wave

from .hearts import QRS_IN_LEADS, T_IN_LEADS, bump, draw, regular


def both(one: Record, other: Record) -> Record:
    """Two records in one, on top of each other."""
    return one.with_signal(one.signal + other.signal)


def test_a_beat_of_another_shape_is_counted_and_not_measured() -> None:
    r = regular(60)
    narrow = draw(r[[0, 1, 2, 4, 5, 7, 8]], qrs_ms=90)
    wide = draw(r[[3, 6]], qrs_ms=170, r_mv=-1.6, with_p=False, noise_mv=0)
    found, alone = measured(both(narrow, wide)), measured(draw(r, qrs_ms=90))
    assert (found.n_beats, found.n_other) == (9, 2)
    assert found.values["qrs_ms"] == pytest.approx(alone.values["qrs_ms"], abs=4)
    assert alone.n_other == 0


def test_intermittent_block_does_not_enter_the_median_of_the_others() -> None:
    r = regular(60)
    plain = draw(r[:6], qrs_ms=90)
    time = np.arange(5000) * 2.0
    late = sum(bump(time, 1000 * at + 20, 1000 * at + 110) for at in r[6:])
    blocked = draw(r[6:], qrs_ms=90, noise_mv=0)
    also = np.outer(np.array(QRS_IN_LEADS)[::-1], 0.9 * late)
    found = measured(both(plain, blocked.with_signal(blocked.signal + expand_matrix() @ also)))
    assert found.values["qrs_ms"] == pytest.approx(measure(draw(r, qrs_ms=90))["qrs_ms"], abs=8)


def test_a_qrs_that_pauses_midway_is_measured_to_its_end() -> None:
    """As in left bundle branch block: r, then a deep S with a flat bottom in all leads at once."""
    time = np.arange(5000) * 2.0
    qrs, t = np.zeros(5000), np.zeros(5000)
    for at in 1000 * regular(60):
        down = np.clip((time - at) / 50, 0, 1) - np.clip((time - at - 85) / 75, 0, 1)
        qrs -= 1.2 * (1 - np.cos(np.pi * down)) / 2
        t += 0.3 * bump(time, at + 280, at + 480)
    signal = expand_matrix() @ (np.outer(QRS_IN_LEADS, qrs) + np.outer(T_IN_LEADS, t))
    noise = np.random.default_rng(0).normal(0, 0.004, (12, 5000))
    values = measure(Record(signal + noise, 500.0, LEADS))
    assert values["qrs_ms"] == pytest.approx(160, abs=16)
    assert values["qt_ms"] == pytest.approx(480, abs=25)


def test_a_rate_that_the_signal_contradicts_is_not_given() -> None:
    """Beats found at every second of those that come back: nothing is known."""
    record = draw(regular(150), qt_ms=250, with_p=False, qrs_ms=80)
    steady = record.resample(250).signal.astype(float)
    every = regular(150)
    assert of_rhythm(steady, 250.0, every) == ""
    assert "150 a minute" in of_rhythm(steady, 250.0, every[::2])
    fast = draw(regular(300), qt_ms=150, qrs_ms=50, with_p=False, t_mv=0.05)
    found = measured(fast)
    rate = found.values["heart_rate_bpm"]
    assert rate == pytest.approx(300, abs=3) or (
        math.isnan(rate) and found.reasons["heart_rate_bpm"]
    )


def test_every_absent_interval_of_what_is_refused_has_its_reason() -> None:
    noise = Record(np.random.default_rng(0).normal(0, 0.2, (12, 5000)), 500.0, LEADS)
    found = measured(noise)
    assert found.reasons.keys() == found.values.keys()
    table = measure([noise, draw(regular(70))])
    assert table.attrs["reasons"] == [found.reasons, {}]


def test_p_waves_of_some_beats_in_an_irregular_rhythm_are_unknown() -> None:
    rr = 800 + np.tile([-180.0, 140.0, 30.0, -90.0, 200.0], 4)[:12]
    some = np.array([1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0], bool)
    wave, qrs, t = Wave(-200, -150, -100), Wave(-45, 0, 45), Wave(150, 250, 330)
    shape = np.zeros((8, 10))
    found = AtrialWave(some, wave, shape, np.linspace(-300, -60, 10))
    assert "irregular" in of_p(found, qrs, t, rr, False)
    assert of_p(found._replace(present=np.ones(12, bool)), qrs, t, rr, False) == ""
    assert of_p(found, qrs, t, np.full(12, 800.0), False) == ""
    assert "flutter" in of_p(found._replace(suspect=True), qrs, t, np.full(12, 800.0), False)
    brief = found._replace(wave=Wave(-200, -180, -160))
    assert "less than any P wave" in of_p(brief, qrs, t, np.full(12, 800.0), False)
    long = found._replace(wave=Wave(-300, -200, -90))
    assert "more than any P wave" in of_p(long, qrs, t, np.full(12, 800.0), False)


@pytest.mark.parametrize(
    ("t", "says"),
    [
        (Wave(), "no T wave"),
        (Wave(60, 80, 120), "QTc"),
        (Wave(200, 400, 720), "QTc"),
        (Wave(100, 100, 300), "no peak"),
        (Wave(180, 300, 400), ""),
    ],
)
def test_a_t_wave_that_no_heart_has_is_none(t: Wave, says: str) -> None:
    said = of_t(Wave(-45, 0, 45), t, 900.0)
    assert (says in said) if says else said == ""


def test_a_beat_put_beside_its_qrs_moves_onto_it_and_a_t_wave_is_no_beat() -> None:
    r = regular(60)
    record = draw(r, t_mv=0.8)
    beat = median_beat(record)
    steady = record.select(("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")).resample(250)
    wrong = np.sort(np.append(np.where(np.arange(len(r)) == 4, r - 0.06, r), r[6] + 0.24))
    rr_ms = np.diff(wrong, prepend=np.nan) * 1000
    median = beat.signal[[LEADS.index(lead) for lead in steady.leads]].astype(float)
    found, intervals, main, other = looked_at_again(
        steady.signal.astype(float),
        wrong,
        rr_ms,
        np.ones(len(wrong), bool),
        median,
        beat.qrs,
        beat.t,
    )
    assert found == pytest.approx(r, abs=0.006)
    assert intervals[1:] == pytest.approx(np.full(len(r) - 1, 1000), abs=8)
    assert len(main) == len(r)
    assert not other.any()


def test_a_pacing_spike_is_not_the_qrs() -> None:
    r = regular(60)
    record = draw(r, qrs_ms=160, qt_ms=460, with_p=False)
    signal = np.array(record.signal)
    for at in r - 0.1:
        first = round(at * 500)
        signal[:, first : first + 2] += np.linspace(1.2, 2.5, 12)[:, None]
    paced, plain = measure(record.with_signal(signal)), measure(record)
    assert paced["qrs_ms"] == pytest.approx(plain["qrs_ms"], abs=12)
    assert paced["heart_rate_bpm"] == pytest.approx(60, abs=1)
    assert paced["qt_ms"] == pytest.approx(plain["qt_ms"], abs=20)


def test_a_paced_qrs_begins_where_its_spike_is_over() -> None:
    r = regular(60)
    spikes = [Fault("spike", lead, s - 0.08, s - 0.07) for s in r for lead in ("I", "II", "V1")]
    found = Wave(-95, 0, 80)
    assert after_spike(found, r, spikes).onset_ms == pytest.approx(-70)
    assert after_spike(found, r, spikes[:6]) == found  # two beats of nine
    assert after_spike(found, r, [one for one in spikes if one.lead == "I"]) == found
    assert after_spike(Wave(-40, 0, 80), r, spikes) == Wave(-40, 0, 80)
    assert after_spike(found, r, []) == found


def test_a_disagreement_with_the_device_is_said() -> None:
    meta = {"device_measurements": {"qrs_ms": 196.0, "qt_ms": 400.0, "qrs_axis_deg": -170.0}}
    ours = {"qrs_ms": 98.0, "qt_ms": math.nan, "qrs_axis_deg": 178.0}
    said = disagreements(ours, meta)
    assert said == {"qrs_ms": "QRS duration: ours 98, the device's 196 ms"}
    assert disagreements(ours, {}) == {}
