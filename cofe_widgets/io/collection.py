"""`read_many`: many ECGs as addresses, each opened when it is asked for, wherever that is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from ..ecg import LEADS, Record
from ..errors import EcgError, EcgFormatError
from ..markup import escaped, html_table
from .address import Address, Failure
from .gather import gathered
from .wanted import Wanted
from .zarr_store import written

if TYPE_CHECKING:
    import pandas as pd

Where: TypeAlias = "str | os.PathLike[str] | Iterable[str | os.PathLike[str]]"


class Failures(Sequence[Failure]):
    """Records that did not open and files that were refused, with why."""

    def __init__(self, known: Iterable[Failure]) -> None:
        self._known = tuple(known)

    @overload
    def __getitem__(self, at: int) -> Failure: ...
    @overload
    def __getitem__(self, at: slice) -> Failures: ...
    def __getitem__(self, at: int | slice) -> Failure | Failures:
        return Failures(self._known[at]) if isinstance(at, slice) else self._known[at]

    def __len__(self) -> int:
        return len(self._known)

    def __repr__(self) -> str:
        some = "; ".join(f"{one.name}: {one.reason}" for one in self._known[:3])
        more = f"; and {len(self) - 3} more" if len(self) > 3 else ""
        return f"{len(self)} failures{': ' if some else ''}{some}{more}"

    def _repr_html_(self) -> str:
        return html_table(self.to_frame()) if self._known else f"<p>{escaped(repr(self))}</p>"

    def to_frame(self) -> pd.DataFrame:
        """Columns place (-1 for a file that never became a record), name, reason."""
        import pandas as pd

        rows = [(one.place, one.name, one.reason) for one in self._known]
        return pd.DataFrame(rows, columns=["place", "name", "reason"])


class Collection(Sequence[Record]):
    """Many ECGs, none of them open: `read_many` makes one.

    ``len(c)``, ``c[3]`` (a record), ``c[10:20]`` and ``c[[1, 5]]`` (smaller collections), iteration.
    It pickles as addresses and options: a worker that sees the same files opens them itself.

    Attributes
    ----------
    addresses : tuple of Address
    passed_over : int
        Files among them that hold no ECG.
    """

    def __init__(
        self,
        addresses: Iterable[Address],
        wanted: Mapping[str, Any] | None = None,
        passed_over: int = 0,
        refused: Iterable[Failure] = (),
        progress: bool = False,
    ) -> None:
        self.addresses, self.passed_over = tuple(addresses), passed_over
        self.wanted, self.progress = dict(wanted or {}), progress
        self._refused = tuple(refused)
        self._failed: dict[int, Failure] = {}

    def __len__(self) -> int:
        return len(self.addresses)

    @overload
    def __getitem__(self, at: int) -> Record: ...
    @overload
    def __getitem__(self, at: slice | Sequence[int]) -> Collection: ...
    def __getitem__(self, at: int | slice | Sequence[int]) -> Record | Collection:
        """A record; of a slice or several places a collection.

        Raises
        ------
        EcgFormatError
            When the record cannot be read; it is among `failures` from then on.
        """
        if isinstance(at, slice):
            return Collection(self.addresses[at], self.wanted, progress=self.progress)
        if not hasattr(at, "__index__"):
            some = [self.addresses[int(k)] for k in at]
            return Collection(some, self.wanted, progress=self.progress)
        place = range(len(self))[at]  # type: ignore[index]
        try:
            return self.addresses[place].open(self.wanted)
        except EcgError as error:
            self._failed[place] = self._failure(place, error)
            raise

    def _failure(self, place: int, error: EcgError) -> Failure:
        said = str(error)
        if isinstance(error, EcgFormatError):
            said = f"{error.format}: {error.reason}" if error.format else error.reason
        return Failure(place, self.addresses[place].name, said)

    def __iter__(self) -> Iterator[Record]:
        """Every record that opens; those that do not are passed over and listed in `failures`."""
        for _, record in self.items():
            yield record

    def items(self) -> Iterator[tuple[int, Record]]:
        """Places and records of all that open."""
        from tqdm.auto import tqdm

        with tqdm(total=len(self), disable=not self.progress, unit="ECG", desc="reading") as bar:
            for place in range(len(self)):
                bar.update(1)
                try:
                    record = self[place]
                except EcgError:  # noted by __getitem__
                    bar.set_postfix_str(f"{len(self._failed)} did not open")
                    continue
                yield place, record

    def check(self) -> Failures:
        """Open every record once; returns `failures`, complete from then on."""
        for _ in self.items():
            pass
        return self.failures

    @property
    def failures(self) -> Failures:
        """What did not open so far, and why: files refused when it was made, records when asked for."""
        return Failures((*self._refused, *(self._failed[k] for k in sorted(self._failed))))

    @property
    def key(self) -> str:
        """Hash of the addresses and options: of what it holds, not of the folder it lies in."""
        digest = hashlib.sha256(repr(sorted(self.wanted.items())).encode())
        for one in self.addresses:
            digest.update(one.key.encode())
        return digest.hexdigest()[:32]

    def to_frame(self) -> pd.DataFrame:
        """The addresses: columns name, kind, path, size (bytes)."""
        import pandas as pd

        rows = [(one.name, one.kind, one.path, one.size) for one in self.addresses]
        return pd.DataFrame(rows, columns=["name", "kind", "path", "size"])

    def to_zarr(
        self,
        path: str | os.PathLike[str],
        leads: Sequence[str] = LEADS,
        *,
        keep_identity: bool = False,
    ) -> Collection:
        """Write all that opens to one Zarr store (`io.zarr_store` says how), and return it.

        Parameters
        ----------
        path : path
            Must not exist; it appears when it is whole.
        leads : sequence of str
            Columns of the store; limb leads are derived, what a record lacks is missing there.
        keep_identity : bool
            Whether all of ``meta`` is written, or only what says nothing of a person.

        Raises
        ------
        EcgError
            When the path exists, nothing opens, or the package zarr is not there.
        """
        written(self, Path(path), leads, keep_identity)
        return read_many(path)

    def __repr__(self) -> str:
        said = [f"{len(self)} ECGs"]
        if self.passed_over:
            said.append(f"{self.passed_over} other files passed over")
        if self.failures:
            said.append(f"{len(self.failures)} failures")
        return f"Collection({', '.join(said)})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Addresses and options, no signals; what failed here is not told elsewhere."""
        return Collection, (self.addresses, self.wanted, self.passed_over, self._refused)


def read_many(
    where: Where | Collection,
    *,
    leads: Sequence[str] | Mapping[str, str] | None = None,
    start: float | None = None,
    end: float | None = None,
    fs: float | None = None,
    keep_identity: bool = False,
    progress: bool = False,
) -> Collection:
    """Many ECGs, found now and opened one by one when they are asked for.

    Parameters
    ----------
    where : path, or several
        A folder (searched to its bottom), a zip, a tar (WebDataset shards, uncompressed), a pattern
        (``"mimic/**/*.hea"``), a Zarr store that `Collection.to_zarr` wrote, single files, or a list of
        any of these. What is an ECG is told by the first bytes of a file; a record of several files
        (WFDB) comes once. Archives inside a folder are looked into, archives in archives are not.
    leads, start, end, fs, keep_identity
        As `read` takes them, for every record.
    progress : bool
        Show a bar while files are looked at, and while records are read.

    Returns
    -------
    Collection
        ``.failures`` lists what did not open and why, ``.passed_over`` counts files without an ECG.

    Raises
    ------
    EcgFormatError
        When a path is not there, or nothing below it is an ECG.
    EcgError
        When ``leads``, ``start``, ``end`` or ``fs`` make no sense.

    Notes
    -----
    Nothing is unpacked to disk. Names that point outside an archive, encrypted files, links and what
    unpacks to more than 256 MB are refused, and listed.
    """
    Wanted.of(leads, start, end, fs, keep_identity)  # refuses nonsense before files are looked at
    given = {"leads": leads, "start": start, "end": end, "fs": fs, "keep_identity": keep_identity}
    wanted = {name: value for name, value in given.items() if value not in (None, False)}
    if isinstance(where, Collection):
        addresses, how = where.addresses, {**where.wanted, **wanted}
        return Collection(addresses, how, where.passed_over, where._refused, progress)
    several = [where] if isinstance(where, str | os.PathLike) else list(where)
    wrong = next((one for one in several if not isinstance(one, str | os.PathLike)), None)
    if wrong is not None:
        raise EcgError(
            f"a {type(wrong).__name__} is no path: give paths, or hand a list of Records on as it is"
        )
    from tqdm.auto import tqdm

    with tqdm(disable=not progress, unit="file", desc="looking for ECGs") as bar:
        found = gathered(several, bar.update)
    if not found.addresses:
        said = ", ".join(os.fspath(one) for one in several[:3]) or "an empty list"
        why = f"; {found.refused[0].name}: {found.refused[0].reason}" if found.refused else ""
        raise EcgFormatError(said, "", f"no ECG in {found.passed_over} files{why}")
    return Collection(found.addresses, wanted, found.passed_over, found.refused, progress)
