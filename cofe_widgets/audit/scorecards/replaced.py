"""ECGs in which the samples that a map ranks highest are replaced, more and more of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .formulas import Array, Mask, ranks

if TYPE_CHECKING:
    from .place import Place

#: Samples of all variants that are held at once.
_MOST_VALUES = 2_000_000
#: Variants of a few records whose samples are gone, ``(m, leads, samples)``, from records and mask.
Replace = Callable[[NDArray[np.intp], Mask], Array]


def signed_for_answer(maps: Array, place: Place, signed: bool) -> Array:
    """Maps that speak for what the model said of each record; those without a sign as they are."""
    return maps * place.sign[:, None, None] if signed else maps


def answers(place: Place, maps: Array, shares: Array, replace: Replace) -> Array:
    """The model's answers while the highest ranked samples are replaced.

    Parameters
    ----------
    place : Place
    maps : (n, leads, samples)
        What ranks the samples.
    shares : (k,)
        Of all samples of a record.
    replace : callable
        Rows of records and which of their samples are gone to signals.

    Returns
    -------
    (n, k)
        Scores.
    """
    order = ranks(maps).reshape(maps.shape)
    counts = np.round(np.asarray(shares) * order[0].size)
    together = max(1, _MOST_VALUES // order[0].size)
    rows, columns = (one.ravel() for one in np.indices((place.n, len(counts))))
    out = np.empty(len(rows))
    for first in range(0, len(rows), together):
        part = slice(first, first + together)
        gone = order[rows[part]] < counts[columns[part], None, None]
        out[part] = place.score(replace(rows[part], gone), rows[part])
    return out.reshape(place.n, len(counts))
