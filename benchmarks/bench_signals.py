"""R-peaks and measurements against the cardiologists' marks of LUDB, and their speed.

Marks are per lead and leave out the first and last beats; labels say which records fibrillate.
"""

from __future__ import annotations

import csv
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import wfdb
from numpy.typing import NDArray

from cofe_widgets.ecg import LEADS, EcgError, Record
from cofe_widgets.signals import measure, r_peaks

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SINUS = {"NSR", "SB", "STach", "SA"}
FIBRILLATION = {"AF", "AFL"}
#: A found beat this near a marked one is that beat.
TOLERANCE_S = 0.15


@dataclass(frozen=True)
class Marked:
    """A record, its labels and marks: per lead an array (waves, 3) of onset, peak, offset in s."""

    record: Record
    labels: frozenset[str]
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
        """Median ``pr``, ``qrs`` or ``qt`` interval of a lead, or the median over the leads."""
        if lead is None:
            each = np.array([self.interval_ms(name, one) for one in LEADS])
            return float(np.median(each[np.isfinite(each)])) if np.isfinite(each).any() else np.nan
        row = LEADS.index(lead)
        starts = (self.p if name == "pr" else self.qrs)[row][:, :1]
        ends = {"pr": self.qrs[row][:, 0], "qrs": self.qrs[row][:, 2], "qt": self.t[row][:, 2]}
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


def marks(path: Path, lead: str) -> dict[str, NDArray[np.float64]]:
    """Onset, peak, offset (samples) of the waves ``p``, ``N`` and ``t`` of one lead."""
    read = wfdb.rdann(str(path), lead.lower())
    waves: dict[str, list[list[float]]] = {"p": [], "N": [], "t": []}
    symbols, samples = ["", *read.symbol, ""], [np.nan, *read.sample, np.nan]
    for i, symbol in enumerate(symbols):
        if symbol in waves:
            onset = samples[i - 1] if symbols[i - 1] == "(" else np.nan
            offset = samples[i + 1] if symbols[i + 1] == ")" else np.nan
            waves[symbol].append([onset, samples[i], offset])
    return {name: np.array(rows, float).reshape(-1, 3) for name, rows in waves.items()}


def listed(shared: Path, dataset: str) -> list[tuple[Path, frozenset[str]]]:
    """Path and labels of the records of a data set."""
    with (shared / "records" / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] == dataset]
    folder = shared / "records" / dataset
    return [(folder / row["record"], frozenset(row["labels"].split(";"))) for row in rows]


def load(shared: Path, step: int = 1) -> list[Marked]:
    """The records of LUDB with their marks, or every ``step``-th of them."""
    out = []
    for path, labels in listed(shared, "ludb")[::step]:
        raw = wfdb.rdrecord(str(path))
        each = [marks(path, lead) for lead in LEADS]
        p, qrs, t = ([lead[name] / raw.fs for lead in each] for name in ("p", "N", "t"))
        out.append(Marked(Record(raw.p_signal.T, raw.fs, raw.sig_name), labels, p, qrs, t))
    return out


def beats_found(ludb: list[Marked], leads: tuple[str, ...] = LEADS) -> tuple[float, float]:
    """Sensitivity and positive predictive value of `r_peaks` between first and last mark."""
    hit = marked = found = 0
    for one in ludb:
        true, peaks = one.r_s, r_peaks(one.record.select(leads))
        inside = (peaks > true[0] - TOLERANCE_S) & (peaks < true[-1] + TOLERANCE_S)
        hits = int((np.abs(true[:, None] - peaks).min(axis=1, initial=9) < TOLERANCE_S).sum())
        hit, marked, found = hit + hits, marked + len(true), found + max(hits, int(inside.sum()))
    return hit / marked, hit / found


def rhythm_of(labels: frozenset[str]) -> str:
    """``fibrillation`` (or flutter), ``sinus`` or ``other``; complete block is other."""
    if labels & FIBRILLATION:
        return "fibrillation"
    return "sinus" if labels & SINUS and "CHB" not in labels else "other"


def p_presence(shared: Path, dataset: str) -> dict[str, NDArray[np.float64]]:
    """`p_presence` of the records in sinus rhythm and in fibrillation that are to scale."""
    out: dict[str, list[float]] = {"fibrillation": [], "sinus": []}
    for path, labels in listed(shared, dataset):
        rhythm = rhythm_of(labels)
        if rhythm not in out:
            continue
        raw = wfdb.rdrecord(str(path))
        try:
            record = Record(raw.p_signal.T, raw.fs, raw.sig_name)
        except EcgError:
            continue
        out[rhythm].append(measure(record)["p_presence"])
    return {rhythm: np.array(values) for rhythm, values in out.items()}


def errors(ludb: list[Marked]) -> dict[str, NDArray[np.float64]]:
    """Measured minus marked: intervals in ms (lead II, and all leads' median), T in mV."""
    found: dict[str, list[float]] = {}
    for one in ludb:
        values = measure(one.record)
        for name in ("pr", "qrs", "qt"):
            for lead in ("II", None):
                key = f"{name}_ms, marks of {lead or 'all leads'}"
                mark = one.interval_ms(name, lead)
                found.setdefault(key, []).append(values[f"{name}_ms"] - mark)
        t_error = values["t_amplitude_mv"] - one.t_amplitude_mv("II")
        found.setdefault("t_amplitude_mv", []).append(t_error)
    return {name: np.array(e)[np.isfinite(e)] for name, e in found.items()}


def speed_ms(records: list[Record], work: Any) -> float:
    """Median over records of the quicker of three runs."""
    times = []
    for record in records:
        runs = []
        for _ in range(3):
            began = time.perf_counter()
            work(record)
            runs.append(time.perf_counter() - began)
        times.append(1000 * min(runs))
    return median(times)


def main() -> None:
    """Print the table."""
    if not SHARED.is_dir():
        print(f"\nsignals: skipped, no real recordings: {SHARED} does not exist")
        return
    ludb = load(SHARED)
    print(f"\nsignals, {len(ludb)} records of LUDB against the cardiologists' marks")
    for name, leads in (("12 leads", LEADS), ("lead II", ("II",)), ("lead V1", ("V1",))):
        se, ppv = beats_found(ludb, leads)
        print(f"  R-peaks, {name:<37}Se {100 * se:6.2f} %  PPV {100 * ppv:6.2f} %")
    for name, e in errors(ludb).items():
        size, digits = np.abs(e), 3 if name.endswith("mv") else 1
        print(
            f"  {name:<46}median |error| {np.median(size):.{digits}f}  90 % under "
            f"{np.quantile(size, 0.9):.{digits}f}  bias {np.median(e):+.{digits}f}  n {len(e)}"
        )
    for dataset in ("ludb", "cinc2021"):
        by_rhythm = p_presence(SHARED, dataset)
        for rhythm in ("sinus", "fibrillation"):
            share = by_rhythm[rhythm][np.isfinite(by_rhythm[rhythm])]
            print(
                f"  {'P presence, ' + dataset + ', ' + rhythm:<46}mean {share.mean():.2f}  "
                f">= 0.9 in {(share >= 0.9).mean():.0%}  0 in {(share == 0).mean():.0%}  "
                f"n {len(share)}"
            )
    records = [one.record.resample(250) for one in ludb[:60]]
    measure(records[:3])
    for name, work in (("r_peaks", r_peaks), ("measure", measure)):
        print(f"  {name}, 12 leads 10 s at 250 Hz: {speed_ms(records, work):.1f} ms (target 15 ms)")


if __name__ == "__main__":
    main()
