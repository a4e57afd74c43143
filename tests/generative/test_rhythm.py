import math

import torch

from cofe_widgets.generative.rhythm import edited_beats, rr_pattern

NAN = math.nan


def beats(*times, places=8):
    return torch.tensor([[*times, *[NAN] * (places - len(times))]])


def between(r):
    """All intervals of a record."""
    return torch.isfinite(r.diff(dim=1))


def zero():
    return torch.zeros(1)


def test_no_edit_leaves_the_beats():
    r = beats(0.4, 1.2, 2.1, 2.9)
    out = edited_beats(r, between(r), zero(), zero(), rr_pattern(between(r), 0), zero())
    assert torch.allclose(out[0, :4], r[0, :4], atol=1e-5)
    assert out[0, 4:].isnan().all()


def test_irregularity_keeps_the_first_and_last_beat_and_their_number():
    r = beats(0.4, 1.2, 2.0, 2.8, 3.6)
    pattern = rr_pattern(between(r), 1)
    out = edited_beats(r, between(r), zero(), torch.tensor([0.3]), pattern)
    assert out.isfinite().sum() == 5
    assert torch.allclose(out[0, [0, 4]], r[0, [0, 4]], atol=1e-5)
    assert (out[0, :5].diff() > 0.3).all()


def test_irregularity_is_the_coefficient_of_variation_that_is_added():
    # Hand-computed: mean RR 0.8 s, pattern (1, -1), irregularity 0.1 -> RR 0.88 and 0.72 s.
    r = beats(1.0, 1.8, 2.6)
    pattern = torch.tensor([[1.0, -1.0, 0, 0, 0, 0, 0]])
    out = edited_beats(r, between(r), zero(), torch.tensor([0.1]), pattern)
    assert torch.allclose(out[0, :3], torch.tensor([1.0, 1.88, 2.6]), atol=1e-4)


def test_a_negative_spread_evens_out_the_rhythm():
    r = beats(0.0, 0.6, 1.6, 2.2, 3.2)
    pattern = rr_pattern(between(r), 0)
    out = edited_beats(r, between(r), torch.tensor([-3.0]), zero(), pattern)
    assert out[0, :5].diff().std() < 0.06 * r[0, :5].diff().std() / 0.6


def test_a_faster_heart_divides_every_interval_and_keeps_time_zero():
    # Hand-computed: 25 % faster, so 0.5 s becomes 0.4 s and intervals of 1 s become 0.8 s.
    r = beats(0.5, 1.5, 2.5)
    rate = torch.tensor([math.log(1.25)])
    out = edited_beats(r, between(r), zero(), zero(), torch.zeros(1, 7), rate)
    assert torch.allclose(out[0, :3], torch.tensor([0.4, 1.2, 2.0]), atol=1e-4)


def test_the_interval_into_the_record_keeps_its_length():
    r = beats(-0.4, 0.4, 1.2, 2.0, 2.8)
    real = between(r)
    real[0, 0] = False
    pattern = rr_pattern(real, 4)
    out = edited_beats(r, real, zero(), torch.tensor([0.3]), pattern)
    assert torch.allclose(out[0, [0, 1, 4]], r[0, [0, 1, 4]], atol=1e-4)
    assert (out[0, 2:4] - r[0, 2:4]).abs().max() > 0.03


def test_rr_pattern_has_zero_mean_and_unit_size_over_each_record():
    r = torch.cat((beats(0, 1, 2, 3, 4, 5), beats(0, 0.5, 1.0)))
    pattern = rr_pattern(between(r), 3)
    assert torch.allclose(pattern[0, :5].mean(), torch.tensor(0.0), atol=1e-6)
    assert torch.allclose(pattern[0, :5].square().mean(), torch.tensor(1.0), atol=1e-5)
    assert torch.allclose(pattern[1, :2].mean(), torch.tensor(0.0), atol=1e-6)
