"""Max-sensitivity: how much a map changes with noise that nobody sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..check import Check
from ..formulas import Array, sensitivity

if TYPE_CHECKING:
    from ..place import Place, Subject

#: Noise is even between minus and plus this, mV: less than a line's width on paper.
RADIUS_MV = 0.02


class MaxSensitivity(Check):
    """The largest relative change of a map, ``|map(x + e) - map(x)| / |map(x)|``, over small noise e.

    C.-K. Yeh et al., NeurIPS 2019, definition 3.1, as in Quantus; noise within 0.02 mV. It is no merit by
    itself: a map that never changes is the most stable.
    """

    name, title = "max_sensitivity", "Max-sensitivity"
    category = "robustness"
    reference = "Yeh et al. 2019, arXiv:1901.09392"
    higher_is_better = False
    judged = "nothing"
    quick = True

    def rows(self, place: Place) -> NDArray[np.intp]:
        """See `Check`."""
        return place.few

    def prepared(self, place: Place, subject: Subject) -> Iterator[None]:
        """See `Check`."""
        yield from place.explained(subject)
        if (subject.name, self.name) in place.kept:
            return
        own, found = place.maps(subject)[place.few], []
        for turn in range(place.settings.repeats):
            signals = place.signals[place.few] + self._noise(place, turn)
            found.append(sensitivity(own, subject.maps_anew(place, place.few, signals)))
            yield
        place.kept[subject.name, self.name] = np.max(found, axis=0)

    @staticmethod
    def _noise(place: Place, turn: int) -> Array:
        draws = [
            np.random.default_rng([place.seed, int(place.hashes[row][:12], 16), 3, turn])
            for row in place.few
        ]
        shape = place.signals.shape[1:]
        return np.stack([one.uniform(-RADIUS_MV, RADIUS_MV, shape) for one in draws])

    def measure(self, place: Place, subject: Subject) -> Array:
        """See `Check`."""
        for _ in self.prepared(place, subject):
            pass
        return np.asarray(place.kept[subject.name, self.name])[:, None]


CHECK = MaxSensitivity()
