"""Ways to a move: exact at both ends, near enough between, and where a score crosses its goal."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
import torch
from torch import nn

import cofe_widgets as cw
from cofe_widgets.explain.counterfactual.objective import Objective
from cofe_widgets.explain.counterfactual.path import EditPath, crossing, line, path
from cofe_widgets.generative.inversion import invert
from cofe_widgets.generative.latent_edit import NAMES, SPACES, LatentEdit


@pytest.fixture(scope="module")
def moves() -> LatentEdit:
    return LatentEdit(invert([cw.simulate("NSR", seed=5)[0].record]), SPACES[0], seed=0)


@pytest.fixture(scope="module")
def move(moves: LatentEdit) -> torch.Tensor:
    """Towards fibrillation, a little faster, T waves taller."""
    out = torch.zeros(moves.size)
    out[2], out[NAMES.index("heart_rate")], out[NAMES.index("t_amplitude")] = -2.0, 0.5, 1.0
    return out


@torch.no_grad()
def test_a_way_begins_with_the_record_and_ends_with_the_move(moves, move):
    start, end = EditPath(moves, move).signals(torch.tensor([0.0, 1.0]))
    assert torch.allclose(start, moves.inversion.signals[0], atol=1e-6)
    assert torch.allclose(end, moves.signals(move[None])[0], atol=5e-5)


@torch.no_grad()
def test_between_its_drawings_a_way_is_what_would_be_drawn_there(moves, move):
    shares = torch.linspace(0, 1, 13)
    drawn = moves.signals(shares[:, None] * move)
    change = (drawn - moves.inversion.signals).square().mean(dim=(1, 2)).sqrt()
    error = (EditPath(moves, move).signals(shares) - drawn).square().mean(dim=(1, 2)).sqrt()
    assert error.max() < 0.015  # mV; after the seam fibrillatory waves come at other times
    assert error.max() < 0.1 * change.max()


def test_many_places_of_a_way_are_each_as_alone(moves, move):
    way, shares = EditPath(moves, move), torch.linspace(0, 1, 19)
    alone = torch.cat([way.signals(share[None]) for share in shares])
    assert torch.allclose(way.signals(shares), alone, atol=1e-5)


def test_what_moves_time_alone_needs_no_drawing(moves, monkeypatch):
    numbers = torch.zeros(1, len(NAMES))
    for name, size in (("heart_rate", 0.2), ("pr", 0.03), ("p_wave_taken_away", 1.0)):
        numbers[0, NAMES.index(name)] = size
    drawn = moves.edited(numbers.requires_grad_(True)).detach()

    def refuse(*_):
        raise AssertionError("the generator was asked")

    monkeypatch.setattr("cofe_widgets.generative.latent_edit.networks", refuse)
    assert torch.allclose(moves.edited(numbers.detach()), drawn, atol=1e-5)


def test_crossings_are_linear_between_looks():
    lengths = torch.tensor([1.0, 3.0])
    scores = torch.tensor(
        [[[1.0, 0.0], [4.0, 1.0]], [[5.0, 9.0], [0.0, 1.5]]]
    )  # looks, rays, batch
    out = crossing(lengths, torch.tensor([0.0, -2.0]), scores, torch.tensor([2.0, 3.0]))
    # 1 -> 5 passes 2 a quarter of the way from 1 to 3; 0 -> 9 passes 3 a third of it.
    assert out[0].tolist() == pytest.approx([1.5, 1 + 2 / 3])
    # 0 -> 4 passes 2 halfway to the first look; 1 -> 1.5 never passes 3.
    assert out[1].tolist() == [0.5, inf]


def test_a_line_ends_just_past_its_crossing_and_its_path_on_it(moves):
    f = cw.load("af-resnet")
    objective = Objective(f, "AF", 0.9)
    with torch.no_grad():
        start = objective.score(moves.inversion.signals)
    direction = torch.zeros(moves.size)
    direction[2] = -1.0
    found, gap = line(moves, objective, start, direction)
    assert gap[0] <= 0
    frames, answers, share = path(EditPath(moves, found[0]), objective, float(start), 9)
    assert 0.8 < share <= 1.0
    assert np.array_equal(frames[0], moves.inversion.signals[0].numpy())
    assert 0.9 - 1e-6 <= answers[-1] < 0.95
    assert (np.diff(answers) > 0).all()


class Way(nn.Module):
    """How far an ECG is from a record, as a share of the way to another; with a hump on the way."""

    def __init__(self, start, end, hump):
        super().__init__()
        self.register_buffer("start", start)
        self.register_buffer("length", (end - start).square().mean().sqrt())
        self.hump = hump

    def forward(self, x):
        share = (x - self.start).square().mean(dim=(1, 2)).sqrt() / self.length
        on_it = (share > self.hump[0]) & (share < self.hump[1])
        return (share + 0.5 * on_it)[:, None]


@pytest.mark.parametrize("hump", [(2.0, 3.0), (0.5, 0.64), (0.5, 0.53)])
def test_few_frames_and_many_end_at_the_same_place(moves, move, hump):
    """Also where the score crosses its goal, falls below it again and crosses for good."""
    here = EditPath(moves, move)
    start, end = here.signals(torch.tensor([0.0, 1.0]))
    f = cw.wrap(Way(start, end, hump), fs=250, outputs=["share"], output="linear")
    shares = [path(here, Objective(f, "share", 0.9), 0.0, count).share for count in (2, 3, 21)]
    assert shares[1:] == pytest.approx(shares[:1] * 2, abs=1e-6)
    assert 0 < shares[0] < 1


def test_what_is_kept_is_no_part_of_a_direction(moves):
    some = LatentEdit(
        moves.inversion, SPACES[1], 0, keep=("irregularity", "f_wave_amplitude", "fine")
    )
    left = some.permitted(torch.ones(some.size))
    assert float(left.norm()) == pytest.approx(1, abs=1e-5)
    named = some.named(left[None])[0]
    assert named[NAMES.index("irregularity")] == 0 and named[NAMES.index("p_wave_taken_away")] != 0
    # Every layer draws them: who keeps one keeps them.
    assert named[NAMES.index("t_amplitude")] == 0
    assert some.opens(SPACES[1]) and bool((left[len(NAMES) :] != 0).all())
    frozen = LatentEdit(moves.inversion, SPACES[1], 0, keep=("coarse", "middle", "fine"))
    assert (
        not frozen.opens(SPACES[1])
        and (frozen.permitted(torch.ones(frozen.size))[len(NAMES) :] == 0).all()
    )


def test_where_every_named_number_is_kept_the_styles_are_searched():
    record, f = cw.simulate("NSR", seed=5)[0].record, cw.load("af-resnet")
    cf = cw.counterfactual(record, f, "AF", level=0.15, keep=NAMES, severities=2)
    assert cf.space != SPACES[0].name
    assert cf.moved["irregularity"] == cf.moved["t_amplitude"] == 0
