"""ECGs with what is true of them, and the changes that do not change what is true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Examples:
    """``n`` ECGs to learn from or to be judged by.

    Attributes
    ----------
    signals : (n, leads, samples) float32 mV
    truth : (n, outputs) float32: 1 for the class there is (softmax) or each label there is
        (sigmoid), else 0; a value (linear); NaN where nobody knows
    patients : (n,) str
    """

    signals: NDArray[np.float32]
    truth: NDArray[np.float32]
    patients: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.truth)

    def where(self, mask: NDArray[np.bool_]) -> Examples:
        """The examples that ``mask`` keeps."""
        return Examples(self.signals[mask], self.truth[mask], self.patients[mask])


@dataclass(frozen=True)
class Changes:
    """How far `augment` goes.

    Attributes
    ----------
    gain : largest factor on all leads; its inverse is the smallest
    tempo : slowest speed at which a record is played; 1 leaves intervals and rate alone
    noise_mv : mean level of white noise
    lost : share of leads that are flat
    """

    gain: float = 1.6
    tempo: float = 0.88
    noise_mv: float = 0.0144
    lost: float = 0.03


def augment(x: Tensor, rng: np.random.Generator, changes: Changes) -> Tensor:
    """Change what the answer must not hang on: gain, electrodes, noise, tempo, start, a lost lead.

    Parameters
    ----------
    x : Tensor
        ``(n, leads, samples)`` in mV; with a single lead, none is lost.
    """
    n, leads, samples = x.shape
    gain = changes.gain ** rng.uniform(-1, 1, (n, 1, 1)) * rng.uniform(0.85, 1.15, (n, leads, 1))
    lost = (rng.random((n, leads, 1)) < changes.lost) & (leads > 1)
    x = x * torch.from_numpy((gain * ~lost).astype(np.float32))
    # Tempo and start in one resampling: the grid reaches at most 1.5 % past either end.
    tempo = torch.from_numpy(rng.uniform(changes.tempo, 1.0, (n, 1)).astype(np.float32))
    shift = torch.from_numpy(rng.uniform(-1, 1, (n, 1)).astype(np.float32)) * (1.03 - tempo)
    grid = torch.linspace(-1, 1, samples) * tempo + shift
    grid = torch.stack((grid, torch.zeros_like(grid)), dim=-1)[:, None]
    x = F.grid_sample(
        x[:, :, None], grid, mode="bilinear", padding_mode="border", align_corners=True
    )
    level = rng.gamma(1.2, changes.noise_mv / 1.2, (n, 1, 1)).astype(np.float32)
    white = rng.standard_normal((n, leads, samples), dtype=np.float32)
    return x[:, :, 0] + torch.from_numpy(level * white)
