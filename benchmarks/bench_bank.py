"""The experiments of Arends et al. 2025 on a bank of median-beat models: do attribution maps agree?

``python -m benchmarks bank``, after ``cofe-widgets train median-beat-bank`` has filled ``runs/bank``:
similarity of methods on one model (experiment 1), of one method over models that differ in their seed
alone (experiment 2), dependence on the weights (3) and perturbation (4) of the models in ``--judged``,
beside the paper's figures. ``--records 40`` for more ECGs of each diagnosis,
``--seconds 60`` for methods that take longer, ``--methods``, ``--classes``, ``--folder`` for some.
Tables and pictures go to ``runs/bank-*``.
"""

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import cofe_widgets as cw
from cofe_widgets import Predictor, Record
from cofe_widgets.audit.scorecards.similarity import inter_method, self_consistency
from cofe_widgets.ecg import INDEPENDENT_LEADS
from cofe_widgets.errors import EcgError, ExplainError
from cofe_widgets.report.figures.matrix import matrix_svg
from cofe_widgets.train.data.records import load_real
from cofe_widgets.train.recipes.multilabel import OUTPUTS, truth_of
from cofe_widgets.wrapper.records import beat_record

from .bench_counterfactuals import DATA
from .bench_specificity import took
from .lesson import keep

FOLDER = Path("runs/bank")
RECORDS, SEED, SECONDS = 8, 41, 10.0
#: No method is compared on fewer.
LEAST = 4
RANDOM, SIGNAL = "random", "|signal|"
#: How likeness is measured: captum's Saliency, which the paper used, gives magnitudes unless told not
#: to, so that its figures for saliency and SmoothGrad are those of |maps|.
KINDS = {
    "pearson": ("Pearson", False),
    "pearson |map|": ("Pearson of magnitudes", True),
    "spearman": ("Spearman", False),
}
#: Of the paper, over its nine classes and ten seeds.
OF_PAPER = {"guided_gradcam": 0.29, "smoothgrad": 0.82}
BETWEEN = "similarity of methods, mean of classes and seeds"
WITHIN = "self-consistency of methods over seeds"
CHECKS = ("randomisation_pearson", "randomisation_spearman", "perturbation", "beat_infill")
SAID_OF_WEIGHTS = (
    "the paper: correlation with the map of a random model falls to about 0 for all but saliency, "
    "SmoothGrad and guided backpropagation; AUROC after perturbing the top 30 %: 0.50 SmoothGrad, 0.65 "
    "DeepLIFT SHAP, input x gradient and saliency, 0.75 most others, 0.92 GradCAM"
)
SAID = (
    "the paper: self-consistency 0.29 (SD 0.28, guided GradCAM) to 0.82 (0.12, SmoothGrad), all "
    "methods 0.52 (0.14); by class 0.54 (LQRSV, LVH) to 0.62 (first-degree AV block). Between methods "
    "0.34 to 0.96 among those with a baseline (IG SmoothGrad and GradientSHAP 0.96), under 0.10 "
    "among CAMs, guided backpropagation and guided GradCAM 0.37"
)


def models(folder: Path, classes: Sequence[str]) -> dict[str, list[Predictor]]:
    """The bank's models by diagnosis, in the order of their seeds, asked about beats as they are."""
    out = defaultdict(list)
    for path in sorted(folder.glob("*.safetensors")):
        f = cw.load(path)
        if f.outputs[0] in classes:
            same = cw.wrap(
                f.module, fs=f.fs, seconds=f.seconds, leads=f.leads, outputs=f.outputs,
                output="sigmoid", name=f.name,
            )  # fmt: skip
            same.card = f.card
            out[f.outputs[0]].append(same)
    return {name: out[name] for name in classes if name in out}


def subjects(n: int, simulated: bool) -> dict[str, list[Record]]:
    """Median beats by diagnosis, half with it and half without: of the test split, or simulated."""
    beats: list[Record] = []
    if DATA.is_dir() and not simulated:
        real = load_real(DATA)
        real = real.where(real.splits == "test")
        every = [Record(one, 250, INDEPENDENT_LEADS) for one in real.signals]
        told = zip(real.labels.tolist(), real.datasets.tolist(), real.millivolts, strict=True)
        truth = np.array([truth_of(*one) for one in told])
    else:
        made = [one for code in OUTPUTS for one in cw.simulate(code, 2 * n, seed=SEED, fs=250)]
        every = [one.record.select(INDEPENDENT_LEADS) for one in made]
        truth = np.repeat(np.eye(len(OUTPUTS)), 2 * n, axis=0)
    rng = np.random.default_rng(SEED)
    out = {}
    for column, name in enumerate(OUTPUTS):
        chosen = []
        for kind in (1, 0):
            beats = []
            for k in rng.permutation(np.flatnonzero(truth[:, column] == kind)):
                try:
                    beat = beat_record(every[k])
                except EcgError:
                    continue
                if beat.leads == INDEPENDENT_LEADS:
                    beats.append(beat)
                if len(beats) == n // 2:
                    break
            chosen += beats
        out[name] = chosen
    return out


def maps(f: Predictor, records: list[Record], method: str) -> np.ndarray:
    """Maps ``(n, 8, 600)`` of a method, or of one that does not know the model."""
    shape = (len(records), len(f.leads), f.samples)
    if method == RANDOM:
        return np.random.default_rng(int(f.weight_hash[:8], 16)).standard_normal(shape)
    if method == SIGNAL:
        return np.stack([np.abs(one.signal[:, : f.samples]) for one in records])
    made = cw.attribute(records, f, f.outputs[0], method)
    return np.stack([one.values for one in made])


def affordable(
    f: Predictor, records: list[Record], methods: Sequence[str], seconds: float
) -> list[str]:
    """The methods that explain the records of one model within so many seconds; says who does not."""
    out = []
    for name in methods:
        try:
            each = took(lambda one=name: maps(f, records[:1], one), seconds / 50)
        except ExplainError as error:
            print(f"  {name}: refused: {error}")
            continue
        if len(records) * each > seconds:
            said = f"left out: {len(records) * each:.0f} s a model; --seconds gives it time"
            print(f"  {name}: {said}")
            continue
        out.append(name)
    return out


def compared(
    bank: dict[str, list[Predictor]],
    records: dict[str, list[Record]],
    methods: Sequence[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Experiment 1, a row for each class, seed and two methods; experiment 2, one a class and method.

    Both as means over the ECGs, with the standard deviation over them.
    """
    between, within = [], []
    for name, seeds in bank.items():
        found = np.stack([[maps(f, records[name], m) for m in methods] for f in seeds])
        for kind, (_, magnitudes) in KINDS.items():
            shown = np.abs(found) if magnitudes else found
            correlation = kind.split()[0]
            for seed, of_model in enumerate(shown):
                alike = inter_method(of_model, correlation)
                for i in range(len(methods)):
                    for j in range(i + 1, len(methods)):
                        pair = {"class": name, "seed": seed, "a": methods[i], "b": methods[j]}
                        between.append(pair | {"kind": kind, "r": np.nanmean(alike[i, j])})
            for k, method in enumerate(methods):
                score = self_consistency(shown[:, k], correlation)
                about = {"class": name, "method": method, "kind": kind, "models": len(seeds)}
                within.append(about | {"r": np.nanmean(score), "sd": np.nanstd(score)})
        print(f"  {name}: {len(seeds)} models, {len(records[name])} median beats", flush=True)
    return pd.DataFrame(between), pd.DataFrame(within)


def square(between: pd.DataFrame, methods: Sequence[str], kind: str) -> pd.DataFrame:
    """Means over classes and seeds of every two methods."""
    mean = between[between.kind == kind].groupby(["a", "b"]).r.mean()
    out = pd.DataFrame(np.eye(len(methods)), list(methods), list(methods))
    for (a, b), value in mean.items():
        out.loc[a, b] = out.loc[b, a] = value
    return out


def discrimination(bank: dict[str, list[Predictor]]) -> pd.DataFrame:
    """What the cards say of each class's models on the test split and on simulated hearts."""
    rows = {}
    for name, seeds in bank.items():
        row: dict[str, object] = {"models": len(seeds)}
        for where in ("test", "simulated"):
            told = [
                (key, value) for f in seeds for key, value in f.card["metrics"].items()
                if key.startswith(where)
            ]  # fmt: skip
            areas = [float(re.search(r"AUROC (\S+)", value)[1]) for _, value in told]  # type: ignore[index]
            row[f"{where} AUROC"] = ", ".join(f"{area:.3f}" for area in areas)
            if told and where == "test":
                row["of"] = told[0][0].rpartition(", ")[2]
                row["interval of seed 0"] = told[0][1].split("(")[1].split(")")[0]
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index")


def judged(f: Predictor, records: list[Record], methods: Sequence[str]) -> pd.DataFrame:
    """Experiments 3 and 4, a column a check; "*" where a method beats every dummy, or its bar."""
    card = cw.scorecard(f, records, list(methods), f.outputs[0], CHECKS)
    frame = card.to_frame()
    frame["shown"] = [
        "-" if np.isnan(one.value) else f"{one.value:.2f}{'*' if one.beats is True else ''}"
        for one in frame.itertuples()
    ]
    order = list(dict.fromkeys(frame.method))
    return frame.pivot(index="method", columns="check", values="shown").reindex(order)


def main(given: Sequence[str] = ()) -> None:
    parser = ArgumentParser(prog="python -m benchmarks bank")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--records", type=int, default=RECORDS, help="ECGs of each diagnosis")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="most for a model and method"
    )
    parser.add_argument("--methods", nargs="+", default=list(cw.ATTRIBUTION_METHODS))
    parser.add_argument("--classes", nargs="+", default=list(OUTPUTS))
    parser.add_argument(
        "--simulated", action="store_true", help="simulated hearts, no real records"
    )
    parser.add_argument("--judged", nargs="*", default=["AF", "LBBB"], help="experiments 3 and 4")
    parser.add_argument("--save", action="store_true", help="for notebook 04")
    options = parser.parse_args(list(given))
    bank = {k: v for k, v in models(options.folder, options.classes).items() if len(v) > 1}
    if not bank:
        print(
            f"no two models of one diagnosis in {options.folder}: cofe-widgets train "
            "median-beat-bank --run runs/bank makes them"
        )
        return
    print("The bank: AUROC of each seed")
    print(discrimination(bank).to_string())
    records = subjects(options.records, options.simulated)
    short = [name for name in bank if len(records[name]) < LEAST]
    for name in short:
        print(f"  {name}: only {len(records[name])} median beats in the test split: left out")
        del bank[name]
    first = next(iter(bank))
    methods = affordable(bank[first][0], records[first], options.methods, options.seconds)
    methods += [RANDOM, SIGNAL]
    between, within = compared(bank, records, methods)
    for kind, (title, _) in KINDS.items():
        alike = square(between, methods, kind)
        print(f"\nexperiment 1, similarity of methods ({title}; mean of classes and seeds)")
        print(alike.round(2).to_string())
        own = within[within.kind == kind].pivot(index="method", columns="class", values="r")
        own = own.reindex(index=methods, columns=list(bank))
        own.insert(0, "mean", own.mean(axis=1))
        own.insert(1, "SD", own[list(bank)].std(axis=1))
        own.insert(2, "paper", [OF_PAPER.get(name, np.nan) for name in methods])
        print(f"\nexperiment 2, self-consistency over seeds ({title})")
        print(own.round(2).to_string())
        shown = own.drop(columns=["SD", "paper"])
        name = kind.replace(" |map|", "-magnitudes")
        Path(f"runs/bank-methods-{name}.svg").write_text(
            matrix_svg(alike.to_numpy(), methods, methods, f"{BETWEEN}: {title} r")
        )
        Path(f"runs/bank-seeds-{name}.svg").write_text(
            matrix_svg(shown.to_numpy(), methods, list(shown.columns), f"{WITHIN}: {title} r")
        )
    print(SAID)
    between.to_csv("runs/bank-between.csv", index=False)
    within.to_csv("runs/bank-within.csv", index=False)
    for name in [one for one in options.judged if one in bank]:
        print(f"\nexperiments 3 and 4, of a model of {name} (dummies below)")
        print(judged(bank[name][0], records[name], methods[:-2]).to_string(na_rep="-"))
    print(SAID_OF_WEIGHTS)
    print("tables and pictures in runs/bank-*")
    if options.save:
        own = within[within.kind == "pearson"].pivot(index="method", columns="class", values="r")
        own.insert(0, "mean", own.mean(axis=1))
        count = sum(map(len, bank.values()))
        about = f"{count} models of {len(bank)} diagnoses, {options.records} median beats each"
        keep("bank", [about, SAID], own.reindex(methods), Path("runs/bank-methods-pearson.svg"))


if __name__ == "__main__":
    main()
