"""R-peaks, measurements and rules: against cardiologists (LUDB, labels), simulated truth, the clock.

Every line has its bar, and says whether it is met. Marks of LUDB are per lead and leave out the first
and last beats.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cofe_widgets.ecg import LEADS, Record
from cofe_widgets.errors import EcgError
from cofe_widgets.io import read
from cofe_widgets.signals import LEAD_UNITS, UNITS, measure, r_peaks, rules
from cofe_widgets.simulate import CONDITIONS, draw

from .judged import on_real, on_simulated
from .marked import (
    FIBRILLATION,
    SHARED,
    SINUS,
    TOLERANCE_S,
    Marked,
    listed,
    load,
    rhythm_of,
)
from .truth import BARS, Heart, agreement, errors, hearts, lead_errors
from .truth import SINUS as PLAIN

__all__ = ["FIBRILLATION", "SHARED", "SINUS", "Marked", "beats_found", "listed", "load"]

#: Hearts simulated of each condition.
HEARTS, SEED = 24, 5


@dataclass(frozen=True)
class Line:
    """One line of the table: what was measured, in words, its bar, and whether it is met."""

    name: str
    figure: str
    bar: str = ""
    met: bool | None = None

    def __str__(self) -> str:
        verdict = "" if self.met is None else "met" if self.met else "NOT met"
        return f"  {self.name:<34}{self.figure:<66}{self.bar:<18}{verdict}".rstrip()


# -- cardiologists --------------------------------------------------------------------------------


def beats_found(ludb: list[Marked], leads: tuple[str, ...] = LEADS) -> tuple[float, float]:
    """Sensitivity and positive predictive value of `r_peaks` between first and last mark."""
    hit = marked = found = 0
    for one in ludb:
        true, peaks = one.r_s, r_peaks(one.record.select(leads))
        inside = (peaks > true[0] - TOLERANCE_S) & (peaks < true[-1] + TOLERANCE_S)
        hits = int((np.abs(true[:, None] - peaks).min(axis=1, initial=9) < TOLERANCE_S).sum())
        hit, marked, found = hit + hits, marked + len(true), found + max(hits, int(inside.sum()))
    return hit / marked, hit / found


def p_presence(shared: Path, dataset: str) -> dict[str, NDArray[np.float64]]:
    """`p_presence` of the records in sinus rhythm and in fibrillation that are to scale."""
    out: dict[str, list[float]] = {"fibrillation": [], "sinus": []}
    for path, labels in listed(shared, dataset):
        rhythm = rhythm_of(labels)
        if rhythm not in out:
            continue
        try:
            record = read(path.with_suffix(".hea"))
        except EcgError:
            continue
        out[rhythm].append(measure(record)["p_presence"])
    return {rhythm: np.array(values) for rhythm, values in out.items()}


def marked_errors(ludb: list[Marked]) -> dict[str, NDArray[np.float64]]:
    """Measured minus marked: intervals in ms (lead II, and all leads' median), T in mV."""
    found: dict[str, list[float]] = {}
    names = {"p": "p_duration_ms", "pr": "pr_ms", "qrs": "qrs_ms", "qt": "qt_ms"}
    for one in ludb:
        values = measure(one.record)
        for mark, name in names.items():
            for lead in ("II", None):
                error = values[name] - one.interval_ms(mark, lead)
                found.setdefault(f"{name}, marks of {lead or 'all leads'}", []).append(error)
        t_error = values["t_amplitude_mv"] - one.t_amplitude_mv("II")
        found.setdefault("t_amplitude_mv, marks of II", []).append(t_error)
    return {name: np.array(e)[np.isfinite(e)] for name, e in found.items()}


def axes(ludb: list[Marked]) -> dict[str, NDArray[np.float64]]:
    """Measured QRS axis of the records whose axis the cardiologists call so."""
    out: dict[str, list[float]] = {}
    for one in ludb:
        for word in ("left axis deviation", "horizontal", "normal", "vertical"):
            if f"axis of the heart: {word}" in one.words:
                out.setdefault(word, []).append(measure(one.record)["qrs_axis_deg"])
    return {word: np.array(values) for word, values in out.items()}


def against_marks(ludb: list[Marked]) -> list[Line]:
    """Lines about LUDB."""
    out = []
    for name, leads in (("12 leads", LEADS), ("lead II", ("II",)), ("lead V1", ("V1",))):
        se, ppv = beats_found(ludb, leads)
        bar = 0.995 if name == "12 leads" else 0.99
        figure = f"Se {100 * se:.2f} %  PPV {100 * ppv:.2f} %"
        out.append(Line(f"R-peaks, {name}", figure, f">= {100 * bar:g} %", min(se, ppv) >= bar))
    bars = {"pr_ms, marks of all leads": 10.0, "qrs_ms, marks of all leads": 10.0}
    for name, e in marked_errors(ludb).items():
        scale, unit = (1000, "uV") if "mv" in name else (1, "ms")
        size = scale * np.abs(e)
        figure = (
            f"median |error| {np.median(size):.1f} {unit}, 90 % under {np.quantile(size, 0.9):.0f}, "
            f"bias {scale * np.median(e):+.1f}, n {len(e)}"
        )
        limit = bars.get(name)
        met = None if limit is None else bool(np.median(size) <= limit)
        out.append(Line(name, figure, f"<= {limit:g} ms" if limit else "", met))
    for word, degrees in axes(ludb).items():
        low, middle, high = np.nanquantile(degrees, (0.25, 0.5, 0.75))
        figure = f"median {middle:.0f} deg, middle half {low:.0f} to {high:.0f}, n {len(degrees)}"
        out.append(Line(f"QRS axis called {word}"[:33], figure))
    return out


def p_lines(shared: Path) -> list[Line]:
    """Lines about P waves that are there, and that are not."""
    out = []
    for dataset in ("ludb", "cinc2021"):
        by_rhythm = p_presence(shared, dataset)
        for rhythm in ("sinus", "fibrillation"):
            share = by_rhythm[rhythm][np.isfinite(by_rhythm[rhythm])]
            figure = (
                f"in {share.mean():.1%} of beats; >= 0.9 in {(share >= 0.9).mean():.0%}, "
                f"0 in {(share == 0).mean():.0%} of n {len(share)}"
            )
            absent = rhythm == "fibrillation"
            met = bool(share.mean() <= 0.1) if absent else None
            out.append(
                Line(f"P waves, {dataset}, {rhythm}", figure, "<= 10 %" if absent else "", met)
            )
    return out


# -- simulated truth ------------------------------------------------------------------------------


def against_truth(many: list[Heart]) -> list[Line]:
    """Median absolute error of every measurement: plain rhythms, and the worst other condition."""
    out = []
    for title, error, units in (
        ("", errors(many), UNITS),
        ("every lead: ", lead_errors(many), LEAD_UNITS),
    ):
        size = error.abs()
        condition = size.index.get_level_values("condition")
        plain = size[condition.isin(PLAIN)].median()
        each = size.groupby(condition).median().drop(index=list(PLAIN))
        for name in size.columns:
            if units[name] not in BARS and units[name] != "deg":
                continue
            scale, unit = (1000, "uV") if units[name] == "mV" else (1, units[name])
            limit = BARS.get(units[name])
            worst = each[name].idxmax()
            figure = (
                f"{scale * plain[name]:5.1f} {unit}; others {scale * each[name].median():5.1f}, "
                f"worst {worst} {scale * each[name].max():.0f}"
            )
            bar = f"<= {scale * limit:g} {unit}" if limit else ""
            met = bool(plain[name] <= limit) if limit else None
            out.append(Line(title + name, figure, bar, met))
    return out


# -- rules ----------------------------------------------------------------------------------------


def rule_lines(many: list[Heart]) -> list[Line]:
    """Rules on hearts made for them, and measured numbers against true ones."""
    made, alike = on_simulated(), agreement(many)
    out = []
    for name, row in made.iterrows():
        judged = alike.loc[name]
        figure = (
            f"in {row['in']} {row['positive']:.0%}, in healthy men {row['negative']:.0%}; as by "
            f"truth {judged['alike']:.1%}"
        )
        met = bool(row["positive"] > row["negative"] + 0.1 and judged["alike"] >= 0.95)
        out.append(Line(str(name), figure, "told apart; 95 %", met))
    return out


def label_lines(shared: Path) -> list[Line]:
    """Rules against the labels of real records."""
    return [
        Line(
            str(name),
            f"MCC {row['mcc']:+.2f}, sensitivity {row['sensitivity']:.2f}, specificity "
            f"{row['specificity']:.2f}; {row['labelled']:.0f} of n {row['judged']:.0f}",
        )
        for name, row in on_real(shared).iterrows()
    ]


# -- speed ----------------------------------------------------------------------------------------


def speed_ms(records: list[Record], work: Any) -> float:
    """Median over records of the quickest of three runs, ms of one core: other work does not count."""
    times = []
    for record in records:
        runs = []
        for _ in range(3):
            began = time.process_time()
            work(record)
            runs.append(time.process_time() - began)
        times.append(1000 * min(runs))
    return median(times)


def speed_lines(records: list[Record]) -> list[Line]:
    """Milliseconds a record of 12 leads and 10 s."""
    measure(records[:3])
    out = []
    for name, work in (("r_peaks", r_peaks), ("measure", measure), ("rules", rules)):
        took = speed_ms(records, work)
        out.append(Line(f"{name}, 250 Hz", f"{took:.1f} ms", "<= 15 ms", took <= 15))
    began = time.process_time()
    measure(records)
    took = 1000 * (time.process_time() - began) / len(records)
    out.append(Line("measure, a batch", f"{took:.1f} ms a record", "<= 15 ms", took <= 15))
    conditions = np.resize([*CONDITIONS], 192)
    rates = []
    for seed in range(5):
        began = time.process_time()
        draw(conditions, seed)
        rates.append(len(conditions) / (time.process_time() - began))
    rate = float(np.median(rates))
    name = "simulator, all conditions, 250 Hz"
    out.append(Line(name, f"{rate:.0f} a second", ">= 500", rate >= 500))
    return out


def show(title: str, lines: list[Line]) -> list[Line]:
    """Print a part of the table."""
    print(f"\n{title}", *lines, sep="\n", flush=True)
    return lines


def main() -> None:
    """Print the table."""
    many = hearts(HEARTS, SEED)
    of = f"{HEARTS} of each condition"
    every = show(
        f"signals, simulated truth: NSR, SB and STach; then others ({of})", against_truth(many)
    )
    every += show("rules on simulated hearts, severity 1", rule_lines(many))
    records = [one.simulated.record.resample(250) for one in many[::10]]
    every += show("speed", speed_lines(records))
    if SHARED.is_dir():
        ludb = load(SHARED)
        title = f"signals, {len(ludb)} records of LUDB against the cardiologists' marks"
        every += show(title, against_marks(ludb))
        every += show("P waves in real records", p_lines(SHARED))
        show("rules against the labels of real records in mV", label_lines(SHARED))
    else:
        print(f"\nreal records: skipped, {SHARED} does not exist")
    judged = [line for line in every if line.met is not None]
    print(f"\n{sum(bool(line.met) for line in judged)} of {len(judged)} bars met")


if __name__ == "__main__":
    main()
