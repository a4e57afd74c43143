"""Counterfactuals of real sinus records that no recipe trained on: reached, what changed, seen.

``python -m benchmarks counterfactuals`` needs the folder of real records that the recipes use, and
says so when it is not there.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

DATA = Path("../shared/data/records")
SHEET = Path("runs/counterfactuals.png")
SHOWN = ("heart_rate_bpm", "rr_sd_ms", "p_presence", "p_amplitude_mv", "qrs_ms", "t_amplitude_mv")


def held_back(rhythm: str) -> list:
    """Real records in mV of the test split with a rhythm, as `Record`."""
    from cofe_widgets.ecg import INDEPENDENT_LEADS, Record
    from cofe_widgets.train.data import load_real

    real = load_real(DATA)
    part = real.where((real.splits == "test") & real.millivolts & (real.rhythms == rhythm))
    return [
        Record(signal, 250, INDEPENDENT_LEADS, {"source": str(name)})
        for name, signal in zip(part.names, part.signals, strict=True)
    ]


def report(source: str, target: str) -> list:
    """Explain every record of rhythm ``source`` towards ``target`` and print what happened."""
    from scipy.stats import wilcoxon

    import cofe_widgets as cw

    f = cw.load("af-resnet")
    records = held_back(source)
    answers = f.predict(records)
    asked = [r for r, a in zip(records, answers, strict=True) if a[target] < 0.5]
    began = time.perf_counter()
    found, refused = [], []
    for record in asked:
        try:
            found.append(cw.counterfactual(record, f, target=target))
        except cw.ExplainError as error:
            refused.append(f"{record.meta['source']}: {error}")
    seconds = time.perf_counter() - began
    reached = [cf for cf in found if cf.reached]
    first = sum("12" in cf.space for cf in reached)
    zero = max(float(np.abs(cf.signals[0] - cf.original.signal).max()) for cf in found)
    print(
        f"\n{source} -> {target}: {len(records)} held-back real records, "
        f"{len(asked)} not yet {target}"
    )
    print(
        f"  reached p({target}) >= 0.9: {len(reached)} of {len(asked)} "
        f"({len(reached) / len(asked):.0%})"
    )
    print(f"  of those in the first search space: {first} ({first / max(1, len(reached)):.0%})")
    print(f"  largest difference of frame 0 to the record: {zero:g} mV")
    print(f"  {seconds / max(1, len(asked)):.2f} s a record; refused: {len(refused)}")
    print("\n".join(f"    {line}" for line in refused))
    before, after = (
        cw.measure([cf.original for cf in reached]),
        cw.measure([cf.record() for cf in reached]),
    )
    print(
        f"  {'medians of those reached':<28}{'original':>10}{'counterf.':>10}{'p (Wilcoxon)':>14}"
    )
    for name in SHOWN:
        a, b = before[name].to_numpy(float), after[name].to_numpy(float)
        both = np.isfinite(a) & np.isfinite(b)
        p = (
            wilcoxon(a[both], b[both]).pvalue
            if both.sum() > 5 and (a[both] != b[both]).any()
            else np.nan
        )
        print(f"  {name:<28}{np.nanmedian(a):>10.3f}{np.nanmedian(b):>10.3f}{p:>14.2g}")
    gone = (after["p_presence"].to_numpy(float) < 0.3).mean()
    print(
        f"  P presence below 0.3 afterwards: {gone:.0%} "
        f"(before: {(before['p_presence'] < 0.3).mean():.0%})"
    )
    return reached


def contact_sheet(found: list, path: Path, count: int = 12) -> None:
    """Draw original (black) and counterfactual (red) in II and V1: a table is not all one has."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    count = min(count, len(found))
    figure, axes = plt.subplots(count, 2, figsize=(30, 1.9 * count), squeeze=False)
    time_s = np.arange(2500) / 250
    for row, cf in zip(axes, found[:: max(1, len(found) // count)], strict=False):
        for axis, lead in zip(row, ("II", "V1"), strict=True):
            axis.plot(time_s, cf.original[lead], "k", lw=0.8)
            axis.plot(time_s, cf.record()[lead], "r", lw=0.8)
            axis.set_title(f"{lead}  {cf.message}", fontsize=8)
            axis.set_xlim(0, 7)
    figure.tight_layout()
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=45)
    print(f"  drawn: {path}")


def main() -> None:
    """Both directions, with a contact sheet each."""
    if not DATA.is_dir():
        print(f"\ncounterfactuals: no real records at {DATA}, nothing measured")
        return
    for source, target in (("SR", "AF"), ("AF", "SR")):
        contact_sheet(report(source, target), SHEET.with_stem(f"{SHEET.stem}_{target}"))


if __name__ == "__main__":
    main()
