"""Every bar of counterfactuals, on real records that no recipe trained on, with the figure reached.

``python -m benchmarks counterfactuals``. Where the folder of real records that the recipes use is not
there, simulated ones are explained instead, and the title says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np
import torch

import cofe_widgets as cw
from cofe_widgets import Counterfactual, Record
from cofe_widgets.audit import CounterfactualTable, counterfactual_table

from .bench_engine import timed
from .bench_signals import Line
from .changes import amiss, contact_sheet, p_share, ripples, undrawn, zero_edit

DATA = Path("../shared/data/records")
SHEET = Path("runs/counterfactuals.png")
SHOWN = ["n", "original", "counterfactual", "change", "wilcoxon_p_holm", "t_p_holm"]
SHOWN += ["rank_biserial", "cohens_dz"]
#: What table 1 of the paper says changes, and which way.
AF_SIGNS = {"p_presence": -1, "p_amplitude_or_0_mv": -1, "rr_sd_ms": 1}
POTASSIUM_SIGNS = {"t_amplitude_mv": 1, "qrs_ms": 1}
#: Records asked for more potassium, and by how much, mmol/L.
POTASSIUM_RECORDS, POTASSIUM_STEPS = 24, (1.0, 2.0, 3.0)
LEVEL, ALPHA = 0.9, 0.05


def held_back(rhythm: str, splits: Sequence[str] = ("test",)) -> list[Record]:
    """Real records in mV of the test split (or others) with a rhythm."""
    from cofe_widgets.ecg import INDEPENDENT_LEADS
    from cofe_widgets.train.data.records import load_real

    real = load_real(DATA)
    part = real.where(np.isin(real.splits, splits) & real.millivolts & (real.rhythms == rhythm))
    return [
        Record(signal, 250, INDEPENDENT_LEADS, {"source": str(name)})
        for name, signal in zip(part.names, part.signals, strict=True)
    ]


def records_of(rhythm: str) -> list[Record]:
    """Held-back real records, or simulated ones where there are none."""
    if DATA.is_dir():
        return held_back(rhythm)
    condition = {"SR": "NSR"}.get(rhythm, rhythm)
    return [one.record for one in cw.simulate(condition, 24, seed=77, fs=250)]


def explained(
    records: Sequence[Record], target: str
) -> tuple[CounterfactualTable, list[Counterfactual]]:
    """The table of af-resnet's counterfactuals, and those that were reached."""
    f = cw.load("af-resnet")
    answers = f.predict(list(records))
    asked = [r for r, a in zip(records, answers, strict=True) if a[target] < 0.5]
    print(f"\nto {target}: {len(records)} records, {len(asked)} not yet {target}")
    found: list[Counterfactual] = []
    began = time.perf_counter()
    table = counterfactual_table(
        asked, f, target, LEVEL, each=lambda _, __, cf: found.append(cf), severities=21
    )
    seconds = (time.perf_counter() - began) / max(1, len(asked))
    print(f"  {seconds:.2f} s a record, measured and tabled")
    for row in table.outcomes[~table.outcomes.reached].itertuples():
        print(f"    {row.name}: {row.failure or row.message}")
    print(table.table.loc["towards", SHOWN].to_string(float_format="{:.3g}".format))
    print(table.spaces.to_string())
    return table, [cf for cf in found if cf.reached]


def _of(share: float, n: int) -> str:
    return f"{share:.0%} of {n}"


def reached_line(table: CounterfactualTable, bar: float) -> Line:
    """Share of those asked that got there."""
    row = table.reached.loc["towards"]
    figure = f"{int(row.reached)} of {int(row.asked)} ({row.share:.0%}, 95 % {row.low:.0%}-{row.high:.0%})"
    return Line(f"{table.target}: reached {LEVEL}", figure, f">= {bar:.0%}", row.share >= bar)


def significant(table: CounterfactualTable, signs: dict[str, int], title: str) -> list[Line]:
    """That measurements moved the right way, corrected p below 0.05 by both tests."""
    out = []
    for name, sign in signs.items():
        row = table.table.loc["towards", name]
        p = max(row.wilcoxon_p_holm, row.t_p_holm)
        figure = (
            f"median {row.original:.3g} -> {row.counterfactual:.3g}, mean {row.original_mean:.3g} -> "
            f"{row.counterfactual_mean:.3g}, p {p:.1g}"
        )
        met = bool(p < ALPHA and sign * row.change_mean > 0)
        out.append(Line(f"{title}: {name}", figure, f"p < {ALPHA}", met))
    return out


def there(table: CounterfactualTable, found: list[Counterfactual]) -> list[Line]:
    """The bars of the way from sinus rhythm to fibrillation."""
    n = len(found)
    small = table.outcomes.space[table.outcomes.reached].ne("the whole of W+").mean()
    lines = [reached_line(table, 0.98)]
    lines.append(Line("AF: in search spaces 1 or 2", _of(small, n), ">= 80%", small >= 0.8))
    answers = cw.load("af-inception").predict([cf.record() for cf in found])
    agree = float(np.mean([a["AF"] >= 0.5 for a in answers]))
    lines.append(Line("AF: af-inception agrees", _of(agree, n), ">= 80%", agree >= 0.8))
    gone = float(table.p_waves.loc["towards", "gone after"])
    seen = float(np.mean([p_share(cf.record()) < 0.3 for cf in found]))
    lines.append(Line("AF: P gone (measured, < 0.3)", _of(gone, n), ">= 80%", gone >= 0.8))
    lines.append(Line("AF: P gone (delineator, < 0.3)", _of(seen, n), ">= 80%", seen >= 0.8))
    after = table.table.loc["towards", "rr_sd_ms"].counterfactual
    lines.append(Line("AF: median RR SD", f"{after:.0f} ms", ">= 60 ms", after >= 60))
    return lines + significant(table, AF_SIGNS, "AF")


def back(table: CounterfactualTable, found: list[Counterfactual]) -> list[Line]:
    """The bars of the way from fibrillation to sinus rhythm."""
    n = len(found)
    has = float(table.p_waves.loc["towards", "there after"])
    seen = float(np.mean([p_share(cf.record()) > 0.7 for cf in found]))
    rr = table.table.loc["towards", "rr_sd_ms"]
    ratio = rr.counterfactual / rr.original
    return [
        reached_line(table, 0.95),
        Line("SR: P there (measured, > 0.7)", _of(has, n), ">= 70%", has >= 0.7),
        Line("SR: P there (delineator, > 0.7)", _of(seen, n), ">= 70%", seen >= 0.7),
        Line(
            "SR: RR variability halves",
            f"median {rr.original:.0f} -> {rr.counterfactual:.0f} ms",
            "<= 0.5 times",
            bool(ratio <= 0.5),
        ),
        *significant(table, {k: -sign for k, sign in AF_SIGNS.items()}, "SR"),
    ]


def clean(found: list[Counterfactual]) -> list[Line]:
    """No ripple, no ghosts, and nothing where nothing is asked."""
    share, wrong = ripples(found), amiss(found)
    whole = float((wrong == 0).mean())
    records = [cf.original for cf in found]
    lines = [
        Line(
            "change outside QRS above 25 Hz",
            f"median {np.nanmedian(share):.1%}, 90 % of records under {np.nanquantile(share, 0.9):.1%}",
            "<= 10%",
            bool(np.nanmedian(share) <= 0.1),
        ),
        Line("exactly the intended beats found", _of(whole, len(found)), ">= 95%", whole >= 0.95),
    ]
    for wave, left in undrawn(records).items():
        middle = float(np.nanmedian(left))
        figure = f"median {middle:.1%}, 90 % of records under {np.nanquantile(left, 0.9):.1%}"
        lines.append(Line(f"{wave}: energy left in the residual", figure, "<= 20%", middle <= 0.2))
    worst = zero_edit(records[:16])
    lines.append(Line("zero edit, largest difference", f"{worst:.1e} mV", "<= 1e-5", worst <= 1e-5))
    frame = max(float(np.abs(cf.signals[0] - cf.original.signal).max()) for cf in found)
    lines.append(Line("frame 0 to the record", f"{frame:g} mV", "0", frame == 0))
    return lines


def potassium(records: list[Record]) -> list[Line]:
    """T and QRS of records asked for more and more potassium."""
    if "potassium-resnet" not in cw.available().index:
        return [Line("potassium", "no model is shipped", "", False)]
    f, lines = cw.load("potassium-resnet"), []
    changes: dict[str, list[float]] = {name: [0.0] for name in POTASSIUM_SIGNS}
    for step in POTASSIUM_STEPS:
        table = counterfactual_table(records, f, f.outputs[0], by=step)
        row = table.reached.loc["towards"]
        print(f"\npotassium +{step:g} mmol/L: {table!r}")
        print(table.table.loc["towards", SHOWN].to_string(float_format="{:.3g}".format))
        print(table.spaces.to_string())
        lines.append(Line(f"K +{step:g}: reached", _of(row.share, int(row.asked)), "", None))
        lines += significant(table, POTASSIUM_SIGNS, f"K +{step:g}")
        for name, values in changes.items():
            values.append(float(table.table.loc["towards", name].change_mean))
    for name, values in changes.items():
        figure = " -> ".join(f"{value:+.3g}" for value in values[1:])
        rises = bool((np.diff(values) > 0).all())
        lines.append(Line(f"K: mean change of {name}", figure, "rises each time", rises))
    return lines


def _line_ms(name: str, work: Callable[[], object], times: int, bar_s: float) -> Line:
    seconds = timed(work, times)
    unit = 1000 if bar_s < 1 else 1
    word = "ms" if bar_s < 1 else "s"
    figure = f"{unit * seconds:.3g} {word}"
    return Line(name, figure, f"<= {unit * bar_s:g} {word}", seconds <= bar_s)


def speed(records: list[Record], hundred: list[Record]) -> list[Line]:
    """From loaded records; medians."""
    from cofe_widgets.generative.inversion import expansion, invert
    from cofe_widgets.generative.networks import networks

    f = cw.load("af-resnet")
    latent = invert(records[:1]).latent

    def synthesis() -> None:
        with torch.no_grad():
            expansion() @ networks().generator(latent)

    def direction(record: Record) -> None:
        cw.counterfactual(record, f, "AF", method="direction", severities=2)

    few = records[:8]
    first = [timed(lambda one=one: direction(one), 1) for one in few]
    whole = [timed(lambda one=one: cw.counterfactual(one, f, "AF"), 1) for one in few]
    began = time.perf_counter()
    cw.counterfactual(hundred, f, "AF")
    batch = time.perf_counter() - began
    return [
        _line_ms("one synthesis", synthesis, 30, 0.015),
        Line(
            "encode + first by direction",
            f"{1000 * median(first):.0f} ms",
            "<= 150 ms",
            median(first) <= 0.15,
        ),
        Line("path of 21 severities", f"{median(whole):.2f} s", "<= 1.5 s", median(whole) <= 1.5),
        Line(f"{len(hundred)} records in a batch", f"{batch:.0f} s", "<= 60 s", batch <= 60),
    ]


def _said(lines: list[Line]) -> list[Line]:
    """The lines, printed as soon as they are known."""
    print("\n".join(map(str, lines)), flush=True)
    return lines


def main() -> None:
    """Both directions with a contact sheet each, potassium, the clock; then every bar again."""
    kind = "held-back real records" if DATA.is_dir() else "SIMULATED records: no real ones here"
    print(f"\ncounterfactuals of {kind}, {torch.get_num_threads()} threads")
    lines, shown = [], []
    for source, target, bars in (("SR", "AF", there), ("AF", "SR", back)):
        table, found = explained(records_of(source), target)
        contact_sheet(found, SHEET.with_stem(f"{SHEET.stem}_{target}"))
        lines += _said(bars(table, found))
        shown.append(found)
    lines += _said(clean([*shown[0], *shown[1]]))
    asked = [cf.original for cf in shown[0]]
    lines += _said(potassium(asked[:POTASSIUM_RECORDS]))
    lines += _said(speed(asked, (asked * (1 + 100 // len(asked)))[:100]))
    print("\nevery bar")
    print("\n".join(map(str, lines)))
    print(f"  {sum(line.met is False for line in lines)} not met")


if __name__ == "__main__":
    main()
