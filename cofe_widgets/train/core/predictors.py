"""The core of every predictor's recipe: batches in, a robust and calibrated model with its card out.

A model that ripple flips is not worth explaining, so training adds noise, gain, lead and tempo
changes (`examples.augment`) and one adversarial step a batch, which grows. What ships is the running
mean of the weights at the best validation loss (CoFE section 3: Adam 1e-3, early stopping on
validation loss).
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...ecg import LEADS
from ...models import WEIGHTS, save
from ...models.architectures.inception import InceptionTime
from ...models.architectures.resnet import ResNet1d
from ..data.examples import Examples
from ..data.records import FS, SECONDS
from . import metrics, parallel
from .checkpoint import Run, average
from .options import add_options

Network: TypeAlias = ResNet1d | InceptionTime
ARCHITECTURES: dict[str, type[Network]] = {"resnet": ResNet1d, "inception": InceptionTime}
#: Checks without a lower validation loss after which training stops; decay of the running mean.
PATIENCE, MEAN_DECAY = 10, 0.99
#: Learning rate; it falls to a tenth in the last third of a run.
RATE = 1e-3
#: Share of a run over which adversarial steps grow to their size: what there is to see is learned
#: sooner with small ones, but weights are chosen only among those that met the full size.
RAMP = 0.6
#: Share of a label's certainty that is not believed.
SMOOTHING = 0.02


@dataclass(frozen=True)
class Recipe:
    """What a model is to learn.

    Attributes
    ----------
    outputs, output : names, and softmax (one class of several), sigmoid (labels) or linear (values)
    batch : makes ``(n, leads, samples)`` mV and truth ``(n, outputs)`` from a generator and n
    held : the validation split: decides when training stops
    leads : names of the leads
    """

    outputs: tuple[str, ...]
    output: str
    batch: Callable[[np.random.Generator, int], tuple[Tensor, Tensor]]
    held: Examples
    leads: tuple[str, ...] = LEADS


def add_recipe_options(parser: argparse.ArgumentParser, name: str, steps: int) -> None:
    """Options that the recipes of predictors share; `settled` completes them."""
    add_options(parser, name, steps)
    parser.add_argument("--architecture", choices=tuple(ARCHITECTURES), default="resnet")
    parser.add_argument(
        "--ripple-uv", type=float, default=20.0, help="largest adversarial step in training, RMS"
    )
    parser.add_argument("--out", type=Path, help="weights to write (default: the shipped ones)")
    parser.set_defaults(batch=48, every=40, run=None)


def settled(options: argparse.Namespace, name: str) -> argparse.Namespace:
    """Options with the run folder and the weights named after task and architecture."""
    full = f"{name}-{options.architecture}"
    options.run = options.run or Path("runs") / full
    options.out = options.out or WEIGHTS / f"{full}.safetensors"
    return options


def loss_of(raw: Tensor, truth: Tensor, output: str) -> Tensor:
    """Mean loss of what is known: cross-entropy, binary cross-entropy or squared error.

    Parameters
    ----------
    raw, truth : Tensor
        ``(n, outputs)``; NaN in ``truth`` where nobody knows.
    """
    known = torch.isfinite(truth)
    aim = truth.nan_to_num()
    if output == "linear":
        each = (raw - aim).square()
    elif output == "sigmoid":
        soft = aim * (1 - SMOOTHING) + SMOOTHING / 2
        each = F.binary_cross_entropy_with_logits(raw, soft, reduction="none")
    else:
        soft = aim * (1 - SMOOTHING) + SMOOTHING / raw.shape[1]
        each = -soft * raw.log_softmax(dim=1) * raw.shape[1]
    return (each * known).sum() / known.sum().clamp(min=1)


def adversarial(model: nn.Module, x: Tensor, truth: Tensor, output: str, rms_mv: float) -> Tensor:
    """``x`` moved by one gradient step of ``rms_mv`` root mean square that raises the loss."""
    x = x.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(loss_of(model(x), truth, output), x)
    size = slope.square().mean(dim=(1, 2), keepdim=True).sqrt() + 1e-12
    return (x + rms_mv * slope / size).detach()


def validation(model: nn.Module, held: Examples, output: str) -> tuple[float, float]:
    """Loss and mean AUROC on held-back records; presence and absence of each output weigh alike.

    Of a linear output: mean squared error and its square root.
    """
    score = metrics.log_odds(metrics.raw_outputs(model, held.signals), output).double().numpy()
    if output == "linear":
        error = float(np.nanmean((score - held.truth) ** 2))
        return error, error**0.5
    losses, areas = [], []
    for k in range(score.shape[1]):
        known = np.isfinite(held.truth[:, k])
        s, positive = score[known, k], held.truth[known, k] > 0.5
        each = np.logaddexp(0.0, np.where(positive, -s, s))
        losses += [each[part].mean() for part in (positive, ~positive) if part.any()]
        areas.append(metrics.auroc(s, positive))
    return float(np.mean(losses)), float(np.nanmean(areas))


def train(recipe: Recipe, options: argparse.Namespace) -> Network:
    """Train until the validation loss no longer falls; resumes a run that was cut off.

    The step whose weights come back is left in ``options.steps``, for the card. Of several processes
    (`parallel`) the first comes back, the others end here.

    Raises
    ------
    RuntimeError
        When no validation loss was finite.
    """
    device = parallel.join(options.device)
    model = _begin(recipe, options).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    mean, best_model = copy.deepcopy(model), copy.deepcopy(model)
    modules: dict[str, nn.Module] = {"model": model, "mean": mean, "best": best_model}
    run = Run(options.run, modules, {"adam": optimizer})
    state = run.resume() or {"step": 0, "best": float("inf"), "best_step": 0}
    parallel.share(modules.values())
    best, best_step = state["best"], state["best_step"]
    rng = np.random.default_rng([options.seed, state["step"], parallel.rank()])
    began = time.monotonic()
    for step in run.steps(state["step"], options.steps):
        gone = (time.monotonic() - began) / (60 * options.minutes)
        done = max(gone, step / options.steps)
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, max(0.1, 3 * (1 - done)))
        ripple_mv = options.ripple_uv / 1000 * min(1.0, done / RAMP)
        size = options.batch // parallel.processes()
        loss = _learn(recipe, model, optimizer, rng, size, ripple_mv)
        average(mean, model, min(MEAN_DECAY, step / (step + 10)))
        stop = parallel.agree(step == options.steps or gone > 1, device)
        if step % options.every and not stop:
            continue
        if not parallel.rank():
            value, figure = validation(mean, recipe.held, recipe.output)
            if value < best and done >= RAMP:
                best, best_step = value, step
                best_model.load_state_dict(mean.state_dict())
            figures = {"val_loss": value, "val_figure": figure, "best_step": best_step}
            run.log(step=step, train_loss=loss, **figures)
            run.save(step, best=best, best_step=best_step)
        late = step - best_step >= PATIENCE * options.every and np.isfinite(best)
        worse = not parallel.rank() and late
        if parallel.agree(stop or worse, device):
            break
    first = not parallel.rank()
    parallel.leave()
    if not first:
        raise SystemExit(0)
    if not np.isfinite(best):
        raise RuntimeError(f"no validation loss was finite: see {options.run / 'log.csv'}")
    options.steps = best_step
    return best_model.eval().cpu()


def _begin(recipe: Recipe, options: argparse.Namespace) -> Network:
    """An untrained network; of values, one that answers the mean."""
    model = ARCHITECTURES[options.architecture](len(recipe.leads), len(recipe.outputs), FS)
    if recipe.output == "linear":
        model.head.bias.data[:] = torch.from_numpy(np.nanmean(recipe.held.truth, axis=0))
    return model


def _learn(
    recipe: Recipe,
    model: Network,
    optimizer: torch.optim.Optimizer,
    rng: np.random.Generator,
    size: int,
    ripple_mv: float,
) -> float:
    """One step on a batch, moved by an adversarial step up to ``ripple_mv``; the loss."""
    device = next(model.parameters()).device
    x, truth = (part.to(device) for part in recipe.batch(rng, size))
    model.train()
    if ripple_mv:
        x = adversarial(model, x, truth, recipe.output, float(rng.uniform(0.0, ripple_mv)))
    loss = loss_of(model(x), truth, recipe.output)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    parallel.average_gradients(model.parameters())
    optimizer.step()
    return loss.item()


# -- calibrating and judging ----------------------------------------------------------------------


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
    model: nn.Module, held: Examples, outputs: tuple[str, ...], output: str
) -> dict[str, str]:
    """AUROC, sensitivity and specificity at 0.5 of every output, with 95 % intervals by patient."""
    score = metrics.log_odds(metrics.raw_outputs(model, held.signals), output).double().numpy()
    two = output == "softmax" and len(outputs) == 2
    out = {}
    for k, name in enumerate(outputs):
        known = np.isfinite(held.truth[:, k])
        s, positive = score[known, k], held.truth[known, k] > 0.5
        if (two and k == 0) or not positive.any() or positive.all():
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
    model: nn.Module,
    recipe: Recipe,
    options: argparse.Namespace,
    command: str,
    card: dict[str, Any],
) -> None:
    """Write weights and card, and print the metrics.

    Parameters
    ----------
    command : str
        How the recipe is called.
    card : dict
        ``summary``, ``data``, ``licences``, ``metrics`` and ``limits``; the rest is known here.
    """
    said = f"{command} --architecture {options.architecture} --steps {options.steps}"
    said += f" --ripple-uv {options.ripple_uv:g} --batch {options.batch}"
    said += f"; {options.note}" if options.note else ""
    full = {
        "summary": card["summary"],
        "architecture": type(model).__name__,
        "arguments": {"leads": len(recipe.leads), "outputs": len(recipe.outputs), "fs": FS},
        "outputs": recipe.outputs,
        "output": recipe.output,
        "fs": FS,
        "leads": recipe.leads,
        "seconds": SECONDS,
        "recipe": said,
        "seed": options.seed,
        **{key: card[key] for key in ("data", "licences", "metrics", "limits")},
    }
    save(model, options.out, full)
    print("\n".join(f"{k}: {v}" for k, v in card["metrics"].items()), flush=True)
