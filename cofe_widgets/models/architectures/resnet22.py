"""A ResNet of 22 convolutions for median beats: the classifier of Arends et al. 2025 (Methods)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import pad

#: Residual blocks of two convolutions.
BLOCKS = 11


class Shortcut(nn.Module):
    """The input as a block's output has it: shortened by the mean, further channels zero.

    He et al. 2016, option A: it has no weights, so that the convolutions are those of the blocks.
    """

    def __init__(self, more: int, stride: int) -> None:
        super().__init__()
        self.more = more
        self.pool: nn.Module = nn.Identity()
        if stride > 1:
            self.pool = nn.AvgPool1d(stride, stride, ceil_mode=True)

    def forward(self, x: Tensor) -> Tensor:
        return pad(self.pool(x), (0, 0, 0, self.more)) if self.more else self.pool(x)


class ResidualBlock(nn.Module):
    """Two convolutions, each with batch norm, dropout and a ReLU of its own, and a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm1, self.dropout1 = nn.BatchNorm1d(outputs), nn.Dropout(dropout)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv1d(outputs, outputs, kernel, 1, kernel // 2, bias=False)
        self.norm2, self.dropout2 = nn.BatchNorm1d(outputs), nn.Dropout(dropout)
        self.relu2 = nn.ReLU()
        self.shortcut = Shortcut(outputs - inputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu1(self.dropout1(self.norm1(self.conv1(x))))
        return self.relu2(self.dropout2(self.norm2(self.conv2(y))) + self.shortcut(x))


class ResNet22(nn.Module):
    """Eleven residual blocks of two convolutions, mean over time, one linear layer.

    Parameters
    ----------
    leads, outputs : int
        Channels in and logits out.
    width : int
        Channels of the first two blocks, at least ``leads``; they double every two blocks, to 32
        times as many.
    kernel : int
    dropout : float
        After each batch norm.

    Raises
    ------
    ValueError
        When it is narrower than there are leads.

    Notes
    -----
    Input ``(batch, leads, samples)`` in mV, output ``(batch, outputs)`` logits. "Doubled the channel
    dimension and halved the spatial dimension every two layers" is read of residual layers: 22
    single convolutions cannot halve 600 samples eleven times. The first block of every two halves.
    """

    def __init__(
        self,
        leads: int = 8,
        outputs: int = 1,
        width: int = 8,
        kernel: int = 7,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if width < leads:
            raise ValueError(f"width={width}: expected {leads} or more, the number of leads")
        self.blocks = nn.Sequential()
        inputs = leads
        for k in range(BLOCKS):
            channels = width * 2 ** (k // 2)
            stride = 1 if k % 2 else 2
            self.blocks.append(ResidualBlock(inputs, channels, stride, kernel, dropout))
            inputs = channels
        self.pool = nn.AdaptiveAvgPool1d(1)
        self.head = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.blocks(x)).squeeze(-1))
