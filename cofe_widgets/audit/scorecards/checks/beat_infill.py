"""Beat infill: how fast performance falls when the highest ranked samples become those of other beats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..formulas import Array
from ..infill import beats_of_others
from ..replaced import answers
from .perturbation import Perturbation, held_answers

if TYPE_CHECKING:
    from ..place import Place, Subject


class BeatInfill(Perturbation):
    """What holds of the answer while the samples with the largest |map| become those of other records' beats.

    Ours, beside `Perturbation`. Straight lines through a QRS are nothing that a model has ever seen, and a map
    that points at the R-peaks of any ECG does well with them. Here the ECG stays one: it loses what tells this
    record from those that the model answers the other way (`infill.beats_of_others`). When the beats come is
    not touched. The figure is the mean over the curve of the probability that still is given to what the
    model said (of values, minus the distance from it).
    """

    name, title = "beat_infill", "Beat infill"
    reference = "cofe_widgets"

    def lack(self, place: Place, subject: Subject) -> str:
        """See `Check`."""
        bare = sum(not len(beats) for beats in place.beats_s)
        return f"no beat is found in {bare} of {place.n} records" if bare else ""

    def measure(self, place: Place, subject: Subject) -> Array:
        """See `Check`: scores."""
        key = ("", self.name)
        if key not in place.kept:
            place.kept[key] = beats_of_others(place)
        drawn = place.kept[key]

        def replace(rows: NDArray[np.intp], gone: NDArray[np.bool_]) -> Array:
            return np.where(gone, drawn[rows], place.signals[rows])

        return answers(place, np.abs(place.maps(subject)), self.shares(place), replace)

    def columns(self, place: Place, values: Array, weights: Array) -> NDArray[np.float64]:
        """See `Check`: what still holds of the answers."""
        return held_answers(place, values, weights)


CHECK = BeatInfill()
