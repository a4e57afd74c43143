"""Real recordings for training: a folder of WFDB records, made uniform once and kept in a cache.

Every record becomes eight independent leads, 10 s at 250 Hz. Splits are by patient (by record where
no patient is known) and depend on the name alone, so every recipe holds back the same people.
Signals stay on disk and are read as they are needed: a million records fit.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...ecg import INDEPENDENT_LEADS, Record
from ...errors import EcgError
from ...io import read
from ...models.phase import MAX_BEATS, pad_beats
from ...signals import r_peaks
from ...signals.quality import screened
from .tables import TABLES, Said, find_headers, read_tables

FS, SECONDS = 250.0, 10.0
SAMPLES = round(FS * SECONDS)

SINUS_LABELS = frozenset({"NSR", "SB", "STach", "SA", "NORM"})
NOT_SINUS = frozenset({"AF", "AFL", "PR", "PACE", "SVT", "PSVT", "CHB", "JR", "AVJR", "VPB-run"})
#: Amplitude corrections for sets whose README calls their scale doubtful.
SET_GAIN = {"code15": 0.5}
#: More records than this are read by all processors.
MANY = 5000
#: Records that decide a typical amplitude.
TYPICAL = 2000


class Signals:
    """Signals ``(n, 8, 2500)`` in mV that stay in a file: indexing reads what is asked for.

    Parameters
    ----------
    stored : array
        All records of the file.
    rows : (n,) int
        Which of them these are.
    """

    def __init__(self, stored: NDArray[np.float32], rows: NDArray[np.int64]) -> None:
        self.stored, self.rows = stored, rows
        self.shape = (len(rows), *stored.shape[1:])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, chosen: Any) -> NDArray[np.float32]:
        return np.asarray(self.stored[self.rows[chosen]])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.float32]:
        return np.asarray(self.stored[self.rows], dtype)


@dataclass(frozen=True)
class RealRecords:
    """``n`` real recordings.

    Attributes
    ----------
    names, datasets, splits, rhythms : (n,) str; split is train, val or test; rhythm SR, AF or ""
    labels : (n,) str, normalised codes joined by ``;``
    patients : (n,) str, whose records they are (the record's own name where nobody knows)
    signals : (n, 8, 2500) mV, unfiltered
    r_s : (n, 40) R-peak times in s, NaN after the last
    millivolts : (n,) whether the amplitudes are the source's own (not rescaled z-scores)
    """

    names: NDArray[np.str_]
    datasets: NDArray[np.str_]
    splits: NDArray[np.str_]
    rhythms: NDArray[np.str_]
    labels: NDArray[np.str_]
    patients: NDArray[np.str_]
    signals: Signals
    r_s: NDArray[np.float32]
    millivolts: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.names)

    def where(self, mask: NDArray[Any]) -> RealRecords:
        """The records that ``mask`` keeps; or those at given places."""
        kept = {name: value[mask] for name, value in vars(self).items() if name != "signals"}
        return RealRecords(**kept, signals=Signals(self.signals.stored, self.signals.rows[mask]))


def split_of(group: str) -> str:
    """``test`` (20 %), ``val`` (16 %) or ``train`` for a patient or record name."""
    share = int.from_bytes(hashlib.sha256(group.encode()).digest()[:4], "big") / 2**32
    return "test" if share < 0.20 else "val" if share < 0.36 else "train"


def rhythm_of(labels: str) -> str:
    """``AF``, ``SR`` or ``""`` (other or unknown) from normalised codes joined by ``;``."""
    codes = set(labels.split(";"))
    if "AF" in codes and "AFL" not in codes:
        return "AF"
    return "SR" if codes & SINUS_LABELS and not codes & NOT_SINUS else ""


def load_real(folder: Path, cache: Path = Path("runs/cache")) -> RealRecords:
    """Read every record of ``folder``; tables there give labels, patients and units (`tables`).

    A record that cannot be read, or is shorter than 10 s, is left out and counted on the terminal.
    """
    folder = folder.resolve()
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder: give --data a folder of WFDB records")
    headers = find_headers(folder)
    if not headers:
        raise FileNotFoundError(f"{folder} holds no WFDB record (*.hea): give --data one that does")
    stored = cache / f"real-{_key(folder, headers)}"
    if not (stored / "columns.npz").exists():
        stored.mkdir(parents=True, exist_ok=True)
        _store(stored, headers, read_tables(folder, headers))
    with np.load(stored / "columns.npz", allow_pickle=False) as arrays:
        columns = {name: arrays[name] for name in arrays.files}
    signals = np.load(stored / "signals.npy", mmap_mode="r")
    rows = np.arange(len(columns["names"]))
    return RealRecords(**columns, signals=Signals(signals, rows))


def _key(folder: Path, headers: list[Path]) -> str:
    """Changes with the recordings, their tables, and what is done to them (these files)."""
    code = [Path(__file__).with_name(name).read_text() for name in ("records.py", "tables.py")]
    tables = [path for name in TABLES for path in folder.rglob(name)]
    files = [p for h in headers for p in (h, h.with_suffix(".dat"), h.with_suffix(".mat"))]
    stamp = [
        f"{p}:{p.stat().st_size}:{p.stat().st_mtime_ns}" for p in [*files, *tables] if p.exists()
    ]
    return hashlib.sha256("\n".join([*stamp, *code]).encode()).hexdigest()[:16]


class _Read(NamedTuple):
    """A record made uniform, or why it was not."""

    signal: NDArray[np.float32] | None
    r_s: NDArray[np.float32] | None
    refused: str = ""
    faults: tuple[tuple[str, str], ...] = ()


class _FaultyError(Exception):
    """A record whose signal cannot be learned from: why, and its faults."""


class Faulty:
    """Faults of the signals that were read: listed in a file, and counted."""

    def __init__(self, path: Path) -> None:
        self.path, self.records, self.kinds = path, 0, Counter[str]()
        self._write([("record", "kind", "lead")], "w")

    def add(self, record: str, faults: tuple[tuple[str, str], ...]) -> None:
        """Note the faults (kind, lead) of one record."""
        self.records += bool(faults)
        self.kinds.update({kind for kind, _ in faults})
        self._write([(record, kind, lead) for kind, lead in faults], "a")

    def _write(self, rows: list[tuple[str, str, str]], mode: str) -> None:
        with self.path.open(mode, newline="", encoding="utf-8") as out:
            csv.writer(out).writerows(rows)

    def counted(self) -> str:
        """How many records have which faults."""
        return f"{self.records} records have faulty signals: {dict(self.kinds)} (see {self.path})"


def _store(folder: Path, headers: list[Path], said: list[Said]) -> None:
    """Read all records into ``signals.npy`` and ``columns.npz``, the last when all is done."""
    shape = (len(headers), 8, SAMPLES)
    partial = folder / f"signals-{os.getpid()}.npy"
    signals = np.lib.format.open_memmap(str(partial), mode="w+", dtype=np.float32, shape=shape)
    kept: list[int] = []
    beats: list[NDArray[np.float32]] = []
    refused, faulty = Counter[str](), Faulty(folder / "faults.csv")
    for i, one in enumerate(_read_all(headers, said)):
        faulty.add(headers[i].stem, one.faults)
        if one.signal is None or one.r_s is None:
            refused[one.refused] += 1
            continue
        signals[len(kept)] = one.signal
        kept.append(i)
        beats.append(one.r_s)
    print(f"{len(kept)} of {len(headers)} records read; left out: {dict(refused)}", flush=True)
    print(faulty.counted(), flush=True)
    about = [said[i] for i in kept]
    millivolts = np.array([one.millivolts for one in about], bool)
    _rescale_z_scores(signals[: len(kept)], millivolts)
    signals.flush()
    os.replace(partial, folder / "signals.npy")
    words = {
        "names": [headers[i].stem for i in kept],
        "datasets": [one.dataset for one in about],
        "splits": [split_of(one.patient) for one in about],
        "rhythms": [rhythm_of(one.labels) for one in about],
        "labels": [one.labels for one in about],
        "patients": [one.patient for one in about],
    }
    partial = folder / f"columns-{os.getpid()}.npz"
    columns: dict[str, Any] = {name: np.array(values, np.str_) for name, values in words.items()}
    columns["r_s"] = np.array(beats, np.float32).reshape(len(kept), MAX_BEATS)
    np.savez(partial, **columns, millivolts=millivolts)
    os.replace(partial, folder / "columns.npz")


def _read_all(headers: list[Path], said: list[Said]) -> Iterator[_Read]:
    if len(headers) <= MANY:
        yield from map(_read_one, headers, said)
        return
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        yield from pool.map(_read_one, headers, said, chunksize=64)


def _read_one(path: Path, said: Said) -> _Read:
    try:
        record = read(path) if said.millivolts else _read_z_scores(path)
        record = record.select(INDEPENDENT_LEADS)
        faults = tuple(sorted({(one.kind, one.lead) for one in screened(record).faults}))
        if record.has_gaps:
            raise _FaultyError("samples are missing", faults)
        record = record.resample(FS)
        if record.samples < SAMPLES - 2:
            raise EcgError("shorter than 10 s")
        peaks = r_peaks(record.crop(0, min(SECONDS, record.duration_s)))
    except _FaultyError as error:
        return _Read(None, None, *error.args)
    except EcgError as error:
        return _Read(None, None, str(error).split(":")[-1].strip()[:60])
    signal = record.signal[:, :SAMPLES] * _scale(path, said.dataset)
    signal = np.pad(signal, ((0, 0), (0, SAMPLES - signal.shape[1])), "edge")
    return _Read(signal.astype(np.float32), pad_beats(peaks), "", faults)


def _scale(path: Path, dataset: str) -> float:
    """What brings a record to mV: some copies of PTB-XL records (1 uV a step) say 200 steps a mV."""
    if path.name.startswith("HR") and " 200(0)/mV " in path.read_text(errors="replace"):
        return 0.2
    return SET_GAIN.get(dataset, 1.0)


def _read_z_scores(path: Path) -> Record:
    """A z-scored record, which `read` rightly refuses: its shape and rhythm serve, its scale is made up."""
    import wfdb

    stored = wfdb.rdrecord(str(path.with_suffix("")))
    return Record(stored.p_signal.T, stored.fs, stored.sig_name)


def _rescale_z_scores(signals: NDArray[np.float32], millivolts: NDArray[np.bool_]) -> None:
    """Give z-scored leads the median SD of the millivolt records; shape and rhythm are real."""
    own, z = np.flatnonzero(millivolts), np.flatnonzero(~millivolts)
    if not len(own) or not len(z):
        return
    some = own[:: max(1, len(own) // TYPICAL)]
    typical = np.median([signals[i].std(axis=1) for i in some], axis=0).astype(np.float32)
    for i in z:
        signals[i] *= typical[:, None]


def clean(real: RealRecords, filtered: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Records fit to learn morphology from: no flat lead or stretch, no huge artefact, few jumps.

    Parameters
    ----------
    filtered : (n, 8, 2500)
        The signals after the 0.5-40 Hz band-pass.
    """
    beats = np.isfinite(real.r_s).sum(axis=1)
    blocks = filtered.reshape(len(real), 8, 20, -1)
    spread = np.ptp(blocks, axis=-1)
    lively = (spread > 0.01).all(axis=(1, 2)) & (filtered.std(axis=2) > 0.02).all(axis=1)
    modest = np.abs(filtered).max(axis=(1, 2)) < 4.5
    # A burst of artefact makes one half-second block far taller than the record's typical one.
    even = (spread.max(axis=2) < 6 * np.median(spread, axis=2) + 0.3).all(axis=1)
    jumps = np.abs(np.diff(filtered, 2, axis=2))
    smooth = (np.median(jumps, axis=2) < 0.02).all(axis=1)
    return lively & modest & even & smooth & (beats >= 5) & (beats < MAX_BEATS)
