"""Precision and recall of a cause that is known."""

from __future__ import annotations

from ..formulas import Array, Mask, average_precision
from ..on_hearts import OnHearts


class PrecisionRecall(OnHearts):
    """Area under precision and recall of the samples that the condition truly altered, ranked by |map|.

    Chance is their share of all samples, which the random map shows.
    """

    name, title = "precision_recall", "Precision-recall"
    reference = "average precision, as in scikit-learn"
    quick = True

    def formula(self, maps: Array, causes: Mask) -> Array:
        """See `OnHearts`."""
        return average_precision(maps, causes)


CHECK = PrecisionRecall()
