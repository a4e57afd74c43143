"""StyleGAN2's discriminator in one dimension: residual, with minibatch standard deviation."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(inputs, inputs, 5, 1, 2)
        self.conv2 = nn.Conv1d(inputs, outputs, 5, 2, 2)
        self.skip = nn.Conv1d(inputs, outputs, 1, 2, bias=False)
        self.act = nn.LeakyReLU(0.2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.act(self.conv2(self.act(self.conv1(x))))
        return (y + self.skip(x)) * 0.7071


class Discriminator(nn.Module):
    """Eight leads ``(batch, 8, samples)`` in mV -> one logit a record.

    It adds what the whole record and what its stretches, on average, say of looking real.

    Attributes
    ----------
    scale : float
        Factor that brings an ECG in mV to about unit standard deviation, in which D is at home.
    """

    scale = 5.0

    def __init__(self, widths: tuple[int, ...] = (24, 32, 48, 64, 96, 96)) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv1d(8, widths[0], 7, 1, 3), nn.LeakyReLU(0.2))
        pairs = pairwise(widths)
        self.blocks = nn.Sequential(*(_Block(i, o) for i, o in pairs))
        self.local = nn.Conv1d(widths[-1], 1, 3, 1, 1)
        self.whole = nn.Sequential(
            nn.Linear(widths[-1] + 1, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1)
        )
        # torch's own beginning shrinks a signal at every layer: D would sleep for hundreds of steps.
        for part in self.modules():
            if isinstance(part, nn.Conv1d | nn.Linear):
                nn.init.kaiming_normal_(part.weight, a=0.2)
                if part.bias is not None:
                    nn.init.zeros_(part.bias)

    def forward(self, x: Tensor) -> Tensor:
        y = self.blocks(self.stem(self.scale * x))
        pooled = y.mean(dim=2)
        spread = pooled.std(dim=0, unbiased=False).mean().expand(len(x), 1)
        return self.whole(torch.cat((pooled, spread), dim=1))[:, 0] + self.local(y).mean(dim=(1, 2))
