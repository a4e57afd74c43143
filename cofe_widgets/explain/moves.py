"""Moves in the generator's latent space: few numbers with a meaning, all zero for the record itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..models.generator import Latent
from ..simulate.rhythm import draw_f_waves
from .inversion import Inversion, networks
from .rhythm import edited_beats, rr_pattern

#: What one unit of cost is worth: added coefficient of variation of RR, log factor on its present
#: variation, amplitude of added fibrillatory waves (below zero, the record's own fade). Components cost their Mahalanobis distance squared.
IRREGULARITY, SPREAD, F_WAVE = 0, 1, 2
UNITS = (0.10, 1.0, 0.5)
RHYTHM = len(UNITS)


@dataclass(frozen=True)
class Space:
    """A search space: the rhythm code and the leading ``components`` of the styles.

    Attributes
    ----------
    name : str
        For people.
    components : int
        How many principal components of W+; each is measured in standard deviations of real and
        simulated ECGs.
    """

    name: str
    components: int


#: Smallest first: an answer says which it needed.
SPACES = (
    Space("rhythm and the 12 leading components of morphology", 12),
    Space("rhythm and the whole of W+", 0),
)


class Moves:
    """Turns vectors ``(batch, RHYTHM + components)`` into edited latents of an inversion."""

    def __init__(self, inversion: Inversion, space: Space, seed: int) -> None:
        self.inversion = inversion
        encoder = networks().encoder
        rows = space.components or len(encoder.style_basis)
        self.basis = encoder.style_basis[:rows]
        self.size = RHYTHM + len(self.basis)
        latent = inversion.latent
        self.pattern = rr_pattern(latent.r_s, seed)
        time = np.arange(latent.f_wave.shape[1], dtype=np.float32) / 62.5
        waves, _ = draw_f_waves(1, time, np.random.default_rng(seed))
        self.f_wave = torch.from_numpy(waves)

    def latent(self, move: Tensor) -> Latent:
        """The edited latent of every record."""
        old = self.inversion.latent
        n = len(move)
        shift = (move[:, RHYTHM:] @ self.basis).view_as(old.styles[:1].expand(n, -1, -1))
        beats = edited_beats(
            old.r_s.expand(n, -1),
            UNITS[SPREAD] * move[:, SPREAD],
            UNITS[IRREGULARITY] * move[:, IRREGULARITY].clamp(min=0),
            self.pattern.expand(n, -1),
        )
        f_move = move[:, F_WAVE, None]
        own = old.f_wave * (2 * f_move.clamp(max=0)).exp()
        f_wave = own + UNITS[F_WAVE] * f_move.clamp(min=0) * self.f_wave
        return Latent(old.styles + shift, beats, old.codes.expand(n, -1, -1), f_wave)

    def signals(self, move: Tensor) -> Tensor:
        """Edited ECGs ``(batch, 12, samples)``, mV; the record itself for a zero move."""
        return self.inversion.draw(self.latent(move))
