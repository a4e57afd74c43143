"""Recipe: PTB-XL's statements from crops of 2.5 s (``cofe-widgets train ptbxl``).

The models of Wagner et al. 2024 (section 2.1): LeNet or xresnet1d50, 100 Hz, random crops of 250
samples, a sigmoid a label, binary cross-entropy; answers are means over the crops of a record.
``--data`` is a folder of PTB-XL as it comes, with its folds (eight to learn from, one to validate, one
to test), or any folder with a ``labels.csv``, split by patient; simulated hearts are added to the latter.
Where records are z-scores, the model gives each lead its own unit and no voltage is learned.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from torch import Tensor, nn

from ...ecg import LEADS, expand_matrix
from ...models import WEIGHTS
from ...models.architectures.lenet import LeNet1d
from ...models.architectures.xresnet import XResNet1d
from ...steps import Step
from ...vocabulary.scp_statements import LEVELS, STATEMENTS, scp_title
from ...wrapper.model_answer import together
from ..core import card, loop, metrics
from ..core.options import start
from ..core.progress import follow
from ..data.examples import Changes, Examples, augment
from ..data.ptbxl import (
    CROP,
    CROP_S,
    FS,
    Statements,
    crops,
    examples,
    folds,
    recorded,
    simulated,
    twelve,
    usable,
)
from ..data.scp_labels import classes, simulated_classes
from ..data.tables import provenance

ARCHITECTURES = ("lenet", "xresnet1d50")
#: Simulated hearts to learn from, and to be judged by at the end.
POOL, JUDGED = 6000, 1000
#: Records with a label, and without it, that a number about it needs.
LEAST_JUDGED = 10
#: What is changed in an ECG: nothing that its statements hang on.
CHANGES = Changes(gain=1.15, tempo=0.95, noise_mv=0.01, lost=0.02)
#: Macro AUROC of the paper (its A.1), by level.
OF_PAPER = {
    "sub": {"lenet": "0.9245 +- 0.0030", "xresnet1d50": "0.9292 +- 0.0043"},
    "all": {"lenet": "0.9022 +- 0.0043", "xresnet1d50": "0.9286 +- 0.0028"},
}


class WholeRecord(nn.Module):
    """A model of crops that answers for whole records: the mean of its answers to the crops.

    Input ``(n, 12, samples)``, output logits ``(n, outputs)``, as `cofe_widgets.load` has it.
    """

    def __init__(self, of_crops: nn.Module) -> None:
        super().__init__()
        self.of_crops = of_crops

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the mean probability."""
        many = x.shape[2] // CROP
        cut = x[:, :, : many * CROP].unflatten(2, (many, CROP)).transpose(1, 2)
        return together(
            self.of_crops(cut.flatten(0, 1)).unflatten(0, (-1, many)), "sigmoid", "mean"
        )


class Batches:
    """Random crops of ECGs with their labels: a share of them simulated, the others real."""

    def __init__(self, made: Examples | None, real: Examples | None, share: float) -> None:
        self.parts = [(one, own) for one, own in ((made, share), (real, 1 - share)) if one]
        if not self.parts:
            raise ValueError("neither real nor simulated ECGs: give --data, or --simulated above 0")
        self.expand = expand_matrix().astype(np.float32)

    def __call__(self, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor]:
        """``(size, 12, 250)`` mV and truth ``(size, outputs)``."""
        first = round(size * self.parts[0][1]) if len(self.parts) > 1 else size
        sizes = (first, size - first)
        drawn = [
            self._cropped(part, rng, n) for (part, _), n in zip(self.parts, sizes, strict=False)
        ]
        signals, truth = (np.concatenate(one) for one in zip(*drawn, strict=True))
        x = torch.from_numpy(self.expand @ signals)
        return augment(x, rng, CHANGES), torch.from_numpy(truth)

    def _cropped(
        self, part: Examples, rng: np.random.Generator, n: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        rows = rng.integers(0, len(part), n)
        place = rng.integers(0, part.signals.shape[2] - CROP + 1, n)[:, None] + np.arange(CROP)
        return part.signals[rows[:, None], :, place].transpose(0, 2, 1), part.truth[rows]


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The recipe's options from the words of a command line."""
    parser = argparse.ArgumentParser(prog="cofe-widgets train ptbxl", description=__doc__)
    loop.add_recipe_options(parser, "ptbxl", 6000, ARCHITECTURES)
    parser.add_argument(
        "--labels",
        choices=tuple(LEVELS),
        default="sub",
        help="5 superclasses, 23 subclasses, 44 diagnostic or all 71 statements (default: %(default)s)",
    )
    parser.add_argument(
        "--least",
        type=int,
        default=1,
        help="leave out classes with fewer records to learn from, or in validation and test together "
        "(default: %(default)d)",
    )
    parser.add_argument(
        "--simulated",
        type=float,
        metavar="SHARE",
        help="share of simulated hearts in a batch (default: none of a folder with PTB-XL's folds, else half)",
    )
    parser.add_argument(
        "--width", type=int, default=64, help="channels of xresnet1d50 (default: %(default)d)"
    )
    # Plain training, as the paper's: no adversarial steps.
    parser.set_defaults(adversarial_rms_uv=0.0, batch=96, every=100, patience=20)
    options = parser.parse_args(argv)
    if options.simulated is not None and not 0 <= options.simulated <= 1:
        parser.error(f"--simulated {options.simulated:g}: a share is from 0 to 1")
    name = "ptbxl" if options.labels == "sub" else f"ptbxl-{options.labels}"
    if options.seed:  # a further initialisation beside the first
        full = f"{name}-{options.architecture}-{options.seed}"
        options.run = options.run or Path("runs") / full
        options.out = options.out or WEIGHTS / f"{full}.safetensors"
    return loop.settled(options, name)


def network(options: argparse.Namespace, outputs: int, standardise: bool) -> loop.Network:
    """The untrained network that the options name."""
    known = arguments(options, outputs, standardise)
    return LeNet1d(**known) if options.architecture == "lenet" else XResNet1d(**known)


def arguments(options: argparse.Namespace, outputs: int, standardise: bool) -> dict[str, Any]:
    """What `network` is made with, for the card."""
    known = {"leads": len(LEADS), "outputs": outputs, "standardise": standardise}
    if options.architecture == "lenet":
        return known | {"samples": CROP}
    return known | {"width": options.width}


def steps(options: argparse.Namespace) -> Iterator[Step[Any]]:
    """Train, stop early, calibrate, evaluate once on the test split, write weights and card."""
    yield Step(0.0, f"reading {options.data}")
    found = start(options)
    real = recorded(found, options.data) if found is not None else None
    if real is not None:
        check_table(options.data)
    share = options.simulated
    if share is None:
        share = 0.0 if real is not None and folds(options.data) else 0.5
    members = kept_classes(options, real)
    standardise = real is not None and not bool(real.millivolts.all())
    made = None
    if share or real is None:
        yield Step(0.0, f"simulating {POOL} hearts")
        made = examples(simulated(POOL, 1), members)
    parts = {}
    if real is not None:
        parts = {
            split: examples(real.where(real.splits == split), members)
            for split in ("train", "val", "test")
        }
    held = twelve(parts["val"] if parts else examples(simulated(JUDGED, 999), members))
    task = loop.Task(
        tuple(members),
        "sigmoid",
        Batches(made, parts.get("train"), share),
        crops(held),
        fs=FS,
        seconds=10.0,
        network=lambda: network(options, len(members), standardise),
        alike=False,
    )
    trained = yield from loop.train(task, options)
    if trained is None:
        return
    said = calibrate(trained.model, held)
    rounded = trained._replace(model=trained.model.half().float())  # as it ships
    about = _card(rounded.model, parts, members, options, said, real, share)
    about |= {"arguments": arguments(options, len(members), standardise), "window": CROP_S}
    about["menu"] = options.seed == 0
    command = f"cofe-widgets train ptbxl --labels {options.labels} --least {options.least}"
    command += f" --simulated {share:g}"
    if options.architecture != "lenet":
        command += f" --width {options.width}"
    yield card.ship(rounded, task, options, command, about, half=True)


def main(argv: list[str] | None = None) -> None:
    """Run the recipe from a command line."""
    options = parse(argv)
    follow(steps(options), options.run.name)


def kept_classes(
    options: argparse.Namespace, real: Statements | None
) -> dict[str, tuple[str, ...]]:
    """The classes that are learned: those of the level with ``--least`` records.

    Raises
    ------
    ValueError
        When there is none, or a split is without records.
    """
    members = LEVELS[options.labels]
    if real is None:
        truth = simulated_classes(simulated(JUDGED, 999).truth, members)
        keep = (truth == 1).any(axis=0)
        return {name: own for (name, own), kept in zip(members.items(), keep, strict=True) if kept}
    there = classes(real.truth, members) == 1
    learned = real.splits == "train"
    for split in ("train", "val", "test"):
        if not there[real.splits == split].any():
            raise ValueError(
                f"no record of the {split} split has one of PTB-XL's statements: a folder of PTB-XL "
                "has them in ptbxl_database.csv, any other in labels.csv"
            )
    fewer = np.minimum(there[learned].sum(axis=0), there[~learned].sum(axis=0))
    keep = fewer >= options.least
    if not keep.any():
        raise ValueError(
            f"--least {options.least}: no class of level {options.labels!r} has so many records, the "
            f"commonest has {int(fewer.max())}: give a smaller number"
        )
    return {name: own for (name, own), kept in zip(members.items(), keep, strict=True) if kept}


def check_table(folder: Path) -> None:
    """Hold a folder's ``scp_statements.csv`` to the table of `vocabulary.scp_statements`.

    Raises
    ------
    ValueError
        When a diagnostic statement stands elsewhere in its hierarchy, or here is unknown.
    """
    for path in sorted(folder.rglob("scp_statements.csv")):
        other = []
        with path.open(newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                code = row.get("abbreviation") or row.get("") or ""
                own = STATEMENTS.get(code)
                place = (row.get("diagnostic_class", ""), row.get("diagnostic_subclass", ""))
                if own is None or place != (own.superclass, own.subclass):
                    other.append(code)
        if other:
            raise ValueError(
                f"{path.name} places {len(other)} statements ({', '.join(other[:5])}) otherwise than "
                "PTB-XL 1.0.3: bring the file of that version, or none"
            )


# -- judging --------------------------------------------------------------------------------------


def calibrate(model: loop.Network, held: Examples) -> dict[str, str]:
    """Divide the last layer by the temperature that makes answers about whole records likeliest."""
    raw = metrics.raw_outputs(model, crops(held).signals).double()
    raw = raw.unflatten(0, (len(held), -1))
    known = np.isfinite(held.truth)
    positive = held.truth[known] > 0.5

    def score(warm: float) -> NDArray[np.float64]:
        return np.asarray(together(raw / warm, "sigmoid", "mean").numpy()[known])

    def loss(log_t: float) -> float:
        sign = np.where(positive, -1.0, 1.0)
        return float(np.logaddexp(0.0, sign * score(np.exp(log_t))).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded")
    warm = float(np.exp(found.x))
    model.head.weight.data /= warm
    model.head.bias.data /= warm
    before, after = (
        metrics.calibration_error(1 / (1 + np.exp(-score(t))), positive) for t in (1.0, warm)
    )
    return {
        "temperature": f"{warm:.2f}, fitted on val (whole records) and folded into the last layer",
        "val: calibration error before and after": f"{before:.3f}, {after:.3f}",
    }


def _judged(model: nn.Module, part: Examples, outputs: tuple[str, ...]) -> dict[str, str]:
    said = card.macro_auroc(model, part, outputs, LEAST_JUDGED)
    return said | card.discrimination(model, part, outputs, "sigmoid", LEAST_JUDGED)


def _weak(model: nn.Module, parts: dict[str, Examples], outputs: tuple[str, ...]) -> list[str]:
    """Labels that the validation split's records hardly tell apart."""
    if not parts:
        return []
    held = twelve(parts["val"])
    score = metrics.raw_outputs(model, held.signals).double().numpy()
    out = []
    for k, name in enumerate(outputs):
        known = np.isfinite(held.truth[:, k])
        if metrics.auroc(score[known, k], held.truth[known, k] > 0.5) < 0.8:
            out.append(name)
    return out


def _card(
    model: loop.Network,
    parts: dict[str, Examples],
    members: dict[str, tuple[str, ...]],
    options: argparse.Namespace,
    said: dict[str, str],
    real: Statements | None,
    share: float,
) -> dict[str, Any]:
    """What the model is; the test split is read here, once."""
    whole, outputs = WholeRecord(model), tuple(members)
    for split in ("val", "test"):
        if split in parts:
            part = twelve(parts[split])
            said |= {f"{split}: {k}": v for k, v in _judged(whole, part, outputs).items()}
            said[f"{split}: calibration error"] = card.calibration(whole, part, "sigmoid")
    judged = _judged(whole, twelve(examples(simulated(JUDGED, 4999), members)), outputs)
    said |= {f"simulated, never seen: {k}": v for k, v in judged.items()}
    paper = OF_PAPER.get(options.labels, {}).get(options.architecture)
    if paper:
        many = len(LEVELS[options.labels])
        said[f"macro AUROC in the paper ({many} labels, 17,400 records of PTB-XL)"] = paper
    data, licences = f"{POOL} simulated hearts (cofe_widgets.simulate)", "none: simulated"
    if real is not None:
        learned = real.where(usable(real, members) & (real.splits == "train"))
        counted, licences = provenance(learned.datasets.tolist())
        each = ", ".join(
            f"{name} {int(k)}"
            for name, k in zip(outputs, np.nansum(parts["train"].truth, axis=0), strict=True)
        )
        data = f"{len(parts['train'])} real records ({counted}; with {each}), split by patient" + (
            f"; {share:.0%} of every batch are of {data}, several conditions each" if share else ""
        )
    limits = [
        "A model to study explanations on: the labels are PTB-XL's, one reader's word in most records.",
        "It looks at 2.5 s at a time: what comes once in ten seconds is diluted by the mean.",
    ]
    if real is not None and not real.millivolts.all():
        limits[:0] = [
            "It cannot see voltage: limb leads share one unit, each chest lead has its own (most of its "
            "records were z-scores). What it says of hypertrophy comes of shape and of ST and T.",
            "An ECG times a factor gets the same answer, so input x gradient sums to nothing on it.",
        ]
    if weak := _weak(whole, parts, outputs):
        limits.append(f"AUROC under 0.8 on val: {', '.join(weak)}. Do not explain these.")
    called = [f"{code} ({scp_title(code)})" for code in outputs]
    return {
        "summary": f"PTB-XL's statements, level {options.labels!r}, from crops of 2.5 s at 100 Hz (mean over "
        f"the crops of 10 s; Wagner et al. 2024, section 2.1): {', '.join(called)}.",
        "data": data,
        "licences": licences,
        "metrics": said,
        "limits": limits,
    }


if __name__ == "__main__":
    main()
