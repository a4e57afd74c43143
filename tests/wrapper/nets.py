"""Small models of every kind that people bring; each answers like `Net` where it can."""

from collections import namedtuple

import numpy as np
import torch
from torch import nn

import cofe_widgets as cw

FS, SAMPLES = 100, 1000
OUTPUTS = ["a", "b"]
Pair = namedtuple("Pair", ["features", "logits"])


class Net(nn.Module):
    """Two logits of twelve leads, ``(n, 12, time)``: convolution, mean over time, a linear layer."""

    def __init__(self, leads=12):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(3)
            self.conv = nn.Conv1d(leads, 4, 9)
            self.head = nn.Linear(4, 2)
        with torch.no_grad():
            self.head.weight.mul_(20)

    def forward(self, x):
        return self.head(self.conv(x).relu().mean(dim=2))


class Around(nn.Module):
    """A model whose ``forward`` is a function of the net and what it is given."""

    def __init__(self, forward, net=None):
        super().__init__()
        self.net = net or Net()
        self._forward = forward

    def forward(self, *given):
        return self._forward(self.net, *given)


class Trained(nn.Module):
    """Dropout and batch normalisation, left in training mode."""

    def __init__(self):
        super().__init__()
        self.norm, self.drop, self.net = nn.BatchNorm1d(12, affine=False), nn.Dropout(0.5), Net()

    def forward(self, x):
        return self.net(self.drop(self.norm(x)))


class Sparse(nn.Module):
    """A sparse buffer mixes the leads: the identity."""

    def __init__(self):
        super().__init__()
        self.net = Net()
        self.register_buffer("mix", torch.eye(12).to_sparse())

    def forward(self, x):
        return self.net(torch.stack([torch.sparse.mm(self.mix, one) for one in x]))


class Stateful(Net):
    """State of its own beside the weights."""

    version = ("a", "b", 0.5)

    def get_extra_state(self):
        return self.version

    def set_extra_state(self, state):
        self.version = state


class Lazy(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.LazyConv1d(4, 9), nn.LazyLinear(2)

    def forward(self, x):
        return self.head(self.conv(x).relu().mean(dim=2))


class WithPatient(nn.Module):
    """The age moves one logit, the sex the other."""

    def forward(self, x, side):
        return (
            torch.stack((side[:, 0] / 50, side[:, 1] - 0.5), dim=1) + 0 * x.sum(dim=(1, 2))[:, None]
        )


class Forest:
    """What scikit-learn's classifiers look like from outside."""

    classes_ = np.array([0, 1])

    def __init__(self):
        self.weights = np.array([3.0, -1.0])

    def predict_proba(self, x):
        p = 1 / (1 + np.exp(-self.weights[0] * np.asarray(x).reshape(len(x), -1).std(axis=1)))
        return np.stack([1 - p, p], axis=1)

    def predict(self, x):
        return self.predict_proba(x).argmax(axis=1)


def in_place(net, x):
    x -= x.mean(dim=2, keepdim=True)
    return net(x.mul_(2).relu_())


def out_of_place(net, x):
    return net((2 * (x - x.mean(dim=2, keepdim=True))).relu())


def by_numpy(x):
    """A function of arrays: the logits of `Net`."""
    with torch.no_grad():
        return Net()(torch.from_numpy(x)).numpy()


def scripted():
    return torch.jit.script(Net().eval())


def exported():
    many = torch.export.Dim("many", min=1, max=1024)
    example = (torch.zeros(2, 12, SAMPLES),)
    return torch.export.export(Net().eval(), example, dynamic_shapes={"x": {0: many}})


def quantised():
    # Of linear layers alone: what torch quantises without compiling.
    module = torch.ao.quantization.quantize_dynamic(Net().eval(), {nn.Linear}, dtype=torch.qint8)
    assert any("quantized" in type(part).__module__ for part in module.modules())
    return module


def normed():
    """A weight norm of the older kind, once used: its weight hangs on a graph."""
    module = Net()
    nn.utils.weight_norm(module.head)
    module(torch.zeros(1, 12, 50))
    return module


def probabilities(logits):
    return logits.softmax(dim=1).detach().numpy()


def ecgs(record, fs=FS, leads=cw.LEADS):
    """A record as a model sees it, ``(1, leads, samples)``."""
    return torch.from_numpy(record.select(leads).resample(fs).signal.copy())[None]
