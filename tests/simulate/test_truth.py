"""The truth agrees with itself, with the signal, and with simple hearts computed by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cofe_widgets import LEADS, simulate
from cofe_widgets.simulate import CONDITIONS, draw
from cofe_widgets.simulate.beat import Beat, axis_deg
from cofe_widgets.simulate.heart import KERNELS, QRS_SD, Hearts, Q, R, S, T
from cofe_widgets.simulate.truth import Truth
from cofe_widgets.vocabulary.segments import POINTS, SEGMENTS


def by_hand(**kernels: tuple[float, float, tuple[float, float, float]]) -> Hearts:
    """One heart of a few kernels: name -> centre (s), width (s), what I, II and V1..V6 see (mV)."""
    vectors = np.zeros((1, len(KERNELS), 3), np.float32)
    mu, width = (np.full((1, len(KERNELS)), value, np.float32) for value in (0.0, 0.01))
    for name, (centre, sd, dipole) in kernels.items():
        k = KERNELS.index(name)
        mu[0, k], width[0, k], vectors[0, k] = centre, sd, dipole
    matrix = np.zeros((1, 8, 3), np.float32)
    matrix[0, 0, 0] = matrix[0, 1, 1] = matrix[0, 2, 2] = 1.0  # x is lead I, y II, z V1
    beyond = np.zeros((1, 8, len(KERNELS)), np.float32)
    return Hearts(vectors, mu, width, width.copy(), beyond, matrix, np.array([0.4], np.float32))


def test_deflections_of_a_qrs_computed_by_hand():
    heart = by_hand(
        Q=(-0.040, 0.004, (-0.2, 0.0, -0.8)),
        R=(0.000, 0.004, (1.0, 0.5, 0.0)),
        S=(0.040, 0.004, (-0.3, 0.0, 0.0)),
    )
    table = Beat(heart, np.array([0.3])).lead_measurements()
    one, two, v1 = table.loc["I"], table.loc["II"], table.loc["V1"]
    assert one.q_amplitude_mv == pytest.approx(-0.2, abs=1e-3)
    assert one.r_amplitude_mv == pytest.approx(1.0, abs=1e-3)
    assert one.s_amplitude_mv == pytest.approx(-0.3, abs=1e-3)
    assert one.rs_ratio == pytest.approx(1 / 0.3, rel=1e-2)
    # From 12 ms before the first centre to 12 ms after the last: 24 + 80 ms.
    assert one.qrs_ms == pytest.approx(2 * QRS_SD * 4 + 80, abs=1)
    assert np.isnan(two.q_amplitude_mv) and np.isnan(two.s_amplitude_mv)
    assert two.qrs_ms == pytest.approx(2 * QRS_SD * 4, abs=1)
    assert v1.q_amplitude_mv == pytest.approx(-0.8, abs=1e-3)  # a QS complex is a Q
    assert np.isnan(v1.r_amplitude_mv) and np.isnan(v1.s_amplitude_mv)


def test_an_rsr_has_an_s_and_no_q():
    heart = by_hand(
        Q=(-0.030, 0.005, (0.0, 0.0, 0.3)),
        R=(0.000, 0.005, (0.0, 0.0, -0.5)),
        late=(0.040, 0.008, (0.0, 0.0, 0.9)),
    )
    v1 = Beat(heart, np.array([0.3])).lead_measurements().loc["V1"]
    assert np.isnan(v1.q_amplitude_mv)
    assert v1.r_amplitude_mv == pytest.approx(0.9, abs=1e-3)
    assert v1.s_amplitude_mv == pytest.approx(-0.5, abs=1e-3)


def test_intervals_and_indices_by_hand():
    heart = by_hand(R=(0.0, 0.010, (1.2, 0.9, -1.5)), T=(0.0, 0.030, (0.3, 0.2, 0.0)))
    values = Beat(heart, np.array([0.30])).measurements(rr_mean_ms=640.0)
    assert values["qrs_ms"] == pytest.approx(60, abs=0.1)
    assert values["qt_ms"] == pytest.approx(1000 * (0.30 + 2.4 * 0.030 + 0.030), abs=0.1)
    assert values["qtc_bazett_ms"] == pytest.approx(values["qt_ms"] / 0.8, rel=1e-6)
    assert values["qtc_fridericia_ms"] == pytest.approx(values["qt_ms"] / 0.64 ** (1 / 3), rel=1e-6)
    assert values["qtc_framingham_ms"] == pytest.approx(values["qt_ms"] + 154 * 0.36, rel=1e-6)
    assert values["sokolow_lyon_mv"] == pytest.approx(1.5, abs=1e-3)  # V5 and V6 see nothing
    # I 1.2, II 0.9: III = -0.3, so Lewis is (1.2 + 0.3) - (0 + 0); aVL = 1.2 - 0.45.
    assert values["lewis_mv"] == pytest.approx(1.5, abs=2e-3)
    assert values["cornell_mv"] == pytest.approx(0.75, abs=2e-3)
    # aVF = 0.9 - 0.6 = 0.3.
    assert values["qrs_axis_deg"] == pytest.approx(
        np.degrees(np.arctan2(0.3 * 2 / np.sqrt(3), 1.2)), abs=0.1
    )
    assert axis_deg(np.eye(12)[[LEADS.index("aVF")]].T) == pytest.approx(90)


def test_a_missing_t_wave_has_no_numbers():
    heart = by_hand(R=(0.0, 0.010, (1.0, 1.0, 1.0)))
    values = Beat(heart, np.array([0.30])).measurements(800.0)
    assert all(np.isnan(values[name]) for name in ("qt_ms", "t_amplitude_mv", "t_axis_deg"))
    assert values["qrs_ms"] == pytest.approx(60, abs=0.1)


@settings(deadline=None, max_examples=25)
@given(
    st.sampled_from(sorted(CONDITIONS)),
    st.integers(0, 10_000),
    st.sampled_from([100.0, 250.0, 257.0, 500.0, 1000.0]),
    st.floats(2.0, 30.0),
)
def test_any_rate_and_length(condition, seed, fs, seconds):
    batch = draw([condition], seed, fs=fs, seconds=seconds)
    samples = round(seconds * fs)
    assert batch.signals.shape == (1, 8, samples) and np.isfinite(batch.signals).all()
    labels = batch.segments()
    assert labels.shape == (1, 12, samples) and (labels >= 0).all() and (labels < 24).all()
    points = batch.points_s[0]
    latest = np.fmax.accumulate(points, axis=2)
    present = np.isfinite(points)
    assert np.array_equal(latest[present], points[present])  # in the order of the beat
    r = batch.rhythms.r_s[0]
    assert (np.diff(r) > 0.2).all() and r[0] < 0 and r[-1] > seconds
    truth = Truth(batch, 0)
    assert len(truth.beat_labels) == len(truth.r_peaks_s)
    assert truth.segments.shape == (samples,)


def test_segments_and_fiducials_say_the_same():
    one = simulate("RBBB", n=2, seed=8, noise=0.0)[1]
    table, fs = one.truth.fiducials, one.record.fs
    for lead in ("II", "V1"):
        labels = one.truth.lead_segments[LEADS.index(lead)]
        rows = table[(table.lead == lead)]
        for wave, column, name in (
            ("P", "onset_ms", "P onset"),
            ("P", "offset_ms", "P offset"),
            ("QRS", "onset_ms", "QRS onset"),
            ("R", "peak_ms", "R peak"),
            ("QRS", "offset_ms", "QRS offset"),
            ("L", "peak_ms", "L point"),
            ("T", "peak_ms", "T peak"),
        ):
            for at in rows[rows.wave == wave][column]:
                k = round(at / 1000 * fs)
                if 0 <= k < len(labels):
                    assert name in {SEGMENTS[i] for i in labels[max(0, k - 1) : k + 2]}
    assert set(POINTS) >= {"R peak", "L point"}


def test_peaks_lie_on_the_signal():
    one = simulate("NSR", n=1, seed=9, noise=0.0, fs=1000.0)[0]
    table = one.truth.fiducials
    for lead in ("I", "II", "V2", "V5"):
        peaks = table[(table.lead == lead) & (table.wave == "R")].peak_ms.to_numpy()
        signal = one.record[lead]
        for at in peaks[(peaks > 100) & (peaks < 9900)]:
            near = signal[int(at) - 8 : int(at) + 9]
            assert abs(int(near.argmax()) - 8) <= 2


def test_twins_take_other_severities_and_potassium():
    one = simulate("HYPERK", n=3, seed=5, potassium=8.5)[1]
    assert one.record.meta["potassium_mmol_l"] == 8.5
    well = one.twin()
    assert 3.6 <= well.record.meta["potassium_mmol_l"] <= 5.0
    assert well.truth.measurements["t_amplitude_mv"] < one.truth.measurements["t_amplitude_mv"]
    mild, severe = (one.twin("LBBB", severity=s).truth.measurements["qrs_ms"] for s in (0.3, 1.0))
    assert well.truth.measurements["qrs_ms"] < mild < severe
    assert np.array_equal(one.twin("HYPERK", potassium=8.5).record.signal, one.record.signal)


def test_a_twin_keeps_p_waves_and_qrs_onsets_in_place():
    ill = simulate("LBBB", n=2, seed=6)[1]
    tables = [x.truth.fiducials for x in (ill, ill.twin())]
    for wave in ("P", "QRS"):
        onsets = [
            t[(t.wave == wave) & (t.beat == 4)].groupby("beat").onset_ms.min() for t in tables
        ]
        assert onsets[0].to_numpy() == pytest.approx(onsets[1].to_numpy(), abs=2)


def test_hearts_are_values():
    hearts = draw(["NSR"] * 3, 0).hearts
    assert np.array_equal(hearts.take(np.array([2])).mu[0], hearts.mu[2])
    wider = replace(hearts, rise=2 * hearts.rise)
    assert (wider.qrs_onset_s < hearts.qrs_onset_s).all()
    assert {Q, R, S, T} == {KERNELS.index(k) for k in "QRST"}
