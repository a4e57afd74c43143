"""Analytical models whose reason is known, and records that differ in two things."""

import numpy as np
import torch
from torch import nn

import cofe_widgets as cw

FS, SAMPLES = 100, 1000
LEADS = ("I", "II")


class Offsets(nn.Module):
    """Two hidden channels, each the level of one lead; the answer A is the first, B the second, negated.

    The layer ``mixed`` turns both channels by an angle, as trained networks do.
    """

    def __init__(self, angle=0.5, gain=1.0):
        super().__init__()
        self.first = nn.Conv1d(2, 2, 1, bias=False)
        self.mixed = nn.Conv1d(2, 2, 1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.AdaptiveAvgPool1d(1)
        self.head = nn.Linear(2, 2, bias=False)
        turn = torch.tensor(
            [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        ).float()
        with torch.no_grad():
            self.first.weight.copy_(torch.eye(2)[..., None])
            self.mixed.weight.copy_(turn[..., None])
            self.head.weight.copy_(gain * torch.diag(torch.tensor([1.0, -1.0])) @ turn.T)

    def forward(self, x):
        # Levels lie far above zero, where the ReLU lets everything pass.
        y = self.relu(self.mixed(self.first(x)) + 100) - 100
        return self.head(self.pool(y)[:, :, 0])


def records(n=160, seed=0, **meta):
    """Records whose lead I is high in half of them, and lead II, whatever that says, in half.

    Returns
    -------
    records, whether I is high, whether II is high
    """
    dice = np.random.default_rng(seed)
    one, two = (dice.permutation(np.arange(n) % 2).astype(bool) for _ in range(2))
    out = []
    for k in range(n):
        signal = 0.05 * dice.standard_normal((2, SAMPLES)).astype(np.float32)
        signal[0] += one[k] + 0.1 * dice.standard_normal()
        signal[1] += two[k] + 0.1 * dice.standard_normal()
        labels = ("A",) * int(one[k]) + ("B",) * int(two[k])
        out.append(cw.Record(signal, FS, LEADS, {"labels": labels, **meta}))
    return out, one, two


def wrapped(name="offsets", **options):
    return cw.wrap(
        Offsets(**options), fs=FS, leads=LEADS, outputs=["A", "B"], output="sigmoid", name=name
    )


def high(lead):
    """The concept of a high lead."""

    def is_high(record):
        return bool(record.signal[record.leads.index(lead)].mean() > 0.5)

    is_high.__name__ = f"high {lead}"
    return is_high
