"""Samples that are missing."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cofe_widgets.ecg import LEADS, LIMB_LEADS, Record, runs
from cofe_widgets.errors import EcgError

from .test_record import heart


def gappy(**gaps: tuple[int, int]) -> Record:
    """`heart` at 500 Hz with NaN from start to end in leads by name."""
    signal = heart()
    for lead, (start, end) in gaps.items():
        signal[LEADS.index(lead), start:end] = np.nan
    return Record(signal, 500)


def test_a_short_run_is_bridged_by_a_line_and_a_long_one_is_a_gap() -> None:
    signal = heart()
    signal[3, 100:120] = np.nan  # 40 ms
    signal[5, -1] = np.inf
    signal[7, 300:321] = -np.inf
    record = Record(signal, 500)
    line = np.interp(np.arange(100, 120), [99, 120], signal[3, [99, 120]])
    np.testing.assert_allclose(record.signal[3, 100:120], line, atol=1e-6)
    assert record.signal[5, -1] == signal[5, -2]
    assert record.has_gaps and "missing" in repr(record)
    assert record.mask.sum() == 21 and record.mask[7, 300:321].all()
    assert not record.mask.flags.writeable
    assert np.isnan(record.signal[record.mask]).all()


def test_a_lead_without_any_value_costs_only_itself_and_no_value_at_all_is_refused() -> None:
    record = gappy(V1=(0, 2000))
    assert record.mask[LEADS.index("V1")].all() and record.mask.sum() == 2000
    with pytest.raises(EcgError, match="every sample of every lead is missing"):
        Record(np.full((2, 500), np.nan), 500, ("I", "II"))


def test_without_gaps_there_is_nothing_to_hold() -> None:
    record = Record(heart(), 500)
    assert not record.has_gaps and not record.mask.any()
    assert record.mask.strides == (0, 0)
    assert record.filled() is record and record.completed() is record


@pytest.mark.parametrize("fs", [100, 250, 333, 1000])
def test_a_gap_stays_where_it_is_at_any_rate(fs: float) -> None:
    record = gappy(V3=(500, 750), II=(1900, 2000))
    other = record.resample(fs)
    whole = Record(heart(), 500).resample(fs)
    for lead, (start, end) in {"V3": (1.0, 1.5), "II": (3.8, 4.0)}.items():
        ((first, last),) = runs(other.mask[LEADS.index(lead)]) / fs
        assert (first, last) == pytest.approx((start, end), abs=1.01 / fs + 0.002)
    time = np.arange(other.samples) / fs
    away = (time < 0.9) | ((time > 1.6) & (time < 3.7))  # nothing of the bridge is left there
    np.testing.assert_allclose(other.signal[:, away], whole.signal[:, away], atol=0.01)
    clean = [i for i, lead in enumerate(LEADS) if lead not in ("V3", "II")]
    np.testing.assert_array_equal(other.signal[clean], whole.signal[clean])


@given(st.lists(st.sampled_from(LIMB_LEADS), min_size=1, max_size=6, unique=True))
def test_a_stretch_is_filled_where_two_limb_leads_are_left(lost: list[str]) -> None:
    record = gappy(**dict.fromkeys(lost, (400, 900)), V2=(100, 300))
    full = record.completed()
    missing = full.mask.sum()
    if len(lost) <= 4:
        assert missing == 200
        np.testing.assert_allclose(full.signal[:6], heart()[:6], atol=2e-5)
    else:
        assert missing == 200 + 500 * len(lost)


def test_a_missing_lead_is_derived_from_whichever_two_are_there() -> None:
    record = gappy(I=(0, 600), II=(500, 900)).select(["I", "II", "III", "aVF", "V1"])
    full = record.completed()
    assert full.leads == ("I", "II", "III", "aVR", "aVL", "aVF", "V1")
    np.testing.assert_allclose(full["aVL"], heart()[LEADS.index("aVL")], atol=2e-5)
    np.testing.assert_allclose(record.select(["aVR"]).signal[0], heart()[3], atol=2e-5)


def test_filling_is_said() -> None:
    record = gappy(V3=(500, 750), aVR=(0, 2000))
    line = record.filled()
    assert not line.has_gaps
    expected = np.interp(np.arange(500, 750), [499, 750], heart()[8, [499, 750]])
    np.testing.assert_allclose(line["V3"][500:750], expected, atol=1e-6)
    assert not line["aVR"].any()
    said = line.meta["warnings"]
    assert said == ("missing samples were bridged by a line: 4 s of aVR, 0.5 s of V3",)
    assert not record.filled("zero")["V3"][500:750].any()
    with pytest.raises(EcgError, match="'interpolate' or 'zero'"):
        record.filled("wavelet")


def test_gaps_travel() -> None:
    record = pickle.loads(pickle.dumps(gappy(V3=(500, 750))))
    assert record.mask.sum() == 250
    cropped = record.crop(1.0, 2.0)
    assert cropped.mask.sum() == 250 and cropped.mask[LEADS.index("V3"), :250].all()
