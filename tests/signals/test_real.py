"""Against cardiologists: their marks in LUDB, their rhythm labels elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import bench_signals as bench

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ludb(shared_data: Path) -> list[bench.Marked]:
    return bench.load(shared_data, step=4)


def test_beats_cardiologists_marked_are_found_and_no_others(ludb: list[bench.Marked]) -> None:
    sensitivity, predictive = bench.beats_found(ludb)
    assert sensitivity >= 0.998
    assert predictive >= 0.998
    for lead in ("II", "V1"):
        sensitivity, predictive = bench.beats_found(ludb, (lead,))
        assert sensitivity >= 0.995
        assert predictive >= 0.99


def test_intervals_agree_with_cardiologists(ludb: list[bench.Marked]) -> None:
    error = bench.marked_errors(ludb)
    assert np.median(np.abs(error["pr_ms, marks of II"])) <= 8
    assert np.median(np.abs(error["qrs_ms, marks of all leads"])) <= 8
    assert np.median(np.abs(error["qt_ms, marks of all leads"])) <= 10
    assert np.median(np.abs(error["t_amplitude_mv, marks of II"])) <= 0.015


def known(share: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """The records in which P waves can be told; they are nearly all."""
    for rhythm, values in share.items():
        assert np.isfinite(values).mean() >= (0.9 if rhythm == "sinus" else 0.75)
    return {rhythm: values[np.isfinite(values)] for rhythm, values in share.items()}


def test_p_waves_are_there_in_sinus_rhythm_and_not_in_fibrillation(shared_data: Path) -> None:
    share = known(bench.p_presence(shared_data, "ludb"))
    fibrillation = share["fibrillation"][np.isfinite(share["fibrillation"])]
    assert len(fibrillation) >= 10
    assert fibrillation.mean() <= 0.2
    assert (share["sinus"] >= 0.9).mean() >= 0.9
    assert share["sinus"].mean() >= 0.95


def test_p_waves_in_records_of_many_hospitals(shared_data: Path) -> None:
    share = known(bench.p_presence(shared_data, "cinc2021"))
    fibrillation = share["fibrillation"][np.isfinite(share["fibrillation"])]
    assert len(fibrillation) >= 50
    assert fibrillation.mean() <= 0.12
    assert (share["sinus"] >= 0.9).mean() >= 0.8
