"""Long records: in windows what they are whole, counted once at the seams, bounded, honest in gaps."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.ecg import Record
from cofe_widgets.signals import long_beat, median_beat
from cofe_widgets.signals.rpeaks import beats_of, find_beats, qrs_band, working_leads
from cofe_widgets.signals.windows import LONG_S, spans, windows


@lru_cache
def stretch(condition: str, seconds: float, seed: int = 5) -> np.ndarray:
    """Lead II, 250 Hz."""
    one = cw.simulate(condition, seed=seed, fs=250, seconds=seconds)[0].record["II"]
    return np.asarray(one)


def lead(*parts: np.ndarray) -> Record:
    return Record(np.concatenate(parts)[None], 250, ("II",))


def with_gap(record: Record, start_s: float, end_s: float) -> Record:
    signal = record.signal.copy()
    signal[:, round(start_s * record.fs) : round(end_s * record.fs)] = np.nan
    return Record(signal, record.fs, record.leads)


SINUS = lambda: lead(stretch("NSR", 700))  # noqa: E731


# -- windows ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [2.0, 300.0, 300.1, 1234.5, 86400.0])
def test_windows_tile_the_record_and_are_not_long_themselves(seconds):
    record = Record(np.random.default_rng(0).normal(0, 0.1, (1, round(20 * seconds))), 20, ("II",))
    found = spans(record)
    assert found[0].first == 0 and found[-1].last == record.samples
    assert all(a.last == b.first for a, b in pairwise(found))
    assert max(one.stop - one.start for one in found) <= LONG_S * record.fs
    assert all(one.start <= one.first < one.last <= one.stop for one in found)


def test_a_window_is_screened_as_a_part_of_its_record():
    record = with_gap(SINUS(), 300, 310)
    parts = list(windows(record, spans(record)))
    assert sum(part.record.mask.sum() for part in parts) >= 2500
    for part in parts:
        dead = vars(part.record)["_screened"][0]
        assert [
            (f.start_s + part.start_s, f.end_s + part.start_s) for f in dead if f.kind == "gap"
        ] == [
            pytest.approx((max(300, part.start_s), min(310, part.start_s + part.record.duration_s)))
            for _ in range(part.start_s < 310 and part.start_s + part.record.duration_s > 300)
        ]


def test_beats_are_those_of_the_whole_each_counted_once():
    record = SINUS()
    whole = find_beats(*qrs_band(working_leads(record).signal)).r_peaks_s
    found = cw.r_peaks(record)
    assert len(found) == len(whole)
    np.testing.assert_allclose(found, whole, atol=0.004)


def test_no_interval_is_counted_across_a_gap_at_a_seam_and_all_others_are():
    record = SINUS()
    seam = spans(record)[0].last / record.fs
    found = beats_of(with_gap(record, seam - 12, seam + 12))
    assert np.isnan(found.rr_ms).sum() == 2  # before the first beat, and across the gap
    assert np.nanmax(found.rr_ms) < 1.5 * np.nanmedian(found.rr_ms)
    assert not ((found.r_peaks_s > seam - 12) & (found.r_peaks_s < seam + 12)).any()


def test_a_pause_at_a_seam_is_a_pause_not_a_gap():
    record = SINUS()
    seam = spans(record)[0].last / record.fs
    signal, rng = record.signal.copy(), np.random.default_rng(0)
    part = slice(round((seam - 5) * 250), round((seam + 5) * 250))
    signal[:, part] = rng.normal(0, 0.02, signal[:, part].shape)
    found = beats_of(Record(signal, 250, ("II",)))
    assert np.isnan(found.rr_ms).sum() == 1
    assert 9000 < np.nanmax(found.rr_ms) < 12000


# -- measuring ----------------------------------------------------------------------------------


def test_a_long_record_measures_what_a_part_of_it_does():
    record = SINUS()
    whole, part = cw.measure(record), cw.measure(record.crop(100, 200))
    for name, within in (("heart_rate_bpm", 1), ("qrs_ms", 4), ("pr_ms", 6), ("qt_ms", 8)):
        assert whole[name] == pytest.approx(part[name], abs=within), name
    assert whole["p_presence"] > 0.97


def test_of_a_record_that_fibrillates_half_the_time_half_the_beats_have_a_p_wave():
    record = lead(stretch("AF", 420), stretch("NSR", 420))
    beat, values = median_beat(record), cw.measure(record)
    assert values["p_presence"] == pytest.approx(0.5, abs=0.15)
    sinus = cw.measure(lead(stretch("NSR", 420)).crop(60, 160))
    assert values["pr_ms"] == pytest.approx(sinus["pr_ms"], abs=10)
    assert len(beat.is_main) == len(beat.r_peaks_s) == len(beat.rr_ms)
    assert beat.is_main.mean() > 0.95


def test_extrasystoles_are_counted_over_all_of_a_long_record():
    one = cw.simulate("PVC", seed=9, fs=250, seconds=400)[0]
    record = one.record.select(["I", "II", "V2", "V5"])
    ectopic = sum(label == "V" for label in one.truth.beat_labels)
    beat = median_beat(record)
    assert ectopic > 10
    assert beat.n_other == pytest.approx(ectopic, abs=0.2 * ectopic)


def test_a_minute_of_noise_and_a_lost_electrode_cost_only_themselves():
    noise = np.random.default_rng(0).normal(0, 0.6, 250 * 60).astype(np.float32)
    record = lead(
        stretch("NSR", 420), noise, np.full(250 * 120, np.nan, np.float32), stretch("NSR", 420)
    )
    found, clear = cw.measure(record), cw.measure(lead(stretch("NSR", 420)))
    for name in ("qrs_ms", "pr_ms", "qt_ms"):
        assert found[name] == pytest.approx(clear[name], abs=6), name


def test_a_day_of_noise_says_why_there_is_nothing():
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 250 * 400))
    values = cw.measure(Record(noise, 250, ("II",)))
    assert np.isnan(values["qrs_ms"]) and np.isnan(values["p_presence"])


def test_of_a_day_no_more_is_measured_than_one_minute_in_ten():
    record = Record(np.random.default_rng(0).normal(0, 0.1, (1, 20 * 86400)), 20, ("II",))
    chosen = long_beat._chosen(record)
    assert len(chosen) == long_beat.MOST_WINDOWS
    steps = np.diff([one.first for one in chosen]) / record.fs
    assert steps.min() >= 540 and steps.max() <= 660


# -- delineating --------------------------------------------------------------------------------


def test_waves_of_a_long_record_are_those_of_its_parts():
    record = lead(stretch("NSR", 330))
    whole, part = cw.delineate(record), cw.delineate(record.crop(140, 200))
    assert whole.soft is None and part.soft is not None
    theirs = part.fiducials.copy()
    theirs[["onset_ms", "peak_ms", "offset_ms"]] += 140_000
    for wave in ("P", "QRS", "T"):
        ours = whole.fiducials[whole.fiducials["wave"] == wave]
        some = theirs[(theirs["wave"] == wave) & theirs["peak_ms"].between(145_000, 195_000)]
        near = np.abs(some["peak_ms"].to_numpy()[:, None] - ours["peak_ms"].to_numpy()).min(axis=1)
        assert np.mean(near < 12) > 0.97 and len(some) > 40
    qrs = whole.fiducials[whole.fiducials["wave"] == "QRS"]
    assert qrs["beat"].is_unique and (np.diff(whole.r_peaks_s) > 0.2).all()
    apart = np.abs(whole.r_peaks_s[qrs["beat"]] * 1000 - qrs["peak_ms"])
    assert apart.max() < 100
    assert len(qrs) == pytest.approx(len(whole.r_peaks_s), abs=2)
    assert len(whole.r_peaks_s) == pytest.approx(len(cw.r_peaks(record)), abs=1)


def test_steps_of_a_long_record_rise_to_the_end():
    steps = list(cw.delineate.steps(lead(stretch("NSR", 700)[: 250 * 650])))
    shares = [step.fraction for step in steps]
    assert shares == sorted(shares) and len(shares) > 2
    assert len(steps[-1].result) == 1
