"""ResNet-16 in one dimension: the classifier of CoFE (Jang et al. 2025, section 3)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ..filters import BandPass


class ResidualBlock(nn.Module):
    """Two convolutions and a shortcut (He et al. 2016); every ReLU is a module of its own.

    Attribution methods that hook modules (DeepLift, guided backpropagation) need that.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, kernel: int = 7) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm1 = nn.BatchNorm1d(outputs)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv1d(outputs, outputs, kernel, 1, kernel // 2, bias=False)
        self.norm2 = nn.BatchNorm1d(outputs)
        self.relu2 = nn.ReLU()
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.AvgPool1d(stride, stride, ceil_mode=True),
                nn.Conv1d(inputs, outputs, 1, bias=False),
                nn.BatchNorm1d(outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu1(self.norm1(self.conv1(x)))
        return self.relu2(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNet1d(nn.Module):
    """Stem convolution, seven residual blocks of two convolutions, one linear layer: 16 layers.

    Parameters
    ----------
    leads, outputs : int
        Channels in and logits out.
    fs : float
        Sampling rate the model is made for, Hz; its band-pass (0.5-40 Hz) is part of the model.
    widths : sequence of int
        Channels of the seven blocks; every block after the first halves the time axis where its
        ``strides`` entry is 2.

    Notes
    -----
    Input ``(batch, leads, samples)`` in mV, output ``(batch, outputs)`` logits.
    """

    def __init__(
        self,
        leads: int = 12,
        outputs: int = 2,
        fs: float = 250.0,
        widths: Sequence[int] = (32, 32, 48, 48, 64, 64, 96),
        strides: Sequence[int] = (1, 2, 2, 2, 1, 2, 1),
    ) -> None:
        super().__init__()
        self.band_pass = BandPass(fs)
        self.stem = nn.Sequential(
            nn.Conv1d(leads, widths[0], 15, 2, 7, bias=False),
            nn.BatchNorm1d(widths[0]),
            nn.ReLU(),
        )
        inputs = (widths[0], *widths[:-1])
        self.blocks = nn.Sequential(
            *(ResidualBlock(i, o, s) for i, o, s in zip(inputs, widths, strides, strict=True))
        )
        self.pool = nn.AdaptiveAvgPool1d(1)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(widths[-1], outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = self.blocks(self.stem(self.band_pass(x)))
        return self.head(self.dropout(self.pool(y).squeeze(-1)))
