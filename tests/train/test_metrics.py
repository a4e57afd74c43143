"""How predictors are judged: every figure of a card by hand."""

import numpy as np
import pytest
import torch

from cofe_widgets.train.core import metrics


def test_area_under_the_curve_by_hand():
    # Positives 0.9 and 0.4, negatives 0.5 and 0.1: 3 of 4 pairs are in order.
    score, positive = np.array([0.9, 0.4, 0.5, 0.1]), np.array([True, True, False, False])
    assert metrics.auroc(score, positive) == pytest.approx(0.75)
    assert metrics.auroc(np.array([0.5, 0.5]), np.array([True, False])) == pytest.approx(0.5)
    assert np.isnan(metrics.auroc(score, np.ones(4, bool)))
    # A network that has lost its way is no reason to stop: its loss says so.
    assert np.isnan(metrics.auroc(np.array([0.9, np.nan, 0.5, 0.1]), positive))


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
