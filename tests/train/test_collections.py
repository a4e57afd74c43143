"""Folders in the shape of MIMIC-IV-ECG and PTB-XL become training data, split by patient."""

import csv

import numpy as np
import pytest
import torch
import wfdb

import cofe_widgets as cw
from cofe_widgets.models import load
from cofe_widgets.train.core import styles
from cofe_widgets.train.data import records as data
from cofe_widgets.train.data.records import Signals, load_real, split_of
from cofe_widgets.train.data.source import Source, filtered
from cofe_widgets.train.data.tables import provenance
from cofe_widgets.train.recipes import encoder, generator


def write(path, condition, seed, fs=500):
    path.parent.mkdir(parents=True, exist_ok=True)
    record = cw.simulate(condition, seed=seed, fs=fs)[0].record
    wfdb.wrsamp(
        path.name, fs=fs, units=["mV"] * 12, sig_name=list(record.leads),
        p_signal=record.signal.T.astype(float), fmt=["16"] * 12, write_dir=str(path.parent),
    )  # fmt: skip


def write_table(path, rows):
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def mimic(tmp_path_factory):
    """Ten patients of two studies each: files/p1000/p10000032/s40689238/40689238.hea."""
    folder = tmp_path_factory.mktemp("mimic")
    rows = []
    for k in range(20):
        subject, study = 10_000_000 + 37 * (k // 2), 40_000_000 + k
        path = f"files/p{str(subject)[:4]}/p{subject}/s{study}/{study}"
        write(folder / path, "AF" if k % 2 else "NSR", k)
        rows.append(
            {
                "subject_id": subject,
                "study_id": study,
                "file_name": study,
                "ecg_time": "2180-07-23 08:44:00",
                "path": path,
            }
        )
    write_table(folder / "record_list.csv", rows)
    return folder


@pytest.fixture(scope="module")
def ptbxl(tmp_path_factory):
    """Four records at both rates."""
    folder = tmp_path_factory.mktemp("ptbxl")
    codes = ("{'NORM': 100.0, 'SR': 0.0}", "{'AFIB': 0.0, 'CLBBB': 100.0}")
    rows = []
    for k in range(1, 5):
        low, high = (f"records{fs}/00000/{k:05}_{kind}" for fs, kind in ((100, "lr"), (500, "hr")))
        write(folder / low, "NSR", k, fs=100)
        write(folder / high, "NSR", k)
        rows.append(
            {
                "ecg_id": k,
                "patient_id": f"{150 + k // 3}.0",
                "scp_codes": codes[k % 2],
                "filename_lr": low,
                "filename_hr": high,
            }
        )
    write_table(folder / "ptbxl_database.csv", rows)
    return folder


@pytest.mark.slow
def test_mimic_is_split_by_subject(mimic, tmp_path, monkeypatch):
    real = load_real(mimic, tmp_path / "cache")
    assert real.signals.shape == (20, 8, 2500) and set(real.datasets) == {"mimic-iv-ecg"}
    assert len(set(real.patients)) == 10
    for patient in set(real.patients):
        assert set(real.splits[real.patients == patient]) == {split_of(patient)}
    # Many records are read by all processors; the result is the same.
    monkeypatch.setattr(data, "MANY", 1)
    again = load_real(mimic, tmp_path / "other")
    assert np.array_equal(real.signals, again.signals) and list(again.names) == list(real.names)


def test_ptbxl_is_read_once_at_its_higher_rate_with_its_labels(ptbxl, tmp_path):
    real = load_real(ptbxl, tmp_path / "cache")
    assert list(real.names) == ["00001_hr", "00002_hr", "00003_hr", "00004_hr"]
    assert list(real.labels) == ["AF;LBBB", "NORM;NSR"] * 2
    assert list(real.rhythms) == ["AF", "SR", "AF", "SR"]
    assert list(real.patients) == ["ptbxl150", "ptbxl150", "ptbxl151", "ptbxl151"]


def test_a_folder_without_records_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="no WFDB record"):
        load_real(tmp_path, tmp_path / "cache")


def test_signals_stay_on_disk_and_are_read_by_place(tmp_path):
    whole = np.arange(24, dtype=np.float32).reshape(6, 2, 2)
    np.save(tmp_path / "s.npy", whole)
    stored = np.load(tmp_path / "s.npy", mmap_mode="r")
    some = Signals(stored, np.array([4, 1, 5]))
    assert some.shape == (3, 2, 2) and len(some) == 3
    assert np.array_equal(some[np.array([True, False, True])], whole[[4, 5]])
    assert np.array_equal(np.eye(2, dtype=np.float32) @ some, whole[[4, 1, 5]])


def test_cards_count_collections_and_ask_where_the_licence_is_unknown():
    counted, licences = provenance(["ludb", "ludb", "mine"])
    assert counted == "ludb 2, mine 1"
    assert licences == "ODC-BY 1.0 (ludb); see the source (mine)"


def test_a_stretched_record_keeps_its_r_peaks_on_its_beats(mimic, tmp_path):
    real = load_real(mimic, tmp_path / "cache")
    source = Source(real, 0, torch.device("cpu"))
    x, r = filtered(real)
    moved, r_moved = source._stretched(x, r)
    changed = [i for i in range(len(x)) if not torch.equal(moved[i], x[i])]
    assert 3 < len(changed) < len(x)
    for i in changed[:4]:
        before = np.nanmedian(np.diff(r[i]))
        assert 1.0 < np.nanmedian(np.diff(r_moved[i])) / before < 1.11
        at = (r_moved[i][torch.isfinite(r_moved[i])][1:-1] * 250).round().long()
        quick = moved[i].diff(dim=1).abs().sum(dim=0)
        near = torch.stack([quick[max(0, int(k) - 12) : int(k) + 13].max() for k in at])
        assert (near > 4 * quick.median()).all()


@pytest.mark.slow
def test_generator_and_encoder_learn_from_mimic_s_folder(mimic, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, value in (("BANK", 64), ("PAIRED", 4), ("FIT_STEPS", 1)):
        monkeypatch.setattr(styles, name, value)
    g, e = tmp_path / "g.safetensors", tmp_path / "e.safetensors"
    options = ["--data", str(mimic), "--batch", "4"]
    run = ["--run", "runs/g", "--steps", "2", "--warmup", "0.5", "--out", str(g)]
    generator.main([*options, *run])
    assert "mimic-iv-ecg" in load(g).card["data"] and "ODbL" in load(g).card["licences"]
    run = ["--run", "runs/e", "--steps", "1", "--generator-run", "runs/g", "--out", str(e)]
    encoder.main([*options, *run, "--generator", str(g)])
    made = load(e)
    assert made.card["generator_hash"] == load(g).weight_hash
    real = load_real(mimic, tmp_path / "runs/cache")
    fit = filtered(real.where(real.splits == "train"))[0]
    assert made.module.real_styles.shape == (len(fit), 32)
