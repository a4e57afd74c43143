"""LeNet in one dimension: the shallow network of Wagner et al. 2024 (section 2.1), after LeCun et al. 1998."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from ..filters import BandPass, Standardise


class LeNet1d(nn.Module):
    """Three convolutions (kernel 5, stride 2; 32, 64, 128 channels), two linear layers.

    Batch norm, ReLU and pooling follow each convolution; the first two pools take the maximum, the
    last the mean. Every ReLU is a module of its own, as attribution methods that hook modules need.

    Parameters
    ----------
    leads, outputs : int
        Channels in and values out.
    samples : int
        Length of the input, which the linear layers are made for.
    hidden : int
        Width between the two linear layers; the paper does not say it.
    fs : float
        Sampling rate the model is made for, Hz; its band-pass (0.5-40 Hz) is part of the model and
        not of the paper's, which learned to bear wander from twenty times the records.
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
        samples: int = 250,
        hidden: int = 128,
        fs: float = 100.0,
        standardise: bool = False,
    ) -> None:
        super().__init__()
        self.band_pass = BandPass(fs)
        self.standardise = Standardise() if standardise else nn.Identity()
        widths = (leads, 32, 64, 128)
        self.features = nn.Sequential()
        length = samples
        for k, (i, o) in enumerate(pairwise(widths)):
            pool = nn.AvgPool1d(2) if k == 2 else nn.MaxPool1d(2)
            self.features.append(nn.Conv1d(i, o, 5, 2, 2, bias=False))
            self.features.extend((nn.BatchNorm1d(o), nn.ReLU(), pool))
            length = (length + 1) // 2 // 2
        if length < 1:
            raise ValueError(f"samples={samples}: expected 57 or more, which the pools need")
        self.flatten = nn.Flatten()
        self.hidden = nn.Linear(widths[-1] * length, hidden)
        self.relu = nn.ReLU()
        self.head = nn.Linear(hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = self.flatten(self.features(self.standardise(self.band_pass(x))))
        return self.head(self.relu(self.hidden(y)))
