"""Complexity: over how much a map is spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..check import Check
from ..formulas import Array, entropy

if TYPE_CHECKING:
    from ..place import Place, Subject


class Complexity(Check):
    """Entropy of the shares of |map| that samples have, nats.

    U. Bhatt, A. Weller, J. M. F. Moura, *Evaluating and Aggregating Feature-based Model Explanations*, IJCAI
    2020, as in Quantus. It is no merit by itself: nothing is simpler than one bump.
    """

    name, title = "complexity", "Complexity"
    category = "complexity"
    reference = "Bhatt et al. 2020, arXiv:2005.00631"
    higher_is_better = False
    judged = "nothing"

    def measure(self, place: Place, subject: Subject) -> Array:
        """See `Check`."""
        return entropy(place.maps(subject))[:, None]


CHECK = Complexity()
