"""Completeness: whether a map that promises to add up to the answer does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..check import Check
from ..formulas import Array

if TYPE_CHECKING:
    from ..place import Place, Subject


class Completeness(Check):
    """By how much the sum of a map misses the change of the score from its baseline, relative to that, at most 1.

    M. Sundararajan, A. Taly, Q. Yan, *Axiomatic Attribution for Deep Networks*, ICML 2017, section 3. Asked of
    methods that promise it alone.
    """

    name, title = "completeness", "Completeness error"
    category = "axiomatic"
    reference = "Sundararajan et al. 2017, arXiv:1703.01365"
    higher_is_better = False
    judged = "bar"
    bar = 0.05
    quick = True
    unit = "share"

    def lack(self, place: Place, subject: Subject) -> str:
        """See `Check`."""
        return "" if subject.complete else "it does not promise to add up to the answer"

    def measure(self, place: Place, subject: Subject) -> Array:
        """See `Check`."""
        place.maps(subject)
        errors = place.kept[subject.name, self.name]
        # None where the score does not change from the baseline.
        found = np.array([errors[row] for row in range(place.n)], dtype=float)
        return np.minimum(found, 1.0)[:, None]


CHECK = Completeness()
