"""Recipe: many binary models of median beats (``cofe-widgets train median-beat-bank``).

The models of Arends et al. 2025 (Methods): for each diagnosis and each seed one network of its own,
which tells that diagnosis from everything else. One network says little of an attribution method;
several that learned the same from other beginnings show what of a map is the ECG's and what is
chance. Every model is a file of its own, so that a bank that was cut off goes on where it was.

What a median beat does not hold, no model of it can know: whether the beats came regularly, and how
fast. Of bradycardia and tachycardia it shows what comes with them (a long or short QT, the level
between T and the next P) and, as it reaches from 0.5 s before R to 0.7 s after, the beat before or
after where those are closer than that.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...ecg import INDEPENDENT_LEADS
from ...models.architectures.resnet22 import ResNet22
from ...steps import Step
from ..core import card, loop
from ..core.options import start
from ..core.progress import follow
from ..data.examples import Changes, Examples, augment
from ..data.median_beats import FS, SECONDS, of_real, of_simulated
from ..data.records import RealRecords
from . import multilabel

CLASSES = multilabel.OUTPUTS
ARCHITECTURES = ("resnet22",)
#: Other names of a class.
ALIASES = {"SR": "NSR", "1AVB": "IAVB"}
#: Simulated hearts to learn from, and to be judged by at the end.
POOL, JUDGED = 4000, 600
#: R stays where it is: no tempo. Voltages and intervals make labels: gain is changed little.
CHANGES = Changes(gain=1.08, tempo=1.0, noise_mv=0.004, lost=0.0)
#: Of records with and without the diagnosis, the share of a batch that has it.
POSITIVE = 0.5


@dataclass(frozen=True)
class Beats:
    """Median beats and what is true of them, simulated and real.

    Attributes
    ----------
    made, judged : Examples of simulated hearts, to learn from and to be judged by
    parts : Examples of real records by split; empty where there are none
    """

    made: Examples
    judged: Examples
    parts: dict[str, Examples]

    def of(self, name: str) -> Beats:
        """Those of which it is known whether the diagnosis is there; ``truth`` of shape (n, 1)."""
        column = CLASSES.index(name)

        def one(part: Examples) -> Examples:
            known = np.isfinite(part.truth[:, column])
            kept = part.where(known)
            return Examples(kept.signals, kept.truth[:, [column]], kept.patients)

        parts = {split: one(part) for split, part in self.parts.items()}
        return Beats(one(self.made), one(self.judged), parts)


def load_beats(real: RealRecords | None, seed: int) -> Beats:
    """All median beats; made once, and kept in ``runs/cache``."""
    parts = {}
    if real is not None:
        every = of_real(real)
        truth = np.array(
            [
                multilabel.truth_of(*one)
                for one in zip(
                    real.labels.tolist(),
                    real.datasets.tolist(),
                    real.millivolts.tolist(),
                    strict=True,
                )
            ],
            np.float32,
        )
        sound = np.isfinite(every).all(axis=(1, 2)) & np.isfinite(truth).any(axis=1)
        whole = Examples(every, truth, real.patients)
        for split in ("train", "val", "test"):
            parts[split] = whole.where(sound & (real.splits == split))
    return Beats(_made(POOL, seed + 1), _made(JUDGED, seed + 4999), parts)


def _made(n: int, seed: int) -> Examples:
    beats, truth = of_simulated(multilabel.simulated, n, seed)
    return Examples(beats, truth, np.arange(len(beats)).astype(str))


class Batches:
    """Median beats and one label: half simulated, half real, with and without it alike often."""

    def __init__(self, beats: Beats) -> None:
        self.pools = [beats.made]
        if beats.parts and len(beats.parts["train"]):
            self.pools.append(beats.parts["train"])
        self.weights = [_even(pool.truth[:, 0] > 0.5) for pool in self.pools]

    def __call__(self, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor]:
        """``(size, 8, 600)`` augmented mV and truth ``(size, 1)``."""
        shares = [size - size // 2, size // 2] if len(self.pools) > 1 else [size]
        signals, truth = [], []
        for pool, weight, n in zip(self.pools, self.weights, shares, strict=True):
            rows = rng.choice(len(pool), n, p=weight)
            signals.append(pool.signals[rows])
            truth.append(pool.truth[rows])
        x = torch.from_numpy(np.concatenate(signals))
        return augment(x, rng, CHANGES), torch.from_numpy(np.concatenate(truth))


def _even(positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How often each is drawn so that both kinds are, `POSITIVE`; where there is one kind, alike."""
    many = int(positive.sum())
    if many in (0, len(positive)):
        return np.full(len(positive), 1 / len(positive))
    few = (1 - POSITIVE) / (len(positive) - many)
    return np.where(positive, POSITIVE / many, few)


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The recipe's options from the words of a command line."""
    parser = argparse.ArgumentParser(
        prog="cofe-widgets train median-beat-bank", description=__doc__
    )
    loop.add_recipe_options(parser, "bank", 400, ARCHITECTURES)
    parser.add_argument(
        "--classes",
        nargs="+",
        default=list(CLASSES),
        type=lambda word: ALIASES.get(word, word),
        choices=CLASSES,
        help="diagnoses, a model for each (default: all nine)",
    )
    parser.add_argument("--seeds", type=int, default=3, help="models of each diagnosis")
    parser.add_argument(
        "--width", type=int, default=8, help="channels of the first blocks (default: %(default)d)"
    )
    # Plain training, as the paper's: no adversarial steps.
    parser.set_defaults(adversarial_rms_uv=0.0, batch=64, every=25, run=Path("runs/bank"))
    return parser.parse_args(argv)


def steps(options: argparse.Namespace) -> Iterator[Step[Any]]:
    """Train the models that are not there yet, one after the other; the seeds of a class last."""
    yield Step(0.0, f"reading {options.data}")
    real = start(options)
    yield Step(0.0, "median beats of the records and of simulated hearts")
    beats = load_beats(real, options.seed)
    wanted = [(name, seed) for seed in range(options.seeds) for name in options.classes]
    for k, (name, seed) in enumerate(wanted):
        mine = copy.copy(options)
        mine.seed = options.seed + seed
        mine.run = options.run / "checkpoints" / f"{name}-{mine.seed}"
        mine.out = options.run / f"{name}-{mine.seed}.safetensors"
        if mine.out.exists():
            continue
        for step in _one(name, beats.of(name), mine):
            whole = (k + step.fraction) / len(wanted)
            yield Step(whole, f"{name}, seed {mine.seed}: {step.message}", step.partial)
    yield Step(1.0, f"{len(wanted)} models in {options.run}")


def _one(name: str, beats: Beats, options: argparse.Namespace) -> Iterator[Step[Any]]:
    """Train, judge once on the test split and write one model."""
    held = beats.parts["val"] if beats.parts else beats.judged
    if not 0 < (held.truth > 0.5).sum() < len(held):  # nobody to validate by: simulated hearts do
        held = beats.judged
    shape = {"leads": len(INDEPENDENT_LEADS), "outputs": 1, "width": options.width}
    task = loop.Task(
        (name,),
        "sigmoid",
        Batches(beats),
        held,
        INDEPENDENT_LEADS,
        FS,
        SECONDS,
        lambda: ResNet22(**shape),
    )
    torch.manual_seed(options.seed)
    trained = yield from loop.train(task, options)
    if trained is None:
        return
    about = _card(name, trained.model, beats)
    about |= {"arguments": shape, "median_beat": True}
    command = f"cofe-widgets train median-beat-bank --classes {name} --width {options.width}"
    yield card.ship(trained, task, options, command, about)


def main(argv: list[str] | None = None) -> None:
    """Run the recipe from a command line."""
    options = parse(argv)
    follow(steps(options), options.run.name)


def _card(name: str, model: nn.Module, beats: Beats) -> dict[str, Any]:
    """What the model is; the test split is read here, once."""
    said: dict[str, str] = {}
    judged = {"simulated, never seen": beats.judged}
    judged |= {split: beats.parts[split] for split in ("val", "test") if split in beats.parts}
    for where, part in judged.items():
        found = card.discrimination(model, part, (name,), "sigmoid")
        said |= {f"{where}: {key}": value for key, value in found.items()}
    data = f"median beats of {len(beats.made)} simulated hearts (cofe_widgets.simulate)"
    if beats.parts:
        train = beats.parts["train"]
        data = (
            f"half {data}, half of {len(train)} real records, {int((train.truth > 0.5).sum())} of "
            f"them {name}, of LUDB, PhysioNet Challenge 2021 sources, G12EC, CPSC2018, SPH, CODE-15 "
            "and PTB-XL; split by patient where known, else by record"
        )
    return {
        "summary": f"{name} or not, from the median beat of 8 leads (0.5 s before R to 0.7 s after, "
        "500 Hz): one of a bank of models by which attribution methods are compared.",
        "data": data,
        "licences": "ODC-BY 1.0 (LUDB), CC BY 4.0 (all others)"
        if beats.parts
        else "none: simulated",
        "metrics": said,
        "limits": [
            "A test object for attribution methods, no classifier for use: narrow, trained for minutes.",
            "A median beat does not show whether beats come regularly, nor how fast beyond what lies "
            "within 0.7 s: atrial fibrillation and sinus rates are told by what comes with them.",
        ],
    }


if __name__ == "__main__":
    main()
