"""Recipe: the AF classifiers (``cofe-widgets train af``).

CoFE section 3: 1-D ResNet-16, cross-entropy; ``--architecture inception`` trains an independent
second opinion. Simulated rhythms separate the cues: irregular with P waves, regular without. A
folder of PhysioNet Challenge 2017 as ``--data`` trains the single-lead variant (`af_single_lead`).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...ecg import expand_matrix
from ...simulate import draw
from ...steps import Step
from ..core import card, loop, metrics
from ..core.options import start
from ..core.progress import follow
from ..data import cinc2017
from ..data.examples import Changes, Examples, augment
from ..data.records import RealRecords
from . import af_single_lead

OUTPUTS = ("SR", "AF")
#: Simulated hearts of each kind that show which cue the model goes by.
CUES = 24
#: What is drawn of each class, and how often. Extrasystoles, SA and MoI are irregular with P waves,
#: slow and fast; severe hyperkalaemia is regular without; what ails the ventricles says nothing of
#: the atria.
# fmt: off
SIMULATED = {
    "SR": {
        "NSR": 0.12, "SB": 0.06, "STach": 0.08, "SA": 0.14, "NSR+PAC": 0.12, "SB+PAC": 0.06,
        "STach+PAC": 0.10, "NSR+PVC": 0.05, "STach+PVC": 0.05, "NSR+PAC+PVC": 0.05, "MoI": 0.05,
        "HYPERK": 0.04, "LBBB+PAC": 0.04, "RBBB+PAC": 0.04,
    },
    "AF": {
        "AF": 0.58, "AF+PVC": 0.08, "AF+LBBB": 0.08, "AF+RBBB": 0.10, "AF+LVH": 0.08,
        "AF+LQRSV": 0.08,
    },
}
# fmt: on


def simulated(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """``(n, 8, 2500)`` mV and truth ``(n, 2)``, half of it AF."""
    rng = np.random.default_rng(seed)
    is_af = rng.random(n) < 0.5
    names = [
        rng.choice(list(SIMULATED[OUTPUTS[k]]), p=list(SIMULATED[OUTPUTS[k]].values()))
        for k in is_af.astype(int)
    ]
    made = draw(names, int(rng.integers(2**31)), variety=0.8)
    return made.signals, np.eye(2, dtype=np.float32)[is_af.astype(int)]


class Batches:
    """Batches of 12-lead ECGs and classes: half simulated, half real with as much AF as not."""

    def __init__(self, real: RealRecords | None) -> None:
        self.expand = torch.from_numpy(expand_matrix())
        self.real = real

    def __call__(self, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor]:
        """``(size, 12, 2500)`` augmented mV and truth ``(size, 2)``."""
        n_real = size // 2 if self.real is not None else 0
        signals, truth = simulated(size - n_real, int(rng.integers(2**31)))
        if self.real is not None:
            is_af = self.real.rhythms == "AF"
            weight = np.where(is_af, 0.5 / is_af.sum(), 0.5 / (~is_af).sum())
            rows = rng.choice(len(self.real), n_real, p=weight)
            signals = np.concatenate((signals, self.real.signals[rows]))
            truth = np.concatenate((truth, np.eye(2, dtype=np.float32)[is_af[rows].astype(int)]))
        x = self.expand @ torch.from_numpy(signals)
        return augment(x, rng, Changes()), torch.from_numpy(truth)


def examples(real: RealRecords) -> Examples:
    """Real records of known rhythm, twelve leads."""
    truth = np.eye(2, dtype=np.float32)[(real.rhythms == "AF").astype(int)]
    return Examples(expand_matrix() @ real.signals, truth, real.patients)


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The recipe's options from the words of a command line."""
    parser = argparse.ArgumentParser(prog="cofe-widgets train af", description=__doc__)
    loop.add_recipe_options(parser, "af", 2000)
    options = parser.parse_args(argv)
    return loop.settled(options, "af-single-lead" if cinc2017.is_folder(options.data) else "af")


def steps(options: argparse.Namespace) -> Iterator[Step[Any]]:
    """Train, stop early, calibrate, evaluate once on the test split, write weights and card."""
    if cinc2017.is_folder(options.data):
        yield from af_single_lead.steps(options)
        return
    yield Step(0.0, f"reading {options.data}")
    real = start(options)
    known = real.where(real.rhythms != "") if real else None
    if known is not None:
        _check(known)
        held = examples(known.where(known.splits == "val"))
    else:
        signals, truth = simulated(128, options.seed + 999)
        held = Examples(expand_matrix() @ signals, truth, np.arange(128).astype(str))
    batches = Batches(known.where(known.splits == "train") if known else None)
    task = loop.Task(OUTPUTS, "softmax", batches, held)
    trained = yield from loop.train(task, options)
    if trained is not None:
        about = _card(trained.model, task, known, options.seed)
        yield card.ship(trained, task, options, "cofe-widgets train af", about)


def main(argv: list[str] | None = None) -> None:
    """Run the recipe from a command line."""
    options = parse(argv)
    follow(steps(options), options.run.name)


def _check(known: RealRecords) -> None:
    """Refuse a folder from which nothing can be learned or judged, before work begins."""
    for split in ("train", "val", "test"):
        for rhythm in OUTPUTS:
            if not ((known.splits == split) & (known.rhythms == rhythm)).any():
                raise ValueError(
                    f"no {rhythm} record falls into the {split} split: labels.csv names the rhythm of "
                    "each record (NSR, SB, STach, SA, AF ...), and a few dozen of each class are needed"
                )


def cues(model: torch.nn.Module, seed: int) -> dict[str, str]:
    """Mean p(AF) of simulated hearts, by what they have."""
    kinds = {
        "regular with P waves": ("NSR", "SB", "STach"),
        "regular without P waves (severe hyperkalaemia)": ("HYPERK",),
        "irregular with P waves": ("SA", "MoI", "NSR+PAC", "STach+PAC", "NSR+PVC", "STach+PVC"),
        "fibrillation": ("AF", "AF+LBBB", "AF+RBBB"),
    }
    said = []
    for words, codes in kinds.items():
        made = draw(np.repeat(codes, CUES), seed, variety=0.8, severity=1.0)
        raw = metrics.raw_outputs(model, expand_matrix() @ made.signals)
        p = raw.softmax(dim=1)[:, 1].numpy()
        said.append(f"{words} {p.mean():.2f} ({(p > 0.5).mean():.0%} called AF)")
    return {"simulated hearts, mean p(AF)": "; ".join(said)}


def _card(
    model: loop.Network, task: loop.Task, known: RealRecords | None, seed: int
) -> dict[str, Any]:
    """Calibrate the model and say what it is; the test split is read here, once."""
    metrics: dict[str, str] = {}
    data = "simulated ECGs only"
    metrics |= card.calibrate(model, task.held, "softmax")
    if known is None:
        metrics["real records"] = "none: trained and to be judged on simulated ECGs only"
    else:
        everything = card.discrimination(model, task.held, OUTPUTS, "softmax")
        metrics |= {f"val, z-scored records too: {k}": v for k, v in everything.items()}
        for split in ("val", "test"):
            part = examples(known.where((known.splits == split) & known.millivolts))
            said = card.discrimination(model, part, OUTPUTS, "softmax")
            said |= card.robustness(model, part, "softmax")
            metrics |= {f"{split}: {k}": v for k, v in said.items()}
        metrics["test: calibration error"] = card.calibration(model, part, "softmax")
    metrics |= cues(model, seed + 5999)
    if known is not None:
        train = known.where(known.splits == "train")
        data = (
            f"half simulated ECGs (cofe_widgets.simulate: {', '.join(SIMULATED['SR'])}; AF alone and with "
            f"PVC, blocks and voltages), half {len(train)} real records "
            f"({int((train.rhythms == 'AF').sum())} AF) of LUDB, PhysioNet Challenge 2021 sources, "
            "G12EC, CPSC2018, SPH and PTB-XL (the z-scored PTB-XL set rescaled to typical lead "
            "amplitudes); split by patient where known, else by record"
        )
    kind = {"ResNet1d": "1-D ResNet-16", "InceptionTime": "InceptionTime"}[type(model).__name__]
    return {
        "summary": f"Atrial fibrillation against sinus rhythm: {kind}, 12 leads, 10 s at 250 Hz.",
        "data": data,
        "licences": "ODC-BY 1.0 (LUDB), CC BY 4.0 (all others)",
        "metrics": metrics,
        "limits": [
            "Few real AF records: mind the intervals. The validation split chose the stopping point and "
            "the temperature, the test split nothing.",
            "Atrial flutter, paced rhythms and other arrhythmias were left out of training: its answer "
            "to them means nothing.",
            "Trained to withstand noise and small adversarial steps; figures above say how far that goes.",
        ],
    }


if __name__ == "__main__":
    main()
