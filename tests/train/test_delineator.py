"""The delineator's recipe: marks become labels, labels a loss, tables scores; a few steps of it."""

import argparse
import csv
import time

import numpy as np
import pandas as pd
import pytest
import torch
import wfdb
from torch.nn import functional as F

import cofe_widgets as cw
from cofe_widgets.models import load
from cofe_widgets.models.architectures.unet import UNet
from cofe_widgets.train.core.wave_scores import SegmentScores, match, wave_scores
from cofe_widgets.train.data.ludb import (
    ALLOWED,
    ANYTHING,
    IN_QRS,
    OUTSIDE,
    QRS_PEAK,
    Marked,
    folds,
    label,
    load_ludb,
)
from cofe_widgets.train.recipes import delineator
from cofe_widgets.vocabulary.segments import SEGMENTS

NAN = float("nan")
SYMBOLS = {"P": "p", "QRS": "N", "T": "t"}


def one_beat(p=(0.3, 0.35, 0.4), qrs=(0.46, 0.5, 0.56), t=(0.66, 0.78, 0.86)):
    record = cw.Record(np.random.default_rng(0).normal(0, 0.1, (12, 1000)), 500)
    waves = {
        wave: [np.array([marks], float).reshape(-1, 3)] * 12
        for wave, marks in (("P", p), ("QRS", qrs), ("T", t))
    }
    return Marked("one", record, waves)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four simulated records with the truth as marks, in the form of LUDB."""
    made = tmp_path_factory.mktemp("records")
    (made / "ludb").mkdir()
    for k, condition in enumerate(("NSR", "AF", "NSR", "SB")):
        one = cw.simulate(condition, seed=k)[0]
        wfdb.wrsamp(
            str(k + 1), fs=500, units=["mV"] * 12, sig_name=list(one.record.leads),
            p_signal=one.record.signal.T.astype(float), fmt=["16"] * 12,
            write_dir=str(made / "ludb"),
        )  # fmt: skip
        table = one.truth.fiducials
        for lead in one.record.leads:
            rows = table[(table["lead"] == lead) & table["wave"].isin(list(SYMBOLS))]
            times = rows[["onset_ms", "peak_ms", "offset_ms"]].to_numpy() / 2
            inside = (times > 0).all(axis=1) & (times < 5000).all(axis=1)
            symbols = [
                symbol for wave in rows["wave"][inside] for symbol in ("(", SYMBOLS[wave], ")")
            ]
            samples = np.rint(times[inside]).astype(int).ravel()
            order = np.argsort(samples, kind="stable")
            # wfdb reads the extension "v1" and refuses to write it.
            wfdb.wrann(
                str(k + 1),
                "marks",
                samples[order],
                [symbols[i] for i in order],
                write_dir=str(made / "ludb"),
            )
            (made / "ludb" / f"{k + 1}.marks").rename(made / "ludb" / f"{k + 1}.{lead.lower()}")
    return made


@pytest.fixture
def small(monkeypatch):
    """A shallow network, and few simulated hearts at a time and to be judged by."""
    monkeypatch.setattr(UNet.__init__, "__defaults__", (24, 250.0, (16, 32, 48), 5))
    monkeypatch.setattr(delineator, "POOL", 8)
    monkeypatch.setattr(delineator, "JUDGED", 1)


def test_marks_say_what_a_sample_may_be():
    labels = label(one_beat(), 1, 0.0, 0.01, 100)
    names = [SEGMENTS[k] if k < len(SEGMENTS) else int(k) for k in labels]
    assert names[:30] == [ANYTHING] * 30  # before the first mark nothing is known
    assert names[30:41] == ["P onset", *["(p"] * 4, "P peak", *["p)"] * 4, "P offset"]
    assert names[41:46] == [OUTSIDE] * 5
    assert names[46:57] == ["QRS onset", *[IN_QRS] * 3, QRS_PEAK, *[IN_QRS] * 5, "QRS offset"]
    assert names[57:66] == [OUTSIDE] * 9
    assert names[66] == "T onset" and names[78] == "T peak" and names[86] == "T offset"
    assert names[87:] == [ANYTHING] * 13
    assert [SEGMENTS[k] for k in np.flatnonzero(ALLOWED[QRS_PEAK])] == [
        "Q peak",
        "R peak",
        "S peak",
    ]
    assert not (ALLOWED[IN_QRS] & ALLOWED[OUTSIDE]).any()


def test_a_wave_without_its_onset_teaches_nothing_near_it():
    labels = label(one_beat(qrs=(NAN, 0.5, 0.56)), 0, 0.0, 0.01, 100)
    assert (labels[36:66] == ANYTHING).all()
    assert labels[34] == SEGMENTS.index("(p") and labels[78] == SEGMENTS.index("T peak")
    nobody = label(one_beat(p=(), qrs=(), t=()), 0, 0.0, 0.01, 100)
    assert (nobody == ANYTHING).all()


def test_a_faster_clock_moves_the_labels():
    labels = label(one_beat(), 0, 0.1, 0.005, 200)
    assert np.flatnonzero(labels == SEGMENTS.index("P onset")).tolist() == [40]
    assert np.flatnonzero(labels == SEGMENTS.index("T offset")).tolist() == [152]


def test_the_loss_asks_for_no_more_than_the_marks_say():
    torch.manual_seed(0)
    logits = torch.randn(2, 24, 7)
    exact = torch.randint(0, 24, (2, 7), dtype=torch.uint8)
    plain = F.cross_entropy(logits, exact.long())
    assert torch.allclose(delineator.set_cross_entropy(logits, exact), plain, atol=1e-6)
    outside = torch.full((2, 7), OUTSIDE, dtype=torch.uint8)
    allowed = torch.from_numpy(ALLOWED[OUTSIDE])
    chance = logits.softmax(1).transpose(1, 2)[..., allowed].sum(-1)
    expected = -chance.log().mean()
    assert torch.allclose(delineator.set_cross_entropy(logits, outside), expected, atol=1e-6)
    exact[0] = ANYTHING  # not counted: only the second lead is left
    second = F.cross_entropy(logits[1:], exact[1:].long())
    assert torch.allclose(delineator.set_cross_entropy(logits, exact), second, atol=1e-6)


def test_leads_of_records_that_have_few_count_more():
    record = torch.tensor([0, 0, 0, 0, 1])
    weight = delineator.lead_weight(record)
    assert weight.tolist() == [0.5, 0.5, 0.5, 0.5, 1.0]
    torch.manual_seed(0)
    logits, labels = torch.randn(5, 24, 6), torch.randint(0, 24, (5, 6), dtype=torch.uint8)
    each = F.cross_entropy(logits, labels.long(), reduction="none").mean(dim=1)
    expected = (each * weight).sum() / weight.sum()
    found = delineator.set_cross_entropy(logits, labels, weight)
    assert torch.allclose(found, expected, atol=1e-6)


def test_atria_without_p_waves_are_drawn_oftener():
    with_p, without = one_beat(), one_beat(p=())
    patches = delineator.Patches([with_p, without, with_p], 0, UNet())
    assert patches.weight == pytest.approx([0.2, 0.6, 0.2])
    rng = np.random.default_rng(0)
    drawn = [delineator._condition(rng).split("+")[0] for _ in range(2000)]
    share = sum(one in ("AF", "AFL") for one in drawn) / 2000
    assert 0.15 < share < 0.32
    assert len(set(drawn)) == len(delineator.CONDITIONS)


def test_every_record_is_held_back_once():
    of = folds(12, 5)
    assert sorted(set(of)) == [0, 1, 2, 3, 4] and np.bincount(of).max() - np.bincount(of).min() <= 1


def test_points_are_matched_one_to_one_within_the_tolerance():
    marks, found = np.array([1000.0, 2000.0, 3000.0]), np.array([500.0, 1010.0, 1040.0, 2200.0])
    error, missed, false = match(marks, found, (1000.0, 3000.0))
    assert error.tolist() == [10.0]
    assert missed == 2
    assert false == 2  # 1040 and 2200; 500 lies before the first mark
    assert match(np.empty(0), found, (0.0, 9999.0))[1:] == (0, 4)


def test_scores_of_a_table_by_hand():
    table = pd.DataFrame(
        [("II", "P", 310.0, 350.0, 380.0), ("II", "QRS", 460.0, 500.0, 560.0), ("II", "T", 200.0, 900.0, 990.0)],
        columns=["lead", "wave", "onset_ms", "peak_ms", "offset_ms"],
    )  # fmt: skip
    scores = wave_scores([one_beat()], [table], ("II",))
    assert scores.loc[("P", "onset"), "bias_ms"] == pytest.approx(10)
    assert scores.loc[("P", "offset"), "bias_ms"] == pytest.approx(-20)
    assert scores.loc[("QRS", "onset"), "f1"] == 100
    assert scores.loc[("T", "onset"), "f1"] == 0  # 460 ms off, and before the first mark
    assert scores.loc[("T", "onset"), "ppv"] == 0


def test_areas_and_accuracy_of_segments():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 24, 6000)
    odds = rng.normal(size=(6000, 24)) + 1.5 * np.eye(24)[labels]
    soft = (np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)).astype(np.float32)
    scores = SegmentScores()
    scores.add(soft[:4000].reshape(2, 2000, 24), labels[:4000].reshape(2, 2000))
    scores.add(soft[4000:], labels[4000:])
    assert scores.accuracy == pytest.approx((soft.argmax(axis=1) == labels).mean())
    mine, other = soft[labels == 3, 3], soft[labels != 3, 3]
    area = (mine[:, None] > other).mean() + 0.5 * (mine[:, None] == other).mean()
    assert scores.auc[3] == pytest.approx(area, abs=2e-3)
    report = scores.report()
    assert report.loc["P offset", "support"] == (labels == 4).sum()
    assert list(report.index) == list(SEGMENTS)


def test_patches_hold_any_leads_and_labels_of_both_kinds(folder):
    marked = load_ludb(folder / "ludb")
    assert [one.name for one in marked] == ["1", "2", "3", "4"]
    patches = delineator.Patches(marked, 0, UNet())
    x, record, labels = patches.batch(6)
    assert x.shape == (len(record), 2, delineator.PATCH) and labels.shape == (len(record), 1024)
    assert set(record.tolist()) == set(range(6))
    assert torch.isfinite(x).all() and float(x.abs().max()) <= 4
    assert (labels == OUTSIDE).any() and (labels < 24).any() and int(labels.max()) <= ANYTHING
    # Where a record of LUDB is marked, the marks lie on its own waves: the QRS is the steepest.
    signal, what = patches._marked()
    steep = np.abs(np.diff(signal[1]))
    qrs = np.isin(what[1, 1:], (IN_QRS, QRS_PEAK))
    assert steep[qrs].mean() > 4 * steep[what[1, 1:] == OUTSIDE].mean()


def test_no_ludb_is_said_by_name(tmp_path):
    with pytest.raises(FileNotFoundError, match="no LUDB records"):
        load_ludb(tmp_path)


@pytest.mark.slow
def test_the_recipe_learns_from_hearts_then_from_marks_and_ships(folder, tmp_path, small):
    out, held = tmp_path / "delineator.safetensors", tmp_path / "folds"
    options = ["--data", str(folder), "--steps", "2", "--tune-steps", "2", "--batch", "2"]
    options += ["--folds", "2", "--run", str(tmp_path / "run"), "--fold-out", str(held)]
    delineator.main([*options, "--minutes", "0", "--out", str(out)])
    assert not out.exists()  # stopped by the clock after one step, with a checkpoint
    delineator.main([*options, "--out", str(out)])
    assert sorted(path.name for path in held.glob("*.safetensors")) == [
        "delineator-fold0.safetensors",
        "delineator-fold1.safetensors",
    ]
    card = load(out).card
    assert "LUDB (4 records" in card["data"]
    assert "LUDB, cross-validated, lead II: QRS onset" in card["metrics"]
    assert 0 < float(card["metrics"]["simulated: 24 segments, macro AUC"]) < 1
    log = (tmp_path / "run" / "simulated" / "log.csv").read_text()
    rows = list(csv.DictReader(log.splitlines()))
    assert [row["step"] for row in rows] == ["1", "2"]
    assert cw.delineate(cw.simulate("NSR")[0].record, model=str(out)).soft.shape == (12, 5000, 24)


@pytest.mark.slow
def test_a_few_steps_lower_the_loss(tmp_path, small):
    torch.manual_seed(0)
    options = argparse.Namespace(
        device="cpu", seed=0, batch=2, run=tmp_path, deadline=time.monotonic() + 600
    )
    network = UNet()
    before = loss_of(network)
    work = delineator.fit(network, [], "simulated", 40, 2e-3, options, span=(0.5, 1.0))
    seen, learned = done(work)
    assert [step.fraction for step in seen] == pytest.approx(np.linspace(0.5, 1, 41)[1:])
    assert loss_of(network) == pytest.approx(before) and loss_of(learned) < before - 0.2


def done(work):
    """All steps of a generator, and what it returns."""
    seen = []
    while True:
        try:
            seen.append(next(work))
        except StopIteration as end:
            return seen, end.value


def loss_of(network):
    x, record, labels = delineator.Patches([], 99, UNet()).batch(4)
    with torch.no_grad():
        return float(delineator.set_cross_entropy(network.train().packed(x, record), labels))
