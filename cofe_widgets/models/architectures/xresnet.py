"""xresnet in one dimension: He et al. 2019 ("bag of tricks"), as Strodthoff et al. 2021 have it for ECGs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from ..filters import BandPass, Standardise

#: Channels out of a block over those inside it.
EXPANSION = 4


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """A convolution and its batch norm."""
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm1d(outputs),
    )


class Bottleneck(nn.Module):
    """Three convolutions (1, kernel, 1) and a shortcut that shortens by the mean, not by a stride.

    The last batch norm begins at zero: an untrained block passes its input on. Every ReLU is a
    module of its own.
    """

    def __init__(self, inputs: int, width: int, stride: int, kernel: int) -> None:
        super().__init__()
        outputs = EXPANSION * width
        self.conv1, self.relu1 = _convolution(inputs, width, 1), nn.ReLU()
        self.conv2, self.relu2 = _convolution(width, width, kernel, stride), nn.ReLU()
        self.conv3, self.relu3 = _convolution(width, outputs, 1), nn.ReLU()
        nn.init.zeros_(self.conv3[1].weight)  # type: ignore[arg-type]
        self.shortcut = nn.Sequential()
        if stride > 1:
            self.shortcut.append(nn.AvgPool1d(stride, stride, ceil_mode=True))
        if inputs != outputs:
            self.shortcut.append(_convolution(inputs, outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu2(self.conv2(self.relu1(self.conv1(x))))
        return self.relu3(self.conv3(y) + self.shortcut(x))


class XResNet1d(nn.Module):
    """xresnet1d50: a stem of three convolutions, 16 bottleneck blocks, mean and maximum, one linear layer.

    Parameters
    ----------
    leads, outputs : int
        Channels in and values out.
    blocks : sequence of int
        Blocks of each stage; all but the first halve the time axis. (3, 4, 6, 3) make 50 layers.
    width : int
        Channels inside a block; four times as many come out of it. Unlike images, ECGs get the same
        width in every stage.
    kernel : int
        Length of the stem's convolutions and of each block's middle one.
    dropout : float
        Before the linear layer.
    fs : float
        Sampling rate the model is made for, Hz; its band-pass (0.5-40 Hz) is part of the model and
        not of the paper's.
    standardise : bool
        Whether leads are given their own units after the band-pass (`Standardise`; twelve leads): for
        records whose voltage is lost.

    Notes
    -----
    Input ``(batch, leads, samples)`` in mV, output ``(batch, outputs)``.
    """

    def __init__(
        self,
        leads: int = 12,
        outputs: int = 12,
        blocks: Sequence[int] = (3, 4, 6, 3),
        width: int = 64,
        kernel: int = 5,
        dropout: float = 0.5,
        fs: float = 100.0,
        standardise: bool = False,
    ) -> None:
        super().__init__()
        self.band_pass = BandPass(fs)
        self.standardise = Standardise() if standardise else nn.Identity()
        stem = (leads, width // 2, width // 2, width)
        self.stem = nn.Sequential()
        for k, (i, o) in enumerate(pairwise(stem)):
            self.stem.extend((_convolution(i, o, kernel, 1 if k else 2), nn.ReLU()))
        self.stem.append(nn.MaxPool1d(3, 2, 1))
        self.blocks = nn.Sequential()
        inputs = width
        for stage, many in enumerate(blocks):
            for k in range(many):
                stride = 2 if stage and not k else 1
                self.blocks.append(Bottleneck(inputs, width, stride, kernel))
                inputs = EXPANSION * width
        self.mean, self.maximum = nn.AdaptiveAvgPool1d(1), nn.AdaptiveMaxPool1d(1)
        self.norm = nn.BatchNorm1d(2 * inputs)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * inputs, outputs)
        for part in self.modules():
            if isinstance(part, nn.Conv1d):
                nn.init.kaiming_normal_(part.weight)

    def forward(self, x: Tensor) -> Tensor:
        y = self.blocks(self.stem(self.standardise(self.band_pass(x))))
        pooled = torch.cat((self.mean(y), self.maximum(y)), dim=1).squeeze(-1)
        return self.head(self.dropout(self.norm(pooled)))
