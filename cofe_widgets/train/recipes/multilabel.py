"""Recipe: nine diagnoses at once (``cofe-widgets train multilabel``).

Rhythm, conduction and voltage as labels that do not exclude each other; a label that a source does
not speak of is left out of the loss. Simulated hearts carry several conditions at a time, so that
each is learned apart from the others.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Set
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
from ..data.moved_pr import MovedPr
from ..data.records import RealRecords

OUTPUTS = ("NSR", "AF", "SB", "STach", "IAVB", "RBBB", "LBBB", "LQRSV", "LVH")
_INDEX = {name: k for k, name in enumerate(OUTPUTS)}
RHYTHMS = ("NSR", "AF", "SB", "STach")
VOLTAGES = ("LQRSV", "LVH")
MENUS = (
    {"AF": 0.18, "SB": 0.15, "STach": 0.15, "SA": 0.06, "AFL": 0.05, "MoI": 0.03},
    {"IAVB": 0.28},
    {"PAC": 0.06},
    {"PVC": 0.06},
    {"LBBB": 0.14, "RBBB": 0.14},
    {"LAFB": 0.06},
    {"LVH": 0.16, "LQRSV": 0.14},
    {"AMI": 0.04, "IMI": 0.05},
    {"LQT": 0.04},
)
#: Rhythms of which a label says that none of `RHYTHMS` is there.
_OTHER_RHYTHMS = frozenset({"AFL", "PR", "PACE", "SVT", "PSVT", "SVTAC", "ATach", "AVRT", "JR"})
#: Sources that speak of some outputs only; every other source is taken to name all there are.
_SPEAK_OF = {
    "ludb": frozenset(OUTPUTS) - {"LQRSV"},
    "cpsc2018": frozenset({"NSR", "AF", "IAVB", "RBBB", "LBBB"}),
    "ptbxl_zscore": frozenset(OUTPUTS) - set(VOLTAGES),
    "g12ec_250hz": frozenset(),
    "code15": frozenset({"AF", "SB", "STach", "IAVB", "RBBB", "LBBB"}),
}
#: Codes that leave a label open: neither there nor not there.
_OPEN = {
    "RBBB": {"IRBBB", "BBB", "PR", "PACE"},
    "LBBB": {"ILBBB", "BBB", "PR", "PACE"},
    "IAVB": {"LPR", "AVB", "CHB", "3AVB", "PR", "PACE"},
    "LVH": {"LVHV", "VCLVH", "HYP", "RVH"},
    "NSR": {"SA", "SVARR", "CHB", "3AVB", "ARH"},
    "SB": {"SA", "Brady", "CHB", "3AVB"},
    "STach": {"SA"},
}
#: A larger step could redraw a P wave elsewhere, and its place is what makes first-degree block.
ADVERSARIAL_RMS_UV = 8.0
#: Intervals and voltages make these labels: gain and tempo are changed less.
CHANGES = Changes(gain=1.08, tempo=0.98)
#: Share of the simulated bundle branch blocks that are mild, most of them incomplete; and the QRS, ms,
#: below which there is no block, and above which there is.
INCOMPLETE, OPEN_QRS_MS = 0.4, (120.0, 130.0)
#: Share of the real sinus records in a batch whose PR interval is moved.
MOVED = 0.35
#: Simulated hearts that are shown at every severity.
TWINS = 48


def truth_of(labels: str, dataset: str, millivolts: bool) -> np.ndarray:
    """What a record's codes say of each output, ``(9,)``: 1, 0, or NaN where they say nothing.

    Parameters
    ----------
    labels : str
        Normalised codes joined by ``;``.
    dataset : str
        Decides which labels the source speaks of, so that silence means absence.
    millivolts : bool
        Of z-scores no voltage is known.
    """
    out = np.full(len(OUTPUTS), np.nan, np.float32)
    codes = {code for code in labels.split(";") if code and not code.startswith("QUALITY")}
    codes |= {"LQRSV"} if "LVOLT" in codes else set()
    if not codes:
        return out
    for name in _SPEAK_OF.get(dataset, frozenset(OUTPUTS)) - set(RHYTHMS):
        out[_INDEX[name]] = 0
    for name, open_codes in _OPEN.items():
        if codes & open_codes and name not in RHYTHMS:
            out[_INDEX[name]] = np.nan
    for name in codes & set(OUTPUTS) - set(RHYTHMS):
        out[_INDEX[name]] = 1
    _rhythm(out, codes)
    if not millivolts:
        out[[_INDEX[name] for name in VOLTAGES]] = np.nan
    return out


def _rhythm(out: np.ndarray, codes: Set[str]) -> None:
    """Fill in the rhythms, of which a heart has one: one named, the others are absent."""
    named = codes & (set(RHYTHMS) - {"NSR"}) or codes & _OTHER_RHYTHMS or codes & {"NSR"}
    if not named and "NORM" in codes:
        named = {"NSR"}
    if not named:
        return
    for name in RHYTHMS:
        out[_INDEX[name]] = name in named
        if codes & _OPEN.get(name, set()) and (name not in named or name == "NSR"):
            out[_INDEX[name]] = np.nan


def simulated(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """``(n, 8, 2500)`` mV and truth ``(n, 9)`` of hearts with several conditions each."""
    rng = np.random.default_rng(seed)
    drawn = combine(rng, n, MENUS)
    blocked = np.array([bool({"LBBB", "RBBB"} & set(codes)) for codes in drawn])
    mild = blocked & (rng.random(n) < INCOMPLETE)
    severity = np.where(mild, rng.uniform(0.1, 0.6, n), rng.uniform(0.6, 1.0, n))
    made = draw(
        ["+".join(codes) for codes in drawn],
        int(rng.integers(2**31)),
        variety=0.8,
        severity=severity,
    )
    truth = np.array([[name in codes for name in OUTPUTS] for codes in drawn], np.float32)
    _incomplete(truth, mild, 1000 * (made.hearts.qrs_offset_s - made.hearts.qrs_onset_s))
    for row, codes in zip(truth, drawn, strict=True):
        if "SA" in codes:
            row[[_INDEX["NSR"], _INDEX["SB"]]] = np.nan
        if "MoI" in codes:
            row[[_INDEX["NSR"], _INDEX["SB"], _INDEX["IAVB"]]] = np.nan
    return made.signals, truth


def _incomplete(truth: np.ndarray, mild: np.ndarray, qrs_ms: np.ndarray) -> None:
    """A bundle branch block needs a QRS of 120 ms; what else a mild heart has is left open."""
    for name in ("LBBB", "RBBB"):
        there = truth[:, _INDEX[name]] == 1
        truth[there & (qrs_ms < OPEN_QRS_MS[1]), _INDEX[name]] = np.nan
        truth[there & (qrs_ms < OPEN_QRS_MS[0]), _INDEX[name]] = 0
    for name in ("SB", "STach", "IAVB", *VOLTAGES):
        truth[mild & (truth[:, _INDEX[name]] == 1), _INDEX[name]] = np.nan


def examples(real: RealRecords) -> Examples:
    """Real records of which at least one label is known, twelve leads."""
    truth = np.array(
        [
            truth_of(labels, dataset, bool(mv))
            for labels, dataset, mv in zip(
                real.labels.tolist(), real.datasets.tolist(), real.millivolts, strict=True
            )
        ],
        np.float32,
    ).reshape(-1, len(OUTPUTS))
    known = np.isfinite(truth).any(axis=1)
    return Examples(expand_matrix() @ real.signals[known], truth[known], real.patients[known])


class Batches:
    """Batches of ECGs and labels: half simulated, half real, the rarer a label the oftener drawn."""

    def __init__(self, real: Examples | None) -> None:
        self.expand = expand_matrix()
        self.real = real
        if real is not None:
            count = np.nansum(real.truth > 0.5, axis=0).clip(min=12)
            plain = 1 / max(1, len(real))
            self.weight = np.nanmax(np.where(real.truth > 0.5, 1 / count, plain), axis=1)
            self.weight /= self.weight.sum()
            sinus = (real.truth[:, [_INDEX[name] for name in ("NSR", "SB", "STach")]] == 1).any(1)
            known = np.isfinite(real.truth[:, _INDEX["IAVB"]])
            self.moved = MovedPr(real.signals, sinus & known)

    def __call__(self, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor]:
        """``(size, 12, 2500)`` augmented mV and truth ``(size, 9)``."""
        n_real = size // 2 if self.real is not None else 0
        signals, truth = simulated(size - n_real, int(rng.integers(2**31)))
        signals = self.expand @ signals
        if self.real is not None:
            shown, known = self._real(rng, n_real)
            signals = np.concatenate((signals, shown))
            truth = np.concatenate((truth, known))
        # Where the gain is changed much, nobody knows the voltage any more.
        loud = rng.random(size) < 0.3
        for name in VOLTAGES:
            truth[loud, _INDEX[name]] = np.nan
        gain = np.where(loud, 1.6 ** rng.uniform(-1, 1, size), 1.0).astype(np.float32)
        x = torch.from_numpy(signals * gain[:, None, None])
        return augment(x, rng, CHANGES), torch.from_numpy(truth)

    def _real(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Real records ``(n, 12, 2500)`` and truth ``(n, 9)``, some with another PR interval."""
        assert self.real is not None
        rows = rng.choice(len(self.real), n, p=self.weight)
        signals, truth = self.real.signals[rows], self.real.truth[rows]
        moved = np.flatnonzero(self.moved.can[rows] & (rng.random(n) < MOVED))
        if len(moved):
            signals[moved], long, reshaped = self.moved(rng, rows[moved])
            truth[moved, _INDEX["IAVB"]] = long
            for name in ("RBBB", "LBBB"):  # of another QRS nobody says what it is
                truth[moved[reshaped], _INDEX[name]] = np.nan
        return signals, truth


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The recipe's options from the words of a command line."""
    parser = argparse.ArgumentParser(prog="cofe-widgets train multilabel", description=__doc__)
    loop.add_recipe_options(parser, "nine", 2000)
    parser.set_defaults(adversarial_rms_uv=ADVERSARIAL_RMS_UV)
    return loop.settled(parser.parse_args(argv), "nine")


def steps(options: argparse.Namespace) -> Iterator[Step[Any]]:
    """Train, stop early, calibrate, evaluate once on the test split, write weights and card."""
    yield Step(0.0, f"reading {options.data}")
    real = start(options)
    parts = _splits(real) if real else None
    if parts:
        held = parts["val"]
    else:
        signals, truth = simulated(240, options.seed + 999)
        held = Examples(expand_matrix() @ signals, truth, np.arange(240).astype(str))
    batches = Batches(parts["train"] if parts else None)
    task = loop.Task(OUTPUTS, "sigmoid", batches, held)
    trained = yield from loop.train(task, options)
    if trained is not None:
        about = _card(trained.model, held, parts, options.seed)
        yield card.ship(trained, task, options, "cofe-widgets train multilabel", about)


def main(argv: list[str] | None = None) -> None:
    """Run the recipe from a command line."""
    options = parse(argv)
    follow(steps(options), options.run.name)


def _splits(real: RealRecords) -> dict[str, Examples]:
    parts = {
        split: examples(real.where(real.splits == split)) for split in ("train", "val", "test")
    }
    for split, part in parts.items():
        if not (part.truth > 0.5).any():
            raise ValueError(
                f"no record of the {split} split has one of the labels {', '.join(OUTPUTS)}: "
                "labels.csv names those of each record"
            )
    return parts


def twins(model: nn.Module, seed: int) -> dict[str, str]:
    """Probability of each label in the same simulated hearts at rising severity of it."""
    out = {}
    severities = (0.0, 0.25, 0.5, 0.75, 1.0)
    for name in OUTPUTS[2:]:
        logits = np.stack(
            [
                metrics.raw_outputs(
                    model, expand_matrix() @ draw([name] * TWINS, seed, severity=s).signals
                )[:, _INDEX[name]].numpy()
                for s in severities
            ]
        )
        mean = (1 / (1 + np.exp(-logits))).mean(axis=1)
        rises = float((np.diff(logits, axis=0) > 0).mean())
        out[f"twins: mean p({name}) at severity 0, 25, 50, 75, 100 %"] = (
            ", ".join(f"{p:.2f}" for p in mean) + f"; {rises:.0%} of the steps raise it"
        )
    both = [
        metrics.raw_outputs(model, expand_matrix() @ draw([code] * TWINS, seed).signals)
        .sigmoid()
        .mean(0)
        for code in ("NSR", "AF")
    ]
    out["twins: mean p(NSR), p(AF) in sinus rhythm, in fibrillation"] = "; ".join(
        f"{p[_INDEX['NSR']]:.2f}, {p[_INDEX['AF']]:.2f}" for p in both
    )
    return out


def unsure(model: nn.Module, held: Examples) -> list[str]:
    """Labels that the held-back records hardly tell apart (AUROC under 0.8)."""
    score = metrics.raw_outputs(model, held.signals).double().numpy()
    out = []
    for k, name in enumerate(OUTPUTS):
        known = np.isfinite(held.truth[:, k])
        if metrics.auroc(score[known, k], held.truth[known, k] > 0.5) < 0.8:
            out.append(name)
    return out


def _card(
    model: loop.Network, held: Examples, parts: dict[str, Examples] | None, seed: int
) -> dict[str, Any]:
    """Calibrate the model and say what it is; the test split is read here, once."""
    metrics = card.calibrate(model, held, "sigmoid")
    data = "simulated ECGs only"
    if parts is None:
        metrics["real records"] = "none: trained and to be judged on simulated ECGs only"
    else:
        for split in ("val", "test"):
            said = card.discrimination(model, parts[split], OUTPUTS, "sigmoid")
            said |= card.robustness(model, parts[split], "sigmoid")
            metrics |= {f"{split}: {k}": v for k, v in said.items()}
        metrics["test: calibration error"] = card.calibration(model, parts["test"], "sigmoid")
        count = np.nansum(parts["train"].truth > 0.5, axis=0)
        each = ", ".join(f"{name} {int(k)}" for name, k in zip(OUTPUTS, count, strict=True))
        data = (
            "half simulated ECGs (cofe_widgets.simulate, several conditions a heart), half "
            f"{len(parts['train'])} real records ({each}) of LUDB, PhysioNet Challenge 2021 sources, "
            "G12EC, CPSC2018, SPH, CODE-15 and PTB-XL (the z-scored PTB-XL set for rhythm and shape, "
            "never for voltage); split by patient where known, else by record"
        )
    weak = unsure(model, held)
    doubt = [f"Hardly better than chance on val: {', '.join(weak)}. Do not explain these."]
    return {
        "summary": "Nine diagnoses that do not exclude each other (NSR, AF, SB, STach, IAVB, RBBB, LBBB, "
        "LQRSV, LVH), 12 leads, 10 s at 250 Hz.",
        "data": data,
        "licences": "ODC-BY 1.0 (LUDB), CC BY 4.0 (all others)",
        "metrics": metrics | twins(model, seed + 5999),
        "limits": [
            *(doubt if weak else []),
            "Few real records of most labels, next to none of low voltage: mind the intervals.",
            "The sources do not agree on hypertrophy and on rates at the border of brady- and tachycardia.",
            "Other arrhythmias, paced rhythms and incomplete blocks: its answer to them means nothing.",
        ],
    }


if __name__ == "__main__":
    main()
