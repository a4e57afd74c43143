"""The folder of PhysioNet Challenge 2017: single-lead recordings of 9 to 60 s and what they are.

``A00001.mat`` with ``.hea`` and ``REFERENCE.csv`` (name and class: N sinus rhythm, A atrial
fibrillation, O another rhythm, ~ too noisy). The device records lead I (Clifford et al., Comput
Cardiol 2017;44).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record
from .examples import Examples
from .records import FS, SAMPLES, split_of

LEADS = ("I",)
#: The letters of ``REFERENCE.csv`` in the order of the classes: sinus rhythm, AF, other, noise.
CLASSES = "NAO~"


def is_folder(folder: Path) -> bool:
    """Whether a folder has the Challenge's form."""
    return (folder / "REFERENCE.csv").is_file()


@dataclass(frozen=True)
class Recordings:
    """Recordings of any length from 9 s, lead I in mV at 250 Hz, and the class of each."""

    names: NDArray[np.str_]
    classes: NDArray[np.intp]
    signals: list[NDArray[np.float32]]

    def part(self, split: str) -> Recordings:
        """Those of a split; every recording is taken for a patient of its own."""
        rows = [k for k, name in enumerate(self.names.tolist()) if split_of(name) == split]
        return Recordings(self.names[rows], self.classes[rows], [self.signals[k] for k in rows])

    def crops(self, rows: NDArray[np.intp], starts: NDArray[np.floating]) -> NDArray[np.float32]:
        """Ten seconds of each of ``rows``, ``(n, 1, 2500)``; ``starts`` are shares of what is left.

        A recording shorter than that is mirrored at its end.
        """
        out = np.empty((len(rows), 1, SAMPLES), np.float32)
        for k, (row, start) in enumerate(zip(rows, starts, strict=True)):
            signal = self.signals[row]
            if len(signal) < SAMPLES:
                signal = np.pad(signal, (0, SAMPLES - len(signal)), "reflect")
            first = round(float(start) * (len(signal) - SAMPLES))
            out[k, 0] = signal[first : first + SAMPLES]
        return out

    def examples(self) -> Examples:
        """The middle ten seconds of every recording."""
        rows = np.arange(len(self.names))
        truth = np.eye(len(CLASSES), dtype=np.float32)[self.classes]
        return Examples(self.crops(rows, np.full(len(rows), 0.5)), truth, self.names)


def load(folder: Path) -> Recordings:
    """Read the folder; what cannot be read is left out and counted on the terminal.

    Raises
    ------
    ValueError
        When a split lacks one of the classes N, A and O, or ``REFERENCE.csv`` has another form.
    """
    import wfdb

    with (folder / "REFERENCE.csv").open(newline="") as lines:
        rows = [row for row in csv.reader(lines) if row]
    if not all(len(row) >= 2 and row[1] in tuple(CLASSES) for row in rows):
        raise ValueError(
            f"{folder / 'REFERENCE.csv'}: expected lines such as A00001,N (N, A, O or ~)"
        )
    names, classes, signals, refused = [], [], [], 0
    for name, kind, *_ in rows:
        try:
            stored = wfdb.rdrecord(str(folder / name))
            record = Record(stored.p_signal.T[:1], stored.fs, LEADS).resample(FS)
        except (OSError, ValueError):  # not there, damaged, or no ECG (EcgError is a ValueError)
            refused += 1
            continue
        if record.duration_s < 5:
            refused += 1
            continue
        names.append(name)
        classes.append(CLASSES.index(kind))
        signals.append(record.signal[0])
    print(f"{len(names)} of {len(rows)} recordings read; {refused} left out", flush=True)
    every = Recordings(np.array(names, str), np.array(classes, np.intp), signals)
    for split in ("train", "val", "test"):
        for kind in "NAO":
            if CLASSES.index(kind) not in every.part(split).classes:
                raise ValueError(f"no recording of class {kind} falls into the {split} split")
    return every
