"""LeNet, xresnet1d50 and the ResNet of 22 convolutions: as the papers describe them, and fit to hook."""

import pytest
import torch
from torch import nn

from cofe_widgets.models import load, save
from cofe_widgets.models.architectures.lenet import LeNet1d
from cofe_widgets.models.architectures.resnet22 import ResNet22
from cofe_widgets.models.architectures.xresnet import XResNet1d

SMALL = {
    "LeNet1d": (LeNet1d, {"samples": 120, "hidden": 16}, (3, 12, 120), 12),
    "XResNet1d": (XResNet1d, {"width": 8}, (3, 12, 250), 12),
    "ResNet22": (ResNet22, {"width": 8}, (3, 8, 600), 1),
}


def of(module, kind):
    return [part for part in module.modules() if isinstance(part, kind)]


def shapes(module, kind, x):
    """What comes out of every part of a kind, in the order in which they answer."""
    seen = []
    hooks = [
        part.register_forward_hook(lambda part, given, out: seen.append(tuple(out.shape[1:])))
        for part in of(module, kind)
    ]
    module.eval()(x)
    for hook in hooks:
        hook.remove()
    return seen


def test_lenet_has_three_convolutions_of_kernel_5_and_stride_2_and_two_linear_layers():
    net = LeNet1d()
    convolutions = of(net, nn.Conv1d)
    assert [c.out_channels for c in convolutions] == [32, 64, 128]
    assert {(c.kernel_size, c.stride) for c in convolutions} == {((5,), (2,))}
    order = [type(part).__name__ for part in net.features]
    assert order[:4] == ["Conv1d", "BatchNorm1d", "ReLU", "MaxPool1d"]
    assert [order[k] for k in (3, 7, 11)] == ["MaxPool1d", "MaxPool1d", "AvgPool1d"]
    assert len(of(net, nn.Linear)) == 2 and len(of(net, nn.BatchNorm1d)) == 3
    # 250 samples halve to 125, 62, 31, 15, 8, 4.
    assert shapes(net, (nn.Conv1d, nn.MaxPool1d, nn.AvgPool1d), torch.zeros(1, 12, 250)) == [
        (32, 125), (32, 62), (64, 31), (64, 15), (128, 8), (128, 4)
    ]  # fmt: skip


def test_lenet_refuses_what_its_pools_leave_nothing_of():
    with pytest.raises(ValueError, match="samples=40"):
        LeNet1d(samples=40)


def test_xresnet1d50_has_fifty_layers_with_weights_beside_its_shortcuts():
    net = XResNet1d()
    assert len(net.blocks) == 3 + 4 + 6 + 3
    beside = [c for block in net.blocks for c in of(block.shortcut, nn.Conv1d)]
    convolutions = len(of(net, nn.Conv1d)) - len(beside)
    # 48 in blocks and the linear layer; the stem's three stand for the one of the ResNet-50.
    assert convolutions - 3 + 1 + len(of(net, nn.Linear)) == 50
    assert [c.out_channels for c in of(net.stem, nn.Conv1d)] == [32, 32, 64]
    assert {c.kernel_size for c in of(net.stem, nn.Conv1d)} == {(5,)}
    assert {block.conv2[0].kernel_size for block in net.blocks} == {(5,)}
    assert 0.8e6 < sum(p.numel() for p in net.parameters()) < 1.1e6
    ends = shapes(net, type(net.blocks[0]), torch.zeros(1, 12, 250))
    assert [ends[k] for k in (2, 6, 12, 15)] == [(256, 63), (256, 32), (256, 16), (256, 8)]


def test_an_untrained_bottleneck_passes_its_input_on():
    net = XResNet1d(width=8).eval()
    x = torch.rand(2, 32, 50)
    assert torch.equal(net.blocks[1](x), x)


def test_xresnet_answers_from_the_mean_and_the_maximum_over_time():
    net = XResNet1d(width=8).eval()
    last = torch.randn(4, 32, 8)
    net.stem, net.blocks = nn.Identity(), nn.Identity()
    net.band_pass = nn.Identity()
    pooled = torch.cat((last.mean(dim=2), last.amax(dim=2)), dim=1)
    assert torch.allclose(net(last), net.head(net.norm(pooled)))


def test_the_resnet_has_22_convolutions_that_double_channels_and_halve_time_every_two_blocks():
    net = ResNet22(width=8)
    convolutions = of(net, nn.Conv1d)
    assert len(convolutions) == 22 and {c.kernel_size for c in convolutions} == {(7,)}
    assert len(of(net, nn.BatchNorm1d)) == len(of(net, nn.Dropout)) == len(of(net, nn.ReLU)) == 22
    ends = shapes(net, type(net.blocks[0]), torch.zeros(1, 8, 600))
    assert ends[::2] == [(8, 300), (16, 150), (32, 75), (64, 38), (128, 19), (256, 10)]
    assert ends[1::2] == ends[:-1:2]


def test_a_shortcut_adds_what_it_can_and_zeros():
    net = ResNet22(width=8).eval()
    x = torch.arange(16.0).reshape(1, 8, 2).repeat(1, 1, 2)
    out = net.blocks[2].shortcut(x)
    assert out.shape == (1, 16, 2) and (out[:, 8:] == 0).all()
    assert torch.equal(out[0, :8, 0], x[0, :, :2].mean(dim=1))


def test_the_resnet_is_no_narrower_than_its_leads():
    with pytest.raises(ValueError, match="width=4"):
        ResNet22(width=4)


@pytest.mark.parametrize("name", SMALL)
def test_every_relu_is_a_module_that_works_once(name):
    make, arguments, shape, _ = SMALL[name]
    net = make(**arguments).eval()
    calls = dict.fromkeys(of(net, nn.ReLU), 0)

    def count(part, given, out):
        calls[part] += 1

    for part in calls:
        part.register_forward_hook(count)
        assert not part.inplace
    net(torch.randn(shape))
    assert set(calls.values()) == {1}


@pytest.mark.parametrize("name", SMALL)
def test_gradients_reach_every_weight_and_the_input(name):
    make, arguments, shape, outputs = SMALL[name]
    torch.manual_seed(0)
    net = make(**arguments)
    x = torch.randn(shape, requires_grad=True)
    out = net(x)
    assert out.shape == (shape[0], outputs)
    out.square().sum().backward()
    assert (x.grad.abs().amax(dim=2) > 0).all()
    assert all(p.grad is not None for p in net.parameters())


@pytest.mark.parametrize("name", SMALL)
def test_they_are_saved_and_loaded_by_their_card_in_half_precision_too(name, tmp_path):
    make, arguments, shape, outputs = SMALL[name]
    net = make(**arguments).eval()
    card = {
        "architecture": name, "arguments": {"leads": shape[1], "outputs": outputs, **arguments},
        "summary": "", "data": "", "licences": "", "recipe": "", "seed": 0, "metrics": {},
        "limits": [],
    }  # fmt: skip
    x = torch.randn(shape)
    expected = net(x)
    save(net, tmp_path / "whole.safetensors", card)
    assert torch.equal(load(tmp_path / "whole.safetensors").module(x), expected)
    save(net.half(), tmp_path / "half.safetensors", card)
    loaded = load(tmp_path / "half.safetensors").module
    assert loaded.head.weight.dtype == torch.float32
    assert torch.allclose(loaded(x), expected, atol=0.02)


@pytest.mark.parametrize("kind", [LeNet1d, XResNet1d])
def test_a_network_that_standardises_gives_a_louder_ecg_the_same_answer(kind):
    torch.manual_seed(0)
    small = {} if kind is LeNet1d else {"width": 8}
    net, plain = (kind(standardise=one, **small).eval() for one in (True, False))
    x = torch.randn(2, 12, 250)
    assert torch.allclose(net(3 * x), net(x), atol=1e-3)
    assert not torch.allclose(plain(3 * x), plain(x), atol=1e-3)
