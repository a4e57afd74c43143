"""Recipes run for a few steps: on simulated ECGs alone, and on WFDB records made here."""

import csv

import numpy as np
import pytest
import torch
import wfdb

import cofe_widgets as cw
from cofe_widgets.models import load
from cofe_widgets.train.core import styles
from cofe_widgets.train.core.checkpoint import Run
from cofe_widgets.train.data.records import load_real, rhythm_of, split_of
from cofe_widgets.train.recipes import encoder, generator


@pytest.fixture
def folder(tmp_path):
    """Twelve simulated records as somebody's WFDB folder with labels."""
    made = tmp_path / "records" / "mine"
    made.mkdir(parents=True)
    rows = []
    for k in range(12):
        condition = "AF" if k % 2 else "NSR"
        record = cw.simulate(condition, seed=k)[0].record
        wfdb.wrsamp(
            f"r{k}", fs=500, units=["mV"] * 12, sig_name=list(record.leads),
            p_signal=record.signal.T.astype(float), fmt=["16"] * 12, write_dir=str(made),
        )  # fmt: skip
        rows.append(
            {
                "record": f"r{k}",
                "dataset": "mine",
                "labels": condition,
                "patient": f"p{k // 2}",
                "units": "mV",
            }
        )
    with (made.parent / "labels.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return made.parent


def test_a_folder_of_wfdb_becomes_training_data(folder, tmp_path):
    real = load_real(folder, tmp_path / "cache")
    assert real.signals.shape == (12, 8, 2500)
    assert sorted(set(real.rhythms)) == ["AF", "SR"]
    by_patient = {}
    for name, split in zip(real.names, real.splits, strict=True):
        by_patient.setdefault(int(name[1:]) // 2, set()).add(split)
    assert all(len(splits) == 1 for splits in by_patient.values())
    again = load_real(folder, tmp_path / "cache")
    assert np.array_equal(real.signals, again.signals)


@pytest.mark.parametrize(
    ("labels", "rhythm"),
    [
        ("NSR", "SR"),
        ("AF;LBBB", "AF"),
        ("AFL", ""),
        ("NSR;PACE", ""),
        ("", ""),
        ("AF;AFL", ""),
        ("SB;IAVB", "SR"),
    ],
)
def test_rhythm_of_labels(labels, rhythm):
    assert rhythm_of(labels) == rhythm


def test_splits_depend_on_the_name_alone_and_have_their_shares():
    splits = [split_of(f"patient{k}") for k in range(4000)]
    assert abs(splits.count("test") / 4000 - 0.20) < 0.02
    assert abs(splits.count("val") / 4000 - 0.16) < 0.02
    assert splits == [split_of(f"patient{k}") for k in range(4000)]


def test_checkpoints_come_back_with_optimizer_and_values(tmp_path):
    def fresh():
        torch.manual_seed(0)
        model = torch.nn.Linear(3, 2)
        return model, torch.optim.Adam(model.parameters(), lr=0.1)

    model, adam = fresh()
    for _ in range(3):
        adam.zero_grad()
        model(torch.ones(1, 3)).sum().backward()
        adam.step()
    Run(tmp_path, {"m": model}, {"a": adam}).save(3, best=0.5)
    other, other_adam = fresh()
    assert Run(tmp_path, {"m": other}, {"a": other_adam}).resume() == {"step": 3, "best": 0.5}
    for one, optimizer in ((model, adam), (other, other_adam)):
        optimizer.zero_grad()
        one(torch.ones(1, 3)).sum().backward()
        optimizer.step()
    assert torch.equal(model.weight, other.weight)


def test_the_generator_recipe_plays_the_game_resumes_and_ships(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ["--data", str(tmp_path / "none"), "--batch", "2", "--run", str(tmp_path / "g")]
    out = tmp_path / "generator.safetensors"
    generator.main(
        [*options, "--steps", "4", "--warmup", "0.5", "--minutes", "0", "--out", str(out)]
    )
    assert "simulated ECGs only" in capsys.readouterr().out
    assert not out.exists()  # stopped by the clock after one step, with a checkpoint
    generator.main([*options, "--steps", "3", "--warmup", "0.5", "--out", str(out)])
    assert out.exists() and "simulated ECGs only" in load(out).card["data"]
    rows = list(csv.DictReader((tmp_path / "g" / "log.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["1", "3"]
    assert np.isfinite(float(rows[-1]["d"])) and np.isfinite(float(rows[-1]["g"]))


def test_the_encoder_recipe_describes_its_styles(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(styles, "BANK", 64)
    monkeypatch.setattr(styles, "PAIRED", 4)
    monkeypatch.setattr(styles, "FIT_STEPS", 1)
    out = tmp_path / "encoder.safetensors"
    encoder.main(
        ["--data", str(tmp_path / "none"), "--steps", "1", "--batch", "2", "--out", str(out)]
    )
    made = load(out)
    basis = made.module.style_basis
    assert torch.allclose(basis @ basis.T, torch.diag(basis.norm(dim=1) ** 2), atol=1e-2)
    # Coordinates in standard deviations of the bank they were measured on.
    assert torch.allclose(made.module.real_styles.std(dim=0), torch.ones(32), atol=0.05)
    assert made.module.named_styles.norm(dim=1).min() > 0
    assert made.card["generator_hash"] == load("generator").weight_hash
