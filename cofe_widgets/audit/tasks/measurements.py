"""Measurements of every record: `signals.measure` as a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ...ecg import Record
from ...signals import measured


@dataclass(frozen=True)
class Measurements:
    """All numbers of `measure`, NaN where one cannot be given; ``missing`` says why, by name.

    Attributes
    ----------
    clean : bool
        Whether hum, spikes and jumps are taken out first.
    """

    clean: bool = True

    name: ClassVar[str] = "measurements"
    many: ClassVar[bool] = True

    def __call__(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """A row a record."""
        rows = []
        for record in records:
            found = measured(record, clean=self.clean)
            said = "; ".join(f"{name}: {why}" for name, why in found.reasons.items())
            rows.append({**found.values, "missing": said})
        return rows
