"""Real recordings for training: a folder of WFDB records, made uniform once and kept in a cache.

Every record becomes eight independent leads, 10 s at 250 Hz. Splits are by patient (by record where
no patient is known) and depend on the name alone, so every recipe holds back the same people.
"""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ecg import INDEPENDENT_LEADS, EcgError, Record
from ..io import read
from ..models.phase import MAX_BEATS, pad_beats
from ..signals import r_peaks

FS, SECONDS = 250.0, 10.0
SAMPLES = round(FS * SECONDS)

SINUS_LABELS = frozenset({"NSR", "SB", "STach", "SA", "NORM"})
NOT_SINUS = frozenset({"AF", "AFL", "PR", "PACE", "SVT", "PSVT", "CHB", "JR", "AVJR", "VPB-run"})
#: Amplitude corrections for sets whose README calls their scale doubtful.
SET_GAIN = {"code15": 0.5}


@dataclass(frozen=True)
class RealRecords:
    """``n`` real recordings.

    Attributes
    ----------
    names, datasets, splits, rhythms : (n,) str; split is train, val or test; rhythm SR, AF or ""
    labels : (n,) str, normalised codes joined by ``;``
    patients : (n,) str, whose records they are (the record's own name where nobody knows)
    signals : (n, 8, 2500) float32 mV, unfiltered
    r_s : (n, 40) R-peak times in s, NaN after the last
    millivolts : (n,) whether the amplitudes are the source's own (not rescaled z-scores)
    """

    names: NDArray[np.str_]
    datasets: NDArray[np.str_]
    splits: NDArray[np.str_]
    rhythms: NDArray[np.str_]
    labels: NDArray[np.str_]
    patients: NDArray[np.str_]
    signals: NDArray[np.float32]
    r_s: NDArray[np.float32]
    millivolts: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.names)

    def where(self, mask: NDArray[np.bool_]) -> RealRecords:
        """The records that ``mask`` keeps."""
        return RealRecords(**{name: value[mask] for name, value in vars(self).items()})


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
    """Read every record of ``folder``; ``labels.csv`` there gives labels, patients and units.

    A record that cannot be read, or is shorter than 10 s, is left out and counted on the terminal.
    """
    folder = folder.resolve()
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder: give --data a folder of WFDB records")
    headers = sorted(p for p in folder.rglob("*.hea") if "original_headers" not in p.parts)
    labels = folder / "labels.csv"
    files = sorted(p for header in headers for p in header.parent.glob(f"{header.stem}.*"))
    stamp = [
        f"{p}:{p.stat().st_size}:{p.stat().st_mtime_ns}" for p in [*files, labels] if p.exists()
    ]
    # What is done to a record is part of the key: this file, too.
    key = hashlib.sha256("\n".join([*stamp, Path(__file__).read_text()]).encode()).hexdigest()[:16]
    stored = cache / f"real-{key}.npz"
    if not stored.exists():
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(stored, **vars(_read_all(folder, headers)))
    with np.load(stored, allow_pickle=False) as arrays:
        return RealRecords(**{name: arrays[name] for name in arrays.files})


def _read_all(folder: Path, headers: list[Path]) -> RealRecords:
    table = _labels(folder)
    groups = _patients(table)
    columns: dict[str, list[Any]] = {name: [] for name in RealRecords.__dataclass_fields__}
    refused: dict[str, int] = {}
    for path in headers:
        row = table.get((path.parent.name, path.stem), {})
        millivolts = "z-score" not in row.get("units", "")
        dataset = row.get("dataset", path.parent.name)
        try:
            record = read(path) if millivolts else _read_z_scores(path)
            record = record.select(INDEPENDENT_LEADS).resample(FS)
            if record.samples < SAMPLES - 2:
                raise EcgError("shorter than 10 s")
            peaks = r_peaks(record.crop(0, min(SECONDS, record.duration_s)))
        except EcgError as error:
            reason = str(error).split(":")[-1].strip()[:60]
            refused[reason] = refused.get(reason, 0) + 1
            continue
        signal = record.signal[:, :SAMPLES] * _scale(path, dataset)
        columns["names"].append(path.stem)
        columns["datasets"].append(dataset)
        patient = groups.get((dataset, path.stem), path.stem)
        columns["splits"].append(split_of(patient))
        columns["rhythms"].append(rhythm_of(row.get("labels", "")))
        columns["labels"].append(row.get("labels", ""))
        columns["patients"].append(patient)
        columns["signals"].append(np.pad(signal, ((0, 0), (0, SAMPLES - signal.shape[1])), "edge"))
        columns["r_s"].append(pad_beats(peaks))
        columns["millivolts"].append(millivolts)
    print(
        f"{len(columns['names'])} of {len(headers)} records read; left out: {refused}", flush=True
    )
    real = RealRecords(**{name: np.array(values) for name, values in columns.items()})
    return _rescale_z_scores(real)


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


def _labels(folder: Path) -> dict[tuple[str, str], dict[str, str]]:
    path = folder / "labels.csv"
    if not path.exists():
        return {}
    with path.open(newline="") as lines:
        return {(row["dataset"], row["record"]): row for row in csv.DictReader(lines)}


def _patients(table: dict[tuple[str, str], dict[str, str]]) -> dict[tuple[str, str], str]:
    """Group of each record: its patient; the same PTB-XL number is one ECG under several names."""
    number: dict[tuple[str, str], str] = {}
    for dataset, name in table:
        match = re.match(r"(?:HR)?(\d{5})(?:_|$)", name)
        if match and (dataset.startswith("ptbxl") or name.startswith("HR")):
            number[dataset, name] = match.group(1)
    patient_of_number = {
        number[key]: row["patient"]
        for key, row in table.items()
        if key in number and row["patient"]
    }
    return {
        key: patient_of_number.get(number.get(key, ""), "")
        or row["patient"]
        or number.get(key, key[1])
        for key, row in table.items()
    }


def _rescale_z_scores(real: RealRecords) -> RealRecords:
    """Give z-scored leads the median SD of the millivolt records; shape and rhythm are real."""
    z = ~real.millivolts
    if z.any() and not z.all():
        typical = np.median(real.signals[~z].std(axis=2), axis=0)
        real.signals[z] *= typical[:, None]
    return real


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
