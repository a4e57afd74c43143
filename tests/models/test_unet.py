"""The segmentation network: any leads in any order, any length, any scale."""

import pytest
import torch

from cofe_widgets.models import load, save
from cofe_widgets.models.architectures.unet import UNet


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = UNet()
    with torch.no_grad():  # statistics of some data, so that the norms do something
        network.train()(torch.randn(4, 12, 640) * 0.2)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def ecg():
    generator = torch.Generator().manual_seed(1)
    return torch.cumsum(torch.randn(2, 12, 1111, generator=generator), dim=2) / 20


def test_it_is_small():
    assert sum(p.numel() for p in UNet().parameters()) <= 1_000_000


@pytest.mark.parametrize("samples", [500, 777, 1111])
@pytest.mark.parametrize("leads", [1, 3, 12])
def test_every_sample_of_every_lead_gets_its_logits(network, ecg, leads, samples):
    assert network(ecg[:, :leads, :samples]).shape == (2, leads, 24, samples)


def test_the_order_of_the_leads_does_not_matter(network, ecg):
    order = torch.randperm(12, generator=torch.Generator().manual_seed(2))
    assert torch.allclose(network(ecg[:, order]), network(ecg)[:, order], atol=1e-4)


def test_the_leads_of_a_record_see_each_other_and_no_other_record(network, ecg):
    alone = network(ecg[:1])
    assert torch.allclose(network(ecg)[:1], alone, atol=1e-4)
    assert not torch.allclose(network(ecg[:1, :1]), alone[:, :1], atol=1e-2)


def test_records_of_different_leads_go_through_together(network, ecg):
    x = network.condition(ecg)
    leads = torch.cat((x[0], x[1, :2]))
    record = torch.tensor([0] * 12 + [1] * 2)
    out = network.packed(leads, record)
    assert torch.allclose(out[:12], network.segment(x[:1])[0], atol=1e-4)
    assert torch.allclose(out[12:], network.segment(x[1:, :2])[0], atol=1e-4)


def test_scale_and_baseline_do_not_matter(network, ecg):
    assert torch.allclose(network(3 * ecg + 2.0), network(ecg), atol=1e-3)


def test_a_flat_lead_says_nothing_to_the_others(network, ecg):
    flat = torch.cat((ecg, torch.zeros_like(ecg[:, :3]) + 0.7), dim=1)
    assert torch.allclose(network(flat)[:, :12], network(ecg), atol=1e-4)
    assert torch.isfinite(network(torch.zeros(1, 12, 700))).all()


def test_gradients_reach_the_raw_ecg(network, ecg):
    x = ecg[:1, :3].clone().requires_grad_(True)
    network(x)[0, 0, 10].sum().backward()
    assert x.grad is not None and float(x.grad.abs().sum()) > 0


def test_weights_in_half_precision_come_back_whole(network, tmp_path):
    card = {"architecture": "UNet", "arguments": {}, "summary": "", "metrics": {}, "limits": []}
    card |= dict.fromkeys(("data", "licences", "recipe", "seed"), "")
    path = tmp_path / "u.safetensors"
    save(UNet().half(), path, card)
    read = load(path).module
    assert {p.dtype for p in read.parameters()} == {torch.float32}
