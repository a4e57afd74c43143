"""What of records a model is asked about: gaps, the median beat, age and sex beside the ECG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..ecg import Record
from ..errors import EcgError, WrapError
from .identity import said

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Gaps = Literal["refuse", "interpolate", "zero"]
GAPS = ("refuse", "interpolate", "zero")
#: What a record says of the patient, as numbers.
_KNOWN = ("age", "sex")
_SEX = {"M": 1.0, "F": 0.0, "MALE": 1.0, "FEMALE": 0.0}


def listed(records: Record | Iterable[Record]) -> list[Any]:
    """One record or several, as a list.

    Raises
    ------
    EcgError
        For what is neither.
    """
    if isinstance(records, Record):
        return [records]
    if isinstance(records, str | bytes) or hasattr(records, "__fspath__"):
        raise EcgError(
            f"{str(records)[-80:]!r} is no Record: open it first, cw.read({str(records)[-80:]!r})"
        )
    if hasattr(records, "shape"):  # its rows would be taken for records
        raise EcgError(
            f"a {type(records).__name__} of shape {tuple(records.shape)} is no Record: "
            "cw.Record(signal, fs, leads) makes one of (leads, samples) in mV"
        )
    try:
        return list(records)
    except TypeError as error:
        raise EcgError(
            f"record is a {type(records).__name__}: expected a Record (cw.read), or several"
        ) from error


def noise(n: int, leads: int, samples: int) -> Tensor:
    """Noise of 0.1 mV, ``(n, leads, samples)``, for probes."""
    import torch

    dice = torch.Generator().manual_seed(0)
    return 0.1 * torch.randn((n, leads, samples), generator=dice, dtype=torch.float32)


def alike(shapes: Sequence[Any], most: int) -> Iterator[list[int]]:
    """Places of records of one shape, in batches of at most so many."""
    for shape in dict.fromkeys(shapes):
        places = [k for k, one in enumerate(shapes) if one == shape]
        yield from (places[first : first + most] for first in range(0, len(places), most))


def batched(
    predictor: Any, records: Sequence[Record], one: bool
) -> list[tuple[list[int], Tensor, Tensor | None]]:
    """Records as a predictor's module sees them: see `Predictor.batches`."""
    import torch

    rows: list[Any] = []
    for place, record in enumerate(records):
        try:
            row = predictor.taken(predictor.seen(record))
            rows.append((row, predictor.side.row(record, predictor.name)))
        except EcgError as error:
            raise EcgError(f"{'' if one else f'records[{place}]: '}{error}") from error
    device = predictor.device
    out: list[tuple[list[int], Tensor, Tensor | None]] = []
    for places in alike([row.shape for row, _ in rows], predictor.batch_size):
        x = torch.from_numpy(np.stack([rows[k][0] for k in places])).to(device)
        side = [rows[k][1] for k in places]
        known = None if side[0] is None else torch.tensor(side, dtype=x.dtype, device=device)
        out.append((places, x, known))
    return out


def without_gaps(record: Record, gaps: Gaps, name: str) -> Record:
    """The record with its gaps filled as asked.

    Raises
    ------
    EcgError
        When it has gaps and they are to be refused.
    """
    if not record.has_gaps:
        return record
    if gaps == "refuse":
        seconds = record.mask.sum(axis=1) / record.fs
        missing = ", ".join(
            f"{gone:.2g} s of {lead}"
            for lead, gone in zip(record.leads, seconds, strict=True)
            if gone
        )
        raise EcgError(
            f"samples are missing ({missing}), and {name} has to be given something there: "
            "record.filled('interpolate'), record.filled('zero'), or a part without gaps, "
            "record.crop(start, end); wrap(..., gaps='interpolate') does it always"
        )
    return record.filled(gaps)


def beat_record(record: Record) -> Record:
    """The median beat of a record as a record: from 0.5 s before R to 0.7 s after, at 500 Hz.

    Raises
    ------
    EcgError
        When the record has no beat that comes back; a lead without one is left out.
    """
    from ..signals.median_beat import median_beat

    beat = median_beat(record)
    sound = [k for k, row in enumerate(beat.signal) if np.isfinite(row).all()]
    leads = tuple(beat.leads[k] for k in sound)
    return Record(beat.signal[sound], beat.fs, leads, {**record.meta, "median_beat": True})


@dataclass(frozen=True)
class SideInputs:
    """What a model takes beside the ECG: numbers of the patient, ``(n, k)``, as its second argument.

    Attributes
    ----------
    names : tuple of str, or a function
        ``"age"`` in years, ``"sex"`` 1 for male and 0 for female; or ``function(record)`` that
        gives the numbers.
    row_of : tuple of float or None
        The numbers of the record that the predictor was bound to (`Predictor.of`).
    """

    names: tuple[str, ...] | Callable[[Record], Any] = ()
    row_of: tuple[float, ...] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if callable(self.names):
            return
        unknown = [name for name in self.names if name not in _KNOWN]
        if unknown:
            raise WrapError(
                f"inputs={self.names!r}: {unknown[0]!r} is not known; expected 'age' and 'sex', or a "
                "function(record) that gives the numbers the model takes beside the ECG"
            )

    def of(self, record: Record, model: str) -> SideInputs:
        """These inputs with the numbers of a record."""
        return replace(self, row_of=self.row(record, model))

    def row(self, record: Record, model: str) -> tuple[float, ...] | None:
        """The numbers of a record; None where the model takes none.

        Raises
        ------
        EcgError
            When the record does not say them.
        """
        if self.names == ():
            return None
        if self.row_of is not None:
            return self.row_of
        if not callable(self.names):
            return tuple(_number(record, name, model) for name in self.names)
        try:
            given = np.atleast_1d(np.asarray(self.names(record), float)).ravel()
        except Exception as error:
            raise WrapError(f"inputs= fails on this record: {said(error)}") from error
        if not np.isfinite(given).all():
            raise EcgError(f"inputs= gives {given.tolist()} for this record: expected numbers")
        return tuple(given.tolist())

    def rows(
        self, n: int, given: Tensor | None, model: str, device: str | torch.device
    ) -> Tensor | None:
        """The numbers of so many ECGs, ``(n, k)``: those given, or those of the bound record."""
        import torch

        if self.names == ():
            return None
        if given is not None:
            return given
        if self.row_of is None:
            raise WrapError(
                f"{model} takes {self.words} beside the ECG: f.of(record) is the predictor that "
                "takes them from a record"
            )
        return torch.tensor([self.row_of] * n, dtype=torch.float32, device=device)

    def example(self, n: int, device: str | torch.device) -> Tensor | None:
        """Those of so many people, for probes: men of 60 and women of 40, or simulated ones."""
        import torch

        if self.names == ():
            return None
        if callable(self.names):
            from ..simulate import simulate

            people = [self.row(simulate("NSR", seed=k)[0].record, "the model") for k in range(2)]
        else:
            both = ({"age": 60.0, "sex": 1.0}, {"age": 40.0, "sex": 0.0})
            people = [tuple(one[name] for name in self.names) for one in both]
        told = [people[k % 2] for k in range(n)]
        return torch.tensor(told, dtype=torch.float32, device=device)

    @property
    def words(self) -> str:
        """What is taken, in words."""
        return "numbers of the record" if callable(self.names) else " and ".join(self.names)


def _number(record: Record, name: str, model: str) -> float:
    """What a record says of its patient, as a number."""
    value = record.meta.get(name)
    try:
        number = _SEX[str(value).upper()] if name == "sex" else float(value)  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        example = "'F'" if name == "sex" else "61"
        raise EcgError(
            f"the record does not say the {name} of the patient, which {model} takes beside the ECG: "
            f"add it, cw.Record(r.signal, r.fs, r.leads, {{**r.meta, {name!r}: {example}}})"
        )
    return number
