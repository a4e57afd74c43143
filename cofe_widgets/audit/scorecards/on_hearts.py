"""Checks of localisation: maps of simulated hearts against what the condition truly altered in them."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from .check import Check
from .formulas import Array, Mask

if TYPE_CHECKING:
    from .place import Place, Subject


class OnHearts(Check):
    """A measure of maps against causes: the figure is over all leads, further columns are of each lead."""

    category = "localisation"
    higher_is_better = True
    on = "hearts"
    unit = "share"

    @abstractmethod
    def formula(self, maps: Array, causes: Mask) -> Array:
        """What is measured of maps and causes, each ``(n, ...)``: ``(n,)``."""

    def measure(self, place: Place, subject: Subject) -> Array:
        """See `Check`: all leads together, then each by itself."""
        maps, causes = place.maps(subject), place.causes
        assert causes is not None
        leads = [self.formula(maps[:, k], causes[:, k]) for k in range(maps.shape[1])]
        return np.stack([self.formula(maps, causes), *leads], axis=1)
