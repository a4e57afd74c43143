"""The layers of a model by name: kinds, shapes, axes, and what they give."""

import numpy as np
import pytest
import torch
from torch import nn

import cofe_widgets as cw
from cofe_widgets.errors import EcgError, WrapError
from cofe_widgets.wrapper.layers import layers

from .nets import FS, OUTPUTS, by_numpy, ecgs


@pytest.fixture(scope="module")
def record():
    return cw.simulate("NSR", seed=1, fs=250)[0].record


class Chain(nn.Module):
    """A module used twice, one that gives a tuple, time first in between."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.conv, self.relu = nn.Conv1d(12, 8, 9, 10), nn.ReLU()
            self.body = nn.Sequential(nn.Conv1d(8, 8, 3, padding=1), nn.ReLU(inplace=True))
            self.lstm, self.head = nn.LSTM(8, 6), nn.Linear(6, 2)

    def forward(self, x):
        y = self.body(self.relu(self.relu(self.conv(x))))
        return self.head(self.lstm(y.permute(2, 0, 1))[0].mean(dim=0))


@pytest.fixture(scope="module")
def f():
    return cw.wrap(Chain(), fs=FS, outputs=OUTPUTS)


def test_layers_come_in_the_order_of_a_forward(f):
    table = f.layers()
    assert list(table.index) == [
        "conv",
        "relu",
        "relu#2",
        "body.0",
        "body.1",
        "body",
        "lstm",
        "head",
    ]
    assert list(table["kind"][:4]) == ["Conv1d", "ReLU", "ReLU", "Conv1d"]
    assert table.loc["conv", "shape"] == (1, 8, 100) and table.loc["lstm", "shape"] == (100, 1, 6)
    assert table.loc["conv", "time_axis"] == 2 and table.loc["lstm", "time_axis"] == 0
    assert table.loc["head", "time_axis"] is None
    by_name = {one.name: one for one in layers(f)}
    assert by_name["lstm"].ecg_axis == 1 and by_name["conv"].ecg_axis == 0
    assert by_name["body"].first == "body.0"  # a ReLU in place gives the tensor it was given


def test_activations_are_what_a_layer_gives(record, f):
    x = ecgs(record)
    net = f.module
    with torch.no_grad():
        conv = net.conv(x)
        expected = {
            "conv": conv[0],
            "relu#2": conv.relu()[0],
            "body.0": net.body[0](conv.relu())[0],  # before the ReLU that follows it in place
            "lstm": net.lstm(net.body(conv.relu()).permute(2, 0, 1))[0][:, 0],
        }
    for name, values in expected.items():
        found = f.activations(record, name)
        assert found.shape == tuple(values.shape)
        assert np.allclose(found, values.numpy(), atol=1e-6), name


def test_activations_of_several_are_those_of_each(record, f):
    other = cw.simulate("AF", seed=2, fs=100)[0].record
    for name in ("body", "lstm", "head"):
        both = f.activations([record, other], name)
        assert isinstance(both, list)
        for values, one in zip(both, (record, other), strict=True):
            assert np.allclose(values, f.activations(one, name), atol=1e-6)


def test_crops_have_an_axis_of_their_own(record):
    f = cw.wrap(Chain(), fs=FS, outputs=OUTPUTS, window=4.0, seconds=10, batch_size=2)
    both = f.activations([record, record], "conv")
    assert both[1].shape == (3, 8, 40) and np.array_equal(both[0], both[1])
    alone = cw.wrap(Chain(), fs=FS, outputs=OUTPUTS, seconds=4)
    middle = alone.activations(record.resample(FS).crop(4, 8), "conv")
    assert np.allclose(both[0][1], middle, atol=1e-6)


def test_what_is_not_there_is_refused_in_words(record, f):
    with pytest.raises(WrapError, match=r"no layer 'bdy.0' .did you mean 'body.0'.*layers.. lists"):
        f.activations(record, "bdy.0")
    with pytest.raises(EcgError, match=r"records\[1\]: .*4.00 s"):
        f.activations([record, record.crop(0, 4)], "conv")
    function = cw.wrap(by_numpy, fs=FS, outputs=OUTPUTS)
    assert function.layers().empty
    with pytest.raises(WrapError, match="no layer 'conv': FunctionModel shows none"):
        function.activations(record, "conv")
    assert not any(part._forward_hooks for part in f.module.modules())
