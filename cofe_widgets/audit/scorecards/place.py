"""`Place`: records, a model and a target, and what more than one check looks at; `Subject`: what gives maps."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record
from ...errors import AuditError, EcgError, ExplainError
from ...models.number_type import computing
from ...signals import r_peaks
from ...signals.beats import TIME_MS
from ...values.identity import record_hash
from ...wrapper import Predictor
from .formulas import Array, Mask

if TYPE_CHECKING:
    from torch import Tensor

Rows = NDArray[np.intp]
#: Fewer records than this have no interval, and no others to take a mean map of.
LEAST_RECORDS = 4
#: So many of either kind make an area under the ROC curve.
LEAST_KIND = 3
#: Records are explained so many at a time: between them a run can be stopped.
TOGETHER = 4


@dataclass(frozen=True)
class Settings:
    """How much a run does.

    Attributes
    ----------
    few : int
        Records for checks that explain the same record again and again.
    repeats : int
        Noisy copies of each for max-sensitivity.
    stages : int
        How often maps are made anew while the model's layers are randomised.
    points : int
        Points of the curves of insertion and deletion, and of perturbation.
    perturbations : int
        Of each record, for infidelity.
    hearts : int
        Simulated hearts whose cause is known.
    """

    few: int = 8
    repeats: int = 10
    stages: int = 8
    points: int = 30
    perturbations: int = 64
    hearts: int = 16

    @property
    def facts(self) -> dict[str, int]:
        """As JSON can hold them."""
        return asdict(self)


#: All of it, and what fits into a minute.
FULL = Settings()
QUICK = Settings(few=4, repeats=2, stages=2, points=6, perturbations=32, hearts=8)


class Subject(ABC):
    """Something that gives a map of every record of a place.

    Attributes
    ----------
    name, title : str
    dummy, signed, complete : bool
    """

    name: str
    title: str
    dummy = True
    signed = False
    complete = False

    @abstractmethod
    def maps(self, place: Place, rows: Rows) -> Array:
        """Maps of some records, ``(len(rows), leads, samples)``."""

    def maps_anew(
        self, place: Place, rows: Rows, signals: Array | None = None, f: Predictor | None = None
    ) -> Array:
        """Maps of some records with other signals, or by another model."""
        return self.maps(place, rows)

    def facts(self, place: Place) -> dict[str, Any]:
        """Everything its maps depend on beside records, model and seed, as JSON can hold it."""
        return {"subject": self.name}


class Place:
    """Records as one model sees them, asked about one target.

    Attributes
    ----------
    f : Predictor
        The model, for records that are as it sees them already.
    records : list of Record
        All of one length.
    target : str
    settings : Settings
    seed : int
    methods : list of Subject
        The methods of the run, whose mean map is a dummy.
    causes : (n, leads, samples) bool or None
        Of simulated hearts, what the condition altered.
    """

    def __init__(
        self,
        f: Predictor,
        records: Sequence[Record],
        target: str,
        settings: Settings,
        seed: int,
        methods: Sequence[Subject],
        causes: Mask | None = None,
    ) -> None:
        self.f, self.records = as_seen(f, records)
        self.target, self.settings, self.seed, self.causes = target, settings, seed, causes
        self.methods = methods
        self.signals: Array = np.stack([record.signal for record in self.records])
        self._maps: dict[str, Array] = {}
        #: What checks keep of a subject between their work's slices, by name.
        self.kept: dict[tuple[str, str], Any] = {}
        #: Why a method gives no maps of these records, by name, once that is known.
        self.failed: dict[str, str] = {}

    @property
    def n(self) -> int:
        """How many records."""
        return len(self.records)

    @cached_property
    def few(self) -> NDArray[np.intp]:
        """Rows of the records that are explained again and again, spread over all."""
        return np.unique(np.linspace(0, self.n - 1, min(self.n, self.settings.few)).astype(np.intp))

    @cached_property
    def hashes(self) -> list[str]:
        """Of the records' samples, and of what the model takes beside them."""
        beside = "" if self._side is None else str(self._side.tolist())
        return [record_hash(record) + beside for record in self.records]

    # -- the model's answers

    @cached_property
    def _side(self) -> Tensor | None:
        import torch

        rows = [self.f.side.row(record, self.f.name) for record in self.records]
        if rows[0] is None:
            return None
        return torch.tensor(rows, dtype=torch.float32, device=self.f.device)

    def score(self, signals: Array, rows: NDArray[np.intp], f: Predictor | None = None) -> Array:
        """Log-odds (or value) of the target.

        Parameters
        ----------
        signals : (m, leads, samples) mV
        rows : (m,)
            Whose variants they are.
        f : Predictor, optional
            Another model.
        """
        import torch

        f = f or self.f
        out = []
        with computing(), torch.no_grad():
            for first in range(0, len(signals), f.batch_size):
                part = slice(first, first + f.batch_size)
                x = torch.from_numpy(np.ascontiguousarray(signals[part], np.float32)).to(f.device)
                side = None if self._side is None else self._side[torch.as_tensor(rows[part])]
                out.append(f.score(f.raw(x, side), self.target).double().cpu().numpy())
        return np.concatenate(out)

    @cached_property
    def scores(self) -> Array:
        """Those of the records themselves, ``(n,)``."""
        found = self.score(self.signals, np.arange(self.n))
        if not np.isfinite(found).all():
            raise AuditError(
                f"{self.f.name} answers NaN or infinity for {self.target} to "
                f"records[{int((~np.isfinite(found)).argmax())}]: leave it out"
            )
        return found

    @property
    def of_values(self) -> bool:
        """Whether the model answers values, not probabilities."""
        return self.f.output == "linear"

    def held(self, score: Array, rows: NDArray[np.intp]) -> Array:
        """How much of an answer still holds: the probability of what the model said of the record.

        Of values, minus the distance from the record's own.
        """
        if self.of_values:
            return -np.abs(score - self.scores[rows])
        return 1 / (1 + np.exp(-np.clip(self.sign[rows] * score, -500, 500)))

    @cached_property
    def sign(self) -> Array:
        """1 where the answer is the target, -1 where it is not, ``(n,)``; of values 1."""
        return np.where(self.scores >= 0, 1.0, 1.0 if self.of_values else -1.0)

    @cached_property
    def kinds(self) -> Mask | None:
        """Which records are the target: by their labels, or else by the model's answer; None of one kind."""
        if self.of_values:
            return None
        told = [record.meta.get("labels") for record in self.records]
        if all(isinstance(one, tuple | list) for one in told):
            labelled = np.array([self.target in one for one in told])  # type: ignore[operator]
            if LEAST_KIND <= labelled.sum() <= self.n - LEAST_KIND:
                return labelled
        answered = self.scores >= 0
        return answered if LEAST_KIND <= answered.sum() <= self.n - LEAST_KIND else None

    # -- beats

    @cached_property
    def beats_s(self) -> list[NDArray[np.float64]]:
        """R-peaks of every record, s; none where none is found."""
        return [_beats(record) for record in self.records]

    # -- maps

    def explained(self, subject: Subject) -> Iterator[None]:
        """Make the maps of all records, a few at a time.

        Raises
        ------
        ExplainError
            When the subject gives none of one of them; said again when it is asked again.
        """
        if subject.name in self._maps:
            return
        if subject.name in self.failed:
            raise ExplainError(self.failed[subject.name])
        parts = []
        for first in range(0, self.n, TOGETHER):
            rows = np.arange(first, min(first + TOGETHER, self.n))
            try:
                parts.append(subject.maps(self, rows))
            except ExplainError as error:
                self.failed[subject.name] = str(error)
                raise
            yield
        self._maps[subject.name] = np.concatenate(parts)

    def maps(self, subject: Subject) -> Array:
        """The maps of all records, ``(n, leads, samples)``."""
        for _ in self.explained(subject):
            pass
        return self._maps[subject.name]


def as_seen(f: Predictor, records: Sequence[Record]) -> tuple[Predictor, list[Record]]:
    """Records as the model sees them, and the model to which they are given so.

    Raises
    ------
    EcgError
        When one does not fit; says which.
    AuditError
        When they are of several lengths.
    """
    seen = []
    for place, record in enumerate(records):
        try:
            one, x = f.seen(record), f.tensor(record)[0]
        except EcgError as error:
            raise EcgError(f"records[{place}]: {error}") from error
        seen.append(Record(x.cpu().numpy(), one.fs, one.leads, dict(one.meta)))
    lengths = sorted({one.samples for one in seen})
    if len(lengths) > 1:
        raise AuditError(
            f"{f.name} takes records of any length, and these have {lengths[0]} to {lengths[-1]} "
            "samples: give records of one length, record.crop(0, s)"
        )
    same = copy.copy(f)
    same.median_beat = False  # they are beats already
    return same, seen


def _beats(record: Record) -> NDArray[np.float64]:
    if record.meta.get("median_beat"):
        return np.array([-TIME_MS[0] / 1000])
    try:
        return np.asarray(r_peaks(record), dtype=float)
    except EcgError:
        return np.empty(0)
