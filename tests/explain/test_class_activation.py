"""Guided backpropagation and the class activation maps: by hand, in every layout, equal to captum."""

import numpy as np
import pytest
import torch
from captum.attr import GuidedBackprop, GuidedGradCam, LayerGradCam
from torch import nn
from torch.nn import functional as F

import cofe_widgets as cw
from cofe_widgets.errors import ExplainError
from cofe_widgets.explain.attribution import find

from .attribution_nets import of_samples, samples

CAMS = ["gradcam", "gradcam_plus_plus", "guided_gradcam"]


@pytest.fixture(scope="module")
def record():
    return cw.simulate("AF", seed=5, fs=250)[0].record


# -- guided backpropagation -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "relu",
    [F.relu, nn.ReLU(), nn.ReLU(inplace=True), lambda x: x.clone().relu_(), lambda x: x.clamp(min=0)],
)  # fmt: skip
def test_nothing_negative_goes_through_a_relu(relu):
    # y = relu(2a) - relu(3b): the gradient is (2, -3); at the second ReLU -1 comes in and stops.
    f = of_samples(lambda x: relu(2 * x[:, 0]) - relu(3 * x[:, 1]))
    assert find("guided_backpropagation")(f, samples(1, 1), "y")[0, 0].tolist() == [2, 0]
    # Where the ReLU is shut nothing goes through either.
    assert find("guided_backpropagation")(f, samples(-1, 1), "y")[0, 0].tolist() == [0, 0]


def test_kin_of_the_relu_keep_their_slope():
    f = of_samples(lambda x: F.leaky_relu(x[:, 0], 0.1) - F.elu(x[:, 1]))
    found = find("guided_backpropagation")(f, samples(-1, 1), "y")[0, 0].tolist()
    assert found == pytest.approx([0.1, 0])


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("model", ["af-resnet", "af-inception"])
def test_equal_to_captum_on_the_shipped_models(record, model):
    f = cw.load(model)
    x = f.tensor(record).requires_grad_(True)

    class Scored(nn.Module):
        def __init__(self):
            super().__init__()
            self.module = f.module

        def forward(self, x):
            return f.score(self.module(x), "AF")

    scored = Scored()
    expected = GuidedBackprop(scored).attribute(x)[0].detach().numpy()
    found = cw.attribute(record, f, "AF", "guided_backpropagation").values
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()
    layer = cw.attribute(record, f, "AF", "gradcam").provenance["layer"]
    captum = LayerGradCam(scored, scored.module.get_submodule(layer))
    cam = LayerGradCam.interpolate(captum.attribute(x), 2500, "linear")[0, 0].detach().numpy()
    found = cw.attribute(record, f, "AF", "gradcam").values
    assert found == pytest.approx(np.tile(cam, (12, 1)), abs=1e-5)
    guided = GuidedGradCam(scored, scored.module.get_submodule(layer))
    expected = guided.attribute(x, interpolate_mode="linear")[0].detach().numpy()
    found = cw.attribute(record, f, "AF", "guided_gradcam").values
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


def test_captum_takes_a_functional_relu_for_its_gradient(record):
    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            with torch.random.fork_rng():
                torch.manual_seed(1)
                self.conv, self.mix, self.head = (
                    nn.Conv1d(12, 8, 9),
                    nn.Conv1d(8, 8, 3),
                    nn.Linear(8, 2),
                )

        def forward(self, x):
            return self.head(F.relu(self.mix(F.relu(self.conv(x)))).mean(dim=2))

    class Modules(Functional):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.ReLU(), nn.ReLU()

        def forward(self, x):
            return self.head(self.two(self.mix(self.one(self.conv(x)))).mean(dim=2))

    by_function, by_module = (
        cw.attribute(
            record, cw.wrap(module, fs=100, outputs=["a", "b"]), "a", "guided_backpropagation"
        )
        for module in (Functional(), Modules())
    )
    plain = cw.attribute(record, cw.wrap(Functional(), fs=100, outputs=["a", "b"]), "a")
    assert np.array_equal(by_function.values, by_module.values)
    assert np.abs(by_function.values - plain.values).max() > 0.1 * np.abs(plain.values).max()


def test_a_model_without_relu_is_refused(record):
    f = cw.wrap(nn.Sequential(nn.Conv1d(12, 2, 1000), nn.Flatten()), fs=100, outputs=["a", "b"])
    with pytest.raises(ExplainError, match="guided_backpropagation: there is no ReLU"):
        cw.attribute(record, f, "a", "guided_backpropagation")


# -- class activation -------------------------------------------------------------------------------


class Two(nn.Module):
    """Maps 2x and -x of one lead; y is the mean over time of 3 times the first plus the second."""

    def __init__(self):
        super().__init__()
        self.maps = nn.Conv1d(1, 2, 1, bias=False)
        with torch.no_grad():
            self.maps.weight.copy_(torch.tensor([[[2.0]], [[-1.0]]]))

    def forward(self, x):
        y = self.maps(x).mean(dim=2)
        return 3 * y[:, :1] + y[:, 1:]


def test_grad_cam_by_hand():
    # Gradients of the maps are 3/4 and 1/4 at every one of four samples: a = (3/4, 1/4);
    # the map is 3/4 * 2x - 1/4 * x = 5/4 x.
    f = of_samples(Two(), 4)
    x = samples(1, 2, -1, 0)
    assert find("gradcam")(f, x, "y")[0, 0].tolist() == pytest.approx([1.25, 2.5, -1.25, 0])
    positive = find("gradcam")(f, x, "y", signed=False)[0, 0].tolist()
    assert positive == pytest.approx([1.25, 2.5, 0, 0])
    assert find("gradcam").facts(f, layer=None) == {"layer": "maps"}


def test_grad_cam_plus_plus_by_hand():
    # x = (1, 2, 1, 0). First map (2, 4, 2, 0), sum 8, g = 3/4: alpha = 1 / (2 + 3/4 * 8) = 1/8, w = 4 * 3/32.
    # Second map: nothing positive, g = 1/4: alpha = 1/2, w = 4 * 1/8. Together 3/8 * 2x - 1/2 x = x/4.
    f = of_samples(Two(), 4)
    found = find("gradcam_plus_plus")(f, samples(1, 2, 1, 0), "y")[0, 0].tolist()
    assert found == pytest.approx([0.25, 0.5, 0.25, 0])


def test_grad_cam_plus_plus_against_the_paper_where_gradients_are_negative():
    class Against(Two):
        def forward(self, x):
            y = self.maps(x).mean(dim=2)
            return -3 * y[:, :1] + y[:, 1:]

    # As above with -3: signed, w of the first map is -3/8; the paper gives it 0.
    f = of_samples(Against(), 4)
    x = samples(1, 2, 1, 0)
    signed = find("gradcam_plus_plus")(f, x, "y")[0, 0].tolist()
    assert signed == pytest.approx([-1.25, -2.5, -1.25, 0])
    paper = find("gradcam_plus_plus")(f, -x, "y", signed=False)[0, 0].tolist()
    # x = (-1, -2, -1, 0): only the second map (1, 2, 1, 0), sum 4, g = 1/4: alpha = 1/3, w = 1/3.
    assert paper == pytest.approx([1 / 3, 2 / 3, 1 / 3, 0])


class Layered(nn.Module):
    """One network in several layouts: the same answer to the same ECG."""

    def __init__(self, layout):
        super().__init__()
        self.layout = layout
        with torch.random.fork_rng():
            torch.manual_seed(4)
            self.one, self.two = nn.Conv1d(12, 6, 9, 4), nn.Conv1d(6, 5, 9, 2)
            self.head = nn.Linear(5, 2)
        if layout in ("2d", "2d time first"):
            turned = layout == "2d time first"
            for name in ("one", "two"):
                was = getattr(self, name)
                size, stride = (1, 9), (1, was.stride[0])
                if turned:
                    size, stride = size[::-1], stride[::-1]
                conv = nn.Conv2d(was.in_channels, was.out_channels, size, stride)
                with torch.no_grad():
                    weight = was.weight[..., None] if turned else was.weight[:, :, None]
                    conv.weight.copy_(weight)
                    conv.bias.copy_(was.bias)
                setattr(self, name, conv)

    def forward(self, x):
        if self.layout == "channels last":
            y = self.one(x.transpose(1, 2)).relu().transpose(1, 2)
            return self.head(self.two(y.transpose(1, 2)).relu().mean(dim=2))
        if self.layout == "2d":
            x = x[:, :, None]
        elif self.layout == "2d time first":
            x = x[..., None]
        return self.head(self.two(self.one(x).relu()).relu().flatten(2).mean(dim=2))


@pytest.mark.parametrize("method", CAMS)
def test_one_network_in_several_layouts_has_one_map(record, method):
    def mapped(kind, **options):
        f = cw.wrap(Layered(kind), fs=100, outputs=["a", "b"], **options)
        att = cw.attribute([record, record], f, "a", method)[1]
        assert att.provenance["layer"] == "two"
        return att.values

    expected = mapped("1d")
    assert np.allclose(mapped("channels last", layout="ntc"), expected, atol=1e-6)
    assert np.allclose(mapped("2d"), expected, atol=1e-6)
    assert np.allclose(mapped("2d time first"), expected, atol=1e-6)


def test_crops_are_mapped_one_by_one_and_laid_behind_each_other(record):
    def of(**options):
        return cw.wrap(Layered("1d"), fs=100, outputs=["a", "b"], output="linear", **options)

    whole = of(window=4.0, seconds=10, batch_size=2)
    att = cw.attribute(record, whole, "a", "gradcam")
    # The mean of three crops, 0-4, 4-8 and 6-10 s: each has a third of its own map; where two overlap,
    # the mean of both.
    alone = of(seconds=4)
    parts = [
        cw.attribute(record.crop(start, start + 4), alone, "a", "gradcam").values / 3
        for start in (0, 4, 6)
    ]
    expected = np.full((12, 1000), np.nan)
    expected[:, :400], expected[:, 400:600], expected[:, 800:] = (
        parts[0],
        parts[1][:, :200],
        parts[2][:, 200:],
    )
    expected[:, 600:800] = (parts[1][:, 200:] + parts[2][:, :200]) / 2
    assert np.allclose(att.values, expected, atol=1e-5)
    for method in ("guided_backpropagation", "deeplift", "lrp", "guided_gradcam"):
        assert np.isfinite(cw.attribute(record, whole, "a", method).values).all()
    # More crops than go through the model at once, and each ECG alone.
    one_by_one = of(window=4.0, seconds=10, batch_size=1)
    known = cw.attribute(record, one_by_one, "a", "guided_backpropagation").values
    assert np.allclose(
        known, cw.attribute(record, whole, "a", "guided_backpropagation").values, atol=1e-6
    )
    with pytest.raises(ValueError, match="crops one by one .batch_size=1"):
        cw.attribute(record, one_by_one, "a", "gradcam")


def test_what_was_padded_is_left_out(record):
    short = record.crop(0, 6)
    f = cw.wrap(Layered("1d"), fs=100, outputs=["a", "b"], pad="zero")
    padded = np.pad(short.resample(100).signal, ((0, 0), (200, 200)))
    whole = cw.Record(padded, 100, short.leads)
    expected = cw.attribute(whole, f, "a", "gradcam").values[:, 200:800]
    assert np.allclose(cw.attribute(short, f, "a", "gradcam").values, expected, atol=1e-6)


def test_a_layer_is_named_and_refused_in_words(record):
    f = cw.load("af-resnet")
    att = cw.attribute(record, f, "AF", "gradcam", layer="blocks.2.conv1")
    assert att.provenance["layer"] == att.provenance["options"]["layer"] == "blocks.2.conv1"
    assert len(np.unique(att.values, axis=0)) == 1
    with pytest.raises(
        ExplainError, match="no layer 'block.2.conv1' .did you mean 'blocks.2.conv1'"
    ):
        cw.attribute(record, f, "AF", "gradcam", layer="block.2.conv1")
    with pytest.raises(ExplainError, match="at 'head': .* no axis goes along time"):
        cw.attribute(record, f, "AF", "gradcam", layer="head")


def test_a_model_without_convolution_along_time_is_refused(record):
    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(12, 2)

        def forward(self, x):
            return self.head(x.square().mean(dim=2))

    f = cw.wrap(Flat(), fs=100, outputs=["a", "b"])
    for method in CAMS:
        with pytest.raises(ExplainError, match="class activation: it has no convolution"):
            cw.attribute(record, f, "a", method)


def test_a_layer_that_the_answer_does_not_come_by_is_refused(record):
    class Aside(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.aside, self.head = (
                nn.Conv1d(12, 4, 9),
                nn.Conv1d(12, 4, 9),
                nn.Linear(4, 2),
            )

        def forward(self, x):
            self.aside(x)
            return self.head(self.conv(x).mean(dim=2))

    f = cw.wrap(Aside(), fs=100, outputs=["a", "b"])
    with pytest.raises(ExplainError, match="its answer for a does not come by 'aside'"):
        cw.attribute(record, f, "a", "gradcam", layer="aside")


def test_a_model_with_more_inputs(record):
    class Aged(nn.Module):
        def __init__(self):
            super().__init__()
            with torch.random.fork_rng():
                torch.manual_seed(0)
                self.conv, self.relu, self.head = nn.Conv1d(12, 4, 9), nn.ReLU(), nn.Linear(5, 2)

        def forward(self, x, side):
            return self.head(torch.cat((self.relu(self.conv(x)).mean(dim=2), side / 50), dim=1))

    f = cw.wrap(Aged(), fs=100, outputs=["a", "b"], inputs=["age"])
    aged = [cw.Record(record.signal, record.fs, record.leads, {"age": age}) for age in (40, 80)]
    for method in (*CAMS, "guided_backpropagation", "deeplift", "lrp"):
        both = cw.attribute(aged, f, "a", method)
        assert np.isfinite(both[1].values).all() and both[1].values.std() > 0
    assert cw.attribute(aged[0], f, "a", "gradcam").provenance["layer"] == "relu"
