"""`Source`: a file by name with the files beside it, whatever its format, and the record made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ecg import Record
from ..ecg.scale import check_rate
from ..errors import EcgError, EcgFormatError
from ..vocabulary.meta import RATE_ASSUMED
from .assembly import assembled
from .choice import Choice, choose
from .identity import told
from .wanted import Wanted

#: How much of a file the formats are told apart by.
HEAD_BYTES = 64 * 1024
#: Samples of all leads together that one record may have: three leads of a day at 360 Hz. With what
#: it takes to read and to check them they fill two gigabytes.
MAX_VALUES = 100_000_000


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
    wanted : Wanted
        What the caller of `read` asks for.
    """

    name: str
    path: Path | None = None
    data: bytes | None = None
    uploads: Mapping[str, bytes] = field(default_factory=dict)
    wanted: Wanted = field(default_factory=Wanted)

    @cached_property
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

    def read(self, limit: int, start: int = 0) -> bytes:
        """Up to ``limit`` bytes from the byte ``start`` on."""
        if self.data is not None:
            return self.data[start : start + limit]
        with self._path.open("rb") as file:
            file.seek(start)
            return file.read(limit)

    def refuse(self, format: str, reason: str) -> EcgFormatError:
        """The error to raise about this file."""
        return EcgFormatError(self.name, format, reason)

    def companion(self, *names: str) -> Source | None:
        """The first of the files ``names`` that came with this one, in whatever case; or None."""
        found = (self._beside(name, exactly) for exactly in (True, False) for name in names)
        return next((file for file in found if file is not None), None)

    def _beside(self, name: str, exactly: bool) -> Source | None:
        """The file ``name`` beside this one, or the one that differs from it in case alone."""

        def same(other: str) -> bool:
            return other == name if exactly else other.casefold() == name.casefold()

        if self.path is None:
            found = next((other for other in self.uploads if same(other)), None)
            return None if found is None else replace(self, name=found, data=self.uploads[found])
        path = self.path.parent / name
        try:
            if not exactly:
                path = next((p for p in self.path.parent.iterdir() if same(p.name)), path)
            return replace(self, name=path.name, path=path) if path.is_file() else None
        except (OSError, ValueError):  # a name that no file system takes
            return None

    def record(
        self,
        format: str,
        signal: Sequence[NDArray[np.floating[Any]]] | NDArray[np.floating[Any]],
        fs: float | Sequence[float],
        names: Sequence[str] | Choice,
        meta: Mapping[str, Any],
        cut: bool = False,
    ) -> Record:
        """The record of what was read: standard leads first, missing limb leads derived.

        Parameters
        ----------
        format : str
            What the file is; goes into ``meta`` with the file's name.
        signal : ndarray, shape (len(names), samples), or sequence of ndarray
            Millivolts; NaN where the file says that a sample is invalid.
        fs : float or sequence of float
            Samples a second; slower signals are resampled to the fastest.
        names : sequence of str, or Choice
            The file's names of its signals, or the leads that were chosen among them.
        meta : mapping
            What the file says about the patient and the recording; empty values are dropped, names
            and exact dates too (`identity.told`).
        cut : bool
            Whether ``signal`` is only the part from ``start`` to ``end`` already.

        Raises
        ------
        EcgFormatError
            When nothing of it is an ECG, or `Record` refuses it.
        """
        try:
            if not isinstance(names, Choice):
                rates = [fs] * len(names) if isinstance(fs, (int, float)) else list(fs)
                if rates:
                    self.rate(format, max(rates), max(rates))
                names = choose(names, None, self.wanted)
                signal, fs = [signal[r] for r in names.rows], [rates[r] for r in names.rows]
            rates = [fs] * len(names.rows) if isinstance(fs, (int, float)) else list(fs)
            record, doubts = assembled(signal, rates, names, self.wanted, cut)
            said = told(meta, self.wanted.keep_identity)
            warnings = (*said.pop("warnings", ()), *names.notes, *doubts)
            known = {"source": self.name, "format": format, **said, "warnings": warnings}
            absent: tuple[Any, ...] = (None, "", (), {})
            return replace(record, meta={k: v for k, v in known.items() if v not in absent})
        except EcgFormatError:
            raise
        except EcgError as error:
            raise self.refuse(format, str(error)) from None

    def rate(self, format: str, stated: float | None, default: float) -> tuple[float, list[str]]:
        """The sampling rate: what the file states, what the caller says, or the format's default.

        Raises
        ------
        EcgFormatError
            When the file and the caller say different things.
        """
        given = self.wanted.fs
        if stated is None:
            note = (
                f"{RATE_ASSUMED}: {default:g} Hz, the format's default, is "
                "assumed; read(..., fs=) says another"
            )
            return (default, [note]) if given is None else (float(given), [])
        if given is not None and abs(given - stated) > 1e-3 * stated:
            raise self.refuse(
                format,
                f"it states {stated:g} Hz, and fs={given:g} was asked for: fs= is for files without "
                f"a rate; read(...).resample({given:g}) gives the same ECG at that rate",
            )
        try:
            check_rate(stated)
        except EcgError as error:
            raise self.refuse(format, str(error)) from None
        return stated, []
