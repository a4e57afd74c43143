import numpy as np
import pytest

from cofe_widgets import simulate

CLEAN = {"noise": 0.0}


def noise(seed: int = 3, **levels: float) -> np.ndarray:
    """What a kind of noise adds, (12, samples), mV."""
    noisy, clean = (
        simulate("NSR", n=2, seed=seed, noise=level)[1].record.signal for level in (levels, 0.0)
    )
    return noisy - clean


def power(signal: np.ndarray, low: float, high: float) -> float:
    spectrum = np.abs(np.fft.rfft(signal, axis=1)) ** 2
    hz = np.fft.rfftfreq(signal.shape[1], 1 / 500)
    return float(spectrum[:, (hz >= low) & (hz < high)].sum() / spectrum[:, 1:].sum())


def test_each_kind_lives_in_its_band_and_grows_with_its_level():
    assert power(noise(wander=1.0), 0, 1.0) > 0.95
    assert power(noise(mains=2.0), 49, 61) > 0.95
    assert power(noise(emg=1.0), 10, 250) > 0.8
    for kind in ("wander", "emg", "motion"):
        small, large = noise(**{kind: 1.0}), noise(**{kind: 3.0})
        assert np.allclose(large, 3 * small, atol=1e-4)


def test_motion_is_a_jump_that_decays():
    moved = np.abs(noise(motion=1.0))
    assert 0.1 < moved.max() < 1.2
    assert np.median(moved.max(axis=0)) < 0.2 * moved.max()


@pytest.mark.parametrize(
    ("pair", "shown"),
    [
        ("RA-LA", {"I": ("I", -1), "II": ("III", 1), "aVR": ("aVL", 1), "aVF": ("aVF", 1)}),
        ("RA-LL", {"I": ("III", -1), "II": ("II", -1), "aVR": ("aVF", 1), "aVL": ("aVL", 1)}),
        ("LA-LL", {"I": ("II", 1), "II": ("I", 1), "aVL": ("aVF", 1), "aVR": ("aVR", 1)}),
        ("V1-V3", {"V1": ("V3", 1), "V3": ("V1", 1), "V2": ("V2", 1), "I": ("I", 1)}),
    ],
)
def test_swapped_electrodes_show_each_others_leads(pair, shown):
    right, wrong = (
        simulate("NSR", seed=4, noise=level)[0].record for level in (0.0, {"reversal": pair})
    )
    for lead, (true, sign) in shown.items():
        assert np.allclose(wrong[lead], sign * right[true], atol=1e-5), lead
    assert np.allclose(wrong["I"] + wrong["III"], wrong["II"], atol=1e-6)


def test_a_small_amplifier_clips():
    clipped = simulate("NSR", seed=4, noise={"clipping_mv": 0.5})[0].record
    assert np.abs(clipped["V4"]).max() == pytest.approx(0.5)
