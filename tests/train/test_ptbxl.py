"""PTB-XL: its statements, folds and classes, what is z-scored, and the recipe on a folder of its shape."""

import csv

import numpy as np
import pytest
import torch
import wfdb

import cofe_widgets as cw
from cofe_widgets.ecg import LEADS, expand_matrix
from cofe_widgets.models import load
from cofe_widgets.train.core import card, metrics
from cofe_widgets.train.data import ptbxl as data
from cofe_widgets.train.data.examples import Examples
from cofe_widgets.train.data.records import load_real
from cofe_widgets.train.recipes import ptbxl
from cofe_widgets.vocabulary.scp_statements import STATEMENTS

NAN = np.nan
#: Condition of a simulated record -> scp_codes of its row.
CODES = {
    "NSR": {"NORM": 100.0, "SR": 0.0},
    "LBBB": {"CLBBB": 100.0, "SR": 0.0},
    "IMI": {"IMI": 35.0, "ILMI": 0.0, "SR": 0.0},
    "LVH": {"LVH": 100.0, "ISC_": 50.0, "VCLVH": 0.0},
}


def write(folder, name, condition, seed, fs=100, z_score=False, leads=LEADS):
    record = cw.simulate(condition, seed=seed, fs=fs)[0].record.select(leads)
    signal = record.signal.astype(float)
    if z_score:
        signal = (signal - signal.mean(axis=1, keepdims=True)) / signal.std(axis=1, keepdims=True)
    folder.mkdir(parents=True, exist_ok=True)
    wfdb.wrsamp(
        name, fs=fs, units=["NU" if z_score else "mV"] * len(leads), sig_name=list(leads),
        p_signal=signal.T, fmt=["16"] * len(leads), adc_gain=[1000.0] * len(leads),
        baseline=[0] * len(leads), write_dir=str(folder),
    )  # fmt: skip


def write_table(path, rows):
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Forty simulated records as PTB-XL comes, four in every fold, one patient in two records."""
    made = tmp_path_factory.mktemp("ptbxl")
    rows = []
    for k in range(40):
        condition = tuple(CODES)[(k // 10 + k) % 4]
        write(made / "records100/00000", f"{k:05}_lr", condition, k)
        row = {
            "ecg_id": k,
            "patient_id": f"{1000 + k - (k == 10)}.0",
            "scp_codes": CODES[condition],
        }
        row |= {"strat_fold": k % 10 + 1 if k != 10 else 10, "filename_hr": f"none/{k}"}
        rows.append(row | {"filename_lr": f"records100/00000/{k:05}_lr"})
    write_table(made / "ptbxl_database.csv", rows)
    return made


@pytest.fixture(scope="module")
def z_scored(tmp_path_factory):
    """Thirty simulated records with a labels.csv, all but six of them z-scored."""
    made = tmp_path_factory.mktemp("mixed")
    rows = []
    for k in range(30):
        condition = tuple(CODES)[k % 4]
        z = k % 5 > 0
        dataset = "ptbxl_zscore" if z else "mine"
        write(made / dataset, f"r{k}", condition, k, z_score=z)
        labels = ";".join(CODES[condition]) if z else condition
        row = {"record": f"r{k}", "dataset": dataset, "labels": labels, "patient": f"p{k}"}
        rows.append(row | {"units": "z-score" if z else "mV"})
    write_table(made / "labels.csv", rows)
    return made


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to run in, few simulated hearts, and a number asks for two records."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(metrics, "DRAWS", 20)
    monkeypatch.setattr(ptbxl, "POOL", 24)
    monkeypatch.setattr(ptbxl, "JUDGED", 60)
    monkeypatch.setattr(ptbxl, "LEAST_JUDGED", 2)
    return tmp_path


# -- records --------------------------------------------------------------------------------------


def test_folds_are_splits_of_patients(folder):
    fold = data.folds(folder)
    assert fold["ptbxl1000"] == "train" and fold["ptbxl1008"] == "val"
    assert fold["ptbxl1009"] == "test"
    found = data.recorded(load_real(folder, folder / "cache"), folder, folder / "cache")
    assert found.signals.shape == (40, 8, 1000) and found.millivolts.all()
    assert [int((found.splits == one).sum()) for one in ("train", "val", "test")] == [31, 4, 5]
    twice = found.patients == "ptbxl1009"
    assert twice.sum() == 2 and (found.splits[twice] == "test").all()
    own = cw.simulate("NSR", seed=0, fs=100)[0].record
    r = np.corrcoef(found.signals[0, 1, 100:900], own["II"][100:900])[0, 1]
    assert r > 0.999  # by way of 250 Hz


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([{"patient_id": "1.0", "strat_fold": "11", "ecg_id": "7"}], "ecg_id 7: PTB-XL's folds"),
        (
            [{"patient_id": "1.0", "strat_fold": one, "ecg_id": "7"} for one in ("1", "10")],
            "patient 1.0 is in two splits",
        ),
    ],
)
def test_a_fold_that_cannot_be_is_refused(tmp_path, rows, match):
    write_table(tmp_path / "ptbxl_database.csv", rows)
    with pytest.raises(ValueError, match=match):
        data.folds(tmp_path)
    assert data.folds(tmp_path / "nowhere") == {}


def test_one_patient_under_two_spellings_has_one_fold():
    assert data._ptbxl_patient("ptbxl_15709.0") == data._ptbxl_patient("ptbxl15709") == "ptbxl15709"
    assert data._ptbxl_patient("p12") == "p12"


def test_z_scored_limb_leads_get_their_ratio_back(z_scored):
    found = data.recorded(load_real(z_scored, z_scored / "cache"), z_scored, z_scored / "cache")
    row = int(np.flatnonzero(found.datasets == "ptbxl_zscore")[0])
    assert not found.millivolts[row]
    k = int(found.patients[row][1:])
    truth = cw.simulate(tuple(CODES)[k % 4], seed=k, fs=100)[0].record
    twelve = expand_matrix() @ found.signals[row]
    for lead in ("III", "aVL", "aVF"):
        mine = twelve[LEADS.index(lead), 50:950]
        assert np.corrcoef(mine, truth[lead][50:950])[0, 1] > 0.995, lead


def test_z_scores_without_lead_iii_are_left_out(tmp_path, capsys):
    eight = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
    rows = []
    for k, leads in enumerate((LEADS, eight)):
        write(tmp_path / "ptbxl_zscore", f"r{k}", "NSR", k, z_score=True, leads=leads)
        row = {"record": f"r{k}", "dataset": "ptbxl_zscore", "labels": "NORM;NSR"}
        rows.append(row | {"patient": f"p{k}", "units": "z-score"})
    write_table(tmp_path / "labels.csv", rows)
    found = data.recorded(load_real(tmp_path, tmp_path / "c"), tmp_path, tmp_path / "c")
    assert found.patients.tolist() == ["p0"]
    assert "1 z-scored records left out" in capsys.readouterr().out


# -- crops, batches, judging ----------------------------------------------------------------------


def test_crops_are_stretches_of_their_record_and_a_record_is_their_mean():
    signals = np.random.default_rng(0).normal(size=(3, 8, 1000)).astype(np.float32)
    part = Examples(signals, np.eye(3, dtype=np.float32), np.array(["a", "b", "c"]))
    cut = data.crops(part)
    assert cut.signals.shape == (12, 8, 250) and cut.patients.tolist() == list("aaaabbbbcccc")
    np.testing.assert_array_equal(cut.signals[5], signals[1, :, 250:500])

    class First(torch.nn.Module):
        def forward(self, x):
            return x[:, 0, :1]

    answer = ptbxl.WholeRecord(First())(torch.from_numpy(signals)).numpy()
    mean = (1 / (1 + np.exp(-signals[:, 0, ::250].astype(float)))).mean(axis=1)
    np.testing.assert_allclose(answer[:, 0], np.log(mean / (1 - mean)), atol=1e-5)


def test_batches_are_crops_of_both_kinds_in_their_shares(monkeypatch):
    monkeypatch.setattr(ptbxl, "augment", lambda x, rng, changes: x)
    ramp = np.arange(1000, dtype=np.float32) + np.zeros((2, 8, 1), np.float32)
    names = np.array(["a", "b"])
    made = Examples(ramp, np.zeros((2, 1), np.float32), names)
    real = Examples(ramp + 5000, np.ones((2, 1), np.float32), names)
    x, truth = ptbxl.Batches(made, real, 0.25)(np.random.default_rng(0), 40)
    assert x.shape == (40, 12, 250) and truth[:, 0].tolist() == [0.0] * 10 + [1.0] * 30
    assert (np.diff(x[:, 0].numpy(), axis=1) == 1).all()
    first = x[:, 0, 0].numpy()
    assert (first[:10] <= 750).all() and (first[10:] >= 5000).all() and len(set(first)) > 20
    only = ptbxl.Batches(None, real, 0.0)(np.random.default_rng(0), 8)[1]
    assert (only == 1).all()
    with pytest.raises(ValueError, match="neither real nor simulated"):
        ptbxl.Batches(None, None, 0.5)


def test_macro_auroc_by_hand_and_what_is_too_few():
    # First label: 3 of 4 pairs in order; second: 1; third: one record has it.
    truth = np.array([[0, 0, 0], [0, 0, 0], [1, 1, 0], [1, 1, 1], [NAN, 0, 0]], np.float32)
    score = np.array([[0.1, 1, 0], [0.5, 2, 1], [0.4, 3, 0], [0.9, 4, 1], [9, 0, 0]], np.float32)
    held = Examples(score[:, :, None], truth, np.array(list("abcde")))

    class Given(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.any = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return x[:, :, 0]

    names = ("one", "two", "three")
    found = card.macro_auroc(Given(), held, names, least=2)
    assert found["macro AUROC"].startswith("0.875 (") and "2 of 3 labels" in found["macro AUROC"]
    assert found["macro AUROC of all there are"].startswith("0.875 (")  # the third: 3.5 of 4 pairs
    each = card.discrimination(Given(), held, names, "sigmoid", least=2)
    assert each["one, 2 of 4"].startswith("AUROC 0.750 (")
    assert each["three, 1 of 5"] == "too few for a number"


def test_the_temperature_suits_answers_about_whole_records():
    class Sure(torch.nn.Module):
        """Says +-8 where the truth is so in three of four records."""

        def __init__(self):
            super().__init__()
            self.head = torch.nn.Linear(1, 1)
            torch.nn.init.ones_(self.head.weight)
            torch.nn.init.zeros_(self.head.bias)

        def forward(self, x):
            return self.head(8 * x[:, 0, :1])

    sign = np.tile([1, -1], 20).astype(np.float32)
    truth = (sign > 0) ^ (np.arange(40) % 8 < 2)
    signals = sign[:, None, None] + np.zeros((40, 12, 1000), np.float32)
    held = Examples(signals, truth[:, None].astype(np.float32), np.arange(40).astype(str))
    model = Sure()
    words = ptbxl.calibrate(model, held)
    # log(3) = 1.1 is what three of four deserve: 8 / 5 is as far as a temperature goes.
    assert words["temperature"].startswith("5.00")
    assert model.head.weight.item() == pytest.approx(0.2, abs=1e-3)


def test_a_table_of_another_hierarchy_is_refused(tmp_path):
    rows = [
        {"": one.code, "diagnostic_class": one.superclass, "diagnostic_subclass": one.subclass}
        for one in STATEMENTS.values()
    ]
    write_table(tmp_path / "scp_statements.csv", rows)
    ptbxl.check_table(tmp_path)
    rows[1]["diagnostic_class"] = "CD"
    write_table(tmp_path / "scp_statements.csv", rows)
    with pytest.raises(ValueError, match=r"1 statements \(IMI\) otherwise"):
        ptbxl.check_table(tmp_path)


# -- the recipe -----------------------------------------------------------------------------------


def words(folder, here, *more):
    return ["--data", str(folder), "--run", str(here / "run"), "--steps", "2", "--every", "1",
            "--batch", "8", "--threads", "1", "--out", str(here / "own.safetensors"), *more]  # fmt: skip


@pytest.mark.slow
def test_the_recipe_learns_from_a_ptb_xl_folder_in_mv_with_no_simulated_heart(folder, here):
    ptbxl.main(words(folder, here, "--labels", "super"))
    known = load(here / "own.safetensors").card
    assert known["outputs"] == ["NORM", "MI", "STTC", "CD", "HYP"]
    assert known["arguments"]["standardise"] is False and known["window"] == 2.5
    assert known["data"].startswith("31 real records (ptbxl 31; with NORM 8")
    assert "simulated" not in known["data"]
    said = known["metrics"]
    assert any(key.startswith("test: macro AUROC") for key in said)
    assert any(key.startswith("simulated, never seen: NORM") for key in said)
    # It goes on from where it was, and from another's weights.
    ptbxl.main(words(folder, here, "--labels", "super", "--steps", "3"))
    with (here / "run" / "log.csv").open() as lines:
        assert [row["step"] for row in csv.DictReader(lines)] == ["1", "2", "3"]
    more = ("--labels", "super", "--begin-with", str(here / "own.safetensors"))
    ptbxl.main([*words(folder, here, *more), "--run", str(here / "second")])
    assert "--begin-with" in load(here / "own.safetensors").card["recipe"]
    f, record = cw.load(here / "own.safetensors"), cw.simulate("LBBB", seed=5)[0].record
    with torch.no_grad():
        logits = ptbxl.WholeRecord(f.module)(torch.as_tensor(f.tensor(record)))
    assert list(f.predict(record).values()) == pytest.approx(logits.sigmoid()[0].tolist(), abs=1e-5)


@pytest.mark.slow
def test_with_z_scores_the_model_cannot_see_voltage_and_says_so(z_scored, here):
    ptbxl.main(
        words(z_scored, here, "--least", "2", "--architecture", "xresnet1d50", "--width", "4")
    )
    known = load(here / "own.safetensors").card
    assert known["arguments"] == {
        "leads": 12, "outputs": len(known["outputs"]), "standardise": True, "width": 4,
    }  # fmt: skip
    assert known["limits"][0].startswith("It cannot see voltage")
    assert "50% of every batch are of 24 simulated hearts" in known["data"]
    f, record = cw.load(here / "own.safetensors"), cw.simulate("LBBB", seed=5)[0].record
    louder = cw.Record(record.signal * 2, record.fs, record.leads)
    assert f.predict(louder) == pytest.approx(f.predict(record), abs=0.01)


def test_without_real_records_the_card_says_so(here):
    ptbxl.main(words(here / "none", here))
    known = load(here / "own.safetensors").card
    assert known["data"] == "24 simulated hearts (cofe_widgets.simulate)"
    assert known["licences"] == "none: simulated" and "WPW" not in known["outputs"]
    assert not any(
        key.startswith(("val", "test: m")) and "AUROC" in key for key in known["metrics"]
    )


def test_names_of_further_initialisations_and_what_is_refused(folder, capsys):
    assert ptbxl.parse([]).out.stem == "ptbxl-lenet"
    assert ptbxl.parse(["--seed", "7"]).out.stem == "ptbxl-lenet-7"
    more = ["--labels", "super", "--architecture", "xresnet1d50"]
    assert ptbxl.parse(more).out.stem == "ptbxl-super-xresnet1d50"
    with pytest.raises(SystemExit):
        ptbxl.parse(["--simulated", "2"])
    assert "a share is from 0 to 1" in capsys.readouterr().err
    real = data.recorded(load_real(folder, folder / "cache"), folder, folder / "cache")
    with pytest.raises(ValueError, match="no class of level 'sub' has so many"):
        ptbxl.kept_classes(ptbxl.parse(["--least", "30"]), real)
    kept = ptbxl.kept_classes(ptbxl.parse(["--least", "1"]), real)
    assert {"NORM", "IMI", "CLBBB", "LVH", "ISC_"} == set(kept)
    with pytest.raises(ValueError, match="no record of the test split"):
        ptbxl.kept_classes(ptbxl.parse([]), real.where(real.splits != "test"))


def test_of_real_z_scored_records_lead_iii_comes_out_as_it_was_stored(shared_data):
    paths = sorted((shared_data / "records" / "ptbxl_zscore").glob("*.hea"))[::40]
    assert paths
    before, after = [], []
    for path in paths:
        stored = wfdb.rdrecord(str(path.with_suffix("")))
        leads = dict(zip(stored.sig_name, stored.p_signal.T, strict=True))
        signal = np.stack([leads["I"], leads["II"]]).astype(np.float32) * [[0.1], [0.15]]
        for found in (before, after):
            found.append(np.corrcoef(signal[1] - signal[0], leads["III"])[0, 1])
            assert found is after or data._restore_limb(signal, path.with_suffix(""))
    assert min(after) > 0.99 and min(before) < 0.8
