"""Recipe: atrial fibrillation in a single lead (``cofe-widgets train af-single-lead``).

Lead I of hand-held recordings in the form of PhysioNet Challenge 2017 (`data.cinc2017`), half of
every batch simulated: sinus rhythm, atrial fibrillation, another rhythm, or too noisy to say.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...simulate import draw
from ...steps import Step
from ..core import card, loop
from ..core.options import settle
from ..core.progress import follow
from ..data.cinc2017 import LEADS, Recordings, load
from ..data.examples import Changes, augment
from ..data.records import SAMPLES

OUTPUTS = ("SR", "AF", "Other", "Noise")
#: What is drawn of each class; noise drowns a heart of any.
_SIMULATED = (("NSR", "SB", "STach", "SA"), ("AF",), ("PAC", "PVC", "AFL", "MoI"), ("NSR",))
_DROWNED = {"emg": 25.0, "motion": 2.0, "wander": 4.0}


class Batches:
    """Batches of lead I and classes: half simulated, half recordings, their classes alike often."""

    def __init__(self, recordings: Recordings) -> None:
        self.recordings = recordings
        count = np.bincount(recordings.classes, minlength=4)[recordings.classes]
        self.weight = 1 / count / (1 / count).sum()

    def __call__(self, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor]:
        """``(size, 1, 2500)`` augmented mV and truth ``(size, 4)``."""
        rows = rng.choice(len(self.weight), size // 2, p=self.weight)
        real = self.recordings.crops(rows, rng.random(len(rows)))
        made, classes = _simulated(rng, size - len(rows))
        x = torch.from_numpy(np.concatenate((real, made)))
        kinds = np.concatenate((self.recordings.classes[rows], classes))
        return augment(x, rng, Changes()), torch.from_numpy(np.eye(4, dtype=np.float32)[kinds])


def _simulated(rng: np.random.Generator, n: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Lead I of ``n`` simulated hearts, an eighth of them drowned in noise."""
    classes = rng.choice(4, n, p=[0.35, 0.35, 0.175, 0.125])
    names = np.array([rng.choice(_SIMULATED[k]) for k in classes])
    out = np.empty((n, 1, SAMPLES), np.float32)
    for rows, noise in ((classes < 3, 1.0), (classes == 3, _DROWNED)):
        if rows.any():
            seed = int(rng.integers(2**31))
            out[rows] = draw(names[rows], seed, noise=noise, variety=0.8).signals[:, :1]
    return out, classes.astype(np.intp)


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The recipe's options from the words of a command line."""
    parser = argparse.ArgumentParser(prog="cofe-widgets train af-single-lead", description=__doc__)
    loop.add_recipe_options(parser, "af-single-lead", 2000)
    return loop.settled(parser.parse_args(argv), "af-single-lead")


def steps(options: argparse.Namespace) -> Iterator[Step[Any]]:
    """Train, stop early, calibrate, evaluate once on the test split, write weights and card."""
    settle(options)
    yield Step(0.0, f"reading {options.data}")
    recordings = load(options.data)
    parts = {split: recordings.part(split) for split in ("train", "val", "test")}
    held = parts["val"].examples()
    task = loop.Task(OUTPUTS, "softmax", Batches(parts["train"]), held, LEADS)
    trained = yield from loop.train(task, options)
    if trained is None:
        return
    metrics = card.calibrate(trained.model, held, "softmax")
    for split in ("val", "test"):
        part = parts[split].examples()
        said = card.discrimination(trained.model, part, OUTPUTS, "softmax")
        said |= card.robustness(trained.model, part, "softmax")
        said["calibration error"] = card.calibration(trained.model, part, "softmax")
        metrics |= {f"{split}: {k}": v for k, v in said.items()}
    about = {
        "summary": "Sinus rhythm, atrial fibrillation, another rhythm or noise in a single lead, "
        "10 s at 250 Hz.",
        "data": f"half simulated ECGs, half {len(parts['train'].names)} recordings of PhysioNet "
        "Challenge 2017 (a random 10 s of each); every recording taken for a patient of its own",
        "licences": "those of the folder (ODC-BY 1.0 as published)",
        "metrics": metrics,
        "limits": [
            "Judged by the middle ten seconds of each recording.",
            "Lead I of one hand-held device, by its electrodes' order.",
        ],
    }
    yield card.ship(trained, task, options, "cofe-widgets train af --data FOLDER", about)


def main(argv: list[str] | None = None) -> None:
    """Run the recipe from a command line."""
    options = parse(argv)
    follow(steps(options), options.run.name)


if __name__ == "__main__":
    main()
