"""Concepts: do they score where they are the cause, and how long does it take?

``python -m benchmarks concepts``: the speed on 500 simulated records, then ten networks whose cause is known
(`planted_concepts`). ``--only LBBB AF`` for some of them, ``--features flat`` for unpooled layers,
``--speed`` or ``--planted`` for one table alone. ``--real`` draws nine-resnet's grid on real records of the
training and validation splits, where there are any, into ``runs/concepts/``.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import cofe_widgets as cw
from cofe_widgets import Predictor, Record
from cofe_widgets.explain.concepts import TABLE_1, ConceptScores

from .bench_counterfactuals import DATA
from .bench_signals import Line
from .planted_concepts import PAIRS, accuracy, hearts, trained

SPEED_RECORDS, SPEED_S = 500, 60.0
#: Conditions of the records for the speed: five classes of nine-resnet.
SPEED_CLASSES = ("NSR", "AF", "LBBB", "LQRSV", "LVH")
PLANTED_RECORDS, SEVERITY, SEED = 160, 0.8, 31
#: An effect of less than this share of the cause's is none.
LEAST_SHARE = 0.1
OUT = Path("runs/concepts")


def speed() -> Line:
    """10 CAVs x 6 layers x 5 classes on 500 records."""
    share = SPEED_RECORDS // len(SPEED_CLASSES)
    some = [one.record for code in SPEED_CLASSES for one in cw.simulate(code, share, SEED, fs=250)]
    f = cw.load("nine-resnet")
    began, worked = time.perf_counter(), time.process_time()
    judged = 0.0
    for step in cw.concepts.steps(some, f, classes=SPEED_CLASSES, causal=0):
        if step.message == "which records have a concept":
            judged = time.perf_counter() - began
    took, worked = time.perf_counter() - began, time.process_time() - worked
    assert step.result is not None
    shape = step.result.scores.shape
    print(f"  {len(some)} records; models, CAVs, concepts with dummies, layers, classes: {shape}")
    print(f"  {judged:.1f} s to judge the records by rules, {took - judged:.1f} s for the rest")
    print(
        f"  {worked:.0f} s of processor time in all, which other work on the machine does not lengthen"
    )
    name = "10 CAVs x 6 layers x 5 classes x 5 concepts and 10 dummies, 500 records"
    return Line(name, f"{took:.0f} s", f"<= {SPEED_S:.0f} s", took <= SPEED_S)


def planted(condition: str, features: str, direction: str, models: int = 1) -> dict[str, object]:
    """One network: what the concept of its cause scores, and what that of the nuisance does.

    A concept scores where it has a star for the class in half of the layers or more, and in more than against
    it, and its effect (median over layers) is a tenth or more of the cause's. ``strict`` asks more: no layer
    against the cause, and stars for the nuisance in fewer than half of the layers, however small its effect.
    """
    nuisance = PAIRS[condition]
    fs: list[Predictor] = [trained(condition, nuisance, seed) for seed in range(models)]
    some = hearts(condition, nuisance, PLANTED_RECORDS, SEED)
    asked = [f"{condition}@{SEVERITY}", f"{nuisance}@{SEVERITY}"]
    scores = cw.concepts(some.records, fs, asked, features=features, direction=direction)
    right, wrong = (_row(scores, k) for k in (0, 1))
    of = len(scores.layers)
    return {
        "cause": condition,
        "nuisance": nuisance,
        "told": np.mean([accuracy(f, some) for f in fs]),
        "layers": of,
        "cause +": right["up"],
        "cause -": right["down"],
        "cause effect": right["effect"],
        "cause twins": right["change"],
        "nuisance +": wrong["up"],
        "nuisance -": wrong["down"],
        "nuisance effect": wrong["effect"],
        "nuisance twins": wrong["change"],
        "dummies": scores.dummy_stars["rate"],
        "passes": _scores(right, of, right) and not _scores(wrong, of, right),
        "strict": bool(right["up"] >= of / 2 and right["down"] == 0 and wrong["up"] < of / 2),
    }


def _scores(row: dict[str, float], layers: int, cause: dict[str, float]) -> bool:
    enough = row["effect"] > 0 and row["effect"] >= LEAST_SHARE * cause["effect"]
    return bool(row["up"] >= layers / 2 and row["up"] > row["down"] and enough)


def _shown(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _row(scores: ConceptScores, k: int) -> dict[str, float]:
    """Layers with a star, for and against, and what the twins say."""
    stars, middle = scores.stars[k, :, 0], scores.quartiles[1, k, :, 0]
    change = float(scores.causal.change.iloc[k])
    return {
        "up": int((stars & (middle > 0.5)).sum()),
        "down": int((stars & (middle < 0.5)).sum()),
        "effect": float(np.median(scores.effects[k, :, 0])),
        "change": change,
    }


def real_records() -> tuple[list[Record], list[tuple[str, ...]]]:
    """Real records in mV of the training and validation splits, with their labels, age and sex."""
    import csv

    from cofe_widgets.ecg import INDEPENDENT_LEADS
    from cofe_widgets.train.data.records import load_real

    with (DATA / "labels.csv").open(newline="") as file:
        about = {row["record"]: row for row in csv.DictReader(file)}
    real = load_real(DATA)
    some = real.where(
        np.isin(real.splits, ("train", "val")) & real.millivolts & (real.labels != "")
    )
    records, labels = [], []
    for name, signal, said in zip(some.names, some.signals, some.labels, strict=True):
        row = about.get(str(name), {})
        meta: dict[str, object] = {"source": "recording"}
        if (row.get("age") or "").replace(".", "", 1).isdigit():
            meta["age"] = float(row["age"])
        if row.get("sex") in ("F", "M"):
            meta["sex"] = row["sex"]
        records.append(Record(signal, 250, INDEPENDENT_LEADS, meta))
        labels.append(tuple(str(said).split(";")))
    return records, labels


def real(features: str, direction: str) -> None:
    """Nine-resnet on real records: the grid, its words and the causal check."""
    records, labels = real_records()
    f = cw.load("nine-resnet")
    concepts = [*TABLE_1, "LI-LVH", "RS-LVH", "a long PR interval", "low QRS voltage",
                "irregular RR intervals", "no P waves"]  # fmt: skip
    scores = cw.concepts(
        records, f, concepts, labels=labels, features=features, direction=direction
    )
    OUT.mkdir(parents=True, exist_ok=True)
    scores.save(OUT / f"nine-resnet-real-{direction}.cofe")
    for what in ("grid", "correlation"):
        (OUT / f"nine-resnet-real-{direction}-{what}.svg").write_text(scores.figure(what), "utf-8")
    print(scores.words())
    print(scores.concepts.to_string())
    print(scores.causal[scores.causal.records > 0].to_string())
    print(scores.failed.reason.str.slice(0, 60).value_counts().to_string())


def _options(given: Sequence[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m benchmarks concepts", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(PAIRS), default=list(PAIRS))
    parser.add_argument("--features", choices=["pooled", "flat"], default="pooled")
    parser.add_argument("--direction", choices=["classifier", "pattern"], default="classifier")
    parser.add_argument("--models", type=int, default=1, help="initialisations of each network")
    parser.add_argument("--speed", action="store_true", help="the speed alone")
    parser.add_argument("--planted", action="store_true", help="the planted networks alone")
    parser.add_argument("--real", action="store_true", help="nine-resnet on real records alone")
    return parser.parse_args(list(given))


def main(given: Sequence[str] = ()) -> None:
    """Print the tables."""
    options = _options(given)
    if options.real:
        if DATA.is_dir():
            real(options.features, options.direction)
        else:
            print(f"no real records in {DATA}: skipped")
        return
    if not options.planted:
        print("\nconcepts of nine-resnet, simulated records")
        print(speed())
    if options.speed:
        return
    how = f"{options.features}, {options.direction}"
    print(f"\nnetworks whose cause is known ({how}): layers with a star, for (+) and against (-)")
    rows = []
    for condition in options.only:
        rows.append(planted(condition, options.features, options.direction, options.models))
        print("  " + "  ".join(f"{k} {_shown(v)}" for k, v in rows[-1].items()), flush=True)
    for word in ("passes", "strict"):
        passed = sum(bool(row[word]) for row in rows)
        name = f"cause scores, nuisance not ({word})"
        print(Line(name, f"{passed} of {len(rows)}", "all", passed == len(rows)))
    for what in ("cause", "nuisance"):
        same = sum(row[f"{what} effect"] * row[f"{what} twins"] > 0 for row in rows)  # type: ignore[operator]
        print(Line(f"effect of the {what} has the twins' sign", f"{same} of {len(rows)}"))


if __name__ == "__main__":
    main()
