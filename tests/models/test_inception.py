import pytest
import torch

from cofe_widgets.models.architectures.inception import InceptionModule, InceptionTime


def test_branches_of_every_length_lie_side_by_side():
    module = InceptionModule(6, 4, (9, 19, 39)).eval()
    y = module(torch.randn(2, 6, 100))
    assert y.shape == (2, 16, 100) and (y >= 0).all()
    # An impulse reaches as far as each branch is long: 4, 9 and 19 samples to either side.
    impulse = torch.zeros(1, 6, 101)
    impulse[..., 50] = 1.0
    narrow = module.bottleneck(impulse)
    for branch, reach in zip(module.branches, (4, 9, 19), strict=True):
        (touched,) = torch.nonzero(branch(narrow)[0].abs().sum(dim=0) > 1e-9, as_tuple=True)
        assert touched.min() == 50 - reach and touched.max() == 50 + reach


@pytest.mark.parametrize(("leads", "outputs"), [(12, 2), (1, 4)])
def test_inception_answers_every_output_and_passes_gradients(leads, outputs):
    model = InceptionTime(leads, outputs).eval()
    x = torch.randn(2, leads, 2500, requires_grad=True)
    y = model(x)
    assert y.shape == (2, outputs)
    y.sum().backward()
    assert torch.isfinite(x.grad).all() and (x.grad.abs().sum(dim=(0, 2)) > 0).all()


def test_no_relu_is_used_twice():
    model = InceptionTime()
    calls = []
    for part in model.modules():
        if isinstance(part, torch.nn.ReLU):
            part.register_forward_hook(lambda module, *_: calls.append(id(module)))
    model.eval()(torch.randn(1, 12, 2500))
    assert len(calls) == len(set(calls)) == 11
