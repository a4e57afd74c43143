import numpy as np
import pytest

from cofe_widgets import LEADS, simulate
from cofe_widgets.simulate import CONDITIONS, draw


@pytest.fixture(scope="module")
def sinus():
    return simulate("NSR", n=20, seed=4, noise=0.0)


@pytest.fixture(scope="module")
def fibrillating():
    return simulate("AF", n=20, seed=4, noise=0.0)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_einthoven_and_goldberger_hold_with_noise(condition):
    for one in simulate(condition, n=3, seed=1):
        lead = {name: one.record[name].astype(float) for name in LEADS}
        for law in (
            lead["I"] + lead["III"] - lead["II"],
            lead["aVR"] + (lead["I"] + lead["II"]) / 2,
            lead["aVL"] - (lead["I"] - lead["III"]) / 2,
            lead["aVF"] - (lead["II"] + lead["III"]) / 2,
        ):
            assert np.abs(law).max() < 1e-6


def test_the_same_seed_gives_the_same_ecg_and_another_seed_another():
    first, again, other = (simulate("AF", n=2, seed=s)[1].record.signal for s in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_twin_is_the_same_heart_with_the_same_electrodes():
    af = simulate("AF", n=3, seed=2)[2]
    twin = af.twin("NSR")
    assert twin.condition == "NSR"
    for name in ("qrs_ms", "r_amplitude_mv"):
        # A faster heart's T wave reaches a little into its next QRS.
        true = af.truth.measurements[name]
        assert twin.truth.measurements[name] == pytest.approx(true, abs=0.02)
    assert twin.truth.measurements["p_presence"] == 1.0
    assert np.array_equal(twin.twin("AF").record.signal, af.record.signal)


def test_af_has_no_p_wave_and_an_irregular_rhythm(sinus, fibrillating):
    assert all(one.truth.measurements["p_presence"] == 0 for one in fibrillating)
    assert all(np.isnan(one.truth.measurements["p_amplitude_mv"]) for one in fibrillating)
    assert not any((one.truth.fiducials.wave == "P").any() for one in fibrillating)
    irregular = np.median([one.truth.measurements["rr_sd_ms"] for one in fibrillating])
    regular = np.median([one.truth.measurements["rr_sd_ms"] for one in sinus])
    assert irregular > 80 and regular < 50


def test_healthy_hearts_measure_within_published_normal_limits():
    sinus = simulate("NSR", n=100, seed=4, noise=0.0)
    limits = {  # 98 % limits of Rijnbeek 2014, men and women together
        "heart_rate_bpm": (50, 105),
        "pr_ms": (105, 225),
        "qrs_ms": (68, 125),
        "qtc_fridericia_ms": (350, 470),
        "p_amplitude_mv": (0.02, 0.32),
        "r_amplitude_mv": (0.2, 2.9),
    }
    for name, (low, high) in limits.items():
        values = np.array([one.truth.measurements[name] for one in sinus])
        assert ((values > low) & (values < high)).mean() >= 0.96, (name, values)


def test_the_true_r_peak_is_where_the_signal_peaks(sinus):
    one = sinus[0]
    fs, ii = one.record.fs, one.record["II"]
    table = one.truth.fiducials
    peaks = table[(table.wave == "QRS") & (table.lead == "II")].peak_ms.to_numpy() / 1000
    for t in peaks[(peaks > 0.2) & (peaks < 9.8)]:
        window = np.arange(round((t - 0.05) * fs), round((t + 0.05) * fs))
        assert abs(window[np.abs(ii[window]).argmax()] / fs - t) <= 1.5 / fs


def test_fiducials_are_ordered_and_cover_every_beat(sinus):
    table = sinus[3].truth.fiducials
    assert list(table.columns) == ["beat", "lead", "wave", "onset_ms", "peak_ms", "offset_ms"]
    spans = table[table.wave != "L"]
    assert (spans.onset_ms < spans.peak_ms).all() and (spans.peak_ms < spans.offset_ms).all()
    assert table.groupby(["beat", "lead"]).wave.apply({"P", "QRS", "L", "T"}.issubset).all()
    assert table.beat.nunique() == len(sinus[3].truth.r_peaks_s)


def test_a_t_wave_is_not_cut_off_by_an_early_next_beat():
    for one in simulate("AF", n=40, seed=8, noise=0.0):
        bends = [
            np.abs(np.diff(r.signal, 2, axis=1)).max() for r in (one.record, one.twin("NSR").record)
        ]
        assert bends[0] < 1.2 * bends[1], one.index  # its own QRS is the sharpest thing in it


def test_another_rate_is_the_same_heart():
    slow, fast = (simulate("NSR", n=1, seed=5, fs=fs, noise=0.0)[0].record for fs in (250, 500))
    assert np.abs(fast.signal[:, ::2] - slow.signal).max() < 2e-3


def test_an_unknown_condition_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="'XYZ'.*NSR, SB"):
        simulate("XYZ")
    with pytest.raises(ValueError, match="at least one"):
        simulate("NSR", n=0)


def test_variety_changes_morphology_and_not_the_beats():
    names = ["NSR"] * 8
    plain, varied = (draw(names, 3, variety=v) for v in (0.0, 1.0))
    assert np.array_equal(plain.rhythms.r_s, varied.rhythms.r_s)
    assert not np.allclose(plain.signals, varied.signals, atol=0.05)
