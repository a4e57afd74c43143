"""DeepLIFT: by hand, complete on every kind of layer, and where captum goes wrong."""

import numpy as np
import pytest
import torch
from captum.attr import DeepLift as CaptumDeepLift
from torch import nn
from torch.nn import functional as F

import cofe_widgets as cw
from cofe_widgets.errors import ExplainError
from cofe_widgets.explain.attribution import find
from cofe_widgets.explain.attribution.deeplift import contrasted
from cofe_widgets.explain.attribution.gradients import score
from cofe_widgets.explain.attribution.rules.contrast import Contrast

from .attribution_nets import KINDS, net, of_samples, samples

# Importing captum switches warnings of its own on.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture(scope="module")
def record():
    return cw.simulate("AF", seed=5, fs=250)[0].record


def by_hand(function, x, base):
    return contrasted(of_samples(function), samples(*x), samples(*base), "y")[0, 0].tolist()


def test_the_rescale_rule():
    # relu(2a - 1): 2 for a = 1.5, 0 for a = 0, where 2a - 1 goes from -1 to 2. m = 2/3 * 2, times 1.5: 2.
    # relu(b): 0 for -1 and 0.
    found = by_hand(lambda x: F.relu(2 * x[:, 0] - 1) + x[:, 1].relu(), (1.5, -1), (0, 0))
    assert found == pytest.approx([2, 0])


@pytest.mark.parametrize(
    "relu",
    [F.relu, torch.relu, nn.ReLU(), nn.ReLU(inplace=True), lambda x: x.clone().relu_(),
     lambda x: x.clamp(min=0), lambda x: torch.where(x > 0, x, 0.0), lambda x: x.masked_fill(x < 0, 0),
     lambda x: torch.maximum(x, torch.zeros(())), lambda x: torch.ops.aten.relu.default(x)],
)  # fmt: skip
def test_every_way_to_call_a_relu_is_seen(relu):
    # 2a - 1 from -1 to 2 as above; the gradient alone would give 2 * 1.5 = 3.
    found = by_hand(lambda x: relu(2 * x[:, 0] - 1) + 0 * x[:, 1], (1.5, 0), (0, 0))
    assert found == pytest.approx([2, 0])


def test_products_are_taken_at_the_midpoint():
    # ab from (0.5, 1) to (1.5, -1): da (b + b0) / 2 = 1 * 0, db (a + a0) / 2 = -2 * 1; -1.5 - 0.5 = -2.
    assert by_hand(lambda x: x[:, 0] * x[:, 1], (1.5, -1), (0.5, 1)) == pytest.approx([0, -2])


def test_what_takes_no_more_than_a_shape_from_the_ecg_carries_nothing():
    # Channels of zeros beside, as a shortcut without weights has them: 3a is all there is.
    def padded(x):
        return torch.cat((3 * x[:, :1], x.new_zeros(len(x), 2), torch.ones_like(x)), dim=1).sum(1)

    assert by_hand(padded, (2, 5), (1, 0)) == pytest.approx([3, 0])


def test_quotients_are_products_with_one_over_the_divisor():
    # a / b from (1, 1) to (3, 2): with c = 1/b from 1 to 1/2, a: 2 * 0.75, c: -0.5 * 2; 1.5 - 1 = 0.5.
    assert by_hand(lambda x: x[:, 0] / x[:, 1], (3, 2), (1, 1)) == pytest.approx([1.5, -1])


@pytest.mark.parametrize(
    ("x", "base", "expected"),
    [
        ((3, 1), (0, 2), (1, 0)),  # the largest rises from 2 to 3, by a
        ((0, 1), (0, 2), (0, -1)),  # it falls from 2 to 1, by b
        ((1, 4), (2, 3), (0, 1)),  # b is the largest in both
    ],
)
@pytest.mark.parametrize(
    "largest",
    [lambda x: x.amax(-1), lambda x: x.max(dim=1).values, lambda x: F.max_pool1d(x[:, None], 2)[:, 0, 0],
     lambda x: torch.max(x[:, 0], x[:, 1]), lambda x: -(-x).amin(1), lambda x: -torch.min(-x, 1)[0],
     lambda x: F.adaptive_max_pool1d(x[:, None], 1).flatten()],
)  # fmt: skip
def test_a_maximum_belongs_to_the_sample_that_moved_it(largest, x, base, expected):
    assert by_hand(largest, x, base) == pytest.approx(expected)


def test_where_nothing_changes_the_slope_is_taken():
    # tanh(a) b: a stays at 0.5, b goes from 0 to 2: all of it is b's, tanh(0.5) * 2.
    found = by_hand(lambda x: x[:, 0].tanh() * x[:, 1], (0.5, 2), (0.5, 0))
    assert found == pytest.approx([0, 2 * np.tanh(0.5)], abs=1e-6)


def test_a_softmax_has_its_mean_derivative():
    # softmax of two is the logistic function of their difference d, and the mean derivative of that from
    # d0 to d is its change over d - d0: a and b share the change as they share the change of d = 3 - (-1).
    found = by_hand(lambda x: x.softmax(1)[:, 0], (2, 1), (0, 2))
    change = 1 / (1 + np.exp(-1)) - 1 / (1 + np.exp(2))
    assert found == pytest.approx([2 / 3 * change, 1 / 3 * change], rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_complete_on_every_kind_of_layer(record, kind):
    f = net(kind)
    for baseline in ("zero", "blurred"):
        known = cw.attribute(record, f, "a", "deeplift", baseline=baseline).provenance
        assert known["completeness_error"] < 2e-3, baseline


@pytest.mark.parametrize("model", ["af-resnet", "af-inception", "nine-resnet", "potassium-resnet"])
def test_complete_on_the_shipped_models_and_equal_to_captum(record, model):
    f = cw.load(model)
    target = f.outputs[-1]
    known = cw.attribute(record, f, target, "deeplift", baseline="isoelectric").provenance
    assert known["completeness_error"] < 1e-4
    if model == "af-inception":  # captum divides what overlapping pools moved otherwise
        return

    class Scored(nn.Module):
        def __init__(self):
            super().__init__()
            self.module = f.module

        def forward(self, x):
            return f.score(self.module(x), target)

    x = f.tensor(record)
    expected = CaptumDeepLift(Scored()).attribute(x, torch.zeros_like(x))[0].detach().numpy()
    found = cw.attribute(record, f, target, "deeplift").values
    assert np.abs(found - expected).max() < 1e-3 * np.abs(expected).max()


def test_complete_where_captum_is_not(record):
    class Functional(nn.Module):
        """The ReLU is a function, which captum, hooking modules, takes for its gradient."""

        def __init__(self):
            super().__init__()
            with torch.random.fork_rng():
                torch.manual_seed(1)
                self.conv, self.head = nn.Conv1d(12, 8, 9), nn.Linear(8, 2)

        def forward(self, x):
            return self.head(F.relu(self.conv(x) - 0.2).mean(dim=2))

    f = cw.wrap(Functional(), fs=100, outputs=["a", "b"], output="linear")
    x = f.tensor(record)
    with torch.no_grad():
        change = float((f.raw(x) - f.raw(0 * x))[0, 0])
    captum = float(CaptumDeepLift(f.module).attribute(x, 0 * x, target=0).sum())
    ours = float(cw.attribute(record, f, "a", "deeplift").values.sum())
    assert abs(captum - change) > 0.5 * abs(change)
    assert ours == pytest.approx(change, rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_answers_the_same_while_it_is_looked_at(record, kind):
    f = net(kind)
    x = f.tensor(record)
    contrast = Contrast()
    with contrast.reference():
        first = score(f, (0.5 * x).requires_grad_(True), "a")
    with contrast:
        second = score(f, x.clone().requires_grad_(True), "a")
    with torch.no_grad():
        assert torch.allclose(first, score(f, 0.5 * x, "a"), atol=1e-5)
        assert torch.allclose(second, score(f, x, "a"), atol=1e-5)


def test_a_model_that_hides_its_steps_is_refused(record):
    class Own(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return (5 * x).clamp(min=0)

        @staticmethod
        def backward(ctx, g):
            return 5 * g * (ctx.saved_tensors[0] > 0)

    class Hidden(nn.Module):
        def forward(self, x):
            return Own.apply(x[:, :2] - 0.3).square().mean(dim=2)

    f = cw.wrap(Hidden(), fs=100, outputs=["a", "b"], output="linear")
    with pytest.raises(
        ExplainError, match="Hidden cannot be explained by deeplift: .*miss the change"
    ):
        cw.attribute(record, f, "a", "deeplift")


def test_a_model_that_goes_another_way_for_the_baseline_is_refused(record):
    class Forked(nn.Module):
        def forward(self, x):
            y = x[:, :2].tanh() if x.abs().sum() > 0 else x[:, :2]
            return y.mean(dim=2)

    f = cw.wrap(Forked(), fs=100, outputs=["a", "b"], output="linear")
    with pytest.raises(ExplainError, match="other operations for the baseline"):
        cw.attribute(record, f, "a", "deeplift")


def test_deeplift_shap_is_the_mean_over_baselines(record):
    f = of_samples(lambda x: x[:, 0] * x[:, 1])
    shap = find("deeplift_shap")
    one, two = np.array([[0.5, 1.0]], np.float32), np.array([[0.0, 0.0]], np.float32)
    ecg = cw.Record(np.array([[1.5, -1.0]], np.float32), 20, ["I"])
    att = cw.attribute(ecg, f, "y", shap, baseline=[one, two])
    # From (0.5, 1): (0, -2), above; from zero: half of -1.5 each.
    assert att.values[0] == pytest.approx([-0.375, -1.375])
    assert att.provenance["completeness_error"] < 1e-6
    known = cw.attribute(record, cw.load("af-resnet"), "AF", shap, hearts=3).provenance
    assert known["completeness_error"] < 1e-4 and known["options"]["baseline"] == "normal"
