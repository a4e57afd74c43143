"""Recipes of predictors: their parts by hand, and each run for a few steps on a folder made here."""

import argparse
import csv
import sys

import numpy as np
import pytest
import torch
import wfdb

import cofe_widgets as cw
from cofe_widgets.models import load
from cofe_widgets.models.architectures.inception import InceptionTime
from cofe_widgets.models.architectures.resnet import ResNet1d
from cofe_widgets.steps import Step
from cofe_widgets.train.core import card, loop, metrics
from cofe_widgets.train.core.moving_average import moving_average, updates_done
from cofe_widgets.train.data import cinc2017
from cofe_widgets.train.data.condition_sampling import combine
from cofe_widgets.train.data.examples import Changes, Examples, augment
from cofe_widgets.train.data.records import load_real, split_of
from cofe_widgets.train.recipes import af, af_single_lead, potassium
from cofe_widgets.train.recipes import multilabel as nine

NAN = np.nan


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


# -- judging --------------------------------------------------------------------------------------


def test_area_under_the_curve_by_hand():
    # Positives 0.9 and 0.4, negatives 0.5 and 0.1: 3 of 4 pairs are in order.
    score, positive = np.array([0.9, 0.4, 0.5, 0.1]), np.array([True, True, False, False])
    assert metrics.auroc(score, positive) == pytest.approx(0.75)
    assert metrics.auroc(np.array([0.5, 0.5]), np.array([True, False])) == pytest.approx(0.5)
    assert np.isnan(metrics.auroc(score, np.ones(4, bool)))
    # A network that has lost its way is no reason to stop: its loss says so.
    assert np.isnan(metrics.auroc(np.array([0.9, NAN, 0.5, 0.1]), positive))


def test_without_scikit_learn_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "cofe-widgets\[train\]"'):
        metrics.auroc(np.array([0.9, 0.1]), np.array([True, False]))


def test_calibration_error_by_hand():
    # Bin of 0.2: mean 0.2, a quarter true: off by 0.05; bin of 0.9: mean 0.9, all true: off by 0.1.
    probability = np.array([0.2] * 4 + [0.9] * 4)
    positive = np.array([True, False, False, False] + [True] * 4)
    assert metrics.calibration_error(probability, positive) == pytest.approx(0.075)


def test_temperature_undoes_overconfidence():
    rng = np.random.default_rng(0)
    score = rng.normal(0, 2, 20_000)
    positive = rng.random(20_000) < 1 / (1 + np.exp(-score))
    assert metrics.temperature(3 * score, positive) == pytest.approx(3, rel=0.05)
    assert metrics.temperature(score, positive) == pytest.approx(1, rel=0.05)


def test_intervals_draw_whole_patients():
    value = np.repeat([0.0, 1.0], 50)
    few, many = np.repeat(["a", "b"], 50), np.arange(100).astype(str)

    def mean(rows):
        return value[rows].mean()

    assert metrics.interval(mean, few) == (0.0, 1.0)
    low, high = metrics.interval(mean, many)
    assert 0.38 < low < 0.45 and 0.55 < high < 0.62
    # Drawn apart, both kinds are always there: the mean cannot move.
    assert metrics.interval(mean, many, value > 0) == (0.5, 0.5)


def test_wilson_interval_of_eight_of_ten():
    assert metrics.proportion(np.arange(10) < 8) == "0.80 (0.49-0.94)"
    assert metrics.proportion(np.zeros(0, bool)) == "none"


def test_log_odds_of_a_softmax_are_those_of_its_probability():
    raw = torch.tensor([[1.0, 2.0, 0.5]])
    p = raw.softmax(dim=1)
    assert torch.allclose(metrics.log_odds(raw, "softmax"), (p / (1 - p)).log(), atol=1e-6)
    assert torch.equal(metrics.log_odds(raw, "sigmoid"), raw)


class Mean(torch.nn.Module):
    """Log-odds 10 times the mean in mV, plus an offset."""

    def __init__(self, offset):
        super().__init__()
        self.offset = torch.nn.Parameter(torch.tensor(float(offset)))

    def forward(self, x):
        return (10 * x.mean(dim=(1, 2)) + self.offset)[:, None]


def steps_of(model, x, columns):
    nearest = metrics.nearest_answer(model, x, "sigmoid", columns)
    return metrics.smallest_step(model, x, "sigmoid", nearest)


def test_repeated_steps_flip_a_mean_within_its_distance_only():
    x = torch.randn(3, 3, 50) * 0.001
    x -= x.mean(dim=(1, 2), keepdim=True)
    model = Mean(0.2)
    nearest = metrics.nearest_answer(model, x, "sigmoid", [0])
    assert metrics.attacked(model, x, "sigmoid", nearest, 25.0).all()
    assert not metrics.attacked(model, x, "sigmoid", nearest, 15.0).any()


class Two(Mean):
    """The mean, and the same further from its threshold."""

    def forward(self, x):
        near = super().forward(x)
        return torch.cat((near + 5.0, near), dim=1)


def test_of_several_answers_the_one_that_flips_first_is_aimed_at():
    x = torch.zeros(2, 3, 50)
    assert metrics.nearest_answer(Two(0.2), x, "sigmoid", [0, 1])[0].tolist() == [1, 1]
    steps = steps_of(Two(0.2), x, [0, 1])
    assert (steps >= 20).all() and (steps <= 20 * 1.25).all()


def test_the_smallest_step_that_flips_a_mean_is_its_distance():
    x = torch.zeros(2, 3, 50)
    # 10 * mean + 0.2 changes sign at -20 uV; the gradient of a mean is flat, its RMS is its size.
    steps = steps_of(Mean(0.2), x, [0])
    assert (steps >= 20).all() and (steps <= 20 * 1.25).all()
    assert np.isinf(steps_of(Mean(5.0), x, [0])).all()
    assert metrics.median_uv(np.array([1.0, np.inf, np.inf])).startswith("none up to")


# -- the moving average ---------------------------------------------------------------------------


@pytest.mark.parametrize(("young", "first"), [(True, 0), (False, 0), (True, 7)])
def test_the_moving_average_is_the_one_that_shipped_weights_were_made_with(young, first):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.BatchNorm1d(4))
    average, mean = moving_average(model, 0.9, young=young)
    updates_done(average, first)
    by_hand = [p.detach().clone() for p in model.parameters()]
    for step in range(first + 1, first + 100):
        model(torch.randn(8, 5))
        with torch.no_grad():
            for p in model.parameters():
                p.add_(torch.randn_like(p))
        average.update_parameters(model)
        decay = min(0.9, step / (step + 10)) if young else 0.9
        for held, p in zip(by_hand, model.parameters(), strict=True):
            held.lerp_(p.detach(), 1 - decay)
    assert all(map(torch.equal, mean.parameters(), by_hand))
    assert torch.equal(mean[1].running_mean, model[1].running_mean)
    assert set(mean.state_dict()) == set(model.state_dict())  # as checkpoints have always held it


# -- losses and calibration -----------------------------------------------------------------------


@pytest.mark.parametrize("output", ["sigmoid", "linear"])
def test_what_nobody_knows_does_not_enter_the_loss(output):
    raw = torch.tensor([[0.3, -2.0], [1.0, 5.0]], requires_grad=True)
    truth = torch.tensor([[1.0, NAN], [0.0, NAN]])
    loss = loop.loss_of(raw, truth, output)
    loss.backward()
    assert torch.isfinite(loss) and (raw.grad[:, 1] == 0).all() and (raw.grad[:, 0] != 0).all()
    alone = loop.loss_of(raw[:, :1], truth[:, :1], output)
    assert torch.allclose(loss, alone)


def test_losses_are_cross_entropy_and_squared_error(monkeypatch):
    monkeypatch.setattr(loop, "SMOOTHING", 0.0)
    raw, truth = torch.randn(5, 3), torch.eye(3)[[0, 1, 2, 0, 1]]
    expected = torch.nn.functional.cross_entropy(raw, truth.argmax(dim=1))
    assert torch.allclose(loop.loss_of(raw, truth, "softmax"), expected)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(raw, truth)
    assert torch.allclose(loop.loss_of(raw, truth, "sigmoid"), expected)
    expected = (raw - truth).square().mean()
    assert torch.allclose(loop.loss_of(raw, truth, "linear"), expected)


def test_an_adversarial_step_has_its_size_and_raises_the_loss():
    model, x, truth = Mean(0.0), torch.randn(4, 3, 50), torch.ones(4, 1)
    moved = loop.adversarial(model, x, truth, "sigmoid", 0.01)
    size = (moved - x).square().mean(dim=(1, 2)).sqrt()
    assert torch.allclose(size, torch.full((4,), 0.01), rtol=1e-4)
    before, after = (loop.loss_of(model(y), truth, "sigmoid") for y in (x, moved))
    assert after > before


def test_calibration_folds_the_temperature_into_the_head():
    class Scaled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.head = torch.nn.Linear(1, 1)
            self.head.weight.data[:], self.head.bias.data[:] = 4.0, 0.0

        def forward(self, x):
            return self.head(x[:, 0, :1])

    rng = np.random.default_rng(0)
    score = rng.normal(0, 2, 4000).astype(np.float32)
    truth = (rng.random(4000) < 1 / (1 + np.exp(-score)))[:, None].astype(np.float32)
    held = Examples(score[:, None, None], truth, np.arange(4000).astype(str))
    model = Scaled()
    said = card.calibrate(model, held, "sigmoid")
    assert model.head.weight.item() == pytest.approx(1, rel=0.1)
    before, after = map(float, said["val: calibration error before and after"].split(", "))
    assert after < 0.5 * before


def test_validation_weighs_presence_and_absence_alike():
    class Fixed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(1))

        def forward(self, x):
            return self.scale * x[:, 0, :1]

    signals = np.array([2.0, -1.0, -1.0, -1.0], np.float32)[:, None, None]
    held = Examples(signals, np.array([[1.0], [0], [0], [NAN]], np.float32), np.array(list("abcd")))
    loss, area = loop.validation(Fixed(), held, "sigmoid")
    by_hand = (np.log1p(np.exp(-2.0)) + np.log1p(np.exp(-1.0))) / 2
    assert loss == pytest.approx(by_hand, rel=1e-5) and area == 1.0


# -- what is learned from -------------------------------------------------------------------------


def test_changes_keep_what_they_should():
    x = torch.randn(6, 3, 2500).cumsum(dim=2) / 50
    rng = np.random.default_rng(0)
    out = augment(x, rng, Changes(gain=1.0, tempo=1.0, noise_mv=0.0, lost=0.0))
    assert out.shape == x.shape
    ratio = out.std(dim=2) / x.std(dim=2)
    assert (ratio > 0.75).all() and (ratio < 1.25).all()
    lost = augment(x, rng, Changes(noise_mv=0.0, lost=1.0))
    assert (lost == 0).all()
    assert (augment(x[:, :1], rng, Changes(noise_mv=0.0, lost=1.0)) != 0).any()


def test_combined_conditions_are_ones_that_can_be_drawn():
    drawn = combine(np.random.default_rng(0), 400, nine.MENUS)
    rhythms = {"NSR", *nine.MENUS[0]}
    assert all(codes[0] in rhythms for codes in drawn)
    share = np.mean(["LBBB" in codes for codes in drawn])
    assert abs(share - 0.14) < 0.06
    assert not any({"LBBB", "LVH"} <= set(codes) or {"AF", "IAVB"} <= set(codes) for codes in drawn)


@pytest.mark.parametrize(
    ("labels", "dataset", "expected"),
    [
        ("NSR;LVH", "ludb", {"NSR": 1, "AF": 0, "LVH": 1, "LBBB": 0, "LQRSV": NAN}),
        ("AF;RBBB", "cinc2021", {"NSR": 0, "AF": 1, "RBBB": 1, "LBBB": 0, "LQRSV": 0}),
        ("SB;IAVB", "cinc2021", {"NSR": 0, "SB": 1, "IAVB": 1}),
        ("NSR;IRBBB", "cinc2021", {"NSR": 1, "RBBB": NAN, "LBBB": 0}),
        ("NORM;LVOLT", "ptbxl", {"NSR": 1, "LQRSV": 1}),
        ("AFL", "cinc2021", {"NSR": 0, "AF": 0, "SB": 0}),
        ("SA", "cinc2021", {"NSR": NAN, "AF": NAN}),
        ("NSR;SA", "cinc2021", {"NSR": NAN, "AF": 0, "SB": NAN}),
        ("LVH", "cinc2021", {"NSR": NAN, "AF": NAN, "LVH": 1}),
        ("NSR;LVHV", "cinc2021", {"LVH": NAN}),
        ("LBBB", "g12ec_250hz", {"LBBB": 1, "RBBB": NAN, "LVH": NAN, "NSR": NAN}),
        ("NSR", "cpsc2018", {"NSR": 1, "LVH": NAN, "RBBB": 0}),
        ("QUALITY_acceptable", "cinc2011", {"NSR": NAN, "LVH": NAN}),
        ("", "code15", {"NSR": NAN, "AF": NAN}),
    ],
)
def test_what_codes_say_and_do_not_say(labels, dataset, expected):
    said = dict(zip(nine.OUTPUTS, nine.truth_of(labels, dataset, True), strict=True))
    for name, value in expected.items():
        assert said[name] == pytest.approx(value, nan_ok=True), name


def test_no_voltage_is_learned_from_z_scores():
    said = dict(
        zip(nine.OUTPUTS, nine.truth_of("NSR;LVH;LBBB", "ptbxl_zscore", False), strict=True)
    )
    assert np.isnan(said["LVH"]) and np.isnan(said["LQRSV"])
    assert said["LBBB"] == 1 and said["NSR"] == 1


def test_a_changed_gain_hides_the_voltage():
    batch = nine.Batches(None)
    x, truth = batch(np.random.default_rng(0), 60)
    hidden = torch.isnan(truth[:, nine.OUTPUTS.index("LVH")])
    assert x.shape == (60, 12, 2500) and 5 < hidden.sum() < 35
    assert torch.equal(hidden, torch.isnan(truth[:, nine.OUTPUTS.index("LQRSV")]))
    assert torch.isfinite(truth[:, nine.OUTPUTS.index("LBBB")]).all()


def test_simulated_potassium_is_what_was_asked_for():
    made = potassium.simulated(64, 0)
    assert made.signals.shape == (64, 12, 2500)
    assert made.truth.min() >= 2.5 and made.truth.max() <= 8.0 and np.ptp(made.truth) > 4.5


# -- recipes, whole -------------------------------------------------------------------------------


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
    options = argparse.Namespace(architecture="inception", run=None, out=None)
    settled = loop.settled(options, "af")
    assert settled.run.name == settled.out.stem == "af-inception"
