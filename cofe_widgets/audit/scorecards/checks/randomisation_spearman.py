"""Randomisation, by ranks."""

from __future__ import annotations

from ..formulas import Array, spearman
from .randomisation_pearson import RandomisationPearson


class RandomisationSpearman(RandomisationPearson):
    """The same by Spearman's correlation, which a few large values do not decide."""

    name, title = "randomisation_spearman", "Random weights, ranks"
    quick = False

    def likeness(self, maps: Array, others: Array) -> Array:
        """See `RandomisationPearson`."""
        return spearman(maps, others)


CHECK = RandomisationSpearman()
