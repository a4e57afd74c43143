"""A model's answers to every record as a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ...ecg import Record
from ...wrapper import Predictor


@dataclass(frozen=True)
class Predictions:
    """The model's answer by output, a column each: probabilities, or values.

    Attributes
    ----------
    f : Predictor
    """

    f: Predictor

    name: ClassVar[str] = "predictions"
    many: ClassVar[bool] = True

    def __call__(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """A row a record."""
        return list(self.f.predict(list(records)))
