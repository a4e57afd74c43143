import math

import pytest
import torch

from cofe_widgets.explain.rhythm import carry, edited_beats, rr_pattern

NAN = math.nan


def beats(*times, places=8):
    return torch.tensor([[*times, *[NAN] * (places - len(times))]])


def test_no_edit_leaves_the_beats():
    r = beats(0.4, 1.2, 2.1, 2.9)
    zero = torch.zeros(1)
    out = edited_beats(r, zero, zero, rr_pattern(r, 0))
    assert torch.allclose(out[0, :4], r[0, :4], atol=1e-5)
    assert out[0, 4:].isnan().all()


def test_an_edit_keeps_the_first_and_last_beat_and_their_number():
    r = beats(0.4, 1.2, 2.0, 2.8, 3.6)
    out = edited_beats(r, torch.zeros(1), torch.tensor([0.3]), rr_pattern(r, 1))
    assert out.isfinite().sum() == 5
    assert torch.allclose(out[0, [0, 4]], r[0, [0, 4]], atol=1e-5)
    assert (out[0, :5].diff() > 0.3).all()


def test_irregularity_is_the_coefficient_of_variation_that_is_added():
    # Hand-computed: mean RR 0.8 s, pattern (1, -1), irregularity 0.1 -> RR 0.88 and 0.72 s.
    r = beats(1.0, 1.8, 2.6)
    pattern = torch.tensor([[1.0, -1.0, 0, 0, 0, 0, 0]])
    out = edited_beats(r, torch.zeros(1), torch.tensor([0.1]), pattern)
    assert torch.allclose(out[0, :3], torch.tensor([1.0, 1.88, 2.6]), atol=1e-4)


def test_a_negative_spread_evens_out_the_rhythm():
    r = beats(0.0, 0.6, 1.6, 2.2, 3.2)
    out = edited_beats(r, torch.tensor([-3.0]), torch.zeros(1), rr_pattern(r, 0))
    assert out[0, :5].diff().std() < 0.06 * r[0, :5].diff().std() / 0.6


def test_rr_pattern_has_zero_mean_and_unit_size_over_each_record():
    r = torch.cat((beats(0, 1, 2, 3, 4, 5), beats(0, 0.5, 1.0)))
    pattern = rr_pattern(r, 3)
    assert torch.allclose(pattern[0, :5].mean(), torch.tensor(0.0), atol=1e-6)
    assert torch.allclose(pattern[0, :5].square().mean(), torch.tensor(1.0), atol=1e-5)
    assert (pattern[0, 5:] == 0).all() and (pattern[1, 2:] == 0).all()


def test_carry_without_an_edit_is_the_identity():
    torch.manual_seed(0)
    signal = torch.randn(1, 12, 1000)
    r = beats(0.4, 1.2, 2.1, 2.9)
    assert torch.allclose(carry(signal, r, r, 250.0), signal, atol=1e-4)


@pytest.mark.parametrize("move", [-0.12, 0.1, 0.2])
def test_carry_moves_a_qrs_whole_with_its_beat_and_leaves_no_ghost(move):
    time = torch.arange(1000) / 250
    old = beats(0.5, 1.5, 2.5, 3.5)
    new = beats(0.5, 1.5 + move, 2.5, 3.5)

    def spikes(r):
        return sum(torch.exp(-0.5 * ((time - t) / 0.012) ** 2) for t in r[0, :4])

    moved = carry(spikes(old)[None, None], old, new, 250.0)[0, 0]
    assert (moved - spikes(new)).abs().max() < 0.02


def test_carry_keeps_the_pr_interval():
    time = torch.arange(1000) / 250
    old, new = beats(0.5, 1.5, 2.5, 3.5), beats(0.5, 1.65, 2.5, 3.5)
    p = torch.exp(-0.5 * ((time - (1.5 - 0.16)) / 0.02) ** 2)
    moved = carry(p[None, None], old, new, 250.0)[0, 0]
    assert abs(float(time[moved.argmax()]) - (1.65 - 0.16)) < 0.006


def test_gradients_of_beat_times_are_finite():
    r = beats(0.4, 1.2, 2.1, 2.9)
    amount = torch.tensor([0.1], requires_grad=True)
    new = edited_beats(r, torch.zeros(1), amount, rr_pattern(r, 0))
    carry(torch.randn(1, 2, 1000), r, new, 250.0).square().sum().backward()
    assert amount.grad.isfinite().all() and amount.grad.abs() > 0
