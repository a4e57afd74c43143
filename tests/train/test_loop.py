"""What recipes of predictors learn from, and how: averages, losses, calibration, changes of an ECG."""

import argparse

import numpy as np
import pytest
import torch

import cofe_widgets as cw
from cofe_widgets import Record
from cofe_widgets.models.architectures.lenet import LeNet1d
from cofe_widgets.train.core import card, loop
from cofe_widgets.train.core.moving_average import moving_average, updates_done
from cofe_widgets.train.data.condition_sampling import combine
from cofe_widgets.train.data.examples import Changes, Examples, augment
from cofe_widgets.train.data.moved_pr import MovedPr
from cofe_widgets.train.recipes import multilabel as nine
from cofe_widgets.train.recipes import potassium

from .test_metrics import Mean

NAN = np.nan

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


def test_plain_training_keeps_the_best_weights_of_any_step(tmp_path):
    """Without adversarial steps there is nothing that must have grown before weights are chosen."""
    x = torch.randn(16, 12, 250, generator=torch.Generator().manual_seed(0))
    truth = x.amax(dim=2)
    held = Examples(x.numpy(), truth.numpy(), np.arange(16).astype(str))
    options = argparse.Namespace(
        device="cpu", run=tmp_path / "run", seed=0, steps=4, minutes=1e9, every=1, patience=1,
        batch=16, bfloat16=False, adversarial_rms_uv=0.0, begin_with="", architecture="lenet",
    )  # fmt: skip
    made = []

    def network():
        torch.manual_seed(0)
        made.append(LeNet1d())
        return made[-1]

    task = loop.Task(
        cw.LEADS, "linear", lambda rng, n: (x, truth), held, fs=100.0, seconds=2.5, network=network
    )
    work = loop.train(task, options)
    rows = []
    while True:
        try:
            step = next(work)
        except StopIteration as end:
            trained = end.value
            break
        if step.partial is not None and step.partial not in rows:
            rows.append(step.partial)
    losses = [row["val_loss"] for row in rows]
    assert rows[0]["best_step"] == 1  # from the first step on
    assert trained.step == rows[int(np.argmin(losses))]["step"]
    error, _ = loop.validation(trained.model, held, "linear")
    assert error == pytest.approx(min(losses), rel=1e-4)
    assert len(made) == 1 and type(trained.model) is LeNet1d
    # A check without a lower loss ends it.
    late = [row["step"] - row["best_step"] for row in rows]
    assert max(late[:-1], default=0) < 1 and len(rows) <= 4


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
    rare = (np.log1p(np.exp(-2.0)) + 2 * np.log1p(np.exp(-1.0))) / 3  # as rare as it is
    assert loop.validation(Fixed(), held, "sigmoid", alike=False)[0] == pytest.approx(
        rare, rel=1e-5
    )


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


def test_the_pr_interval_of_a_record_is_moved_and_nothing_else():
    hearts = [one.record for one in cw.simulate("NSR", 16, seed=4, fs=250, severity=None)]
    signals = np.stack([record.signal for record in hearts])
    moved = MovedPr(signals, np.arange(16) < 14)
    assert moved.can.sum() > 8 and not moved.can[14:].any()  # of the last two nothing is known
    rows = np.flatnonzero(moved.can)
    shown, long, reshaped = moved(np.random.default_rng(1), rows)
    assert 2 < long.sum() < len(rows) - 2 and 0 < reshaped.sum() < len(rows)
    before = cw.measure([hearts[i] for i in rows])
    after = cw.measure([Record(one, 250) for one in shown])
    known = np.isfinite(after.pr_ms.to_numpy())
    assert known.mean() > 0.7
    assert ((after.pr_ms.to_numpy() > 200) == long)[known].all()
    still = known & ~reshaped
    for name, close in (("heart_rate_bpm", 1.0), ("qrs_ms", 8.0), ("r_amplitude_mv", 0.05)):
        assert np.abs(after[name] - before[name]).to_numpy()[still].max() < close, name


def test_no_voltage_is_learned_from_z_scores():
    said = dict(
        zip(nine.OUTPUTS, nine.truth_of("NSR;LVH;LBBB", "ptbxl_zscore", False), strict=True)
    )
    assert np.isnan(said["LVH"]) and np.isnan(said["LQRSV"])
    assert said["LBBB"] == 1 and said["NSR"] == 1


def test_a_changed_gain_hides_the_voltage(monkeypatch):
    monkeypatch.setattr(nine, "INCOMPLETE", 0.0)  # of mild hearts a voltage is open too
    batch = nine.Batches(None)
    x, truth = batch(np.random.default_rng(0), 60)
    hidden = torch.isnan(truth[:, nine.OUTPUTS.index("LVH")])
    assert x.shape == (60, 12, 2500) and 5 < hidden.sum() < 35
    assert torch.equal(hidden, torch.isnan(truth[:, nine.OUTPUTS.index("LQRSV")]))
    assert torch.isfinite(truth[:, nine.OUTPUTS.index("AF")]).all()


def test_a_bundle_branch_block_is_one_from_a_qrs_of_120_ms():
    truth = np.zeros((4, 9), np.float32)
    block, slow = nine.OUTPUTS.index("RBBB"), nine.OUTPUTS.index("SB")
    truth[1:, block], truth[:, slow] = 1, [0, 0, 1, 1]
    mild, qrs_ms = np.array([False, True, True, False]), np.array([140.0, 105, 125, 140])
    nine._incomplete(truth, mild, qrs_ms)
    np.testing.assert_array_equal(truth[:, block], [0, 0, NAN, 1])
    np.testing.assert_array_equal(truth[:, slow], [0, 0, NAN, 1])


def test_simulated_blocks_are_complete_incomplete_and_in_between():
    _, truth = nine.simulated(200, 0)
    for name in ("LBBB", "RBBB"):
        there = truth[:, nine.OUTPUTS.index(name)]
        assert (there == 1).sum() > 5 and np.isnan(there).sum() > 0


def test_simulated_potassium_is_what_was_asked_for():
    made = potassium.simulated(64, 0)
    assert made.signals.shape == (64, 12, 2500)
    assert made.truth.min() >= 2.5 and made.truth.max() <= 8.0 and np.ptp(made.truth) > 4.5
