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

#: The rhythm code, and what one unit of each is worth (about one SD over the simulated rhythms):
#: added coefficient of variation of RR (below zero, e-fold loss of the variation that is there);
#: amplitude of added fibrillatory waves (below zero, e-fold loss of the record's own); share of the
#: P wave taken away (below zero, a typical P wave is added).
IRREGULARITY, F_WAVE, P_WAVE = 0, 1, 2
RHYTHM_NAMES = ("irregularity", "f_wave_amplitude", "p_wave_taken_away")
UNITS = (0.10, 0.5, 0.5)
RHYTHM = len(UNITS)
#: Irregular beats, f-waves and absent P waves come together: this is their correlation over the
#: simulated rhythms, half of them AF. Moving together costs less than moving one of them alone.
COUPLING = 0.75


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
    """Turns moves ``(batch, size)`` into edited latents of an inversion.

    A move is measured in standard deviations along uncorrelated axes, so that its squared length is
    its Mahalanobis distance: first the rhythm code, turned so that what comes together in nature is
    one axis, then the components of morphology.
    """

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
        correlation = torch.full((RHYTHM, RHYTHM), COUPLING).fill_diagonal_(1.0)
        power, axes = torch.linalg.eigh(correlation)
        self.axes = (axes * power.sqrt()).t() * torch.tensor(UNITS)

    def rhythm(self, move: Tensor) -> Tensor:
        """Irregularity, f-wave amplitude and share of the P wave taken away, ``(batch, 3)``."""
        return move[:, :RHYTHM] @ self.axes

    def words(self, move: Tensor) -> str:
        """What one move ``(size,)`` changes, in words: only what is large enough to see."""
        irregularity, f_amplitude, p_taken = (float(v) for v in self.rhythm(move[None])[0])
        said = []
        if abs(irregularity) >= 0.02:
            added = f"RR made irregular (variation +{irregularity:.0%})"
            if irregularity > 0:
                said.append(added)
            elif self._variation() > 0.02:
                said.append("RR made regular")
        if abs(p_taken) >= 0.1:
            taken = "P waves removed" if p_taken >= 0.95 else f"P waves reduced by {p_taken:.0%}"
            said.append(taken if p_taken > 0 else f"{-p_taken:.0%} of a typical P wave added")
        if f_amplitude >= 0.1:
            said.append("fibrillatory waves added")
        elif f_amplitude <= -0.1 and float(self.inversion.latent.f_wave.std()) > 0.2:
            said.append("fibrillatory waves faded")
        morphology = float(move[RHYTHM:].norm())
        if morphology >= 0.3:
            said.append(f"morphology moved {morphology:.1f} SD")
        return ", ".join(said) or "a change too small to name"

    def _variation(self) -> float:
        """Coefficient of variation of RR of the one record that is put in words."""
        rr = self.inversion.latent.r_s[0].diff()
        rr = rr[torch.isfinite(rr)]
        return float(rr.std() / rr.mean())

    def latent(self, move: Tensor) -> Latent:
        """The edited latent of every record."""
        old = self.inversion.latent
        n = len(move)
        shift = (move[:, RHYTHM:] @ self.basis).view_as(old.styles[:1].expand(n, -1, -1))
        code = self.rhythm(move)
        irregularity, f_amplitude = code[:, IRREGULARITY], code[:, F_WAVE, None]
        beats = edited_beats(
            old.r_s.expand(n, -1),
            irregularity.clamp(max=0) / UNITS[IRREGULARITY],
            irregularity.clamp(min=0),
            self.pattern.expand(n, -1),
        )
        own = old.f_wave * (f_amplitude.clamp(max=0) / UNITS[F_WAVE]).exp()
        return Latent(
            styles=old.styles + shift,
            r_s=beats,
            codes=old.codes.expand(n, -1, -1),
            f_wave=own + f_amplitude.clamp(min=0) * self.f_wave,
            p_gain=(old.p_gain - code[:, P_WAVE]).clamp(0, 2.5),
        )

    def signals(self, move: Tensor) -> Tensor:
        """Edited ECGs ``(batch, 12, samples)``, mV; the record itself for a zero move."""
        return self.inversion.draw(self.latent(move))
