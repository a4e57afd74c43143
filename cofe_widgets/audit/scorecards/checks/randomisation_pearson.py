"""Randomisation: what is left of a map when the model has forgotten what it learned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ....explain.attribution.similarity import pearson, smoothed
from .. import bootstrap
from ..check import Check
from ..formulas import Array
from ..randomised import layers, randomised, stages

if TYPE_CHECKING:
    from ..place import Place, Subject

#: A map that shares less than this with that of a model of random weights depends on what was learned:
#: 4 % of its variance. (The papers speak of "near zero".)
BAR = 0.2


class RandomisationPearson(Check):
    """|Pearson r| between the maps of the model and of a copy whose layers are randomised, output layer first.

    J. Adebayo et al., *Sanity Checks for Saliency Maps*, NeurIPS 2018; Arends et al. 2025, experiment 2: maps
    are smoothed (Savitzky-Golay, 31 samples, third order), and compared over all leads and samples. The
    curve runs over the share of layers, the figure is its end, where no layer is as it was learned. A dummy
    does not know the model: it stays as it is.
    """

    name, title = "randomisation_pearson", "Random weights"
    category = "randomisation"
    reference = "Adebayo et al. 2018, arXiv:1810.03292"
    higher_is_better = False
    judged = "bar"
    bar = BAR
    quick = True
    unit = "r"

    def likeness(self, maps: Array, others: Array) -> Array:
        """How much alike smoothed maps are, ``(n,)``."""
        return pearson(maps, others)

    def lack(self, place: Place, subject: Subject) -> str:
        """See `Check`."""
        if not layers(place.f.module):
            return "the model has no layers whose weights could be randomised"
        return ""

    def rows(self, place: Place) -> NDArray[np.intp]:
        """See `Check`."""
        return place.few

    def steps(self, place: Place) -> list[float]:
        """See `Check`."""
        total = len(layers(place.f.module))
        return [0.0, *(k / total for k in stages(total, place.settings.stages))]

    def prepared(self, place: Place, subject: Subject) -> Iterator[None]:
        """See `Check`."""
        yield from place.explained(subject)
        if subject.dummy or (subject.name, "randomised") in place.kept:
            return
        found = []
        for f in randomised(place.f, place.settings.stages, place.seed):
            found.append(smoothed(subject.maps_anew(place, place.few, f=f)).astype(np.float32))
            yield
        place.kept[subject.name, "randomised"] = found

    def measure(self, place: Place, subject: Subject) -> Array:
        """See `Check`."""
        for _ in self.prepared(place, subject):
            pass
        own = smoothed(place.maps(subject)[place.few])
        others = place.kept.get((subject.name, "randomised"))
        if others is None:
            return np.ones((len(own), len(self.steps(place))))
        return np.abs(
            np.stack([np.ones(len(own)), *(self.likeness(own, one) for one in others)], axis=1)
        )

    def figure(self, columns: Array) -> Array:
        """See `Check`: the end of the curve."""
        return columns[:, -1]

    def beyond(self, place: Place) -> Array:
        """See `Check`: AUROC of the randomised models where there are two kinds, or their mean score."""
        rows = np.arange(place.n)
        models = randomised(place.f, place.settings.stages, place.seed)
        scores = [place.scores, *(place.score(place.signals, rows, f) for f in models)]
        values, once = np.stack(scores, axis=1), np.ones((1, place.n))
        if place.kinds is None:
            return bootstrap.means(values, once)[0]
        return bootstrap.aurocs(values, place.kinds, once)[0]


CHECK = RandomisationPearson()
