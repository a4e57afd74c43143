import numpy as np
import pytest
import torch
from torch import nn

import cofe_widgets as cw
from cofe_widgets import METHODS
from cofe_widgets.errors import ExplainError


class Weighted(nn.Module):
    """Log-odds of "yes" = sum of w * x with w = +1 on lead I, -2 on lead II: known gradients."""

    def forward(self, x):
        s = x[:, 0].sum(dim=1) - 2 * x[:, 1].sum(dim=1)
        return torch.stack((torch.zeros_like(s), s), dim=1)


@pytest.fixture(scope="module")
def record():
    return cw.simulate("NSR", seed=5, fs=250)[0].record


@pytest.fixture(scope="module")
def f():
    return cw.wrap(Weighted(), fs=250, leads=["I", "II"], outputs=["no", "yes"])


def test_saliency_keeps_the_sign_of_the_gradient(record, f):
    att = cw.attribute(record, f, target="yes")
    assert att.values.shape == (2, 2500) and att.values.dtype == np.float32
    assert np.allclose(att.values[0], 1.0) and np.allclose(att.values[1], -2.0)
    assert np.allclose(cw.attribute(record, f, target="no").values, -att.values)


def test_input_times_gradient_and_the_integral_of_a_linear_model(record, f):
    weights = np.array([[1.0], [-2.0]])
    expected = record.select(["I", "II"]).signal * weights
    for method in ("input_x_gradient", "integrated_gradients"):
        assert np.allclose(cw.attribute(record, f, "yes", method).values, expected, atol=1e-4)


def test_integrated_gradients_are_complete(record):
    class Squared(nn.Module):
        def forward(self, x):
            s = x[:, 0].square().mean(dim=1)
            return torch.stack((torch.zeros_like(s), s), dim=1)

    f = cw.wrap(Squared(), fs=250, outputs=["no", "yes"])
    total = cw.attribute(record, f, "yes", "integrated_gradients").values.sum()
    assert total == pytest.approx(np.mean(record["I"].astype(float) ** 2), rel=0.02)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_answers_for_the_shipped_model(record, method):
    att = cw.attribute(record, cw.load("af-resnet"), "AF", method)
    assert att.values.shape == (12, 2500) and np.isfinite(att.values).all()
    assert att.values.std() > 0 and (att.values < 0).any() and (att.values > 0).any()
    assert att.fs == 250 and att.leads == cw.LEADS


def test_smoothgrad_is_the_same_twice_and_leaves_the_random_state(record):
    f = cw.load("af-resnet")
    torch.manual_seed(4)
    expected = torch.rand(1)
    torch.manual_seed(4)
    one, two = (cw.attribute(record, f, "AF", "smoothgrad").values for _ in "ab")
    assert torch.equal(torch.rand(1), expected)
    assert np.array_equal(one, two)


def test_unknown_methods_and_targets_are_refused(record, f):
    with pytest.raises(ExplainError, match="'magic'.*saliency"):
        cw.attribute(record, f, "yes", "magic")
    with pytest.raises(ExplainError, match="'maybe'.*no, yes"):
        cw.attribute(record, f, "maybe")


def test_a_model_without_gradient_is_refused(record):
    class Detached(nn.Module):
        def forward(self, x):
            return x.detach().mean(dim=2)[:, :2]

    with pytest.raises(ExplainError, match="no gradient"):
        cw.attribute(record, cw.wrap(Detached(), fs=250, outputs=["a", "b"]), "a")
