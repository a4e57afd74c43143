"""Recipe: serum potassium from the ECG (``cofe-widgets train potassium``).

Mean squared error in mmol/L. No open set of recordings with potassium is at hand, so what ships
learned from simulated hearts alone: any level in any heart, so that a bundle branch block is no
hyperkalaemia. Smaller adversarial steps (``--adversarial-rms-uv``) make it more accurate and its
counterfactuals less true (notebook 03, section 7). ``--pairs`` adds measured pairs, e.g. of MIMIC-IV:
a CSV with the columns ``record`` (name or path of a record under ``--data``) and
``potassium_mmol_l``, and ``patient`` if known.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...ecg import expand_matrix
from ...simulate import draw
from ...steps import Step
from ..core import card, loop, metrics
from ..core.options import start
from ..core.progress import follow
from ..data.condition_sampling import combine
from ..data.examples import Changes, Examples, augment
from ..data.records import RealRecords, split_of

OUTPUTS = ("potassium_mmol_l",)
LOWEST, HIGHEST = 2.5, 8.0
#: What else ails the hearts, menu by menu.
MENUS = (
    {"SB": 0.08, "STach": 0.12, "SA": 0.10, "AF": 0.15, "MoI": 0.02},
    {"IAVB": 0.10},
    {"PAC": 0.06},
    {"PVC": 0.06},
    {"LBBB": 0.12, "RBBB": 0.12},
    {"LAFB": 0.06},
    {"LVH": 0.14, "LQRSV": 0.08},
    {"AMI": 0.04, "IMI": 0.05, "SMI": 0.03},
    {"STEMI_A": 0.03, "STEMI_I": 0.03, "STEMI_L": 0.02},
    {"LQT": 0.06},
)
#: T height and QRS width are what potassium changes: gain and tempo are changed less here.
CHANGES = Changes(gain=1.2, tempo=0.97)
#: Simulated hearts that decide when training stops, and on which it is judged at the end.
HELD, JUDGED = 480, 960
#: Simulated hearts that are shown at every potassium, and under every other condition.
TWINS = 48
_BANDS = ((2.5, 3.5), (3.5, 5.2), (5.2, 6.5), (6.5, 8.0))


def simulated(n: int, seed: int) -> Examples:
    """Twelve-lead hearts at any potassium from 2.5 to 8 mmol/L."""
    rng = np.random.default_rng(seed)
    names = ["+".join(codes) for codes in combine(rng, n, MENUS)]
    level = rng.uniform(LOWEST, HIGHEST, n).astype(np.float32)
    made = draw(
        names,
        int(rng.integers(2**31)),
        noise=float(rng.uniform(0.5, 2.0)),
        variety=0.8,
        potassium=level,
    )
    return Examples(expand_matrix() @ made.signals, level[:, None], np.arange(n).astype(str))


def load_pairs(path: Path, real: RealRecords) -> dict[str, Examples]:
    """Records with a measured potassium, by split (whole patients in one).

    Parameters
    ----------
    path : Path
        CSV with ``record``, ``potassium_mmol_l`` and, if known, ``patient`` (else that of ``real``).

    Raises
    ------
    ValueError
        When a column is missing, or no row is a record of ``real`` with a potassium of 1.5-10.
    """
    with path.open(newline="") as lines:
        reader = csv.DictReader(lines)
        missing = {"record", "potassium_mmol_l"} - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f"{path.name} has no column {' and '.join(sorted(missing))}")
        rows = list(reader)
    place = {name: k for k, name in enumerate(real.names.tolist())}
    found, unknown, odd = [], 0, 0
    for row in rows:
        k = place.get(Path(row["record"]).name.removesuffix(".hea"))
        try:
            value = float(row["potassium_mmol_l"])
        except ValueError:
            value = float("nan")
        if k is None:
            unknown += 1
        elif not 1.5 <= value <= 10:
            odd += 1
        else:
            found.append((k, value, row.get("patient") or str(real.patients[k])))
    print(
        f"{len(found)} of {len(rows)} pairs used; {unknown} name no record of the folder, "
        f"{odd} give no potassium between 1.5 and 10 mmol/L",
        flush=True,
    )
    if not found:
        raise ValueError(
            f"{path.name} pairs no record of the folder with a potassium in mmol/L: the column "
            f"'record' should hold names such as {real.names[0] if len(real) else '40689238'}"
        )
    index = np.array([k for k, _, _ in found])
    level = np.array([value for _, value, _ in found], np.float32)[:, None]
    patients = np.array([patient for _, _, patient in found])
    splits = np.array([split_of(patient) for patient in patients])
    every = Examples(expand_matrix() @ real.signals[index], level, patients)
    return {split: every.where(splits == split) for split in ("train", "val", "test")}


class Batches:
    """Batches of ECGs and their potassium: simulated, or half of them measured pairs."""

    def __init__(self, pairs: Examples | None) -> None:
        self.pairs = pairs
        if pairs is not None:  # rare levels as often as common ones, but none more than tenfold
            level = pairs.truth[:, 0]
            near = np.abs(level[:, None] - np.arange(1.5, 10.5, 0.5)).argmin(axis=1)
            count = np.bincount(near, minlength=18)[near]
            self.weight = 1 / np.maximum(count, count.max() / 10)
            self.weight /= self.weight.sum()

    def __call__(self, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor]:
        """``(size, 12, 2500)`` augmented mV and truth ``(size, 1)`` in mmol/L."""
        n_real = size // 2 if self.pairs is not None else 0
        made = simulated(size - n_real, int(rng.integers(2**31)))
        signals, level = made.signals, made.truth
        if self.pairs is not None:
            rows = rng.choice(len(self.pairs), n_real, p=self.weight)
            signals = np.concatenate((signals, self.pairs.signals[rows]))
            level = np.concatenate((level, self.pairs.truth[rows]))
        return augment(torch.from_numpy(signals), rng, CHANGES), torch.from_numpy(level)


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The recipe's options from the words of a command line."""
    parser = argparse.ArgumentParser(prog="cofe-widgets train potassium", description=__doc__)
    loop.add_recipe_options(parser, "potassium", 1500)
    parser.add_argument("--pairs", type=Path, help="CSV: record, potassium_mmol_l")
    return loop.settled(parser.parse_args(argv), "potassium")


def steps(options: argparse.Namespace) -> Iterator[Step[Any]]:
    """Train, stop early, evaluate, write weights and card."""
    yield Step(0.0, f"reading {options.data}")
    real = start(options)
    pairs = None
    if options.pairs is not None:
        if real is None:
            raise ValueError(f"--pairs needs the records beside it: {options.data} is no folder")
        pairs = load_pairs(options.pairs, real)
        for split, part in pairs.items():
            if len(part) < 2:
                raise ValueError(f"{len(part)} pairs fall into the {split} split: more are needed")
    held = pairs["val"] if pairs else simulated(HELD, options.seed + 999)
    batches = Batches(pairs["train"] if pairs else None)
    task = loop.Task(OUTPUTS, "linear", batches, held)
    trained = yield from loop.train(task, options)
    if trained is not None:
        command = "cofe-widgets train potassium" + (" --pairs ..." if pairs else "")
        about = _card(trained.model, real, pairs, options)
        yield card.ship(trained, task, options, command, about)


def main(argv: list[str] | None = None) -> None:
    """Run the recipe from a command line."""
    options = parse(argv)
    follow(steps(options), options.run.name)


# -- judging --------------------------------------------------------------------------------------


def regression(model: nn.Module, held: Examples) -> dict[str, str]:
    """Errors with 95 % intervals by patient, all in mmol/L."""
    answer = metrics.raw_outputs(model, held.signals).double().numpy()[:, 0]
    level = held.truth[:, 0].astype(float)
    error = answer - level
    low, high = metrics.interval(lambda rows: float(np.abs(error[rows]).mean()), held.patients)
    spread = float(np.var(level))
    out = {
        "mean absolute error": f"{np.abs(error).mean():.2f} ({low:.2f}-{high:.2f}) mmol/L of {len(held)}",
        "R2": f"{1 - np.mean(error**2) / spread:.2f}" if spread else "one level only",
    }
    for start_at, stop in _BANDS:
        here = (level >= start_at) & (level < stop)
        if here.any():
            out[f"{start_at:g}-{stop:g} mmol/L: bias, mean absolute error"] = (
                f"{error[here].mean():+.2f}, {np.abs(error[here]).mean():.2f} of {int(here.sum())}"
            )
    return out


def steadiness(model: nn.Module, signals: np.ndarray) -> dict[str, str]:
    """How far the answer moves under white noise and by one adversarial step, medians in mmol/L."""
    model.eval()
    x = torch.from_numpy(signals)
    still = metrics.raw_outputs(model, x)[:, 0]

    def moved(changed: Tensor) -> float:
        return float((metrics.raw_outputs(model, changed)[:, 0] - still).abs().median())

    slope = metrics.unit(metrics.slopes(model, x, "linear", 0))
    noise = [f"{uv} uV {moved(metrics.noisy(x, uv)):.2f}" for uv in (25, 50, 100)]
    steps = [f"{uv} uV {moved(x + uv / 1000 * slope):.2f}" for uv in (5, 10, 20)]
    return {
        "answer moved by white noise, median mmol/L": ", ".join(noise),
        "answer moved by an adversarial step (RMS), median mmol/L": ", ".join(steps),
    }


def twins(model: nn.Module, seed: int) -> dict[str, str]:
    """Answers to the same hearts at rising potassium."""
    levels = np.arange(2.5, 8.01, 0.5)
    answers = np.stack(
        [
            metrics.raw_outputs(
                model, expand_matrix() @ draw(["NSR"] * TWINS, seed, potassium=k).signals
            )[:, 0].numpy()
            for k in levels
        ]
    )
    high = np.diff(answers[levels >= 5.5], axis=0) > 0
    said = ", ".join(f"{k:g}: {v:.1f}" for k, v in zip(levels, answers.mean(axis=1), strict=True))
    return {
        f"twins: mean answer to {TWINS} simulated hearts at a potassium of": said,
        "twins: half steps from 5.5 mmol/L up that raise the answer": f"{high.mean():.0%}",
    }


def others(model: nn.Module, seed: int) -> dict[str, str]:
    """Simulated hearts of normal potassium: what is taken for a disorder of it."""
    said = []
    for code in ("NSR", "AF", "LBBB", "RBBB", "LVH", "STEMI_A", "AMI"):
        made = draw([code] * TWINS, seed, potassium=4.2)
        answer = metrics.raw_outputs(model, expand_matrix() @ made.signals)[:, 0].numpy()
        said.append(f"{code} {np.mean(answer):.1f} ({(answer > 5.5).mean():.0%} over 5.5)")
    return {"simulated hearts at 4.2 mmol/L: mean answer": ", ".join(said)}


def recordings(model: nn.Module, real: RealRecords) -> dict[str, str]:
    """What the model says of real records, whose potassium nobody knows."""
    held = real.where((real.splits != "train") & real.millivolts)
    codes = [set(labels.split(";")) for labels in held.labels.tolist()]
    out = {}
    for name, wanted in (("sinus rhythm", {"NSR", "NORM"}), ("LBBB", {"LBBB"}), ("LVH", {"LVH"})):
        rows = np.array([bool(have & wanted) for have in codes], bool)
        if rows.sum() < 3:
            continue
        answer = metrics.raw_outputs(model, expand_matrix() @ held.signals[rows])[:, 0].numpy()
        low, middle, high = np.percentile(answer, [5, 50, 95])
        out[f"held-back real records, {name}: answer"] = (
            f"median {middle:.1f} (5 to 95 %: {low:.1f} to {high:.1f}) of {int(rows.sum())}, "
            f"{(answer > 5.5).mean():.0%} over 5.5"
        )
    return out


def _card(
    model: nn.Module,
    real: RealRecords | None,
    pairs: dict[str, Examples] | None,
    options: argparse.Namespace,
) -> dict[str, Any]:
    """What the model is; the test split is read here, once."""
    metrics: dict[str, str] = {}
    made = simulated(JUDGED, options.seed + 4999)
    parts = {"simulated, never seen": made}
    if pairs:
        parts |= {"val": pairs["val"], "test": pairs["test"]}
    for name, part in parts.items():
        metrics |= {f"{name}: {k}": v for k, v in regression(model, part).items()}
    metrics |= twins(model, options.seed + 5999) | others(model, options.seed + 6999)
    metrics |= steadiness(model, made.signals[:192])
    if real is not None:
        metrics |= recordings(model, real)
    simulated_words = (
        "simulated hearts (cofe_widgets.simulate) at 2.5 to 8 mmol/L under rhythms, blocks, voltages, "
        "infarctions, acute ST elevation and long QT"
    )
    if pairs:
        summary = "Serum potassium from the ECG, trained on measured pairs and simulated ECGs"
        data = (
            f"half {simulated_words}, half {len(pairs['train'])} measured pairs of the folder given"
        )
    else:
        summary = (
            "Trained on simulated ECGs only, because no open potassium labels exist here: serum "
            "potassium from the ECG"
        )
        data = f"only {simulated_words}"
    return {
        "summary": f"{summary}; 12 leads, 10 s at 250 Hz.",
        "data": data,
        "licences": "those of the pairs" if pairs else "none: simulated",
        "metrics": metrics,
        "limits": [
            "It learned what textbooks say potassium does to an ECG (Mattu et al. 2000; Surawicz 1995), "
            "as the simulator draws it. No patient's potassium may be read off it."
            if not pairs
            else "Only as good as the pairs: time between ECG and blood sample, one hospital.",
            "From 3.6 to 5.2 mmol/L nothing changes in the simulated ECG: there its answer is a mean.",
        ],
    }


if __name__ == "__main__":
    main()
