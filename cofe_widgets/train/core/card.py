"""What a predictor's card says of it: calibration, discrimination and robustness, in words."""

from __future__ import annotations

import argparse
import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ...models import save
from ...steps import Step
from ..data.examples import Examples
from . import metrics
from .loop import Network, Task, Trained
from .options import shipped


def decisions(
    model: nn.Module, held: Examples, output: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Log-odds and presence of every known label; of two exclusive classes, the second's only."""
    score = metrics.log_odds(metrics.raw_outputs(model, held.signals), output).double().numpy()
    truth = held.truth
    if output == "softmax" and score.shape[1] == 2:
        score, truth = score[:, 1:], truth[:, 1:]
    known = np.isfinite(truth)
    return score[known], truth[known] > 0.5


def calibrate(model: Network, held: Examples, output: str) -> dict[str, str]:
    """Divide the head's logits by the temperature that suits ``held``; before and after, in words."""
    score, positive = decisions(model, held, output)
    warm = metrics.temperature(score, positive)
    before = metrics.calibration_error(1 / (1 + np.exp(-score)), positive)
    model.head.weight.data /= warm
    model.head.bias.data /= warm
    after = metrics.calibration_error(1 / (1 + np.exp(-score / warm)), positive)
    return {
        "temperature": f"{warm:.2f}, fitted on val and folded into the last layer",
        "val: calibration error before and after": f"{before:.3f}, {after:.3f}",
    }


def calibration(model: nn.Module, held: Examples, output: str) -> str:
    """Expected calibration error, in words."""
    score, positive = decisions(model, held, output)
    return f"{metrics.calibration_error(1 / (1 + np.exp(-score)), positive):.3f}"


def discrimination(
    model: nn.Module, held: Examples, outputs: tuple[str, ...], output: str, least: int = 1
) -> dict[str, str]:
    """AUROC, sensitivity and specificity at 0.5 of every output, with 95 % intervals by patient.

    Of an output with fewer than ``least`` records that have it, or that do not, nothing is said; where
    more than one is asked, that too is said.
    """
    score = metrics.log_odds(metrics.raw_outputs(model, held.signals), output).double().numpy()
    two = output == "softmax" and len(outputs) == 2
    out = {}
    for k, name in enumerate(outputs):
        known = np.isfinite(held.truth[:, k])
        s, positive = score[known, k], held.truth[known, k] > 0.5
        if (two and k == 0) or min(positive.sum(), (~positive).sum()) < least:
            if least > 1:
                out[f"{name}, {int(positive.sum())} of {len(s)}"] = "too few for a number"
            continue
        owners = held.patients[known]
        low, high = metrics.interval(
            lambda rows, s=s, p=positive: metrics.auroc(s[rows], p[rows]),  # type: ignore[misc]
            owners,
            positive,
        )
        out[f"{name}, {int(positive.sum())} of {len(s)}"] = (
            f"AUROC {metrics.auroc(s, positive):.3f} ({low:.3f}-{high:.3f}), "
            f"sensitivity {metrics.proportion(s[positive] > 0)}, "
            f"specificity {metrics.proportion(s[~positive] <= 0)}"
        )
    return out


def macro_auroc(
    model: nn.Module, held: Examples, outputs: tuple[str, ...], least: int
) -> dict[str, str]:
    """Mean AUROC of labels with ``least`` records that have them and that do not, with its interval.

    Where that leaves labels out, also the mean over all that can be computed, as publications count.
    """
    score = metrics.log_odds(metrics.raw_outputs(model, held.signals), "sigmoid").double().numpy()
    known = np.isfinite(held.truth)
    positive = (held.truth > 0.5) & known
    fewer = np.minimum(positive.sum(axis=0), (known & ~positive).sum(axis=0))
    out = {}
    for kept, words in (
        (fewer >= least, "macro AUROC"),
        (fewer >= 1, "macro AUROC of all there are"),
    ):
        columns = np.flatnonzero(kept)
        if not len(columns) or (words != "macro AUROC" and kept.sum() == (fewer >= least).sum()):
            continue

        def mean(rows: NDArray[np.intp], columns: NDArray[np.intp] = columns) -> float:
            areas = [
                metrics.auroc(score[own, k], positive[own, k])
                for k in columns
                for own in [rows[known[rows, k]]]
            ]
            there = np.isfinite(areas)
            return float(np.mean(np.array(areas)[there])) if there.any() else float("nan")

        low, high = metrics.interval(mean, held.patients)
        out[words] = (
            f"{mean(np.arange(len(held))):.3f} ({low:.3f}-{high:.3f}), {len(columns)} of "
            f"{len(outputs)} labels, {len(held)} records"
        )
    return out


def robustness(model: nn.Module, held: Examples, output: str) -> dict[str, str]:
    """Answers (at 0.5) kept under white noise, and the smallest adversarial step that flips one."""
    x = torch.from_numpy(held.signals)
    score = metrics.log_odds(metrics.raw_outputs(model, x), output)
    if output == "softmax":
        score = score[:, 1:] if score.shape[1] == 2 else score
    kept = []
    for uv in (25, 50, 100):
        after = metrics.log_odds(metrics.raw_outputs(model, metrics.noisy(x, uv)), output)
        after = after[:, -score.shape[1] :]
        kept.append(f"{uv} uV {float(((after > 0) == (score > 0)).float().mean()):.1%}")
    columns = range(held.truth.shape[1] - score.shape[1], held.truth.shape[1])
    nearest = metrics.nearest_answer(model, x, output, columns)
    least = metrics.smallest_step(model, x, output, nearest)
    words = "the answer" if score.shape[1] == 1 else "the nearest answer"
    shares = [
        f"{uv} uV {metrics.attacked(model, x, output, nearest, uv).mean():.0%}"
        for uv in (5, 10, 20)
    ]
    return {
        "answers kept under white noise": ", ".join(kept),
        f"smallest single adversarial step that flips {words}, median RMS": metrics.median_uv(
            least
        ),
        f"{words} flipped by repeated adversarial steps within (RMS)": ", ".join(shares),
    }


def ship(
    trained: Trained,
    task: Task,
    options: argparse.Namespace,
    command: str,
    card: dict[str, Any],
    half: bool = False,
) -> Step[Any]:
    """Write weights and card to ``options.out``; the last step of a recipe, with that path.

    Parameters
    ----------
    command : str
        How the recipe is called.
    card : dict
        ``summary``, ``data``, ``licences``, ``metrics`` and ``limits``; the rest is known here.
        Other ``arguments`` of the architecture than its usual three, and what else ``load`` is to
        know (``window``, ``median_beat``), are taken as they are.
    half : bool
        Write half precision: half the size.
    """
    said = f"{command} --architecture {options.architecture} --steps {trained.step}"
    said += f" --adversarial-rms-uv {options.adversarial_rms_uv:g} --batch {options.batch}"
    said += f" --begin-with {options.begin_with}" if options.begin_with else ""
    said += f"; {options.note}" if options.note else ""
    full = {
        "summary": card["summary"],
        "architecture": type(trained.model).__name__,
        "arguments": {"leads": len(task.leads), "outputs": len(task.outputs), "fs": task.fs},
        "outputs": task.outputs,
        "output": task.output,
        "fs": task.fs,
        "leads": task.leads,
        "seconds": task.seconds,
        "recipe": said,
        "seed": options.seed,
        **card,
    }
    save(copy.deepcopy(trained.model).half() if half else trained.model, options.out, full)
    return shipped(options.out)
