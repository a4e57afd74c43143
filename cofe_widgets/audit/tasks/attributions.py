"""Where a model looks in every record, in numbers by wave and lead, as a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ...ecg import Record
from ...explain.attribution import Attribution, attribute
from ...explain.attribution.by_wave import ALL, WAVES
from ...wrapper import Predictor


@dataclass(frozen=True)
class Attributions:
    """Share of a map's relevance by wave: `Attribution.by_wave` of every record.

    Columns ``share_P`` ... of all leads together, and arrays ``(leads + 1, waves)``, the last row of
    all leads: ``share``, ``net`` and ``enrichment``. With ``maps`` the map itself, ``(leads, samples)``.

    Attributes
    ----------
    f : Predictor
    target : str
    method : str
        Of `ATTRIBUTION_METHODS`.
    options : mapping
        Of the method.
    maps : bool
    """

    f: Predictor
    target: str
    method: str = "saliency"
    options: Mapping[str, Any] = field(default_factory=dict)
    maps: bool = False

    name: ClassVar[str] = "attributions"
    many: ClassVar[bool] = True

    def __call__(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """A row a record."""
        found = attribute(list(records), self.f, self.target, self.method, **self.options)
        answers = self.f.predict(list(records))
        return [self._row(one, said) for one, said in zip(found, answers, strict=True)]

    def _row(self, found: Attribution, said: Mapping[str, float]) -> dict[str, Any]:
        table = found.by_wave
        leads = table.index.get_level_values("lead").unique()
        whole = table.xs(ALL, level="lead")
        row: dict[str, Any] = {"answer": said[self.target]}
        row |= {f"share_{wave}": float(whole.share[wave]) for wave in WAVES}
        for name in ("share", "net", "enrichment"):
            row[name] = np.asarray(table[name], np.float32).reshape(len(leads), len(WAVES))
        if self.maps:
            row["map"] = found.values
        return row
