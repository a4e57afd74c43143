import math

import pytest
import torch
from torch import nn

import cofe_widgets as cw
from cofe_widgets.audit.trust.rows.robustness import boundary, robustness


class Mean(nn.Module):
    """Log-odds: 100 a mV of the mean of all samples, less 1."""

    def forward(self, x):
        score = 100 * x.mean(dim=(1, 2)) - 1.0
        return torch.stack((torch.zeros_like(score), score), dim=1)


class Power(nn.Module):
    """Log-odds: RMS in units of 10 uV, less 4: even at 40 uV of noise."""

    def forward(self, x):
        score = 100 * x.square().mean(dim=(1, 2)).sqrt() - 4.0
        return torch.stack((torch.zeros_like(score), score), dim=1)


def wrapped(module):
    return cw.wrap(module, fs=250, outputs=["no", "yes"])


def still():
    return torch.zeros(1, 12, 2500)


def test_the_smallest_step_of_a_linear_model_is_its_gap_over_its_slope():
    # 1 / 100 a mV are 10 uV, everywhere alike.
    found = robustness(wrapped(Mean()), still(), "yes", goal=2.0)
    assert 10.0 <= found.adversarial_rms_uv <= 10.6
    assert math.isinf(found.noise_uv)  # noise has no mean


def test_noise_flips_where_its_power_says():
    found = robustness(wrapped(Power()), still(), "yes", goal=2.0)
    assert found.noise_uv == pytest.approx(40, abs=1)


def test_a_falling_answer_is_flipped_the_other_way():
    loud = torch.full((1, 12, 2500), 0.03)  # log-odds 2
    found = robustness(wrapped(Mean()), loud, "yes", goal=-2.0)
    assert 20.0 <= found.adversarial_rms_uv <= 21.2


def test_a_model_without_slope_has_no_smallest_step():
    class Constant(nn.Module):
        def forward(self, x):
            return 0 * x[:, :2, 0] + torch.tensor([1.0, 0.0])

    assert math.isinf(robustness(wrapped(Constant()), still(), "yes", 1.0).adversarial_rms_uv)

    class Rounded(nn.Module):
        def forward(self, x):
            s = x.detach().mean(dim=(1, 2)).round()
            return torch.stack((s + 1, s), dim=1)

    assert math.isnan(robustness(wrapped(Rounded()), still(), "yes", 1.0).adversarial_rms_uv)


def test_even_odds_are_the_boundary_where_they_lie_on_the_way():
    f = wrapped(Mean())
    assert boundary(f, -3.0, 2.0) == 0.0
    assert boundary(f, -3.0, -1.0) == -1.0
    sums = nn.Sequential(nn.Flatten(), nn.Linear(12 * 2500, 1))
    value = cw.wrap(sums, fs=250, outputs=["k"], output="linear")
    assert boundary(value, -3.0, 2.0) == 2.0
