"""How good and how robust a predictor is: discrimination, calibration, noise and adversarial steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor, nn

from ...audit.statistics import wilson
from ...wrapper.model_answer import log_odds as log_odds_of

Array = NDArray[np.float64]
#: Samples of a bootstrap.
DRAWS = 1000
#: Radii (uV RMS) tried for the smallest step that flips an answer.
RADII_UV = 0.5 * 1.25 ** np.arange(28)


@torch.no_grad()
def raw_outputs(model: nn.Module, signals: NDArray[np.float32] | Tensor) -> Tensor:
    """Raw outputs ``(n, outputs)`` of ``(n, leads, samples)`` in mV, in evaluation mode."""
    model.eval()
    device = next(model.parameters()).device
    x = torch.as_tensor(signals)
    return torch.cat([model(part.to(device)) for part in x.split(64)]).cpu()


def log_odds(raw: Tensor, output: str) -> Tensor:
    """Log-odds of every output, ``(n, outputs)``; a linear output is its value."""
    return torch.stack([log_odds_of(raw, output, k) for k in range(raw.shape[1])], dim=1)


# -- discrimination -------------------------------------------------------------------------------


def auroc(score: Array, positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve, ties count half; NaN without both classes, or of a NaN score."""
    if positive.all() or not positive.any() or np.isnan(score).any():
        return float("nan")
    # By ranks (Mann-Whitney): scikit-learn's checks of its input take ten times as long, and a
    # bootstrap of many labels asks for this a hundred thousand times.
    there = int(positive.sum())
    ranks = rankdata(score)[positive].sum()
    return float((ranks - there * (there + 1) / 2) / (there * (len(score) - there)))


def interval(
    statistic: Callable[[NDArray[np.intp]], float],
    patients: NDArray[np.str_],
    strata: NDArray[np.bool_] | None = None,
) -> tuple[float, float]:
    """95 % bootstrap interval of a statistic of rows.

    Parameters
    ----------
    statistic : callable
        Of an array of row numbers.
    patients : (n,)
        Whole patients are drawn, with all their rows.
    strata : (n,) bool, optional
        Patients with and without a marked row are drawn apart.
    """
    rng = np.random.default_rng(0)
    marked = np.zeros(len(patients), bool) if strata is None else strata
    names, owner = np.unique(patients, return_inverse=True)
    # Rows of one patient after another, and where each patient's begin.
    order = np.argsort(owner, kind="stable")
    many = np.bincount(owner, minlength=len(names))
    rows = np.split(order, np.cumsum(many)[:-1])
    kind = np.array([marked[one].any() for one in rows])
    groups = [g for g in (np.flatnonzero(kind), np.flatnonzero(~kind)) if len(g)]
    values = []
    for _ in range(DRAWS):
        chosen = np.concatenate([rng.choice(group, len(group)) for group in groups])
        once = len(names) == len(patients)
        values.append(
            statistic(order[chosen] if once else np.concatenate([rows[k] for k in chosen]))
        )
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def proportion(right: NDArray[np.bool_]) -> str:
    """A share with its 95 % interval (Wilson 1927), in words."""
    if not len(right):
        return "none"
    low, high = wilson(int(right.sum()), len(right))
    return f"{right.mean():.2f} ({low:.2f}-{high:.2f})"


# -- calibration ----------------------------------------------------------------------------------


def calibration_error(probability: Array, positive: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error over bins of equal width (Guo et al., ICML 2017)."""
    # scikit-learn's `calibration_curve` does not say how many fall into each bin, which is the
    # weight of each: everything would be binned twice, and what lies on an edge otherwise.
    place = (probability * bins).astype(int).clip(0, bins - 1)
    total = 0.0
    for k in range(bins):
        here = place == k
        if here.any():
            total += here.mean() * abs(probability[here].mean() - positive[here].mean())
    return float(total)


def temperature(score: Array, positive: NDArray[np.bool_]) -> float:
    """What log-odds are divided by to make them likeliest (Guo et al. 2017), from 0.2 to 5."""
    from scipy.optimize import minimize_scalar

    sign = np.where(positive, -1.0, 1.0)

    def loss(log_t: float) -> float:
        return float(np.logaddexp(0.0, sign * score * np.exp(-log_t)).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded")
    return float(np.exp(found.x))


# -- robustness -----------------------------------------------------------------------------------


def noisy(x: Tensor, uv: float) -> Tensor:
    """``x`` in mV with white noise, always the same."""
    return x + uv / 1000 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))


def slopes(model: nn.Module, x: Tensor, output: str, k: int) -> Tensor:
    """Gradient of the log-odds (or value) of output ``k``, ``(n, leads, samples)``, per mV."""
    model.eval()
    parts = []
    for part in x.split(32):
        leaf = part.detach().requires_grad_(True)
        parts.append(torch.autograd.grad(log_odds_of(model(leaf), output, k).sum(), leaf)[0])
    return torch.cat(parts)


def unit(slope: Tensor) -> Tensor:
    """Scaled to a root mean square of 1 a record."""
    return slope / (slope.square().mean(dim=(1, 2), keepdim=True).sqrt() + 1e-12)


def nearest_answer(
    model: nn.Module, x: Tensor, output: str, columns: Sequence[int]
) -> tuple[NDArray[np.intp], Tensor]:
    """The output of each record that a straight line would flip first, and the way to it.

    DeepFool's estimate (Moosavi-Dezfooli et al., CVPR 2016): log-odds over the size of their slope.
    One straight step for a card's median over many records; the trust row of robustness repeats it
    for one record, towards a score of its own, which gives another number.

    Returns
    -------
    aim : (n,) one of ``columns``
    away : (n, leads, samples) of 1 mV root mean square
    """
    start = log_odds(raw_outputs(model, x), output)
    nearest, away = np.full(len(x), np.inf), torch.zeros_like(x)
    aim = np.full(len(x), columns[0])
    for k in columns:
        slope = slopes(model, x, output, k)
        size = slope.square().mean(dim=(1, 2)).sqrt() + 1e-12
        distance = (start[:, k].abs() / size).numpy()
        closer = distance < nearest
        nearest[closer], aim[closer] = distance[closer], k
        away[closer] = (-torch.sign(start[:, k])[:, None, None] * unit(slope))[closer]
    return aim, away


def smallest_step(
    model: nn.Module, x: Tensor, output: str, nearest: tuple[NDArray[np.intp], Tensor]
) -> Array:
    """Smallest single step along the gradient that flips the `nearest_answer`, uV RMS, ``(n,)``.

    Infinite where no step up to the last of `RADII_UV` flips it.
    """
    aim, away = nearest
    before = _chosen(log_odds(raw_outputs(model, x), output), aim)
    found = np.full(len(x), np.inf)
    for radius in RADII_UV:
        rows = np.flatnonzero(np.isinf(found))
        if not rows.size:
            break
        after = log_odds(raw_outputs(model, x[rows] + radius / 1000 * away[rows]), output)
        found[rows[(_chosen(after, aim[rows]) * before[rows] <= 0).numpy()]] = radius
    return found


def attacked(
    model: nn.Module,
    x: Tensor,
    output: str,
    nearest: tuple[NDArray[np.intp], Tensor],
    uv: float,
    steps: int = 8,
) -> NDArray[np.bool_]:
    """Whether the `nearest_answer` flips within ``uv`` RMS under repeated steps, ``(n,)``.

    Projected gradient steps (Madry et al., ICLR 2018), each a quarter of ``uv``, from the first
    straight one.
    """
    aim, away = nearest
    model.eval()
    before = _chosen(log_odds(raw_outputs(model, x), output), aim)
    flipped = np.zeros(len(x), bool)
    for part in np.array_split(np.arange(len(x)), max(1, len(x) // 32)):
        pick = torch.from_numpy(aim[part])[:, None]
        sign, moved = torch.sign(before[part]), uv / 1000 * away[part]
        for _ in range(steps):
            leaf = (x[part] + moved).requires_grad_(True)
            score = log_odds(model(leaf), output).gather(1, pick)[:, 0]
            flipped[part] |= (score.detach() * sign <= 0).numpy()
            (slope,) = torch.autograd.grad((-sign * score).sum(), leaf)
            moved = moved + uv / 4000 * unit(slope)
            size = moved.square().mean(dim=(1, 2), keepdim=True).sqrt()
            moved = moved * (uv / 1000 / size).clamp(max=1)
    return flipped


def _chosen(score: Tensor, aim: NDArray[np.intp]) -> Tensor:
    return score.gather(1, torch.from_numpy(aim)[:, None])[:, 0]


def median_uv(steps: Array) -> str:
    """Median of smallest steps, which may be that none was found."""
    middle = float(np.median(steps))
    return f"{middle:.0f} uV" if np.isfinite(middle) else f"none up to {RADII_UV[-1]:.0f} uV"
