"""What a check is: one named object in one file, which measures every record and sums records up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from . import bootstrap
from .formulas import Array

if TYPE_CHECKING:
    from .place import Place, Subject

#: The field's categories, as Quantus names them, in the order of tables.
CATEGORIES = (
    "faithfulness",
    "localisation",
    "randomisation",
    "robustness",
    "complexity",
    "axiomatic",
)


class Check(ABC):
    """A way to measure what a map is worth.

    A check is one file: a subclass, whose docstring states definition and source, and ``CHECK``, the object.

    Attributes
    ----------
    name, title : str
    category : str
        One of `CATEGORIES`.
    reference : str
        The paper.
    higher_is_better : bool
    quick : bool
        Whether it is part of the quick set.
    on : "records" or "hearts"
        Whether the user's records are looked at, or simulated hearts whose cause is known.
    judged : "dummies", "bar" or "nothing"
        What decides: better than the best dummy; better than ``bar``; or nothing, where a map that knows
        nothing can be as good as one likes (nothing is simpler or more stable than one bump).
    bar : float
        Where that decides.
    unit : "share", "number" or "r"
        How a figure is written.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    category: ClassVar[str]
    reference: ClassVar[str]
    higher_is_better: ClassVar[bool]
    quick: ClassVar[bool] = False
    on: ClassVar[Literal["records", "hearts"]] = "records"
    judged: ClassVar[Literal["dummies", "bar", "nothing"]] = "dummies"
    bar: ClassVar[float] = np.nan
    unit: ClassVar[Literal["share", "number", "r"]] = "number"

    def lack(self, place: Place, subject: Subject) -> str:
        """Why it cannot be asked here, in words; empty where it can."""
        return ""

    def rows(self, place: Place) -> NDArray[np.intp]:
        """The records that are measured."""
        return np.arange(place.n)

    def prepared(self, place: Place, subject: Subject) -> Iterator[None]:
        """The work that takes long, in slices between which a run can be stopped."""
        yield from place.explained(subject)

    @abstractmethod
    def measure(self, place: Place, subject: Subject) -> Array:
        """A row a record of `rows`, ``(len(rows), columns)``; NaN where one cannot be measured."""

    def steps(self, place: Place) -> list[float]:
        """What the columns are measured at, where they are a curve; of one figure nothing."""
        return []

    def columns(self, place: Place, values: Array, weights: Array) -> NDArray[np.float64]:
        """The columns summed up over weighted records, ``(draws, columns)``: means."""
        return bootstrap.means(values, weights)

    def figure(self, columns: Array) -> Array:
        """The one figure that columns ``(draws, columns)`` come to, ``(draws,)``: the first."""
        return columns[:, 0]

    def beyond(self, place: Place) -> Array | None:
        """What the model itself answers at the steps of a curve, ``(steps,)``; None where it is not asked."""
        return None


class Curve(Check):
    """A check whose columns are a curve; its figure is the area under it."""

    def shares(self, place: Place) -> NDArray[np.float64]:
        """Shares of the samples that are changed, from 0, evenly spread."""
        raise NotImplementedError

    def steps(self, place: Place) -> list[float]:
        """See `Check`."""
        return [float(one) for one in self.shares(place)]

    def figure(self, columns: Array) -> Array:
        """See `Check`."""
        from .formulas import area

        return area(columns)
