"""Sparseness: in how few samples a map is gathered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..check import Check
from ..formulas import Array, gini

if TYPE_CHECKING:
    from ..place import Place, Subject


class Sparseness(Check):
    """Gini index of |map|.

    P. Chalasani et al., *Concise Explanations of Neural Networks using Adversarial Training*, ICML 2020, as in
    Quantus. It is no merit by itself: nothing is sparser than one bump.
    """

    name, title = "sparseness", "Sparseness"
    category = "complexity"
    reference = "Chalasani et al. 2020, arXiv:1810.06583"
    higher_is_better = True
    judged = "nothing"
    quick = True

    def measure(self, place: Place, subject: Subject) -> Array:
        """See `Check`."""
        return gini(place.maps(subject))[:, None]


CHECK = Sparseness()
