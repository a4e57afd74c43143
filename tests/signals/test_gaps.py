"""Delineation of records that lack samples: nothing is read in a gap, nor across it."""

from __future__ import annotations

import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.ecg import LEADS, Record
from cofe_widgets.signals.delineation.segmentation import at_rate


@pytest.fixture(scope="module")
def heart() -> Record:
    return cw.simulate("NSR", seed=3)[0].record


def without(record: Record, leads: list[str], start_s: float, end_s: float) -> Record:
    signal = record.signal.copy()
    for name in leads:
        at = slice(round(start_s * record.fs), round(end_s * record.fs))
        signal[record.leads.index(name), at] = np.nan
    return Record(signal, record.fs, record.leads)


def printout(record: Record) -> Record:
    """2.5 s of each lead, in columns, and all of II."""
    signal = np.full_like(record.signal, np.nan)
    step = round(2.5 * record.fs)
    for k in range(12):
        at = slice(k // 3 * step, (k // 3 + 1) * step)
        signal[k, at] = record.signal[k, at]
    signal[1] = record.signal[1]
    return Record(signal, record.fs, LEADS)


def test_a_gap_in_one_lead_costs_that_stretch_of_that_lead(heart):
    whole, found = cw.delineate(heart), cw.delineate(without(heart, ["V3"], 3.0, 5.2))
    gone = np.isnan(found.soft).any(axis=2)
    assert gone.sum() == pytest.approx(2.2 * heart.fs, abs=4)
    assert not np.delete(gone, LEADS.index("V3"), axis=0).any()
    key = ["beat", "lead", "wave"]
    both = whole.fiducials.merge(found.fiducials, on=key, how="left", suffixes=("", "_now"))
    lost = both[both["peak_ms_now"].isna()]
    assert set(lost["lead"]) == {"V3"}
    assert lost["peak_ms"].between(2300, 5700).all()
    rows = found.fiducials[found.fiducials["lead"] == "V3"]
    assert not ((rows["onset_ms"] < 5200) & (rows["offset_ms"] > 3000)).any()


def test_no_t_wave_is_given_to_a_beat_before_the_gap_it_follows(heart):
    found = cw.delineate(without(heart, list(LEADS), 3.0, 5.6))
    t = found.fiducials[found.fiducials["wave"] == "T"]
    delay = t["peak_ms"] / 1000 - found.r_peaks_s[t["beat"]]
    assert len(t) > 60 and delay.max() < 0.6
    assert not ((found.r_peaks_s > 3.0) & (found.r_peaks_s < 5.6)).any()


def test_a_printout_of_columns_shows_the_waves_of_each(heart):
    record = printout(heart)
    whole, found = cw.delineate(heart), cw.delineate(record)
    assert len(found.r_peaks_s) == len(whole.r_peaks_s)
    for wave in ("P", "QRS", "T"):
        true = whole.fiducials[whole.fiducials["wave"] == wave]
        inside = [
            not record.mask[LEADS.index(row.lead)][
                max(0, int(row.onset_ms / 2) - 50) : int(row.offset_ms / 2) + 50
            ].any()
            for row in true.itertuples()
        ]
        ours = found.fiducials[found.fiducials["wave"] == wave]
        both = true[inside].merge(ours, on=["beat", "lead"], how="left")
        assert both["peak_ms_y"].notna().mean() > 0.95, wave
        assert (both["offset_ms_x"] - both["offset_ms_y"]).abs().median() < 12


def test_a_record_all_of_whose_samples_are_there_is_segmented_as_ever(heart):
    alone = cw.delineate(heart)
    beside = cw.delineate([heart, without(heart, ["V3"], 3.0, 5.2)])[0]
    np.testing.assert_allclose(alone.soft, beside.soft, atol=1e-3)
    assert len(alone.fiducials) == len(beside.fiducials)


@pytest.mark.parametrize("fs", [100.0, 250.0, 500.0, 1000.0])
def test_missing_probabilities_stay_missing_at_another_rate(fs):
    soft = np.random.default_rng(0).dirichlet(np.ones(24), (2, 500)).astype(np.float32)
    soft[0, 100:200] = np.nan
    out = at_rate(soft, 250.0, fs, round(2 * fs))
    gone = np.isnan(out).any(axis=2)
    assert not gone[1].any()
    assert np.flatnonzero(gone[0])[[0, -1]] / fs == pytest.approx([0.4, 0.8], abs=0.012)
    np.testing.assert_allclose(out[~gone].sum(axis=1), 1, atol=1e-5)
