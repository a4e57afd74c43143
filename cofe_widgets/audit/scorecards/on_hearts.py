"""Checks of localisation: maps of simulated hearts against what the condition truly altered in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from .check import Check
from .formulas import Array, Mask

if TYPE_CHECKING:
    from .place import Place
    from .subjects import Subject


class OnHearts(Check):
    """A measure of maps against causes: the figure is over all leads, further columns are of each lead.

    Attributes
    ----------
    formula : callable
        ``(maps (n, ...), causes (n, ...))`` to ``(n,)``.
    """

    category = "localisation"
    higher_is_better = True
    on = "hearts"
    unit = "share"
    formula: ClassVar[Callable[[Array, Mask], Array]]

    def measure(self, place: Place, subject: Subject) -> Array:
        """See `Check`: all leads together, then each by itself."""
        maps, causes, formula = place.maps(subject), place.causes, type(self).formula
        assert causes is not None
        leads = [formula(maps[:, k], causes[:, k]) for k in range(maps.shape[1])]
        return np.stack([formula(maps, causes), *leads], axis=1)
