"""The recipes of the models that attribution maps are tested on: they train, resume, and ship."""

import csv

import numpy as np
import pytest
import torch
import wfdb

import cofe_widgets as cw
from cofe_widgets.ecg import INDEPENDENT_LEADS, LEADS
from cofe_widgets.models import load
from cofe_widgets.train.core import metrics
from cofe_widgets.train.data import amplitudes as data
from cofe_widgets.train.data.cache import kept
from cofe_widgets.train.data.median_beats import beats_of
from cofe_widgets.train.data.records import load_real
from cofe_widgets.train.recipes import amplitudes, median_beat_bank

NAN = np.nan
CONDITIONS = ("NSR", "LBBB", "AF", "LVH")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twenty-four simulated records as somebody's WFDB folder with labels."""
    made = tmp_path_factory.mktemp("data") / "mine"
    made.mkdir()
    rows = []
    for k in range(24):
        record = cw.simulate(CONDITIONS[k % 4], seed=k)[0].record
        wfdb.wrsamp(
            f"r{k}", fs=500, units=["mV"] * 12, sig_name=list(record.leads),
            p_signal=record.signal.T.astype(float), fmt=["16"] * 12, write_dir=str(made),
        )  # fmt: skip
        row = {"record": f"r{k}", "dataset": "mine", "labels": CONDITIONS[k % 4]}
        rows.append(row | {"patient": f"p{k // 2}", "units": "mV"})
    with (made.parent / "labels.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return made.parent


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to run in, and few simulated hearts to learn from and to be judged by."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(metrics, "DRAWS", 20)
    for recipe in (amplitudes, median_beat_bank):
        monkeypatch.setattr(recipe, "POOL", 24)
        monkeypatch.setattr(recipe, "JUDGED", 16)
    return tmp_path


# -- what they learn from -------------------------------------------------------------------------


def test_arrays_are_made_once_and_again_when_made_of_something_else(tmp_path):
    made = []

    def make():
        made.append(1)
        return {"x": np.arange(3)}

    for of in ("a", "a", "b"):
        assert kept("some", of, ("errors.py",), make, tmp_path)["x"].tolist() == [0, 1, 2]
    assert len(made) == 2
    kept("some", "a", ("markup.py",), make, tmp_path)
    assert len(made) == 3 and not list(tmp_path.glob("*partial*"))


def test_simulated_amplitudes_are_those_that_the_ecg_shows(tmp_path):
    part = data.simulated(40, 3, tmp_path)
    assert part.signals.shape == (40, 8, 1000) and part.truth.shape == (40, 3, 12)
    r, t = part.of("r"), part.of("t")
    assert len(r) == 40 and np.isfinite(r.truth).all() and (r.truth >= 0).all()
    assert 0 < len(part.of("p")) <= 40 and len(t) > 30
    # In lead II an R wave is about as tall as the ECG is above its usual level.
    ii = part.signals[:, 1]
    above = np.percentile(ii, 99.7, axis=1) - np.median(ii, axis=1)
    assert np.corrcoef(above, r.truth[:, 1])[0, 1] > 0.9


@pytest.mark.slow
def test_real_amplitudes_are_measured_and_a_qrs_without_r_has_an_r_of_zero(folder, tmp_path):
    real = load_real(folder, tmp_path / "cache")
    part = data.measured(real, tmp_path)
    assert part.truth.shape == (24, 3, 12)
    k = 0
    record = cw.Record(real.signals[k], 250, INDEPENDENT_LEADS).select(LEADS)
    table = cw.measure(record, per="lead").loc[list(LEADS)]
    assert part.truth[k, 2] == pytest.approx(table.t_amplitude_mv, abs=1e-5, nan_ok=True)
    r = table.r_amplitude_mv.where(table.r_amplitude_mv.notna() | table.qrs_ms.isna(), 0.0)
    assert part.truth[k, 1] == pytest.approx(r, abs=1e-5, nan_ok=True)
    assert (part.truth[:, 1] == 0).any()
    fibrillates = real.labels == "AF"
    assert np.isnan(part.truth[fibrillates, 0]).all()  # no P wave is no amplitude


def test_crops_follow_each_other_and_keep_their_records_amplitudes():
    signals = np.random.default_rng(0).standard_normal((2, 8, 1000)).astype(np.float32)
    truth = np.arange(24, dtype=np.float32).reshape(2, 12)
    cut = amplitudes.crops(data.Amplitudes(signals, truth, np.array(["a", "b"])))
    assert cut.signals.shape == (8, 12, 250)
    assert np.allclose(cut.signals[5, 0], signals[1, 0, 250:500])
    assert (cut.truth[4:] == truth[1]).all() and cut.patients.tolist() == ["a"] * 4 + ["b"] * 4


def test_a_gain_is_on_the_ecg_and_on_its_amplitudes():
    signals = np.ones((1, 8, 1000), np.float32)
    truth = np.full((1, 12), 3.0, np.float32)
    part = data.Amplitudes(signals, truth, np.array(["a"]))
    batches = amplitudes.Batches(part, part)
    batches.unit_mv = 2.0
    x, y = batches(np.random.default_rng(0), 6)
    assert x.shape == (6, 12, 250) and len(torch.unique(x[:, 0])) == 6
    assert torch.allclose(y, 1.5 * x[:, 0, :1].expand(-1, 12))


# -- figures --------------------------------------------------------------------------------------


def test_r_squared_is_of_what_is_known():
    truth = np.array([[1.0, 5.0, NAN], [2.0, 5.0, NAN], [3.0, 5.0, 1.0], [NAN, 5.0, NAN]])
    answer = np.array([[1.0, 5.0, 0.0], [2.0, 5.0, 0.0], [2.0, 5.0, 0.0], [9.0, 5.0, 0.0]])
    found = amplitudes.r_squared(answer, truth)
    assert found[0] == pytest.approx(1 - 1 / 2)  # residual 1 over a spread of 2
    assert np.isnan(found[1:]).all()  # one value throughout; one value


def test_answers_are_means_over_the_crops_of_a_record():
    class Level(torch.nn.Module):
        """The mean of every lead."""

        def __init__(self):
            super().__init__()
            self.none = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return x.mean(dim=2)

    signals = np.random.default_rng(0).standard_normal((3, 8, 1000)).astype(np.float32)
    part = data.Amplitudes(signals, np.zeros((3, 12), np.float32), np.array(["a", "b", "c"]))
    assert amplitudes.answers(Level(), part)[:, :2] == pytest.approx(
        signals[:, :2].mean(axis=2), abs=1e-5
    )


# -- the recipe of amplitudes ---------------------------------------------------------------------


def words(folder, here, *more):
    return ["--data", str(folder), "--batch", "4", "--run", str(here / "r"), *more]


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "width"), [("lenet", ()), ("xresnet1d50", (8,))])
def test_a_regressor_trains_resumes_and_is_loaded(folder, here, architecture, width):
    out = here / "p.safetensors"
    more = ["--wave", "p", "--architecture", architecture, "--out", str(out), "--every", "2"]
    more += ["--width", *map(str, width)] if width else []
    amplitudes.main(words(folder, here, *more, "--steps", "2"))
    amplitudes.main(words(folder, here, *more, "--steps", "3"))
    rows = list(csv.DictReader((here / "r" / "log.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["2", "3"]
    f = cw.load(out)
    assert f.outputs == LEADS and f.fs == 100 and f.seconds == 10 and f.samples == 250
    assert "real records in mV" in f.card["data"]
    said = f.card["metrics"]
    assert "test: R2, mean of 12 leads" in said and "0.7" in str(said.values())
    # Of ten seconds the answer is the mean of four crops'.
    record = cw.simulate("NSR", seed=5)[0].record
    x = f.tensor(record)
    with torch.no_grad():
        four = f.module(x[0].unfold(1, 250, 250).transpose(0, 1)).mean(dim=0)
    assert list(f.predict(record).values()) == pytest.approx(four.tolist(), abs=1e-4)
    assert cw.attribute(record, f, "V2").values.shape == (12, 1000)


def test_a_regressor_learns_from_simulated_hearts_alone(here):
    out = here / "r.safetensors"
    more = ["--wave", "r", "--out", str(out), "--steps", "1"]
    amplitudes.main(words(here / "none", here, *more))
    card = load(out).card
    assert card["data"].startswith("24 simulated hearts") and card["licences"] == "none: simulated"
    assert amplitudes.parse(["--wave", "t"]).out.stem == "t-amplitude-lenet"


# -- the bank -------------------------------------------------------------------------------------


def test_median_beats_are_those_that_a_predictor_of_beats_sees():
    records = [cw.simulate("NSR", seed=k, fs=250)[0].record for k in range(2)]
    signals = np.stack([one.select(INDEPENDENT_LEADS).signal for one in records])
    found = beats_of(np.concatenate((signals, np.zeros((1, 8, 2500), np.float32))))
    assert found.shape == (3, 8, 600) and np.isnan(found[2]).all()
    beat = cw.median_beat(records[0].select(INDEPENDENT_LEADS))
    assert np.allclose(found[0], beat.signal[:, :600])
    assert np.abs(found[0]).max(axis=0).argmax() == pytest.approx(250, abs=20)  # R at 0.5 s


def test_with_and_without_a_diagnosis_are_drawn_alike_often():
    weight = median_beat_bank._even(np.array([True, False, False, False, False]))
    assert weight == pytest.approx([0.5, *[0.125] * 4])
    assert median_beat_bank._even(np.zeros(4, bool)) == pytest.approx([0.25] * 4)


@pytest.mark.slow
def test_a_bank_is_made_model_by_model_and_gone_on_with(folder, here):
    more = ["--classes", "LBBB", "SR", "--seeds", "2", "--steps", "2", "--every", "1"]
    given = median_beat_bank.parse(words(folder, here, *more))
    assert given.classes == ["LBBB", "NSR"]
    seen = []
    work = median_beat_bank.steps(given)
    for step in work:
        seen.append(step.fraction)
        if (here / "r" / "NSR-0.safetensors").exists():
            work.close()
    assert seen == sorted(seen)
    made = {path.stem: path.stat().st_mtime_ns for path in (here / "r").glob("*.safetensors")}
    assert set(made) == {"LBBB-0", "NSR-0"}
    for _ in median_beat_bank.steps(given):
        pass
    after = {path.stem: path.stat().st_mtime_ns for path in (here / "r").glob("*.safetensors")}
    assert set(after) == {"LBBB-0", "LBBB-1", "NSR-0", "NSR-1"}
    assert {name: after[name] for name in made} == made  # what was there was left
    one, other = (load(here / "r" / f"LBBB-{k}.safetensors").module for k in range(2))
    assert not torch.equal(one.head.weight, other.head.weight)


@pytest.mark.slow
def test_a_model_of_the_bank_takes_records_and_is_explained_on_their_median_beat(folder, here):
    more = ["--classes", "LBBB", "--seeds", "1", "--steps", "1"]
    median_beat_bank.main(words(folder, here, *more))
    f = cw.load(here / "r" / "LBBB-0.safetensors")
    assert f.median_beat and f.leads == INDEPENDENT_LEADS and f.fs == 500 and f.samples == 600
    record = cw.simulate("LBBB", seed=1)[0].record
    assert 0 < f.predict(record)["LBBB"] < 1
    found = cw.attribute(record, f, "LBBB")
    assert found.values.shape == (8, 600)
    beat = cw.median_beat(record)
    assert np.allclose(found.record["V1"], beat["V1"][:600], atol=1e-5)
    assert "median beat" in f.card["summary"] and "fast" in " ".join(f.card["limits"])


def test_an_unknown_diagnosis_is_refused_with_those_there_are(capsys):
    with pytest.raises(SystemExit):
        median_beat_bank.parse(["--classes", "XYZ"])
    assert "LBBB" in capsys.readouterr().err
