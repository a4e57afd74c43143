import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

import cofe_widgets as cw
from cofe_widgets.errors import WeightsError
from cofe_widgets.models import WEIGHTS, architectures, load, registry, save
from cofe_widgets.models.architectures.encoder import Encoder
from cofe_widgets.models.architectures.generator import (
    CODES,
    LAYERS,
    STYLE,
    Generator,
    Latent,
    ModulatedConv,
)
from cofe_widgets.models.architectures.resnet import ResNet1d
from cofe_widgets.models.filters import BandPass, Standardise
from cofe_widgets.models.phase import OFFSETS_S, BeatPhase, extend_beats

NAN = math.nan


def latent(n=1, times=(0.5, 1.3, 2.2, 3.0)):
    r = torch.tensor([[*times, NAN, NAN]] * n)
    f = torch.zeros(n, 640)
    codes = torch.zeros(n, r.shape[1], CODES)
    return Latent(torch.randn(n, LAYERS, STYLE), r, codes, f, torch.ones(n))


def test_extended_beats_repeat_the_neighbouring_interval():
    out = extend_beats(torch.tensor([[1.0, 1.8, 2.8, NAN]]))
    assert torch.allclose(out[0, :5], torch.tensor([0.2, 1.0, 1.8, 2.8, 3.8]))
    assert (out[0, 5:] > 900).all() and (out[0].diff() > 0).all()
    with pytest.raises(ValueError, match="two R-peaks"):
        extend_beats(torch.tensor([[1.0, NAN]]))


def test_a_phase_bump_peaks_at_its_place_in_every_beat():
    phase, _ = BeatPhase(250.0)(extend_beats(torch.tensor([[1.0, 2.0, 3.0]])), 1000)
    at_r = OFFSETS_S.index(0.0)
    for r in (1.0, 2.0, 3.0):
        window = slice(round(250 * (r - 0.4)), round(250 * (r + 0.4)))
        assert abs(int(phase[0, at_r, window].argmax()) / 250 - 0.4) <= 0.004
    p = OFFSETS_S.index(-0.145)
    assert abs(int(phase[0, p, 400:500].argmax()) / 250 + 1.6 - 1.855) <= 0.004


def test_after_the_j_point_phase_stretches_with_the_cube_root_of_rr():
    late = OFFSETS_S.index(0.29)
    for rr in (0.6, 1.0, 1.4):
        beats = torch.tensor([[1.0, 1.0 + rr, 1.0 + 2 * rr]])
        phase, _ = BeatPhase(250.0)(extend_beats(beats), 1200)
        peak = 1.0 + rr + 0.06 + 0.23 * rr ** (1 / 3)
        window = slice(round(250 * (peak - 0.1)), round(250 * (peak + 0.1)))
        assert abs(int(phase[0, late, window].argmax()) / 250 - 0.1) <= 0.009


def test_moving_all_beats_moves_the_drawn_ecg():
    torch.manual_seed(0)
    generator = Generator().eval()
    start = latent()
    shifted = replace(start, r_s=start.r_s + 0.4)
    with torch.no_grad():
        a, b = generator(start), generator(shifted)
    assert a.shape == (1, 8, 2500)
    # Slopes: the 0.5 Hz high-pass lets a level depend on the whole record.
    a, b = a.diff(dim=2), b.diff(dim=2)
    assert (a[..., 150:500] - b[..., 250:600]).abs().max() < 0.05 * a.abs().max()


def test_demodulation_gives_unit_power():
    torch.manual_seed(0)
    conv = ModulatedConv(64, 256, 5)
    y = conv(torch.randn(4, 64, 400), 3 * torch.randn(4, STYLE))
    assert torch.allclose(y[..., 5:-5].std(dim=(1, 2)), torch.ones(4), atol=0.1)


def test_modulating_the_input_equals_modulating_the_weights():
    torch.manual_seed(1)
    conv, x, w = ModulatedConv(3, 2, 5), torch.randn(1, 3, 50), torch.randn(1, STYLE)
    weight = conv.weight * conv.gain * conv.affine(w)[0][None, :, None]
    weight = weight * torch.rsqrt(weight.square().sum(dim=(1, 2), keepdim=True) + 1e-8)
    by_hand = torch.nn.functional.conv1d(x, weight, padding=2) + conv.bias[:, None]
    assert torch.allclose(conv(x, w), by_hand, atol=1e-5)


def test_codes_of_beats_have_zero_mean_and_none_where_there_is_no_beat():
    torch.manual_seed(0)
    r = torch.tensor([[0.5, 1.3, 2.2, NAN]])
    made = Encoder().eval()(torch.randn(1, 8, 2500), r)
    assert made.styles.shape == (1, LAYERS, STYLE)
    assert made.codes[0, :3].mean(dim=0).abs().max() < 1e-5
    assert (made.codes[0, 3] == 0).all()


@pytest.mark.parametrize(
    ("hz", "gain"), [(0.2, 0.0), (1.0, 1.0), (10.0, 1.0), (38.0, 1.0), (50.0, 0.0)]
)
def test_band_pass_keeps_the_ecg_and_stops_wander_and_mains(hz, gain):
    x = torch.sin(2 * torch.pi * hz * torch.arange(2500) / 250)[None]
    y = BandPass()(x)[0, 500:2000]
    assert abs(float(y.square().mean().sqrt() / math.sqrt(0.5)) - gain) < 0.05


def test_band_pass_does_not_shift_a_peak():
    time = torch.arange(2500) / 250
    x = torch.exp(-0.5 * ((time - 5.0) / 0.02) ** 2)[None]
    assert int(BandPass()(x).argmax()) == 1250


def test_resnet_has_sixteen_weighted_layers_in_its_trunk():
    model = ResNet1d()
    trunk = [
        name
        for name, part in model.named_modules()
        if isinstance(part, torch.nn.Conv1d | torch.nn.Linear) and "shortcut" not in name
    ]
    assert len(trunk) == 16
    relus = [part for part in model.modules() if isinstance(part, torch.nn.ReLU)]
    assert len(relus) == len({id(part) for part in relus}) == 15


def test_weights_and_card_come_back(tmp_path):
    torch.manual_seed(0)
    model = ResNet1d(leads=2, outputs=3)
    card = {
        "summary": "a test",
        "architecture": "ResNet1d",
        "arguments": {"leads": 2, "outputs": 3},
        **dict.fromkeys(("data", "licences", "recipe"), "none"),
        "seed": 0,
        "metrics": {"AUROC": 0.5},
        "limits": ["untrained"],
    }
    path = tmp_path / "m.safetensors"
    save(model, path, card)
    loaded = load(path)
    assert loaded.card == json.loads(json.dumps(card))
    x = torch.randn(2, 2, 2500)
    assert torch.allclose(loaded.module(x), model.eval()(x))
    text = path.with_suffix(".md").read_text()
    assert "Not a medical device" in text and "untrained" in text


def test_an_architecture_is_one_file_and_one_line(tmp_path, monkeypatch):
    (tmp_path / "toy.py").write_text("from torch import nn\n\n\nclass Toy(nn.Linear):\n    pass\n")
    monkeypatch.setattr(architectures, "__path__", [*architectures.__path__, str(tmp_path)])
    card = {
        "architecture": "Toy",
        "arguments": {"in_features": 3, "out_features": 2},
        **dict.fromkeys(("summary", "data", "licences", "recipe", "seed"), "none"),
        "metrics": {},
        "limits": [],
    }
    model = torch.nn.Linear(3, 2)
    save(model, tmp_path / "toy.safetensors", card)
    with pytest.raises(WeightsError, match="Toy"):
        load(tmp_path / "toy.safetensors")
    monkeypatch.setitem(registry._ARCHITECTURES, "Toy", "toy")
    loaded = load(tmp_path / "toy.safetensors").module
    assert type(loaded).__name__ == "Toy" and torch.equal(loaded.weight, model.weight)


def test_every_shipped_model_loads_has_a_card_and_all_are_small():
    table = cw.available(hidden=True)
    assert {"af-resnet", "generator", "encoder"} <= set(table.index)
    assert set(table.index) == {path.stem for path in WEIGHTS.glob("*.safetensors")}
    assert table.size_mb.sum() < 40
    for path in WEIGHTS.glob("*.safetensors"):
        card = load(path.stem).card
        for entry in ("data", "licences", "recipe", "seed", "metrics", "limits"):
            assert card[entry] not in ("", None, {}, []), (path.stem, entry)
        assert path.with_suffix(".md").exists()


def test_the_shipped_encoder_knows_directions_of_decreasing_size():
    basis = load("encoder").module.style_basis
    sizes = basis.norm(dim=1).numpy()
    assert (np.diff(sizes) <= 1e-4).all() and sizes[0] > 5 * sizes[40]


def test_menus_leave_out_what_a_card_keeps_from_them():
    named, every = set(cw.available().index), set(cw.available(hidden=True).index)
    kept = {name for name in every if not load(name).card.get("menu", True)}
    assert named == every - kept
    assert {"af-resnet", "ptbxl-lenet"} <= named and {"p-amplitude-lenet", "ptbxl-lenet-9"} <= kept
    with pytest.raises(WeightsError, match="af-resnet") as info:
        load("nothing")
    assert "ptbxl-lenet-9" not in str(info.value)


# -- z-scored and not -----------------------------------------------------------------------------


def test_standardised_leads_are_alike_whatever_their_unit():
    x = torch.randn(2, 12, 250, generator=torch.Generator().manual_seed(0)) + 0.3
    x[:, 1] *= 2
    y = Standardise(floor_mv=0.0)(x)
    limb = y[:, :6].square().mean(dim=(1, 2))
    assert torch.allclose(limb, torch.ones(2), atol=1e-5)  # the six together have a power of 1
    assert torch.allclose(y[:, 6:].square().mean(dim=2), torch.ones(2, 6), atol=1e-5)
    ratio = y[:, 1].std(dim=1) / y[:, 0].std(dim=1)  # and keep their proportions
    assert torch.allclose(ratio, x[:, 1].std(dim=1) / x[:, 0].std(dim=1), atol=1e-4)
    units = torch.cat((torch.full((6,), 7.0), torch.rand(6) + 0.1))[
        :, None
    ]  # z-scores of the same ECG
    assert torch.allclose(Standardise(floor_mv=0.0)(x * units), y, atol=1e-4)


def test_a_flat_lead_stays_flat_and_has_a_gradient():
    x = torch.zeros(1, 12, 250)
    x[:, 0] = torch.sin(torch.arange(250) / 5)
    x.requires_grad_(True)
    y = Standardise()(x)
    assert (y[:, 6:] == 0).all() and y[:, 0].abs().max() > 1
    y.square().sum().backward()
    assert torch.isfinite(x.grad).all()
