"""The benchmarks of attribution maps, on models of which it is known what a map must show."""

import numpy as np
import pandas as pd
import pytest
import torch

import cofe_widgets as cw
from benchmarks import bench_bank, bench_specificity
from cofe_widgets.ecg import INDEPENDENT_LEADS
from cofe_widgets.models import save
from cofe_widgets.models.architectures.resnet22 import ResNet22


class Highest(torch.nn.Module):
    """Answers the highest value of each lead: an R wave's height where there is one."""

    def __init__(self, leads=12):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(leads))

    def forward(self, x):
        return self.scale * x.amax(dim=2)


@pytest.fixture(scope="module")
def some():
    return bench_specificity.subjects(4, simulated=True)


@pytest.fixture(scope="module")
def f():
    leads = {"leads": cw.LEADS, "outputs": cw.LEADS}
    return cw.wrap(Highest(), fs=100, seconds=2.5, output="linear", **leads)


def test_subjects_are_crops_with_whole_beats_and_known_waves(some):
    assert len(some) == 4
    for one in some:
        assert one.record.signal.shape == (12, 250) and len(one.r_peaks_s)
        at = np.round(one.r_peaks_s * 100).astype(int)
        size = np.abs(one.record.signal).sum(axis=0)
        assert (size[at] > 2 * np.median(size)).all()
        p, r, t = (one.spans_s[wave] for wave in "prt")
        assert p[0] < p[1] <= r[0] < 0 < r[1] < t[0] < t[1]


def test_a_model_that_reads_one_lead_at_r_is_seen_to(some, f):
    found = bench_specificity.maps(f, "saliency", some, 1e9)
    assert found.spatial.shape == (12, 4) and (found.spatial == 1).all()
    row = bench_specificity.row(found, bench_specificity.span(some, "r"))
    assert row["limb"] == row["chest"] == row["V1"] == 1 and not row["note"]
    # aVR and V1 have their highest value elsewhere; most leads have it at R.
    assert row["inside"] and row["share_inside"] > 0.5


def test_maps_that_know_nothing_share_the_leads_alike_or_follow_the_signal(some, f):
    noise = bench_specificity.maps(f, bench_specificity.RANDOM, some, 1.0)
    assert noise.spatial == pytest.approx(np.full((12, 4), 1 / 12), abs=0.02)
    signal = bench_specificity.maps(f, bench_specificity.SIGNAL, some, 1.0)
    assert signal.spatial.sum(axis=0) == pytest.approx(np.ones(4))


def test_methods_that_take_too_long_are_left_out_and_said_so(some, f):
    late = bench_specificity.maps(f, "saliency", some, 0.0)
    row = bench_specificity.row(late, (0.0, 0.1))
    assert row["records"] == 0 and "left out" in row["note"]


@pytest.mark.slow
def test_a_bank_is_compared_over_methods_and_seeds(tmp_path):
    card = {
        "architecture": "ResNet22", "arguments": {"leads": 8, "outputs": 1, "width": 8},
        "outputs": ["AF"], "output": "sigmoid", "fs": 500.0, "leads": list(INDEPENDENT_LEADS),
        "seconds": 1.2, "median_beat": True, "limits": [],
        "metrics": {"test: AF, 3 of 9": "AUROC 0.912 (0.800-0.990), sensitivity 1"},
    }  # fmt: skip
    card |= dict.fromkeys(("summary", "data", "licences", "recipe", "seed"), "")
    for seed in (0, 1, 1):
        torch.manual_seed(seed)
        save(
            ResNet22(width=8), tmp_path / f"AF-{len(list(tmp_path.glob('*.md')))}.safetensors", card
        )
    bank = bench_bank.models(tmp_path, ["AF", "LBBB"])
    assert [len(seeds) for seeds in bank.values()] == [3] and list(bank) == ["AF"]
    told = bench_bank.discrimination(bank).loc["AF"]
    assert told["test AUROC"] == "0.912, 0.912, 0.912" and told["of"] == "3 of 9"
    assert told["interval of seed 0"] == "0.800-0.990"
    beats = [bench_bank.beat_record(cw.simulate("AF", seed=k, fs=250)[0].record) for k in range(2)]
    records = {"AF": [beat.select(INDEPENDENT_LEADS) for beat in beats]}
    methods = ["saliency", "|signal|", "random"]
    between, within = bench_bank.compared(bank, records, methods)
    own = within[within.kind == "pearson"].set_index("method").r
    # Two of the three models are the same: of three pairs of noise one agrees wholly.
    assert own["|signal|"] == pytest.approx(1)
    assert own["random"] == pytest.approx(1 / 3, abs=0.1) and own["saliency"] < 1
    alike = bench_bank.square(between, methods, "pearson")
    assert np.diag(alike) == pytest.approx([1, 1, 1]) and (alike == alike.T).all(axis=None)
    pair = between[(between.kind == "pearson") & (between.a == "saliency")]
    assert isinstance(pair, pd.DataFrame) and len(pair) == 3 * 2
