"""`Source`: a file by name with the files beside it, whatever its format, and the record made of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ecg import LEADS, Record, lead_name
from ..errors import EcgError, EcgFormatError

#: How much of a file the formats are told apart by.
HEAD_BYTES = 64 * 1024
#: No ten-second ECG needs more; a day of Holter is for other tools.
MAX_BYTES = 256 * 1024**2
#: III may differ from II - I by rounding and by channel skew, not by more than this.
EINTHOVEN_MV = 0.15


@dataclass(frozen=True)
class Source:
    """A file by name: on disk, or bytes in memory with the other files of the same upload.

    Parameters
    ----------
    name : str
        The file's own name, without folders.
    path : Path, optional
        Where it is, when it is on disk; its companions are then the files beside it.
    data : bytes, optional
        What it holds, when it is in memory.
    uploads : mapping of str to bytes
        All files of the upload, this one included.
    """

    name: str
    path: Path | None = None
    data: bytes | None = None
    uploads: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Size of the file in bytes."""
        return len(self.data) if self.data is not None else self._path.stat().st_size

    @cached_property
    def head(self) -> bytes:
        """The first `HEAD_BYTES`."""
        return self.read(HEAD_BYTES)

    @property
    def _path(self) -> Path:
        assert self.path is not None
        return self.path

    def read(self, limit: int) -> bytes:
        """The first ``limit`` bytes."""
        if self.data is not None:
            return self.data[:limit]
        with self._path.open("rb") as file:
            return file.read(limit)

    def refuse(self, format: str, reason: str) -> EcgFormatError:
        """The error to raise about this file."""
        return EcgFormatError(self.name, format, reason)

    def companion(self, name: str) -> Source | None:
        """The file ``name`` that came with this one, or None."""
        if self.path is None:
            data = self.uploads.get(name)
            return None if data is None else Source(name, data=data, uploads=self.uploads)
        path = self.path.parent / name
        return Source(name, path) if path.is_file() else None

    def place(self, path: Path) -> None:
        """Make this file appear at ``path`` too, without a copy where the system can do that."""
        if self.data is not None:
            path.write_bytes(self.data)
            return
        try:
            os.symlink(self._path.resolve(), path)
        except OSError:  # Windows without the privilege to link
            path.write_bytes(self._path.read_bytes())

    def record(
        self,
        format: str,
        signal: NDArray[np.floating[Any]],
        fs: float,
        names: Sequence[str],
        meta: Mapping[str, Any],
    ) -> Record:
        """The record of what was read: standard leads first, missing limb leads derived.

        Parameters
        ----------
        format : str
            What the file is; goes into ``meta`` with the file's name.
        signal : ndarray, shape (len(names), samples)
            Millivolts; NaN where the file says that a sample is invalid.
        fs : float
            Samples a second.
        names : sequence of str
            The file's names of its signals; those that are no ECG leads are left out.
        meta : mapping
            What the file says about the patient and the recording; empty values are dropped.

        Raises
        ------
        EcgFormatError
            When nothing of it is an ECG, or `Record` refuses it.
        """
        leads: dict[str, int] = {}
        for row, name in enumerate(names):
            leads.setdefault(_lead(name), row)
        leads.pop("", None)
        if not leads:
            raise self.refuse(format, f"no ECG inside: it holds {', '.join(names) or 'no signal'}")
        empty = [lead for lead, row in leads.items() if not np.isfinite(signal[row]).any()]
        if len(empty) == len(leads):
            raise self.refuse(format, "no ECG inside: every sample of every lead is marked invalid")
        kept = [lead for lead in dict.fromkeys((*LEADS, *leads)) if lead in leads.keys() - empty]
        try:
            record = Record(signal[[leads[lead] for lead in kept]], fs, tuple(kept)).completed()
            warnings = [*meta.get("warnings", ()), *_doubts(record, kept)]
            if empty:
                warnings.append(f"lead {', '.join(empty)} holds no valid sample")
            known = {"source": self.name, "format": format, **meta, "warnings": tuple(warnings)}
            empty_values: tuple[Any, ...] = (None, "", (), {})
            told = {key: value for key, value in known.items() if value not in empty_values}
            return replace(record, meta=told)
        except EcgError as error:
            raise self.refuse(format, str(error)) from None


def _lead(name: str) -> str:
    """Standard name of a lead, or nothing for a signal that is no ECG lead."""
    try:
        return lead_name(name)
    except EcgError:
        return ""


def _doubts(record: Record, stored: Sequence[str]) -> list[str]:
    """Warnings about a record: flat leads, and a stored III that is not II - I."""
    doubts = []
    spans = np.fmax.reduce(record.signal, axis=1) - np.fmin.reduce(record.signal, axis=1)
    flat = [lead for lead, span in zip(record.leads, spans, strict=True) if span < 1e-3]
    if flat:
        doubts.append(f"lead {', '.join(flat)} is flat")
    if {"I", "II", "III"} <= set(stored):
        error = record["III"] - record["II"] + record["I"]
        residual = float(np.nanpercentile(np.abs(error - np.nanmedian(error)), 99))
        if residual > EINTHOVEN_MV:
            doubts.append(
                f"III is not II - I (off by {residual:.2g} mV): an artefact, or wrong gains"
            )
    return doubts
