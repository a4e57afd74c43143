"""Waves of the median beat where they were drawn."""

from __future__ import annotations

import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.ecg import LEADS, Record
from cofe_widgets.errors import EcgError
from cofe_widgets.signals import median_beat

from .hearts import draw, regular


def test_it_is_a_public_name() -> None:
    assert cw.median_beat is median_beat and "median_beat" in cw.__all__


def test_bounds_and_peaks_of_the_waves() -> None:
    beat = median_beat(draw(regular(66), pr_ms=170, qrs_ms=100, qt_ms=390))
    # QRS from -50 to 50, P from -220 to -120, T from 140 to 340; a rounded foot is found late.
    assert beat.qrs.onset_ms == pytest.approx(-50, abs=10)
    assert beat.qrs.offset_ms == pytest.approx(50, abs=10)
    assert beat.p.onset_ms == pytest.approx(-220, abs=14)
    assert beat.p.peak_ms == pytest.approx(-170, abs=5)
    assert beat.p.offset_ms == pytest.approx(-120, abs=14)
    assert beat.t.onset_ms == pytest.approx(140, abs=20)
    assert beat.t.peak_ms == pytest.approx(240, abs=5)
    assert beat.t.offset_ms == pytest.approx(340, abs=20)


def test_the_beat_is_what_the_record_repeats() -> None:
    record = draw(regular(60), noise_mv=0.0)
    beat = median_beat(record)
    assert beat.signal.shape == (12, len(beat.time_ms))
    assert (beat.leads, beat.fs) == (LEADS, 500)
    np.testing.assert_allclose(beat["II"][beat.time_ms == 0], 1.0, atol=0.05)
    np.testing.assert_allclose(beat["III"], beat["II"] - beat["I"], atol=1e-5)
    quiet = (beat.time_ms > 400) & (beat.time_ms < 600)
    assert np.abs(beat.signal[:, quiet]).max() < 0.02


def test_ectopic_beats_are_not_in_the_median() -> None:
    times = regular(70)
    normal = draw(times)
    wide = draw(times, qrs_ms=190, r_mv=-2.0, t_mv=-0.6, with_p=False)
    ectopic = np.zeros(len(times), bool)
    ectopic[[3, 7]] = True
    signal = normal.signal.copy()
    for r in times[ectopic]:
        span = slice(round((r - 0.3) * 500), round((r + 0.45) * 500))
        signal[:, span] = wide.signal[:, span]
    beat, clean = median_beat(normal.with_signal(signal)), median_beat(normal)
    inside = np.isin(np.round(beat.r_peaks_s, 1), np.round(times[ectopic], 1))
    assert inside.sum() == 2
    assert not beat.is_main[inside].any()
    near = np.abs(beat.time_ms) < 300
    np.testing.assert_allclose(beat.signal[:, near], clean.signal[:, near], atol=0.03)
    assert beat.qrs.offset_ms - beat.qrs.onset_ms == pytest.approx(
        clean.qrs.offset_ms - clean.qrs.onset_ms, abs=4
    )


def test_p_waves_are_found_beat_by_beat() -> None:
    times = regular(70)
    with_p = np.ones(len(times), bool)
    with_p[[2, 3, 8]] = False
    beat = median_beat(draw(times, with_p=with_p))
    judged = beat.r_peaks_s[-len(beat.has_p) :]
    np.testing.assert_allclose(judged, times[-len(judged) :], atol=0.005)
    np.testing.assert_array_equal(beat.has_p, with_p[-len(judged) :])


def test_fiducials_are_a_table_of_the_waves_present() -> None:
    table = median_beat(draw(regular(70))).fiducials
    columns = ["beat", "lead", "wave", "onset_ms", "peak_ms", "offset_ms"]
    assert list(table.columns) == columns
    assert list(table["wave"].unique()) == ["P", "QRS", "T"]
    assert len(table) == 36
    assert (table["onset_ms"] <= table["peak_ms"]).all()
    assert (table["peak_ms"] <= table["offset_ms"]).all()
    assert "P" not in set(median_beat(draw(regular(70), with_p=False)).fiducials["wave"])


def test_a_lead_that_cannot_be_used_is_nan_and_spoils_no_other() -> None:
    record = draw(regular(70))
    whole = median_beat(record)
    signal = record.signal.copy()
    signal[7] = 0.0
    signal[9] = np.clip(signal[9], -0.5, 0.5)
    signal[11] = np.random.default_rng(0).normal(0, 1, record.samples)
    beat = median_beat(record.with_signal(signal))
    lost = [name for name in LEADS if np.isnan(beat[name]).all()]
    assert lost == ["V2", "V4", "V6"]
    kept = [row for row, name in enumerate(LEADS) if name not in lost]
    np.testing.assert_allclose(beat.signal[kept], whole.signal[kept], atol=0.03)
    assert beat.qrs.onset_ms == pytest.approx(whole.qrs.onset_ms, abs=6)
    assert beat.p.onset_ms == pytest.approx(whole.p.onset_ms, abs=8)


def test_noise_flat_and_too_short_or_coarse_records_are_refused_in_words() -> None:
    rng = np.random.default_rng(0)
    noise = Record(rng.normal(0, 0.2, (12, 5000)).astype(np.float32), 500.0)
    with pytest.raises(EcgError, match="found 0 beats"):
        median_beat(noise)
    mains = 0.3 * np.sin(2 * np.pi * 50 * np.arange(5000) / 500).astype(np.float32)
    with pytest.raises(EcgError, match="found 0 beats"):
        median_beat(Record(np.tile(mains, (12, 1)), 500.0))
    one = np.zeros((1, 5000), np.float32)
    one[0, 1500:1530] = 1.0
    with pytest.raises(EcgError, match="at least 2 beats"):
        median_beat(Record(one, 500.0, ("II",)))
    with pytest.raises(EcgError, match="at least 2 s"):
        median_beat(draw(regular(70)).crop(0, 1))
    with pytest.raises(EcgError, match="50 samples a second"):
        median_beat(draw(regular(70), fs=50))
