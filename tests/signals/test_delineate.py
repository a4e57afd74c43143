"""Delineation: from soft segments to the table, against simulated truth, bad input, cardiologists."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cofe_widgets as cw
from benchmarks import bench_delineation as bench
from cofe_widgets.signals.delineation.postprocess import fiducials, soft_r_peaks
from cofe_widgets.signals.delineation.segmentation import at_rate
from cofe_widgets.signals.quality import screened
from cofe_widgets.simulate import Simulated
from cofe_widgets.train.core.wave_scores import wave_scores
from cofe_widgets.train.data.ludb import load_ludb
from cofe_widgets.vocabulary.segments import SEGMENTS

KEY = ["beat", "lead", "wave"]


@lru_cache
def heart(condition: str, seed: int = 5, **options: float) -> Simulated:
    return cw.simulate(condition, seed=seed, **options)[0]


def certain(labels: np.ndarray) -> np.ndarray:
    """Soft segments of somebody who knows."""
    return np.eye(len(SEGMENTS), dtype=np.float32)[labels]


def compared(found: pd.DataFrame, true: pd.DataFrame) -> pd.DataFrame:
    return true.merge(found, on=KEY, how="left", suffixes=("_true", ""))


# -- from soft segments to the table ------------------------------------------------------------


@pytest.mark.parametrize("condition", ["NSR", "AF", "LBBB", "PVC", "IAVB"])
def test_certain_segments_give_the_fiducials_of_the_truth(condition: str) -> None:
    one = heart(condition)
    soft, record = certain(one.truth.lead_segments), one.record
    found = fiducials(soft, record.signal, record.fs, record.leads, one.truth.r_peaks_s)
    true = one.truth.fiducials
    inside = (true["onset_ms"] > 10) & (true["offset_ms"] < 9990)
    # The T wave of a ventricular beat begins inside its QRS, and is painted from where that ends.
    ectopic = true["beat"].isin(np.flatnonzero(np.array(one.truth.beat_labels) == "V"))
    inside &= ~(ectopic & (true["wave"] == "T"))
    for wave in ("P", "QRS", "T"):
        table = compared(found, true[inside & (true["wave"] == wave)])
        assert len(table) or (wave, condition) == ("P", "AF")
        assert table["onset_ms"].isna().sum() <= 0.01 * len(table)
        # A T wave that reaches into the next beat is painted shorter than it is.
        share = 0.85 if (wave, condition) == ("T", "AF") else 0.97
        for column in ("onset_ms", "offset_ms"):
            error = (table[column] - table[f"{column}_true"]).abs()
            assert not len(table) or (error <= 1000 / record.fs).mean() >= share
    absent = set(true["wave"]) ^ set(found["wave"])
    assert absent <= {"Q", "R", "S"}


def test_blocked_p_waves_are_beats_of_their_own() -> None:
    one = heart("MoI", seed=2)
    record, peaks = one.record, one.truth.r_peaks_s
    soft = certain(one.truth.lead_segments)
    found = fiducials(soft, record.signal, record.fs, record.leads, peaks)
    extra = found[found["beat"] >= len(peaks)]
    assert len(extra) and set(extra["wave"]) == {"P"}
    assert (extra.groupby("beat")["lead"].nunique() == 12).all()
    assert (extra.groupby("beat")["peak_ms"].agg(np.ptp) < 60).all()
    # No QRS follows within the longest PR, or another P comes first.
    for _, wave in extra.groupby("beat"):
        at = wave["peak_ms"].median()
        following = peaks[peaks * 1000 > at] * 1000
        p = found[(found["wave"] == "P") & (found["peak_ms"] > at + 200)]["peak_ms"]
        assert not len(following) or following[0] - at > 500 or p.min() < following[0]


def test_r_peaks_are_apart_and_likely_enough() -> None:
    soft = np.zeros((3, 1000, 24), np.float32)
    r = SEGMENTS.index("R peak")
    soft[1, [100, 160, 400, 700], r] = 0.9, 0.5, 0.24, 0.26
    soft[0, 550, r] = 1.0
    peaks = soft_r_peaks(soft, 250.0, ("II", "V2", "V5"))
    assert peaks == pytest.approx([0.4, 2.8])  # 160 is too near, 400 too weak, II is not asked
    peaks = soft_r_peaks(soft, 250.0, ("II", "V5", "V6"))
    assert peaks == pytest.approx([0.4, 2.2, 2.8])  # none of V1-V4: all leads are


@pytest.mark.parametrize("fs", [100.0, 125.0, 250.0, 360.0, 500.0, 1000.0])
def test_probabilities_at_another_rate_still_sum_to_one_and_lose_no_point(fs: float) -> None:
    rng = np.random.default_rng(0)
    soft = rng.dirichlet(np.ones(24), (2, 2500)).astype(np.float32)
    soft[0, 1201] = np.eye(24)[10]
    out = at_rate(soft, 250.0, fs, round(10 * fs))
    assert out.shape == (2, round(10 * fs), 24)
    assert np.allclose(out.sum(axis=2), 1, atol=1e-5)
    at = round(1201 * fs / 250)
    assert out[0, at - 1 : at + 2, 10].max() >= 0.2


# -- the network, against simulated truth --------------------------------------------------------


@pytest.mark.parametrize("condition", ["NSR", "STach", "LBBB", "RBBB", "LVH", "AMI"])
def test_waves_of_simulated_hearts_are_where_the_truth_says(condition: str) -> None:
    one = heart(condition)
    found = cw.delineate(one.record)
    assert found.soft.shape == (12, 5000, 24)
    assert np.allclose(found.soft.sum(axis=2), 1, atol=1e-4)
    assert len(found.r_peaks_s) == len(one.truth.r_peaks_s)
    assert np.abs(found.r_peaks_s - one.truth.r_peaks_s).max() < 0.06
    true = one.truth.fiducials
    true = true[(true["onset_ms"] > 100) & (true["offset_ms"] < 9900)]
    for wave, limit in (("P", 20), ("QRS", 12), ("T", 24)):
        table = compared(found.fiducials, true[true["wave"] == wave])
        assert table["peak_ms"].notna().mean() > 0.9
        # A fast heart's T begins where its ST segment does: nobody sees where.
        columns = (
            ("offset_ms",) if (wave, condition) == ("T", "STach") else ("onset_ms", "offset_ms")
        )
        for column in columns:
            assert (table[column] - table[f"{column}_true"]).abs().median() <= limit


def test_ectopic_beats_are_beats_too() -> None:
    for seed in range(5, 9):
        one = heart("PVC", seed=seed)
        peaks = cw.delineate(one.record).r_peaks_s
        true = one.truth.r_peaks_s
        true = true[(true > 0.2) & (true < 9.8)]
        assert (np.abs(true[:, None] - peaks).min(axis=1) < 0.1).all()


def test_waves_come_in_order() -> None:
    table = cw.delineate(heart("PAC").record).fiducials
    wide = table.pivot(index=["beat", "lead"], columns="wave")
    ends = [("P", "offset_ms"), ("QRS", "onset_ms"), ("QRS", "offset_ms"), ("T", "onset_ms")]
    for (one, first), (other, second) in pairwise(ends):
        gap = (wide[(second, other)] - wide[(first, one)]).dropna()
        assert len(gap) and gap.min() > -5
    main = table[table["wave"].isin(["P", "QRS", "T"])]
    assert (main["onset_ms"] < main["peak_ms"] + 2).all()
    assert (main["peak_ms"] < main["offset_ms"] + 2).all()
    assert not table.duplicated(KEY).any()


@pytest.mark.parametrize("condition", ["AF", "AFL"])
def test_fibrillating_and_fluttering_atria_have_no_p_waves(condition: str) -> None:
    some = cw.delineate([heart(condition, seed=seed).record for seed in range(8)])
    waves = pd.concat([one.fiducials["wave"] for one in some])
    assert (waves == "QRS").sum() > 800
    assert (waves == "P").sum() <= 0.05 * (waves == "QRS").sum()


def test_any_rate_gives_the_same_waves() -> None:
    record = heart("NSR", fs=1000.0).record
    reference = cw.delineate(record).fiducials
    for fs in (125.0, 250.0, 360.0, 500.0):
        table = cw.delineate(record.resample(fs))
        assert table.soft.shape == (12, round(10 * fs), 24)
        both = compared(table.fiducials, reference[reference["wave"].isin(["P", "QRS", "T"])])
        assert both["peak_ms"].notna().mean() > 0.97
        for column in ("onset_ms", "offset_ms"):
            assert (both[column] - both[f"{column}_true"]).abs().quantile(0.9) <= 12


@pytest.mark.parametrize(
    "leads", [("II",), ("V1",), ("I", "II", "III"), ("II", "V5"), cw.LEADS[6:]]
)
def test_any_leads_will_do(leads: tuple[str, ...]) -> None:
    one = heart("NSR")
    found = cw.delineate(one.record.select(leads))
    assert found.leads == leads and found.soft.shape[0] == len(leads)
    true = one.truth.fiducials
    true = true[true["lead"].isin(leads) & (true["onset_ms"] > 100) & (true["offset_ms"] < 9900)]
    # This heart's T wave is 0.03 mV high in V1: alone, nobody sees it.
    for wave in ("P", "QRS") if leads == ("V1",) else ("P", "QRS", "T"):
        table = compared(found.fiducials, true[true["wave"] == wave])
        assert table["peak_ms"].notna().mean() > 0.85
        assert (table["onset_ms"] - table["onset_ms_true"]).abs().median() <= 24


def test_many_records_of_all_shapes_are_as_each_alone() -> None:
    record = heart("NSR").record
    some = [record, record.crop(0, 5), record.select(["II"]), heart("AF").record]
    together = cw.delineate(some)
    for one, found in zip(some, together, strict=True):
        alone = cw.delineate(one)
        assert np.allclose(found.soft, alone.soft, atol=1e-3)
        assert list(found.fiducials["wave"]) == list(alone.fiducials["wave"])
    assert cw.delineate([]) == []


def test_where_the_values_come_from_is_said() -> None:
    found = cw.delineate(heart("NSR").record)
    assert found.model == "delineator" and len(found.weight_hash) == 16
    assert found.method == "soft" and found.agreement > 0.9
    assert "12 leads" in repr(found)
    other = cw.delineate(heart("NSR").record, method="detector")
    assert other.method == "detector"
    assert np.array_equal(other.r_peaks_s, cw.r_peaks(heart("NSR").record))


def test_a_delineation_is_saved_and_read(tmp_path: Path) -> None:
    found = cw.delineate(heart("NSR").record)
    found.save(tmp_path / "one.npz")
    read = cw.Delineation.load(tmp_path / "one.npz")
    pd.testing.assert_frame_equal(read.fiducials, found.fiducials)
    assert np.array_equal(read.soft, found.soft) and np.array_equal(read.r_peaks_s, found.r_peaks_s)
    assert repr(read) == repr(found) and read.leads == found.leads and read.fs == found.fs
    (tmp_path / "other.npz").write_bytes(b"nothing")
    with pytest.raises(cw.EcgError, match="no saved delineation"):
        cw.Delineation.load(tmp_path / "other.npz")


def test_the_detector_steps_in_where_soft_peaks_fail(tmp_path: Path) -> None:
    import torch

    from cofe_widgets.models import save
    from cofe_widgets.models.architectures.unet import UNet

    torch.manual_seed(0)
    card = {"architecture": "UNet", "arguments": {}, "summary": "", "metrics": {}, "limits": []}
    card |= dict.fromkeys(("data", "licences", "recipe", "seed"), "")
    save(UNet(), tmp_path / "untaught.safetensors", card)
    record = heart("NSR").record
    found = cw.delineate(record, model=str(tmp_path / "untaught.safetensors"))
    assert found.method == "detector" and found.agreement < 0.8
    assert np.array_equal(found.r_peaks_s, cw.r_peaks(record))


# -- bad input ------------------------------------------------------------------------------------


def test_too_short_and_unknown_methods_are_refused_in_words() -> None:
    record = heart("NSR").record
    with pytest.raises(cw.EcgError, match=r"1\.5 s long: at least 2 s"):
        cw.delineate(record.crop(0, 1.5))
    with pytest.raises(cw.EcgError, match="expected one of soft, detector"):
        cw.delineate(record, method="hard")


@pytest.mark.parametrize("seconds", [2.0, 5.0, 60.0])
def test_any_length(seconds: float) -> None:
    one = heart("NSR", seconds=seconds)
    found = cw.delineate(one.record)
    assert found.soft.shape[1] == one.record.samples
    assert abs(len(found.r_peaks_s) - len(one.truth.r_peaks_s)) <= 1


def bad(kind: str) -> cw.Record:
    record = heart("NSR").record
    signal, rng = record.signal.copy(), np.random.default_rng(0)
    time = np.arange(record.samples) / record.fs
    if kind == "flat leads":
        signal[:11] = 0.0
    elif kind == "clipped":
        signal = np.clip(signal, -0.1, 0.1)
    elif kind == "noise":
        signal = rng.normal(0, 0.1, signal.shape)
    elif kind == "fibrillating ventricles":
        phase = 2 * np.pi * 5.5 * time + 2 * np.sin(2 * np.pi * 0.4 * time)
        signal = np.sin(phase + rng.uniform(0, 6, (12, 1))) * rng.uniform(0.2, 0.6, (12, 1))
    elif kind == "one spike":
        signal = np.zeros_like(signal)
        signal[:, 2500] = 1.0
    elif kind == "huge artefact":
        signal[3, 2000:2400] += 9.0
    return cw.Record(signal, record.fs, record.leads)


@pytest.mark.parametrize(
    "kind",
    ["flat leads", "clipped", "noise", "fibrillating ventricles", "one spike", "huge artefact"],
)
def test_no_record_fails(kind: str) -> None:
    record = bad(kind)
    found = cw.delineate(record)
    dead = screened(record).alive.mask  # a flat lead, an artefact: nobody knows what is there
    gone = np.isnan(found.soft).any(axis=2)  # to a sample, as the network works at another rate
    assert (gone != dead).mean() < 1e-3 and np.isfinite(found.soft[~gone]).all()
    assert list(found.fiducials.columns) == [*KEY, "onset_ms", "peak_ms", "offset_ms"]
    assert found.fiducials["peak_ms"].between(0, 10_000).all()
    if kind in ("noise", "fibrillating ventricles", "one spike"):
        assert (found.fiducials["wave"] == "P").sum() <= 12
    if kind == "flat leads":
        assert dead[:11].all() and not dead[11].any()
        assert set(found.fiducials["lead"]) <= {"V6"}


# -- against cardiologists ------------------------------------------------------------------------


@pytest.mark.slow
def test_waves_cardiologists_marked_are_found_by_networks_that_never_saw_them(
    shared_data: Path,
) -> None:
    held = load_ludb(shared_data / "records" / "ludb", step=5)
    path = bench.WEIGHTS / "delineator-fold0.safetensors"
    tables = [one.fiducials for one in cw.delineate([one.record for one in held], model=str(path))]
    scores = wave_scores(held, tables, ("II",))
    for wave, point, f1, sd in bench.BARS:
        row = scores.loc[(wave, point)]
        assert row.marks >= 150
        assert row.f1 >= f1
        assert sd is None or row.sd_ms <= sd
    fibrillating = [one for one in held if not sum(map(len, one.waves["P"]))]
    assert len(fibrillating) >= 2
    some = [t for one, t in zip(held, tables, strict=True) if one in fibrillating]
    assert bench.false_p(fibrillating, some, cw.LEADS) <= 10.0
