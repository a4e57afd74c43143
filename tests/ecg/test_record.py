"""The record and the algebra of its leads."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cofe_widgets.ecg import (
    INDEPENDENT_LEADS,
    LEADS,
    LIMB_LEADS,
    Record,
    expand_matrix,
    limb_matrix,
)
from cofe_widgets.errors import EcgError


def heart(fs: float = 500.0, seconds: float = 4.0, leads: int = 12) -> np.ndarray:
    """Twelve smooth leads that obey Einthoven's law, about a millivolt tall."""
    t = np.arange(round(fs * seconds)) / fs
    waves = np.sin(2 * np.pi * np.outer(np.arange(1, 9), t) * 0.7 + np.arange(8)[:, None])
    return (expand_matrix() @ (0.4 * waves)).astype(np.float32)[:leads]


# -- what a record is -----------------------------------------------------------------------------


def test_a_record_holds_float32_millivolts_that_nobody_can_change() -> None:
    given_signal = heart()
    record = Record(given_signal, 500, meta={"age": 61})
    assert record.signal.dtype == np.float32
    assert record.leads == LEADS
    assert (record.samples, record.duration_s, record.fs) == (2000, 4.0, 500.0)
    assert repr(record) == "Record(12 leads, 4.0 s at 500 Hz)"
    with pytest.raises(ValueError, match="read-only"):
        record.signal[0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.fs = 250  # type: ignore[misc]
    with pytest.raises(TypeError):
        record.meta["age"] = 62  # type: ignore[index]
    given_signal[:] = 0
    assert record.signal.any(), "the caller's array is copied"


# -- what it refuses ------------------------------------------------------------------------------


@pytest.mark.parametrize("fs", [0, -500, float("nan"), float("inf"), 19, 30_000])
def test_an_impossible_rate_is_refused(fs: float) -> None:
    with pytest.raises(EcgError, match="sampling rate"):
        Record(heart(), fs)


@pytest.mark.parametrize(
    ("signal", "leads", "said"),
    [
        (heart()[:11], LEADS, r"shape \(11, 2000\) for 12 leads"),
        (heart().T, LEADS, r"shape \(2000, 12\) for 12 leads"),
        (heart()[None], LEADS, r"shape \(1, 12, 2000\)"),
        (heart()[:, :1], LEADS, "1 samples"),
        (heart()[:2], ("II", "ii"), "lead II is given more than once"),
        (heart()[:1], (" ",), "a lead without a name"),
        (heart()[:2], "II", "one string"),
        (heart()[:, :19], LEADS, "19 samples"),
    ],
)
def test_a_wrong_shape_or_lead_is_refused(
    signal: np.ndarray, leads: tuple[str, ...], said: str
) -> None:
    with pytest.raises(EcgError, match=said):
        Record(signal, 500, leads)


def test_microvolts_are_refused_with_lead_and_value() -> None:
    with pytest.raises(
        EcgError, match=r"lead \w+ reaches [\d.]+ mV .*convert the signal to milliv"
    ):
        Record(heart() * 1000, 500)


def test_a_brief_spike_is_called_an_artefact_with_its_time() -> None:
    signal = heart()
    signal[7, 1500:1520] = 80
    with pytest.raises(EcgError, match=r"lead V2 reaches 8\d.* at 3\.0\d s.*artefact"):
        Record(signal, 500)


def test_volts_and_nothing_are_refused_each_by_its_name() -> None:
    with pytest.raises(EcgError, match="not in millivolts"):
        Record((heart() / 1000).astype(np.float32), 500)
    with pytest.raises(EcgError, match="every lead is flat"):
        Record(np.ones((12, 100), np.float32), 500)


def test_a_baseline_offset_is_no_fault() -> None:
    record = Record(heart() + 200, 500)
    np.testing.assert_allclose(record.signal, heart() + 200, atol=1e-4)


def test_an_offset_that_no_electrode_has_is_refused() -> None:
    signal = heart()
    signal[4] += 1e6
    with pytest.raises(EcgError, match=r"lead aVL lies 1e\+06 mV from zero"):
        Record(signal, 500)


# -- the algebra ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stored", [(a, b) for i, a in enumerate(LIMB_LEADS) for b in LIMB_LEADS[i + 1 :]]
)
def test_any_two_limb_leads_give_the_other_four(stored: tuple[str, str]) -> None:
    signal = heart()
    rows = [LEADS.index(name) for name in stored]
    record = Record(signal[rows], 500, stored).select(LIMB_LEADS)
    np.testing.assert_allclose(record.signal, signal[:6], atol=1e-5)


def test_the_limb_leads_obey_einthoven_and_goldberger() -> None:
    one, two, three, avr, avl, avf = limb_matrix()
    np.testing.assert_array_equal(three, two - one)
    np.testing.assert_array_equal(avr + avl + avf, 0)
    np.testing.assert_array_equal(avr, -(one + two) / 2)
    np.testing.assert_array_equal(avl, (one - three) / 2)
    np.testing.assert_array_equal(avf, (two + three) / 2)
    assert expand_matrix().shape == (12, 8)


def test_eight_leads_become_the_standard_twelve() -> None:
    signal = heart()
    rows = [LEADS.index(name) for name in INDEPENDENT_LEADS]
    eight = Record(signal[rows], 500, INDEPENDENT_LEADS)
    twelve = eight.standard()
    assert twelve.leads == LEADS
    np.testing.assert_allclose(twelve.signal, signal, atol=1e-6)
    np.testing.assert_allclose(eight["avf"], signal[5], atol=1e-6)


def test_stored_leads_are_never_recomputed() -> None:
    signal = heart()
    signal[2] += 0.5  # an electrode artefact in III: not ours to repair
    np.testing.assert_array_equal(Record(signal, 500).standard()["III"], signal[2])


def test_a_lead_that_cannot_be_had_is_named() -> None:
    record = Record(heart()[[1, 6]], 500, ("II", "V1"))
    with pytest.raises(EcgError, match=r"lead aVF, V2 is not in this record .*from II, V1"):
        record.select(["II", "aVF", "V2"])
    with pytest.raises(EcgError, match="lead I, III"):
        record.standard()


def test_a_flat_lead_can_be_looked_at_alone() -> None:
    signal = heart()
    signal[8] = 0
    assert not Record(signal, 500)["V3"].any()


# -- cutting and resampling -----------------------------------------------------------------------


def test_crop_takes_seconds() -> None:
    record = Record(heart(), 500)
    np.testing.assert_array_equal(record.crop(1, 2.5).signal, record.signal[:, 500:1250])
    assert record.crop().samples == record.samples
    for start, end in ((-1, 2), (2, 2), (3, 2), (0, 4.1), (float("nan"), 1)):
        with pytest.raises(EcgError, match="cannot crop"):
            record.crop(start, end)


def test_a_crop_never_comes_out_empty() -> None:
    record = Record(heart(), 500)
    with pytest.raises(EcgError, match="cannot crop"):
        record.crop(1.0, 1.0001)


@pytest.mark.parametrize("fs", [250, 500, 100, 360, 257.3, 1000])
def test_resampling_keeps_length_shape_and_what_is_below_the_new_nyquist(fs: float) -> None:
    record = Record(heart(), 500, meta={"age": 61})
    there = record.resample(fs)
    assert there.fs == fs
    assert there.meta == record.meta
    assert there.samples == round(4 * fs)
    expected = heart(fs)[:, : there.samples]
    inner = slice(round(0.2 * fs), -round(0.2 * fs))
    np.testing.assert_allclose(there.signal[:, inner], expected[:, inner], atol=0.01)


def test_resampling_removes_what_would_alias() -> None:
    t = np.arange(5000) / 500
    hum = np.tile(np.sin(2 * np.pi * 200 * t), (12, 1))
    inside = slice(50, -50)
    assert np.abs(Record(hum, 500).resample(250).signal[:, inside]).max() < 0.02


@pytest.mark.parametrize("fs", [0.0, -1, float("nan"), float("inf"), 1e9])
def test_resampling_to_nonsense_is_refused(fs: float) -> None:
    with pytest.raises(EcgError, match="sampling rate"):
        Record(heart(), 500).resample(fs)


@given(st.floats(0.01, 0.99), st.sampled_from([(500, 250), (250, 500), (1000, 250), (360, 250)]))
def test_resampling_leaves_a_constant_alone(level: float, rates: tuple[int, int]) -> None:
    signal = heart(rates[0], 1.0)
    signal[0] = level
    out = Record(signal, rates[0]).resample(rates[1])
    np.testing.assert_allclose(out.signal[0], level, atol=2e-3)


def test_another_signal_keeps_leads_rate_and_meta() -> None:
    record = Record(heart(), 500, meta={"age": 61}).with_signal(heart() * 2, level=0.7)
    assert dict(record.meta) == {"age": 61, "level": 0.7}
    np.testing.assert_array_equal(record.signal, heart() * 2)


def test_a_record_goes_through_pickle_and_copy() -> None:
    record = Record(heart(), 500, meta={"age": 61})
    back = pickle.loads(pickle.dumps(record))
    np.testing.assert_array_equal(back.signal, record.signal)
    assert not back.signal.flags.writeable
    assert (back.fs, back.leads, dict(back.meta)) == (record.fs, record.leads, dict(record.meta))
