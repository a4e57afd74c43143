"""InceptionTime in one dimension (Ismail Fawaz et al., Data Min Knowl Disc 2020;34:1936)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..filters import BandPass


class InceptionModule(nn.Module):
    """Convolutions of several lengths side by side, after a bottleneck, and one after a maximum.

    Every ReLU is a module of its own, as attribution methods that hook modules need.
    """

    def __init__(self, inputs: int, filters: int, kernels: Sequence[int]) -> None:
        super().__init__()
        self.bottleneck = nn.Conv1d(inputs, filters, 1, bias=False)
        self.branches = nn.ModuleList(
            nn.Conv1d(filters, filters, k, padding=k // 2, bias=False) for k in kernels
        )
        self.pooled = nn.Sequential(
            nn.MaxPool1d(3, 1, 1), nn.Conv1d(inputs, filters, 1, bias=False)
        )
        self.norm = nn.BatchNorm1d(filters * (len(kernels) + 1))
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        narrow = self.bottleneck(x)
        parts = [branch(narrow) for branch in self.branches]
        return self.relu(self.norm(torch.cat([*parts, self.pooled(x)], dim=1)))


class Residual(nn.Module):
    """Three inception modules and a shortcut around them."""

    def __init__(self, inputs: int, filters: int, kernels: Sequence[int]) -> None:
        super().__init__()
        width = filters * (len(kernels) + 1)
        self.modules3 = nn.Sequential(
            *(InceptionModule(i, filters, kernels) for i in (inputs, width, width))
        )
        self.shortcut = nn.Sequential(
            nn.Conv1d(inputs, width, 1, bias=False), nn.BatchNorm1d(width)
        )
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.modules3(x) + self.shortcut(x))


class InceptionTime(nn.Module):
    """A stem that reduces the rate eightfold, two residual blocks of three modules, one linear layer.

    Parameters
    ----------
    leads, outputs : int
        Channels in and logits out.
    fs : float
        Sampling rate the model is made for, Hz; its band-pass (0.5-40 Hz) is part of the model.
    filters : int
        Channels of each branch.
    kernels : sequence of int
        Odd lengths of the branches, in samples of ``fs / 8``: 0.16, 0.35 and 0.67 s at 250 Hz.

    Notes
    -----
    Input ``(batch, leads, samples)`` in mV, output ``(batch, outputs)`` logits. The original has no
    stem: with one its kernels span whole beats at a fraction of the cost.
    """

    def __init__(
        self,
        leads: int = 12,
        outputs: int = 2,
        fs: float = 250.0,
        filters: int = 24,
        kernels: Sequence[int] = (5, 11, 21),
    ) -> None:
        super().__init__()
        self.band_pass = BandPass(fs)
        widths, lengths = (leads, 24, 40, 64), (11, 7, 5)
        self.stem = nn.Sequential()
        for i, o, length in zip(widths, widths[1:], lengths, strict=False):
            self.stem.append(nn.Conv1d(i, o, length, 2, length // 2, bias=False))
            self.stem.extend((nn.BatchNorm1d(o), nn.ReLU()))
        width = filters * (len(kernels) + 1)
        self.blocks = nn.Sequential(
            Residual(widths[-1], filters, kernels), Residual(width, filters, kernels)
        )
        self.pool = nn.AdaptiveAvgPool1d(1)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = self.blocks(self.stem(self.band_pass(x)))
        return self.head(self.dropout(self.pool(y).squeeze(-1)))
