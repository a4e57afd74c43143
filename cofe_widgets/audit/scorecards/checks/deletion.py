"""Deletion: how soon the answer is gone when the highest ranked samples go first."""

from __future__ import annotations

from .insertion import Insertion


class Deletion(Insertion):
    """Area under the answer while samples are taken to their lead's level: insertion the other way round.

    V. Petsiuk, A. Das, K. Saenko, *RISE*, BMVC 2018; pixel flipping (Bach et al., PLoS One 2015) in Quantus.
    """

    name, title = "deletion", "Deletion"
    higher_is_better = False
    puts_back = False


CHECK = Deletion()
