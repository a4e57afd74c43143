"""Relevance rank."""

from __future__ import annotations

from ..formulas import Array, Mask, relevance_rank
from ..on_hearts import OnHearts


class RelevanceRank(OnHearts):
    """Of as many samples as the cause has, those with the largest |map|: the share that lie in the cause.

    L. Arras, A. Osman, W. Samek, *CLEVR-XAI*, Information Fusion 2022.
    """

    name, title = "relevance_rank", "Relevance rank"
    reference = "Arras et al. 2022, arXiv:2003.07258"

    def formula(self, maps: Array, causes: Mask) -> Array:
        """See `OnHearts`."""
        return relevance_rank(maps, causes)


CHECK = RelevanceRank()
