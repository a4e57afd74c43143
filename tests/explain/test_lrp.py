"""LRP: by hand, conserved where nothing takes a share, equal to captum where captum has the rule."""

import numpy as np
import pytest
import torch
from captum.attr import LRP as CaptumLrp
from captum.attr._utils.lrp_rules import EpsilonRule
from torch import nn
from torch.nn import functional as F

import cofe_widgets as cw
from cofe_widgets.errors import ExplainError
from cofe_widgets.explain.attribution import find
from cofe_widgets.explain.attribution.gradients import score
from cofe_widgets.explain.attribution.rules.relevance import Relevance

from .attribution_nets import KINDS, net, of_samples, samples

LRP = find("lrp")


@pytest.fixture(scope="module")
def record():
    return cw.simulate("AF", seed=5, fs=250)[0].record


class Small(nn.Module):
    """z1 = 2a - b, z2 = -a + 3b, y = relu(z1) + 2 relu(z2), the first layer a convolution."""

    def __init__(self, norm=None):
        super().__init__()
        self.conv = nn.Conv1d(1, 2, 2, bias=False)
        self.head = nn.Linear(2, 1, bias=False)
        self.norm = norm
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([[[2.0, -1.0]], [[-1.0, 3.0]]]))
            self.head.weight.copy_(torch.tensor([[1.0, 2.0]]))

    def forward(self, x):
        y = self.conv(x) if self.norm is None else self.norm(self.conv(x))
        return self.head(y.relu()[..., 0])


def by_hand(module, x=(1, 1), **options):
    return LRP(of_samples(module), samples(*x), "y", **options)[0, 0].tolist()


def test_the_epsilon_rule():
    # z = (1, 2), y = 1 + 4. R of z is (1, 4). Of a: 2/1 * 1 - 1/2 * 4 = 0; of b: -1/1 * 1 + 3/2 * 4 = 5.
    assert by_hand(Small(), epsilon=0.0) == pytest.approx([0, 5])
    # With epsilon = 1: R of y is 5 * 5/6, of z a 1/5 and 4/5 of it; their shares over z + 1:
    # a: 2/2 * 5/6 - 1/3 * 20/6, b: -1/2 * 5/6 + 3/3 * 20/6.
    assert by_hand(Small(), epsilon=1.0) == pytest.approx([5 / 6 - 10 / 9, 35 / 12])


def test_the_z_plus_rule():
    # Of z1 only 2a is positive, of z2 only 3b: all of R = (1, 4) goes to a and b.
    assert by_hand(Small(), rule="z_plus", epsilon=0.0) == pytest.approx([1, 4])
    # (1, -1): z = (3, -4): R = (3, 0), contributions of z1 2 and 1: a 2, b 1.
    assert by_hand(Small(), (1, -1), rule="z_plus", epsilon=0.0) == pytest.approx([2, 1])


def test_batch_normalisation_is_merged_into_the_convolution_under_z_plus():
    norm = nn.BatchNorm1d(2, eps=0.0)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([-1.0, 1.0]))
        norm.bias.copy_(torch.tensor([4.0, 0.0]))
    # The first row of weights is turned over: z1 = -2a + b + 4 = 3, of which b is all that is positive.
    assert by_hand(Small(norm), rule="z_plus", epsilon=0.0) == pytest.approx([0, 3 + 4])


def test_products():
    # Two that are no gates have half each; a gate nothing.
    assert by_hand(lambda x: x[:, 0] * x[:, 1], (2, 3)) == pytest.approx([3, 3])
    gate = 1 / (1 + np.exp(-3))
    assert by_hand(lambda x: x[:, 0] * x[:, 1].sigmoid(), (2, 3)) == pytest.approx([2 * gate, 0])
    assert by_hand(lambda x: x[:, 0] / x[:, 1], (3, 2)) == pytest.approx([1.5, 0])


@pytest.mark.parametrize("f", [torch.tanh, F.gelu, F.silu, F.leaky_relu, torch.abs, torch.square])
def test_activations_hand_relevance_on(f):
    # y = f(a) + f(b): each has what it gives.
    expected = f(torch.tensor([1.5, -0.5])).tolist()
    assert by_hand(lambda x: f(x).sum(1), (1.5, -0.5)) == pytest.approx(expected, rel=1e-5)


def test_without_epsilon_it_is_input_x_gradient_for_relus(record):
    f = cw.load("af-resnet")
    expected = cw.attribute(record, f, "AF", "input_x_gradient").values
    found = cw.attribute(record, f, "AF", "lrp", epsilon=0.0).values
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


def test_z_plus_conserves_what_the_head_gives(record):
    # Batch normalisation is merged into every convolution of the resnet: only the head's bias keeps a share.
    f = cw.load("af-resnet")
    bias = f.module.head.bias.detach()
    with torch.no_grad():
        whole = float(f.score(f.raw(f.tensor(record)), "AF")[0] - (bias[1] - bias[0]))
    assert cw.attribute(record, f, "AF", "lrp", rule="z_plus").values.sum() == pytest.approx(
        whole, 1e-3
    )


@pytest.mark.filterwarnings("ignore")
def test_equal_to_captum_on_a_plain_chain(record):
    with torch.random.fork_rng():
        torch.manual_seed(2)
        chain = nn.Sequential(
            nn.Conv1d(12, 8, 9, 4), nn.ReLU(), nn.Conv1d(8, 4, 5, 2), nn.ReLU(),
            nn.MaxPool1d(4), nn.Flatten(), nn.Linear(4 * 30, 2),
        )  # fmt: skip
    f = cw.wrap(chain, fs=100, outputs=["a", "b"], output="linear")
    for part in f.module:
        if not isinstance(part, nn.ReLU):
            part.rule = EpsilonRule(1e-9)
    expected = CaptumLrp(f.module).attribute(f.tensor(record), target=0)[0].detach().numpy()
    found = cw.attribute(record, f, "a", "lrp", epsilon=1e-9).values
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("positive", [False, True])
def test_a_model_answers_the_same_while_it_is_looked_at(record, kind, positive):
    f = net(kind)
    x = f.tensor(record)
    if kind in ("gru", "lstm"):
        with pytest.raises(ExplainError, match="no rule for a recurrent layer .*; deeplift and"):
            cw.attribute(record, f, "a", "lrp")
        return
    with Relevance(1e-6, positive):
        looked_at = score(f, x.clone().requires_grad_(True), "a")
    with torch.no_grad():
        assert torch.allclose(looked_at, score(f, x, "a"), atol=1e-5)
    rule = "z_plus" if positive else "epsilon"
    assert np.isfinite(cw.attribute(record, f, "a", "lrp", rule=rule).values).all()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_steps_that_cannot_be_seen_are_refused_by_name(record):
    class Own(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    class Hidden(nn.Module):
        def forward(self, x):
            return Own.apply(x[:, :2]).mean(dim=2)

    class Odd(nn.Module):
        def forward(self, x):
            return x[:, :2].cumprod(dim=2).logcumsumexp(dim=2).mean(dim=2)

    scripted = torch.jit.script(nn.Sequential(nn.Conv1d(12, 2, 1000), nn.Flatten()).eval())
    for module, said in (
        (Hidden(), "backward pass of its own .OwnBackward"),
        (scripted, "TorchScript.*wrap the module that it was made of"),
        (Odd(), "no rule for torch's logcumsumexp"),
    ):
        f = cw.wrap(module, fs=100, outputs=["a", "b"], output="linear")
        with pytest.raises(ExplainError, match=f"cannot be explained by lrp: .*{said}"):
            cw.attribute(record, f, "a", "lrp")
