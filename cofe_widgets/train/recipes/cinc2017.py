"""The folder of PhysioNet Challenge 2017: single-lead recordings of 9 to 60 s and what they are.

``A00001.mat`` with ``.hea`` and ``REFERENCE.csv`` (name and class: N sinus rhythm, A atrial
fibrillation, O another rhythm, ~ too noisy). The device records lead I (Clifford et al., Comput
Cardiol 2017;44).
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...ecg import Record
from ...simulate import draw
from ..core import predictors
from ..core.options import settle
from ..core.predictors import Recipe
from ..data.examples import Changes, Examples, augment
from ..data.records import FS, SAMPLES, split_of

LEADS = ("I",)
OUTPUTS = ("SR", "AF", "Other", "Noise")
_CLASSES = {"N": 0, "A": 1, "O": 2, "~": 3}
#: What is drawn of each class; noise drowns a heart of any.
_SIMULATED = (("NSR", "SB", "STach", "SA"), ("AF",), ("PAC", "PVC", "AFL", "MoI"), ("NSR",))
_DROWNED = {"emg": 25.0, "motion": 2.0, "wander": 4.0}


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
        truth = np.eye(4, dtype=np.float32)[self.classes]
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
    if not all(len(row) >= 2 and row[1] in _CLASSES for row in rows):
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
        classes.append(_CLASSES[kind])
        signals.append(record.signal[0])
    print(f"{len(names)} of {len(rows)} recordings read; {refused} left out", flush=True)
    every = Recordings(np.array(names, str), np.array(classes, np.intp), signals)
    for split in ("train", "val", "test"):
        for kind in "NAO":
            if _CLASSES[kind] not in every.part(split).classes:
                raise ValueError(f"no recording of class {kind} falls into the {split} split")
    return every


class Batches:
    """Batches of lead I and classes: half simulated, half recordings, their classes alike often."""

    def __init__(self, recordings: Recordings) -> None:
        self.recordings = recordings
        count = np.bincount(recordings.classes, minlength=4)[recordings.classes]
        self.weight = 1 / count / (1 / count).sum()

    def __call__(self, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor]:
        """``(size, 1, 2500)`` augmented mV and truth ``(size, 4)``."""
        rows = rng.choice(len(self.weight), size // 2, p=self.weight)
        real = self.recordings.crops(rows, rng.random(len(rows)))
        made, classes = _simulated(rng, size - len(rows))
        x = torch.from_numpy(np.concatenate((real, made)))
        kinds = np.concatenate((self.recordings.classes[rows], classes))
        return augment(x, rng, Changes()), torch.from_numpy(np.eye(4, dtype=np.float32)[kinds])


def _simulated(rng: np.random.Generator, n: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Lead I of ``n`` simulated hearts, an eighth of them drowned in noise."""
    classes = rng.choice(4, n, p=[0.35, 0.35, 0.175, 0.125])
    names = np.array([rng.choice(_SIMULATED[k]) for k in classes])
    out = np.empty((n, 1, SAMPLES), np.float32)
    for rows, noise in ((classes < 3, 1.0), (classes == 3, _DROWNED)):
        if rows.any():
            seed = int(rng.integers(2**31))
            out[rows] = draw(names[rows], seed, noise=noise, variety=0.8).signals[:, :1]
    return out, classes.astype(np.intp)


def train(options: argparse.Namespace) -> None:
    """The AF recipe on a single lead: train, calibrate, evaluate once on the test split, write."""
    settle(options)
    recordings = load(options.data)
    parts = {split: recordings.part(split) for split in ("train", "val", "test")}
    held = parts["val"].examples()
    recipe = Recipe(OUTPUTS, "softmax", Batches(parts["train"]), held, LEADS)
    model = predictors.train(recipe, options)
    metrics = predictors.calibrate(model, held, "softmax")
    for split in ("val", "test"):
        part = parts[split].examples()
        said = predictors.discrimination(model, part, OUTPUTS, "softmax")
        said |= predictors.robustness(model, part, "softmax")
        said["calibration error"] = predictors.calibration(model, part, "softmax")
        metrics |= {f"{split}: {k}": v for k, v in said.items()}
    card = {
        "summary": "Sinus rhythm, atrial fibrillation, another rhythm or noise in a single lead, "
        "10 s at 250 Hz.",
        "data": f"half simulated ECGs, half {len(parts['train'].names)} recordings of PhysioNet "
        "Challenge 2017 (a random 10 s of each); every recording taken for a patient of its own",
        "licences": "those of the folder (ODC-BY 1.0 as published)",
        "metrics": metrics,
        "limits": [
            "Judged by the middle ten seconds of each recording.",
            "Lead I of one hand-held device, by its electrodes' order.",
        ],
    }
    predictors.ship(model, recipe, options, "cofe-widgets train af --data FOLDER", card)
