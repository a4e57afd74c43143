"""The user's module is left alone, and the predictor's identity follows what decides its answers."""

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn

import cofe_widgets as cw

from .nets import FS, OUTPUTS, Around, Net, Trained, by_numpy


@pytest.fixture(scope="module")
def record():
    return cw.simulate("NSR", seed=8)[0].record


def wrapped(module, **options):
    return cw.wrap(module, **{"fs": FS, "outputs": OUTPUTS, **options})


def test_the_module_its_mode_its_statistics_and_the_random_state_are_left_alone(record):
    module = Trained().train()
    module.norm.eval()
    module.net.head.bias.requires_grad_(False)
    state = {key: value.clone() for key, value in module.state_dict().items()}
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    f = wrapped(module)
    f.predict(record)
    cw.attribute(record, f, "a", "smoothgrad", copies=2)
    assert torch.equal(torch.rand(1), expected)
    assert module.training and module.drop.training and not module.norm.training
    assert all(torch.equal(value, state[key]) for key, value in module.state_dict().items())
    assert not module.net.head.bias.requires_grad and module.net.head.weight.grad is None
    assert f.module is not module and not f.module.training


def test_weights_that_change_in_the_module_given_change_nothing(record):
    module = Net()
    f = wrapped(module)
    before, name = f.predict(record), f.weight_hash
    with torch.no_grad():
        module.head.bias.add_(3)
    assert f.predict(record) == before and f.weight_hash == name
    assert wrapped(module).weight_hash != name


@pytest.mark.parametrize(
    "write", ["in place", "by .data", "by load_state_dict", "a buffer", "numpy"]
)
def test_weights_that_change_in_the_predictor_change_its_hash(write):
    f = wrapped(Trained())
    f.weight_hash  # noqa: B018
    was, head = f.weight_hash, f.module.net.head
    with torch.no_grad():
        if write == "in place":
            head.weight[0, 0] += 1e-3
        elif write == "by .data":
            head.weight.data = head.weight.data * 1.001
        elif write == "numpy":
            head.weight.detach().numpy()[0, 0] += 1e-3
        elif write == "a buffer":
            f.module.norm.running_mean += 1e-3
        else:
            f.module.net.load_state_dict(
                {k: v * 1.001 for k, v in f.module.net.state_dict().items()}
            )
    assert f.weight_hash != was


@pytest.mark.filterwarnings("ignore:Sparse CSR")
def test_state_beside_the_weights_is_part_of_the_hash():
    class Hidden(Net):
        def __init__(self, scale, mix):
            super().__init__()
            self.register_buffer("scale", torch.tensor(scale), persistent=False)
            self.register_buffer("mix", mix)

        def get_extra_state(self):
            return {"cut": self.cut}

        def set_extra_state(self, state):
            self.cut = state["cut"]

        cut = 0.5

    eye = torch.eye(3)
    one = wrapped(Hidden(1.0, eye.to_sparse())).weight_hash
    assert wrapped(Hidden(1.0, eye.to_sparse())).weight_hash == one
    assert wrapped(Hidden(2.0, eye.to_sparse())).weight_hash != one
    assert wrapped(Hidden(1.0, (2 * eye).to_sparse())).weight_hash != one
    assert wrapped(Hidden(1.0, eye.to_sparse_csr())).weight_hash != one
    Hidden.cut = 0.6
    assert wrapped(Hidden(1.0, eye.to_sparse())).weight_hash != one


def double(x):
    return 2 * x


def times(k):
    return lambda x: k * x


@pytest.mark.parametrize(
    "options",
    [
        {"units": "uV"},
        {"normalise": "zscore"},
        {"normalise": times(3)},
        {"preprocess": double},
        {"postprocess": double},
        {"window": 2.5},
        {"pad": "zero"},
        {"gaps": "zero"},
        {"median_beat": True, "seconds": 1.0},
        {"inputs": lambda record: [0.0]},
    ],
)
def test_options_are_part_of_the_identity_and_noted(options, record):
    net = Around(lambda net, x, *side: net(x))
    plain, f = wrapped(net), wrapped(net, **options)
    assert (
        f.weight_hash != plain.weight_hash and wrapped(net, **options).weight_hash == f.weight_hash
    )
    told = cw.attribute(record, f, "a").provenance
    assert set(told["model_use"]) >= set(options) - {"seconds", "inputs"}
    assert told["model_hash"] == f.weight_hash
    assert "model_use" not in cw.attribute(record, plain, "a").provenance


def test_functions_are_told_apart_by_what_they_do_and_hold():
    net = Net()
    names = [
        wrapped(net, preprocess=one).weight_hash for one in (times(1), times(2), times(1), double)
    ]
    assert names[0] == names[2] and len(set(names)) == 3
    inner = Net()

    def ask(x):
        with torch.no_grad():
            return inner(torch.from_numpy(x)).numpy()

    f = wrapped(ask)
    was = f.weight_hash
    with torch.no_grad():
        inner.head.bias.add_(1)
    assert f.weight_hash != was


@pytest.mark.parametrize(
    "travel", [lambda f: pickle.loads(pickle.dumps(f)), copy.deepcopy, copy.copy]
)
def test_a_predictor_travels_with_its_options(travel, record):
    for f in (
        wrapped(Net(), units="uV", normalise="zscore", pad="zero", window=3, aggregate="max"),
        wrapped(by_numpy),
    ):
        there = travel(f)
        assert there.predict(record) == f.predict(record) and there.weight_hash == f.weight_hash


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_another_default_type_of_torch_changes_no_answer(dtype, record):
    shipped, own = cw.load("af-resnet"), wrapped(Net())
    before = shipped.predict(record), own.predict(record), shipped.weight_hash
    values = cw.attribute(record, shipped, "AF").values
    torch.set_default_dtype(dtype)
    try:
        again = cw.load("af-resnet")
        assert (again.predict(record), own.predict(record), again.weight_hash) == before
        assert np.array_equal(cw.attribute(record, again, "AF").values, values)
        assert torch.get_default_dtype() == dtype
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_a_module_of_any_type_is_explained(dtype, record):
    module = nn.Sequential(nn.Conv1d(12, 1, 25, bias=False), nn.AdaptiveMaxPool1d(1), nn.Flatten())
    with torch.no_grad():
        module[0].weight.fill_(0.0)
        module[0].weight[0, 1, 12] = 6.0
    f = cw.wrap(module.to(dtype), fs=250, outputs=["tall"], output="linear")
    found = cw.counterfactual(record, f, "tall", f.predict(record)["tall"] + 1.0, severities=2)
    assert found.reached and found.signals.dtype == np.float32
