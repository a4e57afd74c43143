"""`Quality`: what is wrong with the signal of a record, found per lead and time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record, stored_record
from ...errors import EcgError
from ...provenance import provenance
from ...values import Value, checks, remakes
from .fault import KINDS, Fault
from .screen import screened
from .words import sentences

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = list(Fault._fields)


@dataclass(frozen=True, eq=False)
class Quality(Value):
    """What is wrong with the signal of a record.

    Attributes
    ----------
    record : Record
        As it was given.
    clean : Record
        What is measured: NaN where a lead is dead, mains hum and jumps of the baseline taken out,
        spikes bridged. The record itself where nothing is wrong.
    faults : pandas.DataFrame
        One row a fault: kind (gap, flat, saturated, silent, artefact, spike, hum, step, drift,
        clipped, swapped), lead, start_s, end_s, size, unit, detail.
    provenance : dict
    """

    record: Record
    clean: Record
    faults: pd.DataFrame = field(repr=False)
    provenance: dict[str, Any] = field(default_factory=dict, repr=False)

    _error = EcgError

    def _check(self) -> None:
        """Refuse faults that there are not, and a clean record that is not of the record."""
        super()._check()
        numbers = ("start_s", "end_s", "size")
        leads = ("", *self.record.leads)
        table = self.faults.reset_index(drop=True)
        kinds = {"kind": tuple(KINDS), "lead": leads, "unit": ("", "mV"), "detail": "text"}
        checks.frame(table, "faults", {**kinds, **dict.fromkeys(numbers, "number")})
        if not table[["start_s", "end_s"]].stack().between(0, self.record.duration_s + 1).all():
            raise ValueError("its faults lie beyond its record")
        same = (self.clean.leads, self.clean.fs, self.clean.samples)
        if same != (self.record.leads, self.record.fs, self.record.samples):
            raise ValueError("its clean record is of another one")

    def __repr__(self) -> str:
        return "\n".join(self.warnings) or "nothing wrong with the signal"

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong, a sentence for every kind of fault; empty when nothing is."""
        rows = self.faults.itertuples(index=False)
        return sentences([Fault(*row) for row in rows], self.record.leads)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not len(self.faults)

    @property
    def dead(self) -> NDArray[np.bool_]:
        """Where samples are no heart's, ``(leads, samples)``: gaps, flat lines, lead off."""
        return self.clean.mask

    def of(self, kind: str) -> pd.DataFrame:
        """The faults of one kind.

        Raises
        ------
        EcgError
            For a kind that there is not, naming those there are.
        """
        if kind not in KINDS:
            raise EcgError(f"no kind of fault is called {kind!r}: choose one of {', '.join(KINDS)}")
        return self.faults[self.faults["kind"] == kind]


def in_words(record: Record) -> tuple[str, ...]:
    """What is wrong with the signal of a record: a sentence for every kind of fault."""
    return sentences(screened(record).faults, record.leads)


def with_warnings(record: Record) -> Record:
    """The record with what is wrong with its signal in ``meta["warnings"]``, after what is there."""
    said = in_words(record)
    if not said:
        return record
    told = (*record.meta.get("warnings", ()), *said)
    meta = {**record.meta, "warnings": tuple(dict.fromkeys(told))}
    out = stored_record(record.signal, record.fs, record.leads, meta)
    # It need not be screened again.
    vars(out)["_screened"] = vars(record)["_screened"]
    return out


def quality(record: Record) -> Quality:
    """Look for what is wrong with the signal of a record, lead by lead, moment by moment.

    Dead stretches (gaps, flat lines, the amplifier at its limit, a lead without the QRS that others
    show, artefacts taller than any beat), brief spikes, mains hum and its harmonics, jumps and
    drifts of the baseline, peaks cut off, electrodes that seem swapped.

    Parameters
    ----------
    record : Record

    Returns
    -------
    Quality
        ``quality(record).warnings`` are sentences; ``.clean`` is what `measure` looks at.

    Raises
    ------
    EcgError
        When it is no record.
    """
    import pandas as pd

    if not isinstance(record, Record):
        raise EcgError(
            f"quality() takes a record, not {type(record).__name__}: read(path) gives one"
        )
    found = screened(record)
    table = pd.DataFrame(found.faults, columns=_COLUMNS)
    return Quality(record, found.clean, table, provenance(call={}))


@remakes(Quality)
def _again(value: Quality, *given: Any, **changes: Any) -> Quality:
    """The same record looked at again."""
    if given or changes:
        raise EcgError("quality() takes a record and nothing else: nothing can be changed")
    return quality(value.record)
