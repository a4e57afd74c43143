"""Recipes of predictors, whole: each runs for a few steps on a folder made here, and ships."""

import argparse
import csv

import numpy as np
import pytest
import torch
import wfdb

import cofe_widgets as cw
from cofe_widgets.errors import WeightsError
from cofe_widgets.models import load
from cofe_widgets.models.architectures.inception import InceptionTime
from cofe_widgets.models.architectures.resnet import ResNet1d
from cofe_widgets.steps import Step
from cofe_widgets.train.core import loop, metrics
from cofe_widgets.train.data import cinc2017
from cofe_widgets.train.data.records import load_real, split_of
from cofe_widgets.train.recipes import af, af_single_lead, potassium
from cofe_widgets.train.recipes import multilabel as nine


def write(record, name, folder):
    wfdb.wrsamp(
        name, fs=500, units=["mV"] * 12, sig_name=list(record.leads),
        p_signal=record.signal.T.astype(float), fmt=["16"] * 12, write_dir=str(folder),
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twenty-four simulated records as somebody's WFDB folder with labels, two a patient."""
    made = tmp_path_factory.mktemp("data") / "mine"
    made.mkdir()
    rows = []
    for k in range(24):
        condition = ("NSR", "AF", "NSR+LBBB", "AF+RBBB")[k % 4]
        write(cw.simulate(condition, seed=k)[0].record, f"r{k}", made)
        said = condition.replace("+", ";")
        row = {"record": f"r{k}", "dataset": "mine", "labels": said, "patient": f"p{k // 2}"}
        rows.append(row | {"units": "mV"})
    with (made.parent / "labels.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return made.parent


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to run in, thin networks to train, few simulated hearts and draws to be judged by."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(metrics, "DRAWS", 50)
    monkeypatch.setattr(ResNet1d.__init__, "__defaults__", (12, 2, 250.0, (8,) * 3, (2,) * 3))
    monkeypatch.setattr(InceptionTime.__init__, "__defaults__", (12, 2, 250.0, 4, (5, 11)))
    monkeypatch.setattr(af, "CUES", 2)
    monkeypatch.setattr(nine, "TWINS", 4)
    monkeypatch.setattr(potassium, "TWINS", 4)
    monkeypatch.setattr(potassium, "HELD", 24)
    monkeypatch.setattr(potassium, "JUDGED", 48)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["resnet", "inception"])
def test_the_af_recipe_trains_calibrates_and_ships(folder, here, capsys, architecture):
    out = here / "af.safetensors"
    options = ["--data", str(folder), "--steps", "2", "--batch", "8", "--run", str(here / "r")]
    af.main([*options, "--architecture", architecture, "--out", str(out)])
    said = capsys.readouterr().out
    assert "AUROC" in said and "calibration error before and after" in said
    assert "irregular with P waves 0." in said
    f = cw.load(out)
    assert f.outputs == ("SR", "AF") and "temperature" in f.card["metrics"]
    assert "real records (" in f.card["data"]
    torch.manual_seed(0)
    fresh = loop.ARCHITECTURES[architecture]()
    assert type(f.module) is type(fresh)
    assert not torch.equal(f.module.head.weight, fresh.head.weight)  # it did learn


def test_a_cut_off_run_goes_on_where_it_was(here):
    options = ["--data", str(here / "none"), "--batch", "4", "--run", str(here / "r")]
    out = ["--out", str(here / "af.safetensors")]
    af.main([*options, *out, "--steps", "2"])
    af.main([*options, *out, "--steps", "3"])
    rows = list(csv.DictReader((here / "r" / "log.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["2", "3"]
    assert "simulated ECGs only" in load(here / "af.safetensors").card["data"]


def test_a_run_can_be_watched_closed_and_gone_on_with(here, capsys):
    words = ["--data", str(here / "none"), "--batch", "4", "--every", "2", "--steps", "5"]
    words += ["--run", str(here / "r"), "--out", str(here / "af.safetensors")]
    work = af.steps(af.parse(words))
    seen = []
    for step in work:
        seen.append(step)
        if step.fraction >= 3 / 5:
            work.close()  # as who watches does who has seen enough
    assert [step.fraction for step in seen] == [0, 1 / 5, 2 / 5, 3 / 5]
    assert seen[1].partial is None and seen[2].partial["step"] == 2
    assert seen[3].partial is seen[2].partial and "step 3 of 5" in seen[3].message
    assert not (here / "af.safetensors").exists()
    seen = list(af.steps(af.parse(words)))
    assert [step.fraction for step in seen[:4]] == [0, 3 / 5, 4 / 5, 1]  # on from the checkpoint
    assert seen[-1].result == here / "af.safetensors" and seen[-1].result.exists()
    assert "step " not in capsys.readouterr().out  # rows are said by who consumes the steps


def test_a_network_is_trained_on_from_weights_or_refused(here):
    words = ["--data", str(here / "none"), "--batch", "4", "--steps", "1"]
    first = here / "first.safetensors"
    af.main([*words, "--run", str(here / "r"), "--out", str(first)])
    on = [*words, "--run", str(here / "s"), "--out", str(here / "on.safetensors")]
    af.main([*on, "--begin-with", str(first)])
    one, other = (
        load(here / name).module.stem[0].weight for name in (first.name, "on.safetensors")
    )
    assert 0 < (one - other).abs().max() < 0.01  # one step away
    with pytest.raises(WeightsError, match="answers SR, AF, where .* answers NSR"):
        nine.main([*words, "--run", str(here / "t"), "--begin-with", str(first)])


def test_an_older_name_of_an_option_works():
    assert af.parse(["--ripple-uv", "7"]).adversarial_rms_uv == 7
    assert af.parse([]).adversarial_rms_uv == 20 and nine.parse([]).adversarial_rms_uv == 8


def test_a_folder_without_af_is_refused_before_work_begins(here, tmp_path_factory):
    made = tmp_path_factory.mktemp("sinus") / "mine"
    made.mkdir()
    write(cw.simulate("NSR")[0].record, "r0", made)
    (made.parent / "labels.csv").write_text(
        "record,dataset,labels,patient,units\nr0,mine,NSR,,mV\n"
    )
    with pytest.raises(ValueError, match=r"no .* record falls into the .* split"):
        af.main(["--data", str(made.parent), "--run", str(here / "r"), "--steps", "1"])


@pytest.mark.slow
def test_the_nine_recipe_learns_labels_and_shows_its_twins(folder, here):
    out = here / "nine.safetensors"
    options = ["--data", str(folder), "--steps", "2", "--batch", "8", "--run", str(here / "r")]
    nine.main([*options, "--out", str(out)])
    f = cw.load(out)
    assert f.outputs == nine.OUTPUTS and f.output == "sigmoid"
    answers = f.predict(cw.simulate("LBBB")[0].record)
    assert all(0 <= p <= 1 for p in answers.values())
    assert any(key.startswith("twins: mean p(LBBB)") for key in f.card["metrics"])


def test_the_potassium_card_says_first_that_it_saw_simulated_ecgs_only(here):
    out = here / "k.safetensors"
    options = ["--data", str(here / "none"), "--steps", "1", "--batch", "4"]
    potassium.main([*options, "--run", str(here / "r"), "--out", str(out)])
    f = cw.load(out)
    assert f.output == "linear" and f.outputs == ("potassium_mmol_l",)
    first = out.with_suffix(".md").read_text().splitlines()[2]
    assert first.startswith("Trained on simulated ECGs only, because no open potassium labels")
    assert 2 < f.predict(cw.simulate("NSR")[0].record)["potassium_mmol_l"] < 9


@pytest.fixture(scope="module")
def mimic(tmp_path_factory):
    """A folder of the shape of MIMIC-IV-ECG, with a CSV of potassium values beside it."""
    root = tmp_path_factory.mktemp("mimic")
    lines = ["record,potassium_mmol_l"]
    for k in range(40):
        subject, study = 10_000_000 + k, 40_000_000 + k
        place = root / "files" / f"p{str(subject)[:4]}" / f"p{subject}" / f"s{study}"
        place.mkdir(parents=True)
        level = 3.0 + 0.1 * k
        write(cw.simulate("NSR", seed=k, potassium=level)[0].record, str(study), place)
        lines.append(f"{place.relative_to(root)}/{study},{level}")
    lines += ["files/p1000/none/s1/1,4.0", f"{study},44"]
    (root / "potassium.csv").write_text("\n".join(lines) + "\n")
    return root


def test_measured_pairs_find_their_records(mimic, here, capsys):
    real = load_real(mimic, here / "cache")
    parts = potassium.load_pairs(mimic / "potassium.csv", real)
    said = capsys.readouterr().out
    assert "40 of 42 pairs used; 1 name no record of the folder, 1 give no potassium" in said
    assert sum(map(len, parts.values())) == 40
    levels = np.sort(np.concatenate([part.truth[:, 0] for part in parts.values()]))
    assert np.allclose(levels, 3.0 + 0.1 * np.arange(40))
    owners = [set(part.patients) for part in parts.values()]
    assert not (owners[0] & owners[1] or owners[0] & owners[2] or owners[1] & owners[2])


def test_pairs_that_are_none_are_refused_in_words(mimic, here):
    real = load_real(mimic, here / "cache")
    (here / "a.csv").write_text("record,kalium\n1,4\n")
    with pytest.raises(ValueError, match="no column potassium_mmol_l"):
        potassium.load_pairs(here / "a.csv", real)
    (here / "b.csv").write_text("record,potassium_mmol_l\nnobody,4\n")
    with pytest.raises(ValueError, match="pairs no record"):
        potassium.load_pairs(here / "b.csv", real)


def test_the_potassium_recipe_learns_from_measured_pairs(mimic, here):
    out = here / "k.safetensors"
    options = ["--data", str(mimic), "--pairs", str(mimic / "potassium.csv"), "--steps", "1"]
    potassium.main([*options, "--batch", "4", "--run", str(here / "r"), "--out", str(out)])
    card = load(out).card
    assert "measured pairs" in card["summary"] and "simulated ECGs only" not in card["summary"]
    assert any(key.startswith("test: mean absolute error") for key in card["metrics"])


@pytest.fixture(scope="module")
def challenge(tmp_path_factory):
    """A folder of the shape of PhysioNet Challenge 2017: one lead at 300 Hz, 9 to 30 s."""
    root = tmp_path_factory.mktemp("training2017")
    lines, kinds = [], {"train": 0, "val": 0, "test": 0}
    for k in range(40):
        split = split_of(f"A{k + 1:05d}")  # every class in every split, however small the folder
        code, name = (("N", "NSR"), ("A", "AF"), ("O", "PAC"), ("~", "NSR"))[kinds[split] % 4]
        kinds[split] += 1
        seconds = (9.0, 12.0, 30.0)[k % 3]
        noise = 1.0 if code != "~" else {"emg": 25.0}
        record = cw.simulate(name, seed=k, fs=300, seconds=seconds, noise=noise)[0].record
        write_mat(root, f"A{k + 1:05d}", record.select(["I"]).signal[0])
        lines.append(f"A{k + 1:05d},{code}")
    (root / "REFERENCE.csv").write_text("\n".join(lines) + "\n")
    return root


def write_mat(root, name, mv):
    """A MATLAB 4 file as the Challenge has it: 24 bytes of header, then int16 of 1 uV."""
    count = len(mv)
    head = np.array([30, 1, count, 0, 4], "<i4").tobytes() + b"val\0"
    (root / f"{name}.mat").write_bytes(head + np.round(1000 * mv).astype("<i2").tobytes())
    (root / f"{name}.hea").write_text(
        f"{name} 1 300 {count} 05:05:15 1/05/2000\n{name}.mat 16+24 1000/mV 16 0 0 0 0 ECG\n"
    )


def test_recordings_of_the_challenge_are_read_as_lead_one_in_millivolts(challenge):
    assert cinc2017.is_folder(challenge) and not cinc2017.is_folder(challenge.parent)
    recordings = cinc2017.load(challenge)
    assert len(recordings.names) == 40 and set(recordings.classes) == {0, 1, 2, 3}
    assert {round(len(signal) / 250) for signal in recordings.signals} == {9, 12, 30}
    k = recordings.classes.tolist().index(1)
    seed = int(recordings.names[k][1:]) - 1
    seconds = (9.0, 12.0, 30.0)[seed % 3]
    first = cw.simulate("AF", seed=seed, fs=300, seconds=seconds)[0].record.select(["I"])
    same = first.resample(250).signal[0]
    assert np.abs(recordings.signals[k] - same).max() < 0.005
    held = recordings.examples()
    assert held.signals.shape == (40, 1, 2500) and np.isfinite(held.signals).all()
    assert (held.truth.sum(axis=1) == 1).all()


def test_the_af_recipe_trains_on_a_single_lead(challenge, here):
    out = here / "single.safetensors"
    options = ["--data", str(challenge), "--steps", "2", "--batch", "8", "--run", str(here / "r")]
    af.main([*options, "--out", str(out)])
    f = cw.load(out)
    assert f.outputs == ("SR", "AF", "Other", "Noise") and f.leads == ("I",)
    answers = f.predict(cw.simulate("AF")[0].record)
    assert sum(answers.values()) == pytest.approx(1)


def test_the_single_lead_has_a_recipe_of_its_own_where_af_leads_to(challenge, here, monkeypatch):
    words = ["--data", str(challenge), "--steps", "1"]
    assert af.parse(words) == af_single_lead.parse(words)
    assert af.parse(words).run.name == "af-single-lead-resnet"
    monkeypatch.setattr(af_single_lead, "steps", lambda options: iter([Step(1.0, "led here")]))
    assert [step.message for step in af.steps(af.parse(words))] == ["led here"]


def test_weights_are_named_after_task_and_architecture():
    options = argparse.Namespace(
        architecture="inception", run=None, out=None, device="cpu", bfloat16=False
    )
    settled = loop.settled(options, "af")
    assert settled.run.name == settled.out.stem == "af-inception"


def test_a_processor_without_bfloat16_is_not_made_to_imitate_it(monkeypatch):
    ops = torch.ops.mkldnn
    monkeypatch.setattr(ops, "_is_mkldnn_bf16_supported", lambda: False, raising=False)
    with pytest.raises(ValueError, match="leave it out"):
        af.parse(["--bfloat16"])
    assert af.parse(["--bfloat16", "--device", "cuda"]).bfloat16
