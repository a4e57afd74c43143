"""What was found of each model, put together as one value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...wrapper.layers import Layer
from .fit_model import Fit
from .membership import Failed
from .plan import LEAST_EXAMPLES, Plan, class_table
from .result import CAUSAL, FAILED, ConceptScores

Array = NDArray[np.float64]


class Fits:
    """What was found of each model, and the value that it comes to."""

    def __init__(
        self,
        plan: Plan,
        layers: Sequence[Layer],
        classes: Sequence[str],
        in_class: Array,
        kept: Sequence[int],
        records: int,
        failed: Failed,
    ) -> None:
        self.plan, self.layers, self.classes = plan, layers, classes
        self.kept, self.records, self.failed = kept, records, failed
        self.in_class = in_class
        self.done: list[Fit] = []
        self.facts: dict[str, Any] = {}
        self.causal: list[dict[str, Any]] = []

    def value(self, more: Fit | None = None) -> ConceptScores:
        """The value of the models that are done, and of one that is not yet."""
        import pandas as pd

        fits = [*self.done, *([] if more is None else [more])]
        n = len(self.plan.rows)
        too_few = self.in_class.sum(axis=1) < LEAST_EXAMPLES
        scores = self._spread(np.stack([one.scores for one in fits]), 2, n)
        sensitivity = self._spread(np.mean([one.sensitivity for one in fits], axis=0), 0, n)
        scores[..., too_few] = np.nan
        sensitivity[:, :, too_few] = np.nan
        return ConceptScores(
            scores,
            self._spread(np.stack([one.accuracy for one in fits]), 2, n),
            self._placed(sensitivity),
            self._placed(self.plan.members),
            np.nan_to_num(self._placed(self.in_class)),
            self.plan.table(),
            class_table(self.classes, self.in_class),
            tuple(one.name for one in self.layers),
            pd.DataFrame(self.causal, columns=list(CAUSAL)),
            pd.DataFrame(self.failed, columns=list(FAILED)),
            self.facts,
        )

    def _spread(self, values: Array, axis: int, n: int) -> Array:
        """Concepts that could not be asked have NaN."""
        shape = list(values.shape)
        shape[axis] = n
        out = np.full(shape, np.nan)
        place: list[Any] = [slice(None)] * values.ndim
        place[axis] = self.plan.asked
        out[tuple(place)] = values
        return out

    def _placed(self, values: Array) -> Array:
        """By the places of the records that were given; NaN for those that were left out."""
        out = np.full((*values.shape[:-1], self.records), np.nan)
        out[..., self.kept] = values
        return out
