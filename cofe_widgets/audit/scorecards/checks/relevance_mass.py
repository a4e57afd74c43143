"""Relevance mass."""

from __future__ import annotations

from ..formulas import Array, Mask, relevance_mass
from ..on_hearts import OnHearts


class RelevanceMass(OnHearts):
    """Share of all |map| that lies where the condition altered the ECG.

    L. Arras, A. Osman, W. Samek, *CLEVR-XAI*, Information Fusion 2022.
    """

    name, title = "relevance_mass", "Relevance mass"
    reference = "Arras et al. 2022, arXiv:2003.07258"
    quick = True

    def formula(self, maps: Array, causes: Mask) -> Array:
        """See `OnHearts`."""
        return relevance_mass(maps, causes)


CHECK = RelevanceMass()
