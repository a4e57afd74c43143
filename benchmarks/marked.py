"""Real records for the benchmarks: those that cardiologists marked (LUDB), and labelled ones."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from cofe_widgets.ecg import LEADS, Record
from cofe_widgets.errors import EcgError
from cofe_widgets.io import read
from cofe_widgets.train.data.ludb import load_ludb

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SINUS = {"NSR", "SB", "STach", "SA"}
FIBRILLATION = {"AF", "AFL"}
#: Data sets in millivolts that carry diagnoses.
DIAGNOSED = ("ludb", "cinc2021", "cpsc2018", "sph", "g12ec_250hz")
#: A found beat this near a marked one is that beat.
TOLERANCE_S = 0.15


@dataclass(frozen=True)
class Marked:
    """A record, its labels and marks: per lead an array (waves, 3) of onset, peak, offset in s."""

    record: Record
    labels: frozenset[str]
    words: str
    p: list[NDArray[np.float64]]
    qrs: list[NDArray[np.float64]]
    t: list[NDArray[np.float64]]

    @property
    def r_s(self) -> NDArray[np.float64]:
        """Beats marked on at least four leads: medians of their peaks."""
        peaks = np.sort(np.concatenate([lead[:, 1] for lead in self.qrs]))
        groups = np.split(peaks, np.flatnonzero(np.diff(peaks) > TOLERANCE_S) + 1)
        return np.array([np.median(group) for group in groups if len(group) >= 4])

    def interval_ms(self, name: str, lead: str | None = None) -> float:
        """Median ``p``, ``pr``, ``qrs`` or ``qt`` interval of a lead, or the median over the leads."""
        if lead is None:
            each = np.array([self.interval_ms(name, one) for one in LEADS])
            return float(np.median(each[np.isfinite(each)])) if np.isfinite(each).any() else np.nan
        row = LEADS.index(lead)
        starts = (self.p if name in ("p", "pr") else self.qrs)[row][:, :1]
        ends = {
            "p": self.p[row][:, 2],
            "pr": self.qrs[row][:, 0],
            "qrs": self.qrs[row][:, 2],
            "qt": self.t[row][:, 2],
        }
        spans = 1000 * (ends[name] - starts)
        spans = np.where((spans > 20) & (spans < 650), spans, np.inf).min(axis=1, initial=np.inf)
        spans = spans[np.isfinite(spans)]
        return float(np.median(spans)) if len(spans) else np.nan

    def t_amplitude_mv(self, lead: str) -> float:
        """Median height of the marked T peaks over the level before the QRS of the beat."""
        row, signal, fs = LEADS.index(lead), self.record[lead], self.record.fs
        heights = []
        for peak in self.t[row][:, 1]:
            onsets = self.qrs[row][:, 0]
            before = onsets[(onsets < peak) & (onsets > peak - 0.6)]
            if len(before):
                on = round(before[-1] * fs)
                quiet = np.median(signal[max(0, on - 10) : on - 1])
                heights.append(float(signal[round(peak * fs)] - quiet))
        return median(heights) if heights else np.nan


def rows(shared: Path, dataset: str) -> list[dict[str, str]]:
    """What ``labels.csv`` says of the records of a data set."""
    with (shared / "records" / "labels.csv").open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["dataset"] == dataset]


def listed(shared: Path, dataset: str) -> list[tuple[Path, frozenset[str]]]:
    """Path and labels of the records of a data set."""
    folder = shared / "records" / dataset
    return [
        (folder / row["record"], frozenset(row["labels"].split(";")))
        for row in rows(shared, dataset)
    ]


def load(shared: Path, step: int = 1) -> list[Marked]:
    """The records of LUDB with their marks, or every ``step``-th of them."""
    said = {row["record"]: row for row in rows(shared, "ludb")}
    out = []
    for one in load_ludb(shared / "records" / "ludb", step):
        row = said[one.name]
        labels = frozenset(row["labels"].split(";"))
        waves = (one.waves[name] for name in ("P", "QRS", "T"))
        out.append(Marked(one.record, labels, row["labels_raw"], *waves))
    return out


def rhythm_of(labels: frozenset[str]) -> str:
    """``fibrillation`` (or flutter), ``sinus`` or ``other``; complete block is other."""
    if labels & FIBRILLATION:
        return "fibrillation"
    return "sinus" if labels & SINUS and "CHB" not in labels else "other"


def diagnosed(shared: Path) -> Iterator[tuple[Record, frozenset[str]]]:
    """Records in millivolts with their labels, age and sex; those that are refused are left out.

    So are those of PTB-XL in cinc2021 (HRxxxxx): their QRS are three times as tall as all others'.
    """
    for dataset in DIAGNOSED:
        for row in rows(shared, dataset):
            if dataset == "cinc2021" and row["record"].startswith("HR"):
                continue
            try:
                record = read(shared / "records" / dataset / f"{row['record']}.hea")
            except EcgError:
                continue
            meta = {**record.meta, "age": row["age"], "sex": row["sex"]}
            labels = frozenset(row["labels"].split(";"))
            yield Record(record.signal, record.fs, record.leads, meta), labels
