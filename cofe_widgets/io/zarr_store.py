"""Millions of ECGs in one Zarr store (extra ``audit``): a documented layout, trusted no further than read.

A store is a Zarr group, format 3, with the attributes ``kind`` = "cofe_widgets.ecg", ``layout`` = 1 and
``leads`` (names), and the arrays

========== ======= ======================= ==========================================================
array      type    shape                   what it holds
========== ======= ======================= ==========================================================
signal     float32 (samples of all, leads) millivolts, one record after the other; NaN where missing
end        int64   (records,)              where each record ends in ``signal``
fs         float64 (records,)              sampling rate, Hz
meta       uint8   (bytes of all,)         what is known of each record: JSON in UTF-8
meta_end   int64   (records,)              where each record's text ends in ``meta``
========== ======= ======================= ==========================================================

Records of any length and rate stand side by side. What no chunk holds is NaN, and so no signal.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..ecg import LEADS, Record
from ..errors import EcgError, EcgFormatError
from ..vocabulary.meta import public_meta
from .source import MAX_VALUES, Source
from .wanted import Wanted

NAME = "Zarr"
KIND, LAYOUT = "cofe_widgets.ecg", 1
_ARRAYS = {
    "signal": "float32",
    "end": "int64",
    "fs": "float64",
    "meta": "uint8",
    "meta_end": "int64",
}
#: Codecs that turn numbers into bytes and run nothing.
_CODECS = frozenset({"bytes", "zstd", "gzip", "blosc", "crc32c", "transpose", "sharding_indexed"})
#: Bytes that one chunk may unpack to, and that one record may say of itself.
_MOST_CHUNK, _MOST_META = 256 * 2**20, 2**20
#: Samples of a chunk: thirteen ten-second records at 500 Hz. Records of a chunk of the small arrays.
_CHUNK_SAMPLES, _CHUNK_RECORDS, _CHUNK_BYTES = 65_536, 4096, 2**20
#: Samples that are collected before they are written.
_BLOCK = 16 * _CHUNK_SAMPLES


def is_store(path: Path) -> bool:
    """Whether a folder is a Zarr group or array."""
    return (path / "zarr.json").is_file() or (path / ".zgroup").is_file()


def _zarr() -> Any:
    try:
        import zarr
    except ImportError as error:
        raise EcgError(
            "a Zarr store needs the package zarr: pip install 'cofe-widgets[audit]'"
        ) from error
    return zarr


@lru_cache(maxsize=16)
def _opened(path: str, stamp: float) -> dict[str, Any]:
    """The arrays of a store and its leads, checked; kept, because a collection asks record by record."""
    own = Path(path).name

    def refused(reason: str) -> EcgFormatError:
        return EcgFormatError(own, NAME, reason)

    zarr = _zarr()
    try:
        group = zarr.open_group(path, mode="r", zarr_format=3)
        told = dict(group.attrs)
        arrays = {name: group[name] for name in _ARRAYS}
    except Exception as error:  # whatever damaged metadata makes it raise
        reason = f"is no store of ECGs as Collection.to_zarr writes them: {error}"
        raise refused(reason) from error
    if told.get("kind") != KIND or told.get("layout") != LAYOUT:
        raise refused("is no store of ECGs as Collection.to_zarr of this version writes them")
    leads = told.get("leads")
    if not (
        isinstance(leads, list) and 0 < len(leads) <= 64 and all(isinstance(n, str) for n in leads)
    ):
        raise refused("does not say which leads it holds")
    n = arrays["end"].shape
    for name, array in arrays.items():
        codecs = {one.get("name") for one in array.metadata.to_dict()["codecs"]}
        wide = 1 if array.ndim == 1 else array.shape[1]
        if str(array.dtype) != _ARRAYS[name] or array.ndim != (2 if name == "signal" else 1):
            raise refused(f"its array {name} is {array.dtype} of shape {array.shape}")
        if not codecs <= _CODECS:
            raise refused(
                f"its array {name} is packed by {', '.join(map(str, codecs - _CODECS))[:80]}"
            )
        if np.prod(array.chunks, dtype=float) * array.dtype.itemsize > _MOST_CHUNK:
            raise refused(
                f"a chunk of its array {name} unpacks to more than {_MOST_CHUNK >> 20} MB"
            )
        if name in ("fs", "meta_end") and array.shape != n:
            raise refused(f"it has {n[0]} records and {array.shape[0]} values of {name}")
        if name == "signal" and (wide != len(leads) or not np.isnan(array.fill_value)):
            raise refused("its signal has other columns than leads, or stands for missing chunks")
    return {**arrays, "leads": tuple(leads)}


def _store(path: str | os.PathLike[str]) -> dict[str, Any]:
    where = Path(path)
    try:
        stamp = (where / "zarr.json").stat().st_mtime
    except OSError as error:
        reason = f"cannot be opened: {error.strerror or error}"
        raise EcgFormatError(where.name, NAME, reason) from error
    return _opened(str(where), stamp)


def length(path: str | os.PathLike[str]) -> int:
    """How many records a store holds.

    Raises
    ------
    EcgFormatError
        When it is no store of this layout.
    """
    return int(_store(path)["end"].shape[0])


def record_at(path: str, place: int, wanted: Mapping[str, Any]) -> Record:
    """One record of a store, with the options of `read`.

    Raises
    ------
    EcgFormatError
        When the store is damaged there.
    """
    store = _store(path)
    source = Source(f"{Path(path).name}[{place}]", data=b"", wanted=_wanted(wanted))
    try:
        first, last = _span(store["end"], place)
        begins, ends = _span(store["meta_end"], place)
        if not 0 <= first < last <= store["signal"].shape[0]:
            raise source.refuse(NAME, f"its samples are said to go from {first} to {last}")
        if (last - first) * len(store["leads"]) > MAX_VALUES or ends - begins > _MOST_META:
            raise source.refuse(NAME, "it is larger than a record may be")
        fs = float(store["fs"][place])
        meta = json.loads(bytes(store["meta"][begins:ends]).decode() or "{}")
        begin, end = source.wanted.window(fs, last - first)
        signal = np.ascontiguousarray(store["signal"][first + begin : first + end].T)
        return _record(source, signal, fs, store["leads"], meta)
    except EcgError as error:
        if isinstance(error, EcgFormatError):
            raise
        raise source.refuse(NAME, str(error)) from None
    except Exception as error:  # a damaged chunk makes its codec raise what it will
        raise source.refuse(NAME, f"is damaged: {error}") from error


def _wanted(how: Mapping[str, Any]) -> Wanted:
    given = {"leads": None, "start": None, "end": None, "fs": None, "keep_identity": False, **how}
    return Wanted.of(**given)


def _span(ends: Any, place: int) -> tuple[int, int]:
    around = ends[max(0, place - 1) : place + 1]
    return (0 if place == 0 else int(around[0])), int(around[-1])


def _record(
    source: Source, signal: Any, fs: float, leads: Sequence[str], meta: Mapping[str, Any]
) -> Record:
    """A record as `read` gives it; the leads that it did not have (all NaN) are left out."""
    held = [row for row in range(len(leads)) if np.isfinite(signal[row]).any()]
    if not held:
        raise source.refuse(NAME, "every sample is missing: a part of the store is lost")
    kept = {k: tuple(v) if isinstance(v, list) else v for k, v in meta.items()}
    names = [leads[row] for row in held]
    made = source.record(NAME, [signal[row] for row in held], fs, names, kept, cut=True)
    return made


class Writer:
    """A store that is being written: it appears under its name when it is whole.

    Parameters
    ----------
    path : Path
        Must not exist.
    leads : sequence of str
        Its columns; a lead that a record lacks is NaN there.
    keep_identity : bool
        Whether all of ``meta`` is written, or what says nothing of a person.
    """

    def __init__(
        self, path: Path, leads: Sequence[str] = LEADS, keep_identity: bool = False
    ) -> None:
        if path.exists():
            raise EcgError(f"{path}: it exists already; give another name")
        self.path, self.part = path, path.with_name(f".{path.name}.{os.getpid()}.part")
        self.leads, self.keep_identity = tuple(leads), keep_identity
        group = _zarr().create_group(
            self.part,
            zarr_format=3,
            attributes={"kind": KIND, "layout": LAYOUT, "leads": list(self.leads)},
        )
        chunks = {"signal": (_CHUNK_SAMPLES, len(self.leads)), "meta": (_CHUNK_BYTES,)}
        self.arrays = {
            name: group.create_array(
                name,
                shape=(0, len(self.leads)) if name == "signal" else (0,),
                chunks=chunks.get(name, (_CHUNK_RECORDS,)),
                dtype=kind,
                fill_value=np.nan if kind.startswith("float") else 0,
            )
            for name, kind in _ARRAYS.items()
        }
        self.waiting: dict[str, list[Any]] = {name: [] for name in _ARRAYS}
        self.samples = self.bytes = self.collected = 0

    def add(self, record: Record) -> None:
        """Add one record, its leads chosen or derived as far as they can be."""
        rows = np.full((record.samples, len(self.leads)), np.nan, np.float32)
        for column, lead in enumerate(self.leads):
            try:
                rows[:, column] = record[lead]
            except EcgError:  # neither there nor derivable: missing, and read as such
                continue
        meta = dict(record.meta) if self.keep_identity else public_meta(record.meta)
        text = json.dumps(meta, default=list).encode()
        self.samples, self.bytes = self.samples + len(rows), self.bytes + len(text)
        new = {
            "signal": rows,
            "end": [self.samples],
            "fs": [record.fs],
            "meta": np.frombuffer(text, np.uint8),
            "meta_end": [self.bytes],
        }
        for name, part in new.items():
            self.waiting[name].append(np.asarray(part, _ARRAYS[name]))
        self.collected += len(rows)
        if self.collected >= _BLOCK:
            self._flush()

    def _flush(self) -> None:
        for name, parts in self.waiting.items():
            if parts:
                self.arrays[name].append(np.concatenate(parts))
        self.waiting, self.collected = {name: [] for name in _ARRAYS}, 0

    def close(self) -> None:
        """Write what is left, and give the store its name."""
        self._flush()
        self.part.rename(self.path)


def written(
    records: Iterable[Record],
    path: Path,
    leads: Sequence[str] = LEADS,
    keep_identity: bool = False,
) -> int:
    """Write records to a new store; returns how many there were. What is half written is removed."""
    import shutil

    writer, n = Writer(path, leads, keep_identity), 0
    try:
        for record in records:
            writer.add(record)
            n += 1
        if not n:
            raise EcgError("no record could be opened: there is nothing to write")
        writer.close()
    except BaseException:
        shutil.rmtree(writer.part, ignore_errors=True)
        raise
    return n
