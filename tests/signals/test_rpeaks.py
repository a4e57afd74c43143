"""Beats found where they are, in any leads, at any rate, among artefacts."""

from __future__ import annotations

import numpy as np
import pytest

from cofe_widgets.ecg import Record
from cofe_widgets.errors import EcgError
from cofe_widgets.signals import r_peaks

from .hearts import draw, regular


def test_regular_beats_are_found_at_their_times() -> None:
    times = regular(70)
    np.testing.assert_allclose(r_peaks(draw(times)), times, atol=0.003)


def test_irregular_beats_with_a_pause_are_all_found() -> None:
    times = np.array([0.4, 0.9, 1.25, 1.95, 2.4, 4.6, 5.0, 5.9, 6.3, 6.75, 8.6, 9.1, 9.45])
    np.testing.assert_allclose(r_peaks(draw(times)), times, atol=0.003)


@pytest.mark.parametrize("fs", [100, 128, 250, 257, 400, 500, 1000])
def test_the_rate_of_the_record_does_not_matter(fs: float) -> None:
    times = regular(64)
    np.testing.assert_allclose(r_peaks(draw(times, fs=fs)), times, atol=0.003)


@pytest.mark.parametrize("leads", [["II"], ["V1"], ["aVR"], ["I", "III"], ["V2", "V5"], ["aVF"]])
def test_few_leads_and_inverted_ones_are_enough(leads: list[str]) -> None:
    times = regular(80)
    np.testing.assert_allclose(r_peaks(draw(times).select(leads)), times, atol=0.03)


@pytest.mark.parametrize("seconds", [5, 20, 60])
def test_short_and_long_records(seconds: float) -> None:
    times = regular(60, seconds)
    np.testing.assert_allclose(r_peaks(draw(times, seconds=seconds)), times, atol=0.003)


def test_gain_polarity_and_offset_do_not_matter() -> None:
    record = draw(regular(75))
    for signal in (record.signal * 0.2, record.signal * 5, -record.signal, record.signal + 3):
        np.testing.assert_allclose(r_peaks(record.with_signal(signal)), r_peaks(record), atol=0.002)


def test_a_tall_t_wave_is_no_beat() -> None:
    times = regular(65)
    np.testing.assert_allclose(r_peaks(draw(times, r_mv=0.6, t_mv=1.2)), times, atol=0.003)


def test_flat_leads_and_artefact_on_some_leads_do_not_matter() -> None:
    times = regular(72)
    record = draw(times)
    signal = record.signal.copy()
    rng = np.random.default_rng(1)
    signal[6] = 0
    signal[7] = np.clip(np.cumsum(rng.normal(0, 0.3, record.samples)), -9, 9)
    signal[10, 2000:3500] += rng.normal(0, 2.0, 1500)
    np.testing.assert_allclose(r_peaks(record.with_signal(signal)), times, atol=0.01)


def test_wander_and_mains_do_not_matter() -> None:
    times = regular(72)
    record = draw(times)
    t = np.arange(record.samples) / record.fs
    signal = record.signal + 1.5 * np.sin(2 * np.pi * 0.25 * t) + 0.1 * np.sin(2 * np.pi * 50 * t)
    np.testing.assert_allclose(r_peaks(record.with_signal(signal)), times, atol=0.006)


def test_a_list_gives_a_list() -> None:
    records = [draw(regular(60)), draw(regular(90), fs=250)]
    found = r_peaks(records)
    assert [len(one) for one in found] == [10, 15]
    np.testing.assert_array_equal(found[1], r_peaks(records[1]))


def test_a_record_without_qrs_has_no_beats() -> None:
    drift = 0.5 * np.sin(np.arange(5000) / 1500)
    assert r_peaks(Record(drift[None].astype(np.float32), 500.0, ("II",))).shape == (0,)


def test_a_record_too_short_says_so() -> None:
    with pytest.raises(EcgError, match=r"1.5 s long: at least 2 s"):
        r_peaks(draw(regular(70)).crop(0, 1.5))
