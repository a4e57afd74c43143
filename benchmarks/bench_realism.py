"""How real the simulated ECGs look: measurements, spectra, and whether a classifier tells them apart.

Real and simulated records of one condition are measured by the same tool. An AUC of 0.5 means that
they cannot be told apart; how well two *real* data sets are told apart is the yardstick.
It takes some five minutes; ``python -m benchmarks.bench_realism --save`` also writes the picture and
the figures that the notebook shows.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import wfdb
from numpy.typing import NDArray
from scipy.signal import welch
from scipy.stats import ks_2samp

from cofe_widgets.ecg import LEADS, Record
from cofe_widgets.errors import EcgError
from cofe_widgets.signals import measure, r_peaks
from cofe_widgets.signals.filters import pass_band
from cofe_widgets.signals.measurements.measure import measured
from cofe_widgets.simulate import simulate

from .separable import auc, bootstrap, told_apart

Array = NDArray[np.float64]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
IMAGES = Path(__file__).resolve().parents[1] / "notebooks" / "images"
#: Sets in millivolts that share no recording.
SETS = ("ludb", "cinc2021", "cpsc2018", "sph", "g12ec_250hz")
#: Labels of a condition in the real sets.
LABELS: dict[str, frozenset[str]] = {
    "NSR": frozenset({"NSR", "NORM"}),
    "SB": frozenset({"SB"}),
    "STach": frozenset({"STach"}),
    "SA": frozenset({"SA"}),
    "AF": frozenset({"AF"}),
    "AFL": frozenset({"AFL"}),
    "IAVB": frozenset({"IAVB"}),
    "PAC": frozenset({"PAC"}),
    "PVC": frozenset({"PVC", "VPB", "VEB"}),
    "LBBB": frozenset({"LBBB"}),
    "RBBB": frozenset({"RBBB"}),
    "LAFB": frozenset({"LAnFB", "LAFB"}),
    "LVH": frozenset({"LVH"}),
    "LQRSV": frozenset({"LQRSV", "LVOLT"}),
    "AMI": frozenset({"AMI", "AnMI", "AnMIs"}),
    "IMI": frozenset({"IMI", "IIs"}),
    "LQT": frozenset({"LQT"}),
}
#: What may stand beside a rhythm that is otherwise healthy.
HEALTHY = frozenset({"NSR", "NORM", "SA"})
#: Each of these rules the look of a record: two at once are not one condition.
MAJOR = frozenset(
    ("AF", "AFL", "LBBB", "RBBB", "PR", "CHB", "AVB", "MI", "AMI", "IMI", "STEMI", "OldMI", "SVT")
    + ("PSVT", "ATach", "VPB", "AVRT", "PVT")
)
#: Fewer real records than this say nothing about a distribution.
LEAST_RECORDS = 8
SECONDS = 10.0
BANDS_HZ = ((0.5, 1), (1, 4), (4, 15), (15, 40), (40, 100))
GROUPS = {"limb": ("I", "II"), "V1-V3": ("V1", "V2", "V3"), "V4-V6": ("V4", "V5", "V6")}


@dataclass(frozen=True)
class Real:
    """A real record and what is known of the person."""

    record: Record
    labels: frozenset[str]
    age: float | None
    sex: str | None
    patient: str
    source: str


def load(shared: Path = SHARED) -> list[Real]:
    """Adults' 12-lead records of 10 s in millivolts, simulated ones being of that kind.

    What is left out is counted on the terminal.
    """
    with (shared / "records" / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] in SETS]
    found, left_out = [], Counter[str]()
    for row in rows:
        age = float(row["age"]) if row["age"] not in ("", "NaN") else None
        if age is not None and not 18 <= age <= 105:
            left_out["no adult"] += 1
            continue
        raw = wfdb.rdrecord(str(shared / "records" / row["dataset"] / row["record"]))
        scale = _scale(float(raw.adc_gain[0]))
        if scale is None or raw.sig_len / raw.fs < SECONDS - 0.02:
            left_out["unknown scale" if scale is None else "shorter than 10 s"] += 1
            continue
        try:
            record = Record(raw.p_signal.T * scale, raw.fs, raw.sig_name).select(LEADS)
        except EcgError:
            left_out["no plausible 12-lead ECG"] += 1
            continue
        record = record.crop(0, min(SECONDS, record.duration_s)).resample(500)
        sex = row["sex"][:1].upper() or None
        labels = frozenset(row["labels"].split(";"))
        patient = row["patient"] or row["record"]
        source = "".join(c for c in row["record"] if c.isalpha()) or row["dataset"]
        found.append(Real(record, labels, age, sex if sex in ("F", "M") else None, patient, source))
    reasons = ", ".join(f"{n} {reason}" for reason, n in left_out.most_common())
    print(f"\nrealism: {len(found)} of {len(rows)} real records; left out: {reasons or 'none'}")
    return found


def _scale(gain: float) -> float | None:
    """What makes a stored record millivolts; None when unknown.

    Headers of part of PTB-XL in the Challenge set say 200 per mV though their samples are microvolts
    (QRS of 8 mV, P waves of 0.6 mV); two of Georgia's say 4880.
    """
    return {200.0: 0.2, 1000.0: 1.0}.get(gain)


def of_condition(real: list[Real], code: str) -> list[Real]:
    """The real records of ``code`` without a second condition that rules their look."""
    mine = LABELS[code]
    if code in ("NSR", "SB", "STach", "SA"):
        return [one for one in real if one.labels & mine and one.labels <= HEALTHY | mine]
    return [one for one in real if one.labels & mine and not one.labels & MAJOR - mine]


def alike(real: list[Real], code: str, each: int, seed: int) -> list[Record]:
    """``each`` simulated records of a condition for every real one, of the same age and sex."""
    return [
        one.record
        for i, person in enumerate(real)
        for one in simulate(code, each, seed + i, age=person.age, sex=person.sex)
    ]


# -- measurements ---------------------------------------------------------------------------------


def compare(real: pd.DataFrame, simulated: pd.DataFrame) -> pd.DataFrame:
    """Median, quartiles and KS statistic of every measurement; ``off`` flags distant medians.

    A median is off when it lies more than half the real inter-quartile range from the real one.
    """
    rows = {}
    for name in real.columns:
        r, s = real[name].dropna().to_numpy(), simulated[name].dropna().to_numpy()
        row: dict[str, Any] = {
            "missing_real": 1 - len(r) / len(real),
            "missing_sim": 1 - len(s) / len(simulated),
        }
        if min(len(r), len(s)) >= LEAST_RECORDS:
            low, middle, high = np.quantile(r, (0.25, 0.5, 0.75))
            sim = np.quantile(s, (0.25, 0.5, 0.75))
            distance = abs(sim[1] - middle)
            statistic = float(ks_2samp(r, s).statistic)
            interval = bootstrap(lambda a, b: float(ks_2samp(a, b).statistic), r, s, times=200)
            row |= {"real": middle, "real_q1": low, "real_q3": high}
            row |= {"sim": sim[1], "sim_q1": sim[0], "sim_q3": sim[2]}
            row |= {"ks": statistic, "ks_low": interval[0], "ks_high": interval[1]}
            row["off"] = bool(distance > max((high - low) / 2, 1e-9))
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index")


#: What is compared in each lead, beside the measurements of the record.
PER_LEAD = {
    "p_amplitude_mv": "P",
    "q_amplitude_mv": "Q",
    "r_amplitude_mv": "R",
    "s_amplitude_mv": "S",
    "j_amplitude_mv": "J",
    "st_amplitude_mv": "ST",
    "t_amplitude_mv": "T",
    "r_peak_time_ms": "R peak time",
}


def features(records: list[Record]) -> pd.DataFrame:
    """The measurements of every record, the amplitudes of its leads, and how its beats differ."""
    rows = []
    for record in records:
        numbers = measured(record)
        row = dict(numbers.values)
        for lead, each in numbers.leads.items():
            row |= {f"{title} {lead}": each[name] for name, title in PER_LEAD.items()}
        rows.append(row | _unlike(record, r_peaks(record)))
    return pd.DataFrame(rows, dtype=float)


def _unlike(record: Record, r_peaks_s: Array) -> dict[str, float]:
    """How much the beats of a record differ: coefficient of variation of the QRS, in lead I and V3."""
    signal = pass_band(record.signal, record.fs, 0.5, 40.0)
    out = {}
    for lead in ("I", "V3"):
        row = signal[LEADS.index(lead)]
        spans = [
            np.ptp(row[max(0, round((r - 0.05) * record.fs)) : round((r + 0.07) * record.fs)])
            for r in r_peaks_s[1:-1]
        ]
        varies = len(spans) > 2 and np.mean(spans) > 0
        out[f"QRS varies {lead}"] = float(np.std(spans) / np.mean(spans)) if varies else np.nan
    return out


def give_aways(real: pd.DataFrame, simulated: pd.DataFrame, most: int = 12) -> list[dict[str, Any]]:
    """The measurements that alone tell the two apart best, with direction."""
    out = []
    for name in real.columns:
        r, s = real[name].dropna().to_numpy(), simulated[name].dropna().to_numpy()
        if min(len(r), len(s)) < LEAST_RECORDS:
            continue
        area = auc(s, r)
        side = "higher" if area > 0.5 else "lower"
        medians = {"real": float(np.median(r)), "simulated": float(np.median(s))}
        out.append({"name": name, "auc": max(area, 1 - area), "simulated_is": side, **medians})
    return sorted(out, key=lambda row: -row["auc"])[:most]


# -- spectra --------------------------------------------------------------------------------------


def log_spectrum(records: list[Record]) -> tuple[Array, dict[str, Array]]:
    """Frequencies (Hz) and, per lead group, the median over records of the PSD in dB (mV²/Hz)."""
    frequency = np.empty(0)
    each: dict[str, list[Array]] = {name: [] for name in GROUPS}
    for record in records:
        at_500 = record.resample(500)
        frequency, power = welch(at_500.signal.astype(float), 500, nperseg=2000, axis=1)
        for name, leads in GROUPS.items():
            rows = [LEADS.index(lead) for lead in leads]
            each[name].append(10 * np.log10(power[rows].mean(axis=0) + 1e-12))
    return frequency, {name: np.median(values, axis=0) for name, values in each.items()}


def spectral_gaps(real: list[Record], simulated: list[Record]) -> dict[str, dict[str, float]]:
    """Simulated minus real, dB, per lead group and band: mean of the band, mains left out."""
    frequency, ours = log_spectrum(simulated)
    theirs = log_spectrum(real)[1]
    mains = (np.abs(frequency - 50) < 1.5) | (np.abs(frequency - 60) < 1.5)
    return {
        group: {
            f"{low:g}-{high:g} Hz": float(
                (ours[group] - theirs[group])[
                    (frequency >= low) & (frequency < high) & ~mains
                ].mean()
            )
            for low, high in BANDS_HZ
        }
        for group in GROUPS
    }


# -- all of it ------------------------------------------------------------------------------------


def conditions(real: list[Real], least_simulated: int = 96) -> dict[str, dict[str, Any]]:
    """Per condition with enough real records: how many, and `compare` of the measurements."""
    out = {}
    for code in LABELS:
        mine = of_condition(real, code)
        if len(mine) < LEAST_RECORDS:
            continue
        simulated = alike(mine, code, -(-least_simulated // len(mine)), seed=1000)
        table = compare(measure([one.record for one in mine]), measure(simulated))
        out[code] = {"n": len(mine), "n_sim": len(simulated), "table": table}
    return out


def classifiers(real: list[Real]) -> dict[str, dict[str, tuple[float, float, float]]]:
    """AUC of real against simulated records, and of real against real."""
    out = {}
    for code in ("NSR", "AF"):
        mine = of_condition(real, code)
        twins = alike(mine, code, 2, seed=5000)
        # A simulated record stays in the fold of the person whose age and sex it has.
        groups = [one.patient for one in mine]
        groups += [patient for patient in groups for _ in range(2)]
        first = [one.record for one in mine]
        out[f"{code}: real, simulated"] = told_apart(first, twins, groups)
    healthy = of_condition(real, "NSR")
    ludb = [one for one in healthy if one.source == "ludb"]
    ptb = [one for one in healthy if one.source == "HR"]
    out["NSR: LUDB, PTB-XL"] = told_apart(
        [one.record for one in ludb],
        [one.record for one in ptb],
        [one.patient for one in ludb + ptb],
    )
    return out


PANELS = (
    ("rr_sd_ms", "RR SD (ms)"),
    ("pr_ms", "PR (ms)"),
    ("qrs_ms", "QRS (ms)"),
    ("qtc_fridericia_ms", "QTc Fridericia (ms)"),
    ("P II", "P in II (mV)"),
    ("R V5", "R in V5 (mV)"),
    ("S V2", "S in V2 (mV)"),
    ("T V3", "T in V3 (mV)"),
)


def picture(real: pd.DataFrame, simulated: pd.DataFrame, apart: dict[str, Any], path: Path) -> None:
    """Distributions of healthy sinus rhythm, real and simulated, and what tells them apart."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5.6), dpi=110, layout="constrained")
    axes = figure.subplots(2, 4)
    for axis, (name, title) in zip(axes.flat, PANELS, strict=True):
        both = [table[name].dropna() for table in (real, simulated)]
        low, high = np.quantile(np.concatenate(both), (0.005, 0.995))
        edges = np.linspace(low, high, 17)
        for values, colour, label in zip(both, ("0.35", "C1"), ("real", "simulated"), strict=True):
            for style in ({"histtype": "step", "lw": 1.6}, {"alpha": 0.18, "label": label}):
                axis.hist(values, edges, density=True, color=colour, **style)
            axis.axvline(values.median(), color=colour, lw=1, ls=":")
        axis.set_title(title, fontsize=10)
        axis.set_yticks([])
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right", "left"]].set_visible(False)
    axes[0, 0].legend(frameon=False, fontsize=8)
    lines = [f"AUC (95 %) of telling apart (0.5: cannot be told), n = {len(real)} real adults"]
    for pair, by in apart.items():
        each = [f"{what} {a:.2f} ({low:.2f}–{high:.2f})" for what, (a, low, high) in by.items()]
        lines.append(f"{pair}:  " + ",  ".join(each))
    figure.supxlabel("\n".join(lines), fontsize=8.5, x=0.02, ha="left")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def main(save: bool = False) -> None:
    """Print everything; with ``save`` also write ``realism.png`` and ``realism.json``."""
    if not SHARED.is_dir():
        print(f"\nrealism: skipped, no real recordings: {SHARED} does not exist")
        return
    real = load()
    healthy = of_condition(real, "NSR")
    records = [one.record for one in healthy]
    simulated = alike(healthy, "NSR", 2, seed=3000)
    print(f"  {len(healthy)} of them of healthy adults")
    found = conditions(real)
    for code, one in found.items():
        table = one["table"]
        off = table.get("off", pd.Series(False, table.index)).fillna(False).astype(bool)
        judged = int(table["ks"].notna().sum()) if "ks" in table else 0
        print(
            f"  {code:<6} n {one['n']:>3} real, {one['n_sim']:>3} simulated: median off in "
            f"{int(off.sum())} of {judged} measurements, median KS {table['ks'].median():.2f}"
        )
        for name, row in table[off].iterrows():
            print(
                f"      {name:<22} real {row.real:9.3g} ({row.real_q1:.3g} to {row.real_q3:.3g})  "
                f"simulated {row.sim:9.3g}  KS {row.ks:.2f} ({row.ks_low:.2f}-{row.ks_high:.2f})"
            )
    gaps = spectral_gaps(records, simulated)
    print("  power spectral density, simulated minus real (dB)")
    for group, bands in gaps.items():
        print(f"    {group:<6}" + "".join(f"  {band} {gap:+5.1f}" for band, gap in bands.items()))
    ours, theirs = features(simulated), features(records)
    tells = give_aways(theirs, ours)
    print("  what alone gives simulated sinus rhythm away")
    for row in tells:
        print(
            f"    {row['name']:<22} AUC {row['auc']:.2f}: simulated is {row['simulated_is']} "
            f"({row['simulated']:.3g} against {row['real']:.3g})"
        )
    apart = classifiers(real)
    for pair, by in apart.items():
        for what, (area, low, high) in by.items():
            print(f"  {pair:<24} {what:<13} AUC {area:.3f} ({low:.3f}-{high:.3f})")
    if save:
        picture(theirs, ours, apart, IMAGES / "realism.png")
        tables = {
            code: {
                **one,
                "table": json.loads(one["table"].to_json(orient="index", double_precision=4)),
            }
            for code, one in found.items()
        }
        content = {"conditions": tables, "spectra_db": gaps, "give_aways": tells, "auc": apart}
        (IMAGES / "realism.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main("--save" in sys.argv)
