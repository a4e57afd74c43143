"""The delineator against cardiologists (LUDB, cross-validated) and against simulated truth; speed.

Each record of LUDB is delineated by the network of the fold that did not learn from it
(``weights/delineator-fold*.safetensors``); the shipped network learned from all of them.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import wfdb

from cofe_widgets.ecg import LEADS, Record
from cofe_widgets.errors import EcgError
from cofe_widgets.models import load
from cofe_widgets.models.architectures.unet import UNet
from cofe_widgets.signals.delineation.delineate import Delineation, delineate
from cofe_widgets.signals.delineation.postprocess import soft_r_peaks
from cofe_widgets.signals.rpeaks import r_peaks
from cofe_widgets.simulate import simulate
from cofe_widgets.train.core.wave_scores import match, wave_scores
from cofe_widgets.train.data.ludb import Marked, folds, load_ludb
from cofe_widgets.train.recipes.delineator import judge_segments

from .bench_signals import FIBRILLATION, SHARED, listed, rhythm_of

WEIGHTS = Path(__file__).parent / "weights"
#: The bars of the task, lead II: wave, point, least F1 in per cent, largest SD of the error in ms.
BARS = (
    ("P", "onset", 96.0, None),
    ("P", "peak", 96.0, None),
    ("P", "offset", 96.0, None),
    ("QRS", "onset", 98.5, 12.0),
    ("QRS", "offset", 98.0, 14.0),
    ("T", "offset", 97.0, 24.0),
)
#: Other tools on lead II of all 200 records of LUDB, same tolerance: F1 of P, then F1 and SD of the
#: QRS onset, QRS offset and T offset.
OTHERS = {
    "neurokit2 dwt": "P 92.4  QRS on 91.6/43  QRS off 89.4/26  T off 86.2/31",
    "neurokit2 prominence": "P 91.7  QRS on 97.8/13  QRS off 98.3/21  T off 96.6/26",
    "ecgdeli 1.0.0": "P 92.0  QRS on 98.2/13  QRS off 97.7/18  T off 97.2/33",
}
#: Data sets whose signals are no millivolts: `Record` rightly refuses them.
NOT_MILLIVOLTS = {"ptbxl_zscore"}


def cross_validated(marked: list[Marked], leads: tuple[str, ...] = LEADS) -> list[Delineation]:
    """Each record, seen in ``leads``, by the network that did not learn from it."""
    paths = sorted(WEIGHTS.glob("delineator-fold*.safetensors"))
    of = folds(len(marked), len(paths))
    out: dict[int, Delineation] = {}
    for fold, path in enumerate(paths):
        held = np.flatnonzero(of == fold)
        found = delineate([marked[k].record.select(leads) for k in held], model=str(path))
        out |= dict(zip(held.tolist(), found, strict=True))
    return [out[k] for k in range(len(marked))]


def beats(marked: Marked) -> np.ndarray:
    """Beats marked on at least four leads, ms: medians of their peaks."""
    peaks = np.sort(np.concatenate([lead[:, 1] for lead in marked.waves["QRS"]])) * 1000
    groups = np.split(peaks, np.flatnonzero(np.diff(peaks) > 150) + 1)
    return np.array([np.median(group) for group in groups if len(group) >= 4])


def r_peak_scores(marked: list[Marked], peaks_s: list[np.ndarray]) -> tuple[float, float]:
    """Sensitivity and positive predictive value, per cent."""
    hits = missed = false = 0
    for one, found in zip(marked, peaks_s, strict=True):
        true = beats(one)
        error, more_missed, more_false = match(true, 1000 * found, (true[0], true[-1]))
        hits, missed, false = hits + len(error), missed + more_missed, false + more_false
    return 100 * hits / (hits + missed), 100 * hits / (hits + false)


def false_p(marked: list[Marked], tables: list[pd.DataFrame], leads: tuple[str, ...]) -> float:
    """P waves that nobody marked, a hundred marked beats."""
    false = count = 0
    for one, table in zip(marked, tables, strict=True):
        for lead in leads:
            row = LEADS.index(lead)
            first, last = one.span_s(row)
            marks = 1000 * one.waves["P"][row][:, 1]
            mine = (table["lead"] == lead) & (table["wave"] == "P")
            found = table["peak_ms"][mine].to_numpy()
            false += match(marks, found, (1000 * first, 1000 * last))[2]
            count += len(one.waves["QRS"][row])
    return 100 * false / count


def show(scores: pd.DataFrame) -> None:
    for (wave, point), row in scores.iterrows():
        print(
            f"    {wave:<4}{point:<8}Se {row.se:6.2f}  PPV {row.ppv:6.2f}  F1 {row.f1:6.2f} %   "
            f"error {row.bias_ms:+5.1f}  SD {row.sd_ms:4.1f}  MAD {row.mad_ms:4.1f} ms   n {row.marks:.0f}"
        )


def ludb() -> None:
    """Print the cross-validated tables."""
    marked = load_ludb(SHARED / "records" / "ludb")
    found = cross_validated(marked)
    tables = [one.fiducials for one in found]
    alone = {
        lead: [one.fiducials for one in cross_validated(marked, (lead,))] for lead in ("II", "V1")
    }
    print(f"  {len(marked)} records of LUDB, each by a network that never saw it, +-150 ms")
    print("  lead II, of twelve that the network sees")
    scores = wave_scores(marked, tables, ("II",))
    show(scores)
    bars(scores)
    print("  all leads")
    show(wave_scores(marked, tables))
    for lead, every in alone.items():
        print(f"  lead {lead}, when the network sees no other")
        show(wave_scores(marked, every, (lead,)))
    print("  others on lead II of all 200 records (F1, then F1/SD in ms)")
    for name, text in OTHERS.items():
        print(f"    {name:<22}{text}")
    beats_table(marked, found)
    fibrillation(marked, {"all leads": tables, **alone})


def bars(scores: pd.DataFrame) -> None:
    """Print which bars are met."""
    for wave, point, f1, sd in BARS:
        row = scores.loc[(wave, point)]
        met = row.f1 >= f1 and (sd is None or row.sd_ms <= sd)
        need = f"F1 >= {f1:g}" + (f", SD <= {sd:g} ms" if sd else "")
        print(f"    bar: {wave} {point} {need}: {'met' if met else 'MISSED'}")


def beats_table(marked: list[Marked], found: list[Delineation]) -> None:
    """Print how well each method finds beats, and how far they agree."""
    ways = {
        "soft segments alone": [soft_r_peaks(one.soft, one.fs, one.leads) for one in found],
        "with the detector's help": [one.r_peaks_s for one in found],
        "detector": [r_peaks(one.record) for one in marked],
    }
    for name, peaks in ways.items():
        se, ppv = r_peak_scores(marked, peaks)
        print(f"  R-peaks, {name:<26}Se {se:6.2f}  PPV {ppv:6.2f} %")
    agree = np.mean([one.agreement for one in found])
    fallen = sum(one.method == "detector" for one in found)
    print(f"  the two agree on {agree:.1%} of beats; soft gave way in {fallen} records")


def fibrillation(marked: list[Marked], tables: dict[str, list[pd.DataFrame]]) -> None:
    """Print the share of beats of fibrillating and fluttering atria that get a P wave."""
    labels = {path.name: codes for path, codes in listed(SHARED, "ludb")}
    rows = [k for k, one in enumerate(marked) if labels[one.name] & FIBRILLATION]
    some = [marked[k] for k in rows]
    print(f"  false P waves in {len(rows)} AF/flutter records, of 100 beats (bar: 10)")
    ways = {"lead II of twelve": ("all leads", ("II",)), "all leads": ("all leads", LEADS)}
    ways |= {f"lead {lead} alone": (lead, (lead,)) for lead in ("II", "V1")}
    for name, (which, leads) in ways.items():
        share = false_p(some, [tables[which][k] for k in rows], leads)
        print(f"    {name:<20}{share:5.1f}")


def every_record() -> None:
    """Delineate everything there is: what comes out, and what is refused with which words."""
    waves, refused, read = Counter[str](), Counter[str](), 0
    for folder in sorted((SHARED / "records").iterdir()):
        if not folder.is_dir() or folder.name in NOT_MILLIVOLTS:
            continue
        for path, _ in listed(SHARED, folder.name):
            raw = wfdb.rdrecord(str(path))
            try:
                record = Record(raw.p_signal.T, raw.fs, raw.sig_name)
            except EcgError:
                continue  # not an ECG to begin with
            read += 1
            try:
                waves.update(delineate(record).fiducials["wave"])
            except EcgError as error:
                refused[str(error)[:60]] += 1
    print(
        f"  {read} records of all sets delineated: {dict(waves)}; refused: {dict(refused) or 'none'}"
    )


def p_presence() -> None:
    """Print how many QRS of other hospitals' records a P wave precedes, by rhythm."""
    share: dict[str, list[float]] = {"sinus": [], "fibrillation": []}
    for path, labels in listed(SHARED, "cinc2021"):
        rhythm = rhythm_of(labels)
        raw = wfdb.rdrecord(str(path))
        try:
            record = Record(raw.p_signal.T, raw.fs, raw.sig_name)
        except EcgError:
            continue  # not an ECG to begin with
        if rhythm in share:
            waves = delineate(record).fiducials["wave"]
            share[rhythm].append((waves == "P").sum() / max(1, (waves == "QRS").sum()))
    for rhythm, values in share.items():
        print(
            f"  P waves a QRS, cinc2021 (never learned from), {rhythm}: median "
            f"{np.median(values):.2f}, mean {np.mean(values):.2f} of {len(values)} records"
        )


def speed() -> None:
    """Print the time of a record alone and in a batch."""
    records = [one.record for one in simulate("NSR", n=16, seed=1)]
    delineate(records[:2])
    for threads in (1, 2):
        torch.set_num_threads(threads)
        for count in (1, 16):
            runs = []
            for _ in range(5):
                began = time.perf_counter()
                delineate(records[:count])
                runs.append((time.perf_counter() - began) / count)
            print(
                f"  12 leads 10 s at 500 Hz, {threads} threads, {count:>2} at once: "
                f"{1000 * min(runs):.0f} ms a record (target 100 ms, 2 threads)"
            )


def main() -> None:
    """Print the tables."""
    print("\ndelineation")
    network = load("delineator").module
    assert isinstance(network, UNet)
    judged = judge_segments(network)
    print("  24 segments on simulated records of every condition, 12 leads, normal noise")
    print("    " + judged.report().round(3).to_string().replace("\n", "\n    "))
    print(
        f"  macro AUC {judged.auc.mean():.4f} (bar 0.98)  accuracy {judged.accuracy:.3f} (bar 0.85)"
    )
    if SHARED.is_dir():
        ludb()
        p_presence()
        every_record()
    else:
        print(f"  LUDB: skipped, no real recordings: {SHARED} does not exist")
    speed()


if __name__ == "__main__":
    main()
