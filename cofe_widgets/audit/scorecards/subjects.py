"""What is scored: attribution methods, and dummies, maps that know nothing of the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...ecg import Record
from ...errors import ExplainError
from ...explain.attribution import Method, attribute
from ...wrapper import Predictor
from ...wrapper.identity import hash_with
from .formulas import Array
from .place import Place, Rows, Subject

#: Half width of the bump that the R-peak detector draws, s (its SD).
BUMP_S = 0.02


@dataclass
class Explained(Subject):
    """An attribution method with its options.

    Attributes
    ----------
    method : Method
    options : dict
        All of them, checked.
    given : dict
        Those that were given: they are part of the name.
    """

    method: Method
    options: dict[str, Any]
    given: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        said = ", ".join(f"{key}={value!r}" for key, value in self.given.items())
        more = f" ({said})" if said else ""
        self.name, self.title = f"{self.method.name}{more}", f"{self.method.title}{more}"
        self.dummy = False
        self.signed, self.complete = self.method.signed, self.method.complete

    def maps(self, place: Place, rows: Rows) -> Array:
        """See `Subject`."""
        return self.maps_anew(place, rows)

    def maps_anew(
        self, place: Place, rows: Rows, signals: Array | None = None, f: Predictor | None = None
    ) -> Array:
        """See `Subject`."""
        records = [place.records[row] for row in rows]
        if signals is not None:
            records = [
                Record(np.asarray(one, np.float32), old.fs, old.leads, dict(old.meta))
                for one, old in zip(signals, records, strict=True)
            ]
        found = attribute(records, f or place.f, place.target, self.method, **self.options)
        if signals is None and f is None and self.complete:
            errors = place.kept.setdefault((self.name, "completeness"), {})
            for row, one in zip(rows, found, strict=True):
                errors[int(row)] = one.provenance.get("completeness_error")
        return np.stack([one.values for one in found])

    def facts(self, place: Place) -> dict[str, Any]:
        """See `Subject`."""
        own = {"call": type(self.method).__call__, "held": vars(self.method)}
        return {"subject": self.method.name, "options": self.options, "code": hash_with("", own)}


class RandomMap(Subject):
    """Noise: every value drawn by itself."""

    name, title = "random", "random map"

    def maps(self, place: Place, rows: Rows) -> Array:
        """See `Subject`."""
        return np.stack([abs(self._noise(place, row)) for row in rows])

    def _noise(self, place: Place, row: int) -> Array:
        own = int(place.hashes[row][:12], 16)
        return np.random.default_rng([place.seed, own]).standard_normal(
            place.signals.shape[1:], np.float32
        )


class SignalSize(Subject):
    """How far the ECG lies from the level of its lead: the waves that anybody sees."""

    name, title = "signal", "|signal|"

    def maps(self, place: Place, rows: Rows) -> Array:
        """See `Subject`."""
        return self.maps_anew(place, rows)

    def maps_anew(
        self, place: Place, rows: Rows, signals: Array | None = None, f: Predictor | None = None
    ) -> Array:
        """See `Subject`."""
        some = place.signals[rows] if signals is None else signals
        return np.abs(some - np.median(some, axis=2, keepdims=True))


class RPeaks(Subject):
    """A bump on every R-peak, alike in all leads; even where no beat is found."""

    name, title = "r_peaks", "R-peak detector"

    def maps(self, place: Place, rows: Rows) -> Array:
        """See `Subject`."""
        out = []
        for row in rows:
            record, beats = place.records[row], place.beats_s[row]
            time = np.arange(record.samples) / record.fs
            away = (time[:, None] - beats) / BUMP_S
            bumps = np.exp(-0.5 * np.square(away)).sum(axis=1) if len(beats) else np.ones(len(time))
            out.append(np.broadcast_to(bumps, record.signal.shape))
        return np.stack(out).astype(np.float32)


class MeanOfOthers(Subject):
    """The mean of what the methods of the run show of all other records, each map's sum made 1."""

    name, title = "others", "mean map of the others"

    def maps(self, place: Place, rows: Rows) -> Array:
        """See `Subject`."""
        total = np.zeros(place.signals.shape)
        for method in place.methods:
            try:
                size = np.abs(place.maps(method))
            except ExplainError:
                continue
            sums = size.sum(axis=(1, 2), keepdims=True, dtype=float)
            total += size / np.where(sums > 0, sums, 1.0)
        others = (total.sum(axis=0) - total[rows]) / (place.n - 1)
        return others.astype(np.float32)

    def facts(self, place: Place) -> dict[str, Any]:
        """See `Subject`."""
        return {"subject": self.name, "of": [method.facts(place) for method in place.methods]}


#: In the order in which they stand at the bottom of every table.
DUMMIES: tuple[Subject, ...] = (RandomMap(), SignalSize(), RPeaks(), MeanOfOthers())
