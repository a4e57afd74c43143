"""A folder in which an audit is kept: a manifest of what it is, a file a chunk, a list of failures.

``manifest.json`` says the task (by its content), the records and the chunks; ``records.csv`` lists the
records by place and hash; ``chunks/000012.parquet`` holds the rows of chunk 12 and, in its metadata, its
failures; ``failures.csv`` lists those of all chunks. Any number of processes may write into it: a chunk's
file is whole or not there, and the same whoever wrote it.
"""

from __future__ import annotations

import csv
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..._version import __version__
from ...errors import AuditError
from .chunk import Block

KIND = "cofe_widgets.audit"
FAILURES = ("record", "name", "step", "reason")
#: A file that nobody has finished for so long never will be.
_STALE_S = 3600.0
#: `failures.csv` is written again after so many seconds at the earliest.
_EVERY_S = 5.0
_SAID = {
    "task": "another task, model, option or code",
    "records_key": "other records",
    "records": "another number of records",
    "chunk": "chunks of another size",
    "keep_identity": "another choice of keep_identity",
}


@dataclass(frozen=True)
class Manifest:
    """What an audit is.

    Attributes
    ----------
    task : str
        Hash of the task: its code, what it holds (models by their weights), this package's code.
    task_name : str
    records : int
    records_key : str
        Hash of the records, in their order.
    chunk : int
        Records a chunk.
    keep_identity : bool
    version : str
        Of the package.
    refused : tuple of dict
        Files that never became a record, as rows of failures.
    """

    task: str
    task_name: str
    records: int
    records_key: str
    chunk: int
    keep_identity: bool = False
    version: str = __version__
    kind: str = KIND
    refused: Sequence[dict[str, Any]] = ()

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return -(-self.records // self.chunk)


def _parquet() -> Any:
    try:
        from . import parquet
    except ImportError as error:
        raise AuditError(
            "a folder of results needs pyarrow: pip install 'cofe-widgets[audit]'; without folder= "
            "results stay in memory"
        ) from error
    return parquet


class Folder:
    """The folder of one audit.

    Parameters
    ----------
    path : path
        Made where it is not there.
    manifest : Manifest, optional
        What is asked; a folder of another audit is refused. Without, what the folder says.
    keys : sequence of str
        Hashes of the records, one each, for the list of a new folder.

    Raises
    ------
    AuditError
        When the folder is another audit's, holds none, or cannot be written to.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        manifest: Manifest | None = None,
        keys: Sequence[str] = (),
    ) -> None:
        self.parquet = _parquet()
        self.path = Path(path)
        self.chunks = self.path / "chunks"
        self._told = 0.0
        if manifest is None:
            self.manifest = self._known()
            return
        try:
            self.chunks.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AuditError(
                f"{self.path}: no folder can be made there: {error.strerror}"
            ) from error
        if not (self.path / "manifest.json").exists():
            self._begin(manifest, keys)
        self.manifest = self._known()
        self._check(manifest)
        self._sweep()

    def _begin(self, manifest: Manifest, keys: Sequence[str]) -> None:
        """Write list and manifest; of several that begin at once the first one's counts."""
        listed = "record,key\n" + "".join(f"{k},{key}\n" for k, key in enumerate(keys))
        self.parquet.atomically(self.path / "records.csv", lambda part: part.write_text(listed))
        text = json.dumps(asdict(manifest), indent=1)

        def fill(part: Path) -> None:
            part.write_text(text)
            with suppress(OSError):  # where there are no links, the last one's counts
                os.link(part, self.path / "manifest.json")

        target = self.path / "manifest.json"
        self.parquet.atomically(self.path / "manifest.copy", fill)
        if not target.exists():
            os.replace(self.path / "manifest.copy", target)
        (self.path / "manifest.copy").unlink(missing_ok=True)

    def _known(self) -> Manifest:
        file = self.path / "manifest.json"
        try:
            told = json.loads(file.read_text("utf-8"))
            if told.get("kind") != KIND:
                raise ValueError("it is no audit's")
            known = Manifest(**told)
            if not (known.records > 0 and known.chunk > 0):
                raise ValueError("it counts no records")
        except FileNotFoundError as error:
            raise AuditError(f"{self.path} holds no audit: there is no manifest.json") from error
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise AuditError(
                f"{file} cannot be read ({str(error)[:120]}): give another folder, or remove this one"
            ) from error
        return known

    def _check(self, asked: Manifest) -> None:
        known = self.manifest
        if known.version != asked.version:
            raise AuditError(
                f"{self.path} was begun by version {known.version} of this package, and this is "
                f"{asked.version}: finish it there, or give another folder"
            )
        differ = [
            said for name, said in _SAID.items() if getattr(known, name) != getattr(asked, name)
        ]
        if differ:
            raise AuditError(
                f"{self.path} is the folder of another audit ({known.task_name}, {known.records} records): "
                f"this one has {', '.join(differ)}. Give another folder, or ask what was asked there"
            )

    def _sweep(self) -> None:
        """Remove what a killed process left half written."""
        for part in (*self.path.glob(".*.part"), *self.chunks.glob(".*.part")):
            with suppress(OSError):
                if time.time() - part.stat().st_mtime > _STALE_S:
                    part.unlink()

    # -- chunks

    def file(self, number: int) -> Path:
        """The file of a chunk."""
        return self.chunks / f"{number:06d}.parquet"

    def facts(self, number: int) -> dict[str, Any] | None:
        """What is known of a finished chunk; None where it is not finished, or its file is damaged."""
        path = self.file(number)
        told = self.parquet.facts_of(path) if path.exists() else None
        if told is None or told.get("task") != self.manifest.task or told.get("number") != number:
            return None
        return dict(told)

    def finished(self, numbers: Iterable[int]) -> dict[int, dict[str, Any]]:
        """Which of some chunks are finished, and what is known of them."""
        known = ((number, self.facts(number)) for number in numbers)
        return {number: told for number, told in known if told is not None}

    def put(self, block: Block) -> None:
        """Keep what a chunk has come to.

        Raises
        ------
        AuditError
            When the disk is full.
        """
        facts = {"task": self.manifest.task, "number": block.number}
        self.parquet.write(self.parquet.table_of(block, facts), self.file(block.number))

    # -- failures

    def say_failures(self, failures: list[dict[str, Any]], at_once: bool = False) -> None:
        """Write `failures.csv` again, not too often unless at once."""
        if not at_once and time.monotonic() - self._told < _EVERY_S:
            return
        self._told = time.monotonic()

        def fill(part: Path) -> None:
            with part.open("w", newline="", encoding="utf-8") as file:
                rows = csv.DictWriter(file, FAILURES)
                rows.writeheader()
                rows.writerows(sorted(failures, key=lambda one: int(one["record"])))

        self.parquet.atomically(self.path / "failures.csv", fill)

    # -- all of it

    def tables(self, numbers: Iterable[int], columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Tables of chunks, one after the other."""
        for number in numbers:
            yield self.parquet.read(self.file(number), columns)
