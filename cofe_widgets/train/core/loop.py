"""The training loop of every predictor's recipe: batches in, a robust model out (`card` judges it).

A model that ripple flips is not worth explaining, so training adds noise, gain, lead and tempo
changes (`examples.augment`) and one adversarial step a batch, which grows (of 0 uV: plain training).
What ships is the running mean of the weights at the best validation loss (CoFE section 3: Adam
1e-3, early stopping on validation loss).
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...ecg import LEADS
from ...errors import WeightsError
from ...models import WEIGHTS, load
from ...models.architectures.inception import InceptionTime
from ...models.architectures.lenet import LeNet1d
from ...models.architectures.resnet import ResNet1d
from ...models.architectures.resnet22 import ResNet22
from ...models.architectures.xresnet import XResNet1d
from ...steps import Step
from ..data.examples import Examples
from ..data.records import FS, SECONDS
from . import metrics, parallel
from .checkpoint import Run
from .moving_average import moving_average, updates_done
from .options import add_options

Network: TypeAlias = ResNet1d | InceptionTime | LeNet1d | XResNet1d | ResNet22
ARCHITECTURES: dict[str, type[ResNet1d | InceptionTime]] = {
    "resnet": ResNet1d,
    "inception": InceptionTime,
}
#: Checks without a lower validation loss after which training stops; decay of the running mean.
PATIENCE, MEAN_DECAY = 10, 0.99
#: Largest adversarial step in training, uV RMS, unless a recipe says otherwise.
ADVERSARIAL_RMS_UV = 20.0
#: Learning rate; it falls to a tenth in the last third of a run.
RATE = 1e-3
#: Share of a run over which adversarial steps grow to their size: what there is to see is learned
#: sooner with small ones, but weights are chosen only among those that met the full size.
#: A network that is trained on has seen it: then they grow sooner.
RAMP, RAMP_ON = 0.6, 0.3
#: Share of a label's certainty that is not believed.
SMOOTHING = 0.02


@dataclass(frozen=True)
class Task:
    """What a model is to learn.

    Attributes
    ----------
    outputs, output : names, and softmax (one class of several), sigmoid (labels) or linear (values)
    batch : makes ``(n, leads, samples)`` mV and truth ``(n, outputs)`` from a generator and n
    held : the validation split: decides when training stops
    leads, fs, seconds : names of the leads, Hz, and the length that is looked at, s
    network : makes the untrained network, where it is none of `ARCHITECTURES`
    alike : whether presence and absence of a label weigh alike in validation; where batches show labels
        as rare as they are, that would be another loss than the one learned, and stop too soon
    """

    outputs: tuple[str, ...]
    output: str
    batch: Callable[[np.random.Generator, int], tuple[Tensor, Tensor]]
    held: Examples
    leads: tuple[str, ...] = LEADS
    fs: float = FS
    seconds: float = SECONDS
    network: Callable[[], Network] | None = None
    alike: bool = True


def add_recipe_options(
    parser: argparse.ArgumentParser,
    name: str,
    steps: int,
    architectures: Sequence[str] = tuple(ARCHITECTURES),
) -> None:
    """Options that the recipes of predictors share; `settled` completes them."""
    add_options(parser, name, steps)
    parser.add_argument("--architecture", choices=architectures, default=architectures[0])
    parser.add_argument(
        "--adversarial-rms-uv",
        "--ripple-uv",  # as it was called once
        type=float,
        default=ADVERSARIAL_RMS_UV,
        help="largest adversarial step in training, uV RMS (default: %(default)g)",
    )
    parser.add_argument("--out", type=Path, help="weights to write (default: the shipped ones)")
    parser.add_argument(
        "--begin-with",
        default="",
        metavar="MODEL",
        help="a shipped model or a weights file of the same architecture to train on from",
    )
    parser.add_argument(
        "--patience",
        type=int,
        default=PATIENCE,
        help="checks without a lower validation loss after which training stops (default: %(default)d)",
    )
    parser.add_argument(
        "--bfloat16",
        action="store_true",
        help="convolutions in bfloat16: half the time on processors that have it",
    )
    parser.set_defaults(batch=48, every=40, run=None)


def settled(options: argparse.Namespace, name: str) -> argparse.Namespace:
    """Options with the run folder and the weights named after task and architecture.

    Raises
    ------
    ValueError
        When bfloat16 is asked of a processor that has none, and would imitate it at a fifth of the speed.
    """
    emulated = options.device == "cpu" and not torch.ops.mkldnn._is_mkldnn_bf16_supported()
    if options.bfloat16 and emulated:
        raise ValueError("--bfloat16: this processor has none, and is faster without: leave it out")
    full = f"{name}-{options.architecture}"
    options.run = options.run or Path("runs") / full
    options.out = options.out or WEIGHTS / f"{full}.safetensors"
    return options


class Trained(NamedTuple):
    """The weights of the lowest validation loss, and the step that they are of."""

    model: Network
    step: int


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


def validation(
    model: nn.Module, held: Examples, output: str, alike: bool = True
) -> tuple[float, float]:
    """Loss and mean AUROC on held-back records; presence and absence of each output weigh alike, or not.

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
        parts = (positive, ~positive) if alike else (np.ones(len(each), bool),)
        losses += [each[part].mean() for part in parts if part.any()]
        areas.append(metrics.auroc(s, positive))
    return float(np.mean(losses)), float(np.nanmean(areas))


def train(task: Task, options: argparse.Namespace) -> Generator[Step[Any], None, Trained | None]:
    """Train until the validation loss no longer falls; resumes a run that was cut off.

    ``trained = yield from train(task, options)``: its steps go up to a fraction of 1 and have the
    newest row of the log in ``partial``. Of several processes (`parallel`) the first alone gets the
    network; the others get None and are done.

    Raises
    ------
    RuntimeError
        When no validation loss was finite.
    """
    device = parallel.join(options.device)
    model = _begin(task, options).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    average, mean = moving_average(model, MEAN_DECAY)
    best_model = copy.deepcopy(model)
    modules: dict[str, nn.Module] = {"model": model, "mean": mean, "best": best_model}
    run = Run(options.run, modules, {"adam": optimizer})
    state = run.resume() or {"step": 0, "best": float("inf"), "best_step": 0}
    updates_done(average, state["step"])
    parallel.share(modules.values())
    best, best_step = state["best"], state["best_step"]
    rng = np.random.default_rng([options.seed, state["step"], parallel.rank()])
    began = time.monotonic()
    ramp = (RAMP_ON if options.begin_with else RAMP) if options.adversarial_rms_uv else 0.0
    for step in range(state["step"] + 1, options.steps + 1):
        gone = (time.monotonic() - began) / (60 * options.minutes)
        done = max(gone, step / options.steps)
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, max(0.1, 3 * (1 - done)))
        adversarial_mv = options.adversarial_rms_uv / 1000 * (min(1.0, done / ramp) if ramp else 0)
        size = options.batch // parallel.processes()
        with torch.autocast(device.type, torch.bfloat16, enabled=options.bfloat16):
            loss = _learn(task, model, optimizer, rng, size, adversarial_mv)
        average.update_parameters(model)
        stop = parallel.agree(step == options.steps or gone > 1, device)
        if step % options.every and not stop:
            yield run.at(step, options.steps)
            continue
        if not parallel.rank():
            value, figure = validation(mean, task.held, task.output, task.alike)
            if value < best and done >= ramp:
                best, best_step = value, step
                best_model.load_state_dict(mean.state_dict())
            figures = {"val_loss": value, "val_figure": figure, "best_step": best_step}
            run.log(step=step, train_loss=loss, **figures)
            run.save(step, best=best, best_step=best_step)
        yield run.at(step, options.steps)
        late = step - best_step >= options.patience * options.every and np.isfinite(best)
        worse = not parallel.rank() and late
        if parallel.agree(stop or worse, device):
            break
    first = not parallel.rank()
    parallel.leave()
    if not first:
        return None
    if not np.isfinite(best):
        raise RuntimeError(f"no validation loss was finite: see {options.run / 'log.csv'}")
    yield Step(1.0, f"judging the weights of step {best_step}", run.row)
    return Trained(best_model.eval().cpu(), best_step)


def _begin(task: Task, options: argparse.Namespace) -> Network:
    """The network of ``--begin-with``, or an untrained one; of values, one that answers the mean.

    Raises
    ------
    WeightsError
        When the network to begin with is another one than is to be trained.
    """
    model: Network
    if task.network is not None:
        model = task.network()
    else:
        model = ARCHITECTURES[options.architecture](len(task.leads), len(task.outputs), task.fs)
    if options.begin_with:
        loaded = load(options.begin_with)
        given, card = loaded.module, loaded.card
        if type(given) is not type(model) or tuple(card["outputs"]) != task.outputs:
            raise WeightsError(
                f"--begin-with {options.begin_with}: a {type(given).__name__} that answers "
                f"{', '.join(card['outputs'])}, where a {type(model).__name__} that answers "
                f"{', '.join(task.outputs)} is trained: begin with one of these, or with none"
            )
        model.load_state_dict(given.state_dict())
        return model
    if task.output == "linear":
        model.head.bias.data[:] = torch.from_numpy(np.nanmean(task.held.truth, axis=0))
    return model


def _learn(
    task: Task,
    model: Network,
    optimizer: torch.optim.Optimizer,
    rng: np.random.Generator,
    size: int,
    adversarial_mv: float,
) -> float:
    """One step on a batch, moved by an adversarial step up to ``adversarial_mv``; the loss."""
    device = next(model.parameters()).device
    x, truth = (part.to(device) for part in task.batch(rng, size))
    model.train()
    if adversarial_mv:
        x = adversarial(model, x, truth, task.output, float(rng.uniform(0.0, adversarial_mv)))
    loss = loss_of(model(x), truth, task.output)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    parallel.average_gradients(model.parameters())
    optimizer.step()
    return loss.item()
