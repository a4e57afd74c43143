"""The checks' formulas against Quantus, where it is installed: the same maps, the same noise, the same figures.

Quantus is a comparator and no dependency: ``pip install quantus`` into an environment of its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

import cofe_widgets as cw
from cofe_widgets.audit.scorecards import formulas
from cofe_widgets.audit.scorecards.randomised import layers, randomised

from .bench_signals import Line

#: Differences that float32 makes.
CLOSE = 1e-4
ECGS, LEADS, SAMPLES, SEED = 6, 3, 80, 3


class _Small(nn.Module):
    """A small network of ECGs, the input's layer first, that takes Quantus's images of one channel too."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv1d(LEADS, 6, 7, padding=3), nn.Conv1d(6, 8, 5, padding=2)
        self.head = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.tanh(self.conv2(torch.tanh(self.conv1(x.reshape(-1, LEADS, SAMPLES)))))
        return self.head(x.mean(dim=2))


def _gradient(model: nn.Module, inputs: Any, targets: Any, **_: Any) -> np.ndarray:
    """Saliency with its sign, in the form that Quantus asks for."""
    x = torch.as_tensor(np.asarray(inputs), dtype=torch.float32).requires_grad_(True)
    score = model(x)[torch.arange(len(x)), torch.as_tensor(np.asarray(targets))].sum()
    (found,) = torch.autograd.grad(score, x)
    return found.numpy()


def lines() -> list[Line]:
    """A line a formula: the largest difference from Quantus; one that says so where it is not there."""
    try:
        import quantus
    except ImportError as error:
        return [Line("SKIPPED: agreement with Quantus", f"it is not installed ({error})")]
    torch.manual_seed(SEED)
    net, draws = _Small().eval(), np.random.default_rng(SEED)
    x = draws.normal(size=(ECGS, LEADS, SAMPLES)).astype(np.float32)
    y = np.zeros(ECGS, int)
    maps = _gradient(net, x, y)
    causes = np.zeros(x.shape, bool)
    causes[:, 1, 20:45] = True
    # Of causes it knows one channel alone.
    line = {"a_batch": maps.reshape(ECGS, 1, -1), "s_batch": causes.reshape(ECGS, 1, -1)}
    quiet = {"disable_warnings": True, "display_progressbar": False}
    given: dict[str, Any] = {"model": net, "x_batch": x, "y_batch": y, "channel_first": True}
    alone = {**given, "x_batch": x.reshape(ECGS, 1, -1), **line}
    unsigned = {"abs": True, **quiet}
    pairs: dict[str, Callable[[], tuple[Any, Any]]] = {
        "complexity": lambda: (
            formulas.entropy(maps),
            quantus.Complexity(**unsigned)(a_batch=maps.copy(), **given),
        ),
        "sparseness": lambda: (
            formulas.gini(maps),
            quantus.Sparseness(**unsigned)(a_batch=maps.copy(), **given),
        ),
        "relevance mass": lambda: (
            formulas.relevance_mass(maps, causes),
            quantus.RelevanceMassAccuracy(**unsigned)(**alone),
        ),
        "relevance rank": lambda: (
            formulas.relevance_rank(maps, causes),
            quantus.RelevanceRankAccuracy(**unsigned)(**alone),
        ),
        "pointing game": lambda: (
            formulas.pointing_game(maps, causes),
            quantus.PointingGame(**unsigned)(**alone),
        ),
        "max-sensitivity": lambda: _sensitivity(quantus, net, given, maps, quiet),
        "deletion curve": lambda: _flipping(quantus, net, given, maps, quiet),
        "infidelity": lambda: _infidelity(quantus, net, given, maps, quiet),
        "layer randomisation": lambda: _layers(quantus, net, given, maps, quiet),
    }
    out = []
    for name, pair in pairs.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours, theirs = (np.asarray(one, float) for one in pair())
        off = float(np.abs(ours - theirs).max())
        figure = (
            f"largest difference {off:.1e} of {ours.size} figures about {np.abs(theirs).mean():.3g}"
        )
        out.append(Line(f"{name} = Quantus's", figure, f"<= {CLOSE:g}", off <= CLOSE))
    return out


def _sensitivity(
    quantus: Any, net: nn.Module, given: Any, maps: Any, quiet: Any
) -> tuple[Any, Any]:
    """Both are given the same three noises."""
    noises = np.random.default_rng(1).uniform(-0.2, 0.2, (3, *maps.shape)).astype(np.float32)
    turns = iter(noises)
    score = quantus.MaxSensitivity(
        nr_samples=3, perturb_func=lambda arr, **_: arr + next(turns).reshape(arr.shape), **quiet
    )
    theirs = score(a_batch=maps, explain_func=_gradient, **given)
    x, y = given["x_batch"], given["y_batch"]
    ours = [formulas.sensitivity(maps, _gradient(net, x + one, y)) for one in noises]
    return np.max(ours, axis=0), theirs


def _flipping(quantus: Any, net: nn.Module, given: Any, maps: Any, quiet: Any) -> tuple[Any, Any]:
    """Probabilities while the highest ranked samples become 0, 20 at a time."""
    step = 20
    score = quantus.PixelFlipping(features_in_step=step, perturb_baseline=0.0, **quiet)
    theirs = score(a_batch=maps, softmax=True, **given)
    order, x = formulas.ranks(maps).reshape(maps.shape), given["x_batch"]
    ours = []
    for k in range(1, maps[0].size // step + 1):
        gone = torch.from_numpy(np.where(order < k * step, 0, x).astype(np.float32))
        ours.append(net(gone).softmax(dim=1)[:, 0].detach().numpy())
    return np.stack(ours, axis=1), theirs


def _infidelity(quantus: Any, net: nn.Module, given: Any, maps: Any, quiet: Any) -> tuple[Any, Any]:
    """Quantus takes images, one channel of leads by samples, from which sample after sample is taken away."""
    images, seen = given["x_batch"][:, None], []

    def zeroed(arr: np.ndarray, indices: np.ndarray, **_: Any) -> np.ndarray:
        out = arr.copy()
        np.put_along_axis(out, indices, 0, axis=1)
        seen.append(out.reshape(images.shape))
        return out

    score = quantus.Infidelity(
        perturb_patch_sizes=[1], perturb_func=zeroed, n_perturb_samples=1, **quiet
    )
    theirs = score(a_batch=maps[:, None], **{**given, "x_batch": images})
    with torch.no_grad():
        full, *after = (
            net(torch.from_numpy(one.astype(np.float32)))[:, 0].numpy() for one in (images, *seen)
        )
    told = np.stack([((images - one)[:, 0] * maps).sum(axis=(1, 2)) for one in seen], axis=1)
    return formulas.infidelity(full[:, None] - np.stack(after, axis=1), told), theirs


def _layers(quantus: Any, net: nn.Module, given: Any, maps: Any, quiet: Any) -> tuple[Any, Any]:
    """Spearman after every layer, the output layer first, from the same seed."""
    score = quantus.MPRT(layer_order="top_down", seed=SEED, abs=False, normalise=False, **quiet)
    found = score(a_batch=maps, explain_func=_gradient, **given)
    theirs = [found[name] for name in layers(net)[::-1]]
    f = cw.wrap(
        net,
        fs=100,
        leads=("I", "II", "V1"),
        seconds=SAMPLES / 100,
        outputs=["a", "b"],
        output="softmax",
    )
    x, y = given["x_batch"], given["y_batch"]
    ours = [
        formulas.spearman(maps, _gradient(one.module, x, y))
        for one in randomised(f, len(layers(f.module)), SEED)
    ]
    return ours, theirs
