"""Relevance rank."""

from __future__ import annotations

from ..formulas import relevance_rank
from ..on_hearts import OnHearts


class RelevanceRank(OnHearts):
    """Of as many samples as the cause has, those with the largest |map|: the share that lie in the cause.

    L. Arras, A. Osman, W. Samek, *CLEVR-XAI*, Information Fusion 2022.
    """

    name, title = "relevance_rank", "Relevance rank"
    reference = "Arras et al. 2022, arXiv:2003.07258"
    formula = staticmethod(relevance_rank)


CHECK = RelevanceRank()
