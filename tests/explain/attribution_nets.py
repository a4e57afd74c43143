"""Models to be explained: small ones with values known by hand, and every kind of layer people use."""

import torch
from torch import nn
from torch.nn import functional as F

import cofe_widgets as cw


class Of(nn.Module):
    """A model whose answer is a function of one lead's samples, ``(n, samples)`` -> ``(n,)``."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x[:, 0])[:, None]


def of_samples(function, samples=2):
    """A predictor of one value ("y") of so many samples of lead I at 20 Hz."""
    module = function if isinstance(function, nn.Module) else Of(function)
    seconds = samples / 20
    return cw.wrap(
        module, fs=20, leads=["I"], outputs=["y"], seconds=seconds, output="linear", name="toy"
    )


def samples(*values):
    """An ECG of one lead as a batch of one."""
    return torch.tensor([[values]], dtype=torch.float32)


def _plain(net, y):
    return y


def _reused(net, y):
    y = net.relu(net.same(y))
    y = net.relu(net.same(y)) + F.relu(net.same(y))
    return torch.relu_(y - 0.1)


def _pooled(net, y):
    return nn.MaxPool1d(4, ceil_mode=True)(F.max_pool1d(y, 3, 2, padding=1))


def _attention(net, y):
    return net.attention(net.same(y).transpose(1, 2)).transpose(1, 2)


def _attention_time_first(net, y):
    return net.attention_first(net.same(y).permute(2, 0, 1)).permute(1, 2, 0)


def _in_place(net, y):
    y = F.elu(net.same(y), inplace=True)
    z = 0.5 * y
    z += y.abs()
    z[:, :2] *= 2
    return z.sub_(0.1).relu_()


#: What is done between a convolution with ReLU and the mean over time with a linear layer.
KINDS = {
    "plain": _plain,
    "reused modules, residual links, functions": _reused,
    "in place": _in_place,
    "max pooling": _pooled,
    "adaptive max pooling": lambda net, y: F.adaptive_max_pool1d(y, 5),
    "largest": lambda net, y: y.max(dim=2, keepdim=True)[0] - y.amin(dim=2, keepdim=True),
    "larger of two": lambda net, y: torch.maximum(y, 0.3 + y.mean(1, keepdim=True)),
    "gru": lambda net, y: net.gru(net.same(y).transpose(1, 2))[0].transpose(1, 2),
    "lstm": lambda net, y: net.lstm(net.same(y).permute(2, 0, 1))[0].permute(1, 2, 0),
    "attention": _attention,
    "attention, time first": _attention_time_first,
    "layer norm": lambda net, y: net.layer_norm(y.transpose(1, 2)).transpose(1, 2),
    "group norm": lambda net, y: F.silu(net.group_norm(y)),
    "instance norm": lambda net, y: F.gelu(net.instance_norm(net.same(y))),
    "squeeze and excitation": lambda net, y: y * net.gate(y.mean(-1)).sigmoid()[..., None],
    "weight norm": lambda net, y: net.weighted(y).tanh(),
    "where": lambda net, y: torch.where(y > 0.2, y, 0.1 * y),
    "quotient": lambda net, y: y / (1 + y.abs().mean(1, keepdim=True)),
    "einsum": lambda net, y: torch.einsum("nct,nt->nc", y, y.mean(1).softmax(-1))[..., None],
}


class Net(nn.Module):
    """Convolution, ReLU, a kind of layer, mean over time, two logits; random weights of a seed."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.conv, self.same = nn.Conv1d(12, 16, 9, 8), nn.Conv1d(16, 16, 5, padding=2)
            self.relu, self.head = nn.ReLU(inplace=True), nn.Linear(16, 2)
            self.gru = nn.GRU(16, 16, batch_first=True)
            self.lstm = nn.LSTM(16, 8, bidirectional=True)
            self.attention = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
            self.attention_first = nn.TransformerEncoderLayer(
                16, 4, 32, activation="gelu", norm_first=True
            )
            self.layer_norm, self.group_norm = nn.LayerNorm(16), nn.GroupNorm(4, 16)
            self.instance_norm, self.gate = nn.InstanceNorm1d(16), nn.Linear(16, 16)
            self.weighted = nn.utils.parametrizations.weight_norm(nn.Conv1d(16, 16, 3))
        with torch.no_grad():
            self.head.weight.mul_(4)

    def forward(self, x):
        y = KINDS[self.kind](self, self.relu(self.conv(3 * x)))
        return self.head(y.mean(-1))


def net(kind, **options):
    """A predictor of `Net`: "a", "b" of ten seconds of twelve leads at 100 Hz."""
    return cw.wrap(Net(kind), fs=100, outputs=["a", "b"], **options)
