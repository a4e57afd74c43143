"""What is wrong with a signal: found where it was put, and not where nothing was."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import cofe_widgets as cw
from cofe_widgets.ecg import LEADS, LIMB_LEADS, Record, limb_matrix
from cofe_widgets.errors import EcgError
from cofe_widgets.signals.quality import Fault, screened, sentences, with_warnings
from cofe_widgets.simulate import Simulated, simulate

FS = 250


@pytest.fixture(scope="module")
def heart() -> Simulated:
    """Sinus rhythm, 12 beats."""
    return simulate("NSR", 1, seed=3, fs=FS)[0]


def faulty(heart: Simulated, **changes: tuple[slice, float]) -> Record:
    """The recording with a lead set to a value in a stretch; limb leads follow from I and II."""
    signal = heart.record.signal.astype(float)
    for lead, (where, value) in changes.items():
        signal[LEADS.index(lead), where] = value
    signal[:6] = limb_matrix(LIMB_LEADS).astype(float) @ signal[:2]
    return Record(np.round(signal, 3), FS)


def kinds(record: Record) -> set[tuple[str, str]]:
    """Kind and lead of every fault."""
    return {(fault.kind, fault.lead) for fault in screened(record).faults}


# -- nothing wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize("condition", ["NSR", "AF", "LBBB", "PVC", "AFL", "SB", "HYPERK"])
def test_clean_hearts_have_no_faults_and_are_measured_as_they_are(condition: str) -> None:
    for one in simulate(condition, 3, seed=8):
        assert screened(one.record).faults == (), condition
        assert screened(one.record).clean is one.record
        assert cw.quality(one.record).ok


def test_a_heart_without_any_noise_stands_still_between_beats_and_is_no_fault() -> None:
    for condition in ("NSR", "SB"):
        assert cw.quality(simulate(condition, 1, seed=2, noise=0)[0].record).ok


# -- dead stretches ------------------------------------------------------------------------------


def test_chest_leads_that_are_off_have_no_vote(heart: Simulated) -> None:
    off = {lead: (slice(0, 6 * FS), 0.0) for lead in LEADS[6:]}
    record = faulty(heart, **off)
    found = cw.measure(record)
    clean = cw.measure(heart.record)
    assert len(cw.r_peaks(record)) == len(cw.r_peaks(heart.record)) == 12
    assert found["heart_rate_bpm"] == pytest.approx(clean["heart_rate_bpm"], abs=1)
    assert kinds(record) == {("flat", lead) for lead in LEADS[6:]}
    assert cw.quality(record).warnings == ("V1-V6: a flat line from 0.0 to 6.0 s",)


@pytest.mark.parametrize(("start", "seconds"), [(4.0, 2.0), (3.0, 0.9), (0.0, 3.0), (7.2, 2.8)])
def test_no_interval_is_counted_across_what_nobody_saw(
    heart: Simulated, start: float, seconds: float
) -> None:
    where = slice(round(start * FS), round((start + seconds) * FS))
    record = faulty(heart, **dict.fromkeys(("I", "II", *LEADS[6:]), (where, 0.0)))
    found, clean = cw.measure(record), cw.measure(heart.record)
    assert found["heart_rate_bpm"] == pytest.approx(clean["heart_rate_bpm"], abs=1.5)
    assert found["rr_sd_ms"] == pytest.approx(clean["rr_sd_ms"], abs=6)
    assert found["p_presence"] == 1.0
    peaks = cw.r_peaks(record)
    assert not ((peaks > start) & (peaks < start + seconds)).any()


def test_a_gap_of_nan_is_treated_as_a_flat_one(heart: Simulated) -> None:
    signal = heart.record.signal.copy()
    signal[:, 4 * FS : 6 * FS] = np.nan
    found = cw.measure(Record(signal, FS))
    clean = cw.measure(heart.record)
    assert found["rr_sd_ms"] == pytest.approx(clean["rr_sd_ms"], abs=6)
    assert found["qrs_ms"] == pytest.approx(clean["qrs_ms"], abs=6)


def test_where_too_little_is_left_nothing_is_measured_and_it_says_why(heart: Simulated) -> None:
    signal = heart.record.signal.copy()
    signal[:, round(1.2 * FS) :] = np.nan
    signal[:, -1] = 0.0
    found = cw.signals.measured(Record(signal, FS))
    assert all(np.isnan(value) for value in found.values.values())
    assert found.reasons.keys() == found.values.keys()


def test_a_lead_at_the_amplifiers_limit_and_one_that_lost_its_contact(heart: Simulated) -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, 5 * FS)
    signal = faulty(heart, V2=(slice(500, 1000), 5.0)).signal.copy()
    signal[LEADS.index("V5"), 3 * FS : 8 * FS] = noise
    record = Record(signal, FS)
    assert {("saturated", "V2"), ("silent", "V5")} <= kinds(record)
    assert {lead for _, lead in kinds(record)} == {"V2", "V5"}
    (silent,) = [fault for fault in screened(record).faults if fault.kind == "silent"]
    assert silent.start_s == pytest.approx(3, abs=0.7) and silent.end_s == pytest.approx(8, abs=0.7)
    same = cw.measure(heart.record)
    assert cw.measure(record)["qrs_ms"] == pytest.approx(same["qrs_ms"], abs=8)


def test_an_artefact_taller_than_any_beat_is_dead(heart: Simulated) -> None:
    signal = heart.record.signal.copy()
    burst = 9 * np.sin(2 * np.pi * 12 * np.arange(FS) / FS)
    signal[LEADS.index("V1"), 2 * FS : 3 * FS] += burst.astype(np.float32)
    record = Record(signal, FS)
    assert kinds(record) == {("artefact", "V1")}
    assert len(cw.r_peaks(record)) == 12


# -- spikes, hum, jumps, drift -------------------------------------------------------------------


@pytest.mark.parametrize("fs", [FS, 500])
def test_spikes_are_bridged_and_p_waves_are_seen_behind_them(fs: int) -> None:
    heart = simulate("NSR", 1, seed=3, fs=fs)[0]
    rng, signal = np.random.default_rng(1), heart.record.signal.copy()
    for row in range(12):
        for at in rng.integers(fs, 9 * fs, 3):
            signal[row, at : at + fs // 250] += rng.choice([-2.0, 2.0])
    found, clean = cw.measure(Record(signal, fs)), cw.measure(heart.record)
    assert found["p_presence"] == clean["p_presence"] == 1.0
    assert found["qt_ms"] == pytest.approx(clean["qt_ms"], abs=8)
    assert {kind for kind, _ in kinds(Record(signal, fs))} == {"spike"}


def test_spikes_that_pace_are_no_part_of_the_qrs() -> None:
    heart = simulate("LBBB", 1, seed=5)[0]
    signal = heart.record.signal.copy()
    for r in heart.truth.r_peaks_s:
        at = round((float(r) - 0.09) * 500)
        signal[:, at : at + 1] += 2.0
    found = screened(Record(signal, 500))
    spikes = {round(fault.start_s, 1) for fault in found.faults if fault.kind == "spike"}
    assert len(spikes) >= len(heart.truth.r_peaks_s) - 2
    assert np.abs(found.clean.signal - heart.record.signal).max() < 0.2


@pytest.mark.parametrize(("hz", "size"), [(60.0, 0.5), (50.0, 0.2), (49.7, 0.1), (60.2, 0.05)])
def test_hum_is_measured_and_taken_out(heart: Simulated, hz: float, size: float) -> None:
    time = np.arange(10 * FS) / FS
    wave = size * (1 + 0.2 * np.sin(time)) * np.sin(2 * np.pi * hz * time + 1)
    record = Record(heart.record.signal + wave, FS)
    found = cw.quality(record).of("hum")
    assert len(found) == 12 and found["size"].median() == pytest.approx(size, rel=0.1)
    assert found["detail"].iloc[0].startswith(f"{hz:.1f}".rstrip("0").rstrip("."))
    left = cw.quality(record).clean.signal - heart.record.signal
    assert np.abs(left).max() < 0.02 + 0.1 * size
    clean, now = cw.measure(heart.record), cw.measure(record)
    assert now["qt_ms"] == pytest.approx(clean["qt_ms"], abs=10)
    assert now["qrs_ms"] == pytest.approx(clean["qrs_ms"], abs=6)


def test_hum_is_left_in_on_request(heart: Simulated) -> None:
    time = np.arange(10 * FS) / FS
    record = Record(heart.record.signal + 0.5 * np.sin(2 * np.pi * 60 * time), FS)
    assert cw.measure(record, clean=False) != cw.measure(record)
    np.testing.assert_equal(cw.measure(heart.record, clean=False), cw.measure(heart.record))


def test_a_jump_of_the_baseline_is_levelled_and_a_drift_is_told(heart: Simulated) -> None:
    signal = heart.record.signal.copy()
    signal[LEADS.index("V3"), 1100:] += 5.0
    record = Record(signal, FS)
    (step,) = [fault for fault in screened(record).faults if fault.kind == "step"]
    assert (step.lead, step.start_s) == ("V3", pytest.approx(4.4, abs=0.05))
    assert step.size == pytest.approx(5, abs=0.5)
    clean = cw.measure(heart.record)
    assert cw.measure(record)["qt_ms"] == pytest.approx(clean["qt_ms"], abs=8)
    drifting = heart.record.signal + 6 * np.sin(np.linspace(0, 3, 2500)).astype(np.float32)
    found = cw.quality(Record(drifting, FS)).of("drift")
    assert len(found) == 12 and found["size"].median() == pytest.approx(5, abs=1)


def test_limb_electrodes_that_seem_swapped() -> None:
    for reversal, lead in (("RA-LA", "I"), ("RA-LL", "II")):
        hearts = simulate("NSR", 12, seed=2, noise={"emg": 1.0, "reversal": reversal})
        told = [("swapped", lead) in kinds(one.record) for one in hearts]
        assert np.mean(told) > 0.3, reversal
        right = simulate("NSR", 12, seed=2, noise={"emg": 1.0})
        assert not any(("swapped", lead) in kinds(one.record) for one in right)


# -- no heart at all -----------------------------------------------------------------------------


def nothing(kind: str, leads: int) -> NDArray[np.float64]:
    """Ten seconds of no heartbeat."""
    rng, time = np.random.default_rng(4), np.arange(10 * FS) / FS
    if kind == "noise":
        return rng.normal(0, 0.1, (leads, len(time)))
    if kind == "asystole":
        return 0.2 * np.sin(2 * np.pi * 0.3 * time) + rng.normal(0, 0.01, (leads, len(time)))
    out = rng.normal(0, 0.01, (leads, len(time)))
    for _ in range(3):  # fibrillating ventricles
        hz = rng.uniform(3.5, 7.5) + 0.6 * np.cumsum(rng.normal(0, 1, len(time))) / np.sqrt(FS)
        phase = 2 * np.pi * np.cumsum(hz) / FS + 0.3 * rng.uniform(0, 6, (leads, 1))
        swell = 1 + 0.6 * np.sin(2 * np.pi * rng.uniform(0.1, 0.5) * time)
        out += rng.uniform(0.1, 0.5, (leads, 1)) * swell * np.sin(phase)
    return out


@pytest.mark.parametrize("leads", [12, 1])
@pytest.mark.parametrize("kind", ["noise", "asystole", "fibrillating ventricles"])
def test_where_no_heart_beats_none_is_found(kind: str, leads: int) -> None:
    record = Record(nothing(kind, leads), FS, LEADS if leads == 12 else ("II",))
    assert len(cw.r_peaks(record)) == 0
    assert np.isnan(cw.measure(record)["heart_rate_bpm"])


def test_p_waves_alone_are_no_beats() -> None:
    time = np.arange(10 * FS) / FS
    p = sum(0.12 * np.exp(-0.5 * ((time - at) / 0.03) ** 2) for at in np.arange(0.3, 10, 0.75))
    noise = np.random.default_rng(0).normal(0, 0.008, (12, len(time)))
    assert len(cw.r_peaks(Record(np.tile(p, (12, 1)) + noise, FS))) == 0


# -- the value -----------------------------------------------------------------------------------


def test_quality_is_a_value(heart: Simulated, tmp_path) -> None:  # type: ignore[no-untyped-def]
    record = faulty(heart, V1=(slice(0, 1000), 0.0))
    found = cw.quality(record)
    found.save(tmp_path / "quality.zip")
    same = cw.Quality.load(tmp_path / "quality.zip")
    assert same.warnings == found.warnings == ("V1: a flat line from 0.0 to 4.0 s",)
    assert repr(found) == found.warnings[0]
    np.testing.assert_array_equal(same.dead, found.dead)
    assert found.rerun().warnings == found.warnings
    with pytest.raises(EcgError, match="no kind of fault is called 'hiss': choose one of gap"):
        found.of("hiss")
    with pytest.raises(EcgError, match="takes a record, not str"):
        cw.quality("ecg.xml")  # type: ignore[arg-type]


def test_warnings_are_told_once_and_the_record_is_not_screened_twice(heart: Simulated) -> None:
    record = faulty(heart, V1=(slice(0, 1000), 0.0))
    told = with_warnings(with_warnings(record))
    assert told.meta["warnings"] == ("V1: a flat line from 0.0 to 4.0 s",)
    assert screened(told).faults == screened(record).faults
    assert with_warnings(heart.record) is heart.record


def test_many_faults_make_few_sentences() -> None:
    many = [Fault("spike", lead, t, t + 0.01, 0.5, "mV") for lead in LEADS for t in range(9)]
    assert sentences(many, LEADS) == ("all leads: 9 brief spikes of up to 0.5 mV",)
    dead = [Fault("flat", "V2", t, t + 0.5) for t in range(5)]
    assert sentences(dead, LEADS) == ("V2: a flat line, 5 times, up to 2.5 s of a lead",)


def test_beats_too_wide_for_the_band_of_the_qrs_are_found_where_they_are_regular() -> None:
    time, beats = np.arange(10 * FS) / FS, np.arange(0.6, 10, 0.95)
    one = sum(
        -2 * np.exp(-0.5 * ((time - at) / 0.055) ** 2)
        + 1.2 * np.exp(-0.5 * ((time - at - 0.3) / 0.07) ** 2)
        for at in beats
    )
    size = np.linspace(0.4, 1.2, 12)[:, None]
    noise = np.random.default_rng(0).normal(0, 0.01, (12, len(time)))
    found = cw.r_peaks(Record(size * one + noise, FS))
    assert len(found) == len(beats)
    np.testing.assert_allclose(np.diff(found), 0.95, atol=0.03)
