"""Insertion: how soon the answer is back when the highest ranked samples come back first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..check import Curve
from ..formulas import Array
from ..infill import level
from ..replaced import answers, signed_for_answer

if TYPE_CHECKING:
    from ..place import Place, Subject


class Insertion(Curve):
    """Area under the answer while samples are put back into an ECG of which every lead is flat at its level.

    V. Petsiuk, A. Das, K. Saenko, *RISE*, BMVC 2018. The answer is the probability of what the model said
    of the record (of values, minus the distance from its own). Signed maps rank by what speaks for it.
    """

    name, title = "insertion", "Insertion"
    category = "faithfulness"
    reference = "Petsiuk et al. 2018, arXiv:1806.07421"
    higher_is_better = True
    puts_back = True

    def shares(self, place: Place) -> NDArray[np.float64]:
        """See `Curve`."""
        return np.linspace(0, 1, place.settings.points + 1)

    def measure(self, place: Place, subject: Subject) -> Array:
        """See `Check`."""
        maps = signed_for_answer(place.maps(subject), place, subject.signed)
        flat = level(place.signals)
        empty, full = (flat, place.signals) if self.puts_back else (place.signals, flat)

        def replace(rows: NDArray[np.intp], changed: NDArray[np.bool_]) -> Array:
            return np.where(changed, full[rows], empty[rows])

        shares = self.shares(place)
        scores = answers(place, maps, shares, replace)
        return place.held(scores, np.arange(place.n)[:, None].repeat(len(shares), axis=1))


CHECK = Insertion()
