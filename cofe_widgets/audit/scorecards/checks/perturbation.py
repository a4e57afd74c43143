"""Perturbation: how fast performance falls when the highest ranked samples are drawn straight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import bootstrap
from ..check import Curve
from ..formulas import Array
from ..infill import noise, straight
from ..replaced import answers

if TYPE_CHECKING:
    from ..place import Place, Subject

#: Share of all samples that is replaced in the end, one per cent after the other.
MOST = 0.3


class Perturbation(Curve):
    """AUROC while the samples with the largest |map| are replaced, one per cent after the other up to 30 %.

    B. K. O. Arends et al., *Signal or noise?*, Eur Heart J Digit Health 2025, experiment 3, after ROAD
    (Rong et al., ICML 2022): replaced by a line between the nearest samples that are left, plus Gaussian
    noise of 0.25 standard deviations of the lead (`infill.noise` says why that unit). The figure is the
    mean over the curve. Where the records are of one kind, by their labels and by the model's answers, it
    is the probability that still is given to what the model said (of values, minus the distance from it).
    """

    name, title = "perturbation", "Perturbation"
    category = "faithfulness"
    reference = "Arends et al. 2025; Rong et al. 2022, arXiv:2202.00449"
    higher_is_better = False
    quick = True

    def shares(self, place: Place) -> NDArray[np.float64]:
        """See `Curve`."""
        return np.linspace(0, MOST, place.settings.points + 1)

    def measure(self, place: Place, subject: Subject) -> Array:
        """See `Check`: scores."""
        extra = noise(place)

        def replace(rows: NDArray[np.intp], gone: NDArray[np.bool_]) -> Array:
            return np.where(
                gone, straight(place.signals[rows], gone) + extra[rows], place.signals[rows]
            )

        return answers(place, np.abs(place.maps(subject)), self.shares(place), replace)

    def columns(self, place: Place, values: Array, weights: Array) -> NDArray[np.float64]:
        """See `Check`: areas under the ROC curve, or what still holds of the answers."""
        if place.kinds is not None:
            return bootstrap.aurocs(values, place.kinds, weights)
        return held_answers(place, values, weights)


def held_answers(place: Place, scores: Array, weights: Array) -> NDArray[np.float64]:
    """Means over records of what holds of their answers at scores ``(n, steps)``, ``(draws, steps)``."""
    rows = np.arange(place.n)[:, None].repeat(scores.shape[1], axis=1)
    return bootstrap.means(place.held(scores, rows), weights)


CHECK = Perturbation()
