"""Infidelity: what a map tells of perturbations, and what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..check import Check
from ..formulas import Array, Mask, infidelity
from ..infill import level

if TYPE_CHECKING:
    from ..place import Place, Subject

#: A perturbation takes blocks of one lead and so many seconds to the lead's level, this share of them.
BLOCK_S, SHARE = 0.1, 0.1


class Infidelity(Check):
    """Mean squared error between what a map tells of perturbations and what they do to the answer.

    C.-K. Yeh et al., *On the (In)fidelity and Sensitivity of Explanations*, NeurIPS 2019, definition 2.1.
    A perturbation takes a random tenth of all blocks, each 100 ms of one lead, to the level of the lead.
    A map may be per mV, and tells the sum of perturbation times map, or already be multiplied by the input,
    and tells the sum of the map over what is taken; of the two the one is counted that fits a method better.
    Every map is given the scale that is best for it, and the error is a share of the mean squared change
    (`formulas.infidelity`; Quantus's own figure, in which the unit of a map decides, without ``scaled``).
    """

    name, title = "infidelity", "Infidelity"
    category = "faithfulness"
    reference = "Yeh et al. 2019, arXiv:1901.09392"
    higher_is_better = False

    def measure(self, place: Place, subject: Subject) -> Array:
        """See `Check`."""
        change, per_mv, share = np.empty((3, place.n, place.settings.perturbations))
        maps, away = place.maps(subject).astype(float), place.signals - level(place.signals)
        for row in range(place.n):
            blocks = self._blocks(place, row)
            taken = np.where(blocks, away[row], 0.0)
            change[row] = place.scores[row] - place.score(
                place.signals[row] - taken, np.full(len(taken), row)
            )
            per_mv[row] = np.einsum("pls,ls->p", taken, maps[row])
            share[row] = np.einsum("pls,ls->p", blocks, maps[row])
        errors = [infidelity(change, told, scaled=True) for told in (per_mv, share)]
        return min(errors, key=lambda one: float(np.nansum(one)))[:, None]

    @staticmethod
    def _blocks(place: Place, row: int) -> Mask:
        """Which samples each perturbation takes, ``(perturbations, leads, samples)``."""
        leads, samples = place.signals.shape[1:]
        width = max(1, round(BLOCK_S * place.records[0].fs))
        draws = np.random.default_rng([place.seed, int(place.hashes[row][:12], 16), 2])
        blocks = draws.random((place.settings.perturbations, leads, -(-samples // width))) < SHARE
        return np.repeat(blocks, width, axis=2)[..., :samples]


CHECK = Infidelity()
