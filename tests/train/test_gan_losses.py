"""The game's parts by hand, and a recipe on two processes."""

import csv
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from cofe_widgets.models.architectures.discriminator import Discriminator
from cofe_widgets.models.architectures.encoder import NAMED, Encoder
from cofe_widgets.models.architectures.generator import Generator, Latent
from cofe_widgets.simulate.heart import DOWER, ST, T
from cofe_widgets.train.core import gan_losses as game
from cofe_widgets.train.core import styles


class Linear(nn.Module):
    """A critic whose slope is known."""

    def __init__(self, slope):
        super().__init__()
        self.slope = nn.Parameter(slope)

    def forward(self, x):
        return (x * self.slope).sum(dim=(1, 2))


def test_r1_of_a_linear_critic_is_its_squared_slope_in_units_of_its_input():
    slope = torch.full((8, 10), 2.0)
    by_hand = 0.5 * 0.3 * game.R1_EVERY * 80 * (2.0 / Discriminator.scale) ** 2
    assert game.r1(Linear(slope), torch.randn(3, 8, 10), 0.3).item() == pytest.approx(by_hand)


def test_loss_of_a_critic_that_knows_nothing_is_twice_the_logarithm_of_two():
    blind = Linear(torch.zeros(8, 10))
    loss = game.discriminator_loss(blind, torch.randn(2, 8, 10), torch.randn(2, 8, 10))
    assert loss.item() == pytest.approx(2 * torch.tensor(2.0).log().item())


def test_sliced_wasserstein_of_a_shift_is_its_squared_projection():
    torch.manual_seed(0)
    a = torch.randn(64, 3)
    assert game.sliced_wasserstein(a, a[torch.randperm(64)]).item() == pytest.approx(0, abs=1e-10)
    # A shift by d projects to d cos(angle); the mean of cos^2 in three dimensions is 1/3.
    far = game.sliced_wasserstein(a, a + torch.tensor([3.0, 0.0, 0.0]), directions=4000)
    assert far.item() == pytest.approx(9 / 3, rel=0.05)


def test_path_length_measures_how_far_styles_move_a_drawing():
    torch.manual_seed(0)
    w = torch.randn(400, 7, 48, requires_grad=True)
    # Noise of unit length over the drawing: a slope of 3 along one style gives |N(0, 1)| * 3.
    pattern = torch.randn(8, 50)
    drawn = 3 * w[:, :, 0].sum(dim=1)[:, None, None] * pattern / pattern.norm() * 20
    _, mean = game.path_length(drawn, w, torch.zeros(()))
    assert mean.item() == pytest.approx(3 * (2 / torch.pi) ** 0.5, rel=0.1)
    still, kept = game.path_length(0 * drawn, w, torch.tensor(2.0))
    assert kept.item() == pytest.approx(0.95 * 2.0)
    assert still.item() == pytest.approx(game.PATH_WEIGHT * game.PATH_EVERY)
    assert game.path_length(drawn.square(), w, mean)[0].requires_grad


def test_memory_keeps_the_newest():
    memory = game.Memory(2, length=3)
    memory.push(torch.tensor([[1.0, 1.0], [2.0, 2.0]]))
    assert set(memory.draw(50)[:, 0].tolist()) == {1.0, 2.0}
    memory.push(torch.tensor([[3.0, 3.0], [4.0, 4.0]]))
    assert memory.rows[:, 0].tolist() == [3.0, 4.0, 1.0]


def test_crops_are_pieces_of_their_records():
    x = torch.arange(2500.0).expand(3, 8, -1) + 1e4 * torch.arange(3.0)[:, None, None]
    made = game.crops(x)
    assert made.shape == (6, 8, game.CROP)
    assert (made.diff(dim=2) == 1).all()
    assert (made[:, 0, 0] // 1e4).tolist() == [0, 1, 2, 0, 1, 2]


def drawn_from(batch=2):
    r = torch.tensor([[0.5, 1.3, 2.2, 3.0]] * batch)
    flat = torch.zeros(batch, 4, 5), torch.zeros(batch, 640), torch.ones(batch)
    return Latent(torch.randn(batch, 7, 48), r, *flat)


def test_only_samples_have_noise():
    torch.manual_seed(0)
    generator, latent = Generator().eval(), drawn_from()
    for layer in generator.layers:
        nn.init.constant_(layer.noise_strength, 0.5)
    with torch.no_grad():
        assert torch.equal(generator(latent), generator(latent))
        one, other = generator(latent, noise=True), generator(latent, noise=True)
    apart = one - other
    assert apart.std() > 0.05 * one.std()
    # Leads tremble apart, and nothing is drawn above the band.
    assert torch.corrcoef(apart[0])[0, 1:].abs().max() < 0.95
    power = torch.fft.rfft(apart).abs().square().mean(dim=(0, 1))
    assert power[500:].sum() < 1e-3 * power.sum()  # above 50 Hz


def test_truncation_draws_towards_the_mean():
    torch.manual_seed(0)
    generator, z = Generator(), torch.randn(5, 48)
    generator.w_mean.normal_()
    assert torch.allclose(
        generator.styles_from_noise(z, 0.0), generator.w_mean.expand(5, -1, -1), atol=1e-6
    )
    assert torch.allclose(generator.styles_from_noise(z), generator.mapping(z), atol=1e-6)


def test_an_encoder_of_an_older_version_says_what_to_do():
    state = Encoder().state_dict()
    del state["named_styles"]
    with pytest.raises(RuntimeError, match="cofe-widgets train encoder"):
        Encoder().load_state_dict(state)


def test_components_by_hand():
    # Four points on the axes: SD sqrt(2) along x, 0.5 sqrt(2) along y.
    found = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]]) + 5
    mean, basis = styles.components(found)
    assert torch.allclose(mean, torch.tensor([5.0, 5.0]))
    assert torch.allclose(
        basis.abs(), torch.tensor([[2**0.5, 0.0], [0.0, 0.5 * 2**0.5]]), atol=1e-6
    )


@pytest.mark.parametrize("name", NAMED)
def test_pairs_differ_in_the_named_amplitude_alone(name):
    hearts = styles.draw(["NSR"] * 3, 0).hearts
    more = styles.altered(hearts, name, 1.0)
    kernels = {"r_amplitude": [2, 3, 4, 5], "st": [ST], "t_amplitude": [T]}[name]
    change = more.vectors - hearts.vectors
    assert (np.delete(change, kernels, axis=1) == 0).all()
    if name == "r_amplitude":
        assert np.allclose(change[:, kernels], 0.2 * hearts.vectors[:, kernels], atol=1e-6)
    else:  # lead II sees 0.1 mV of the kernel
        assert np.allclose(change[:, kernels[0]] @ DOWER[1], 0.1, atol=1e-6)


@pytest.mark.slow
def test_two_processes_train_one_generator(tmp_path):
    options = ["--data", str(tmp_path / "none"), "--batch", "4", "--steps", "2", "--warmup", "0.5"]
    out = ["--run", str(tmp_path / "g"), "--out", str(tmp_path / "g.safetensors"), "--every", "1"]
    started = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2"]
    done = subprocess.run(
        [
            *started,
            "--standalone",  # a free port of its own
            "-m",
            "--",
            "cofe_widgets.train.recipes.generator",
            *options,
            *out,
        ],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "g.safetensors").exists()
    rows = list(csv.DictReader((tmp_path / "g" / "log.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["1", "2"]  # one process alone writes
    assert any("tfevents" in path.name for path in (tmp_path / "g").iterdir())
