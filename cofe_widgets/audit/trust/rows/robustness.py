"""How little flips a model at one ECG: noise, and the smallest step made to flip it.

A model that a ripple flips can be explained only by the ripple; whoever reads a counterfactual of it
should know.
"""

from __future__ import annotations

from math import isnan, log
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ....errors import EcgError
from ....explain.counterfactual.card import TrustRow, Verdict
from ....wrapper import Predictor
from ..context import TrustContext

#: Noise of real resting ECGs, uV RMS: a twentieth have less, half of them, all but a twentieth.
NOISE_LOW, NOISE_MEDIAN, NOISE_HIGH = 3.0, 13.5, 29.0
#: Noise tried, uV, and how many draws of it.
NOISE_UV, DRAWS = (14.0, 29.0, 60.0, 120.0), 3
#: Linear steps towards the boundary (Moosavi-Dezfooli et al., DeepFool, CVPR 2016), each so much
#: beyond it and none longer than so many uV RMS; then shares of their sum are tried.
STEPS, BEYOND, LONGEST_UV = 6, 1.05, 20.0
SHARES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def judge(context: TrustContext) -> list[TrustRow]:
    """How little flips the model at the original: noise, and a step made to."""
    names = ("Noise that flips the model", "Smallest step that flips the model")
    cf, f = context.cf, context.f
    if f is None:
        return [TrustRow.unknown(name, "the model is not at hand", "uV RMS") for name in names]
    goal = cf.level if f.output == "linear" else log(cf.level / (1 - cf.level))
    try:
        found = robustness(f, f.tensor(cf.original), cf.target, goal)
    except EcgError as error:
        return [TrustRow.unknown(name, str(error), "uV RMS") for name in names]
    return [_noise_row(names[0], found.noise_uv), _step_row(names[1], found.adversarial_rms_uv)]


def _noise_row(name: str, uv: float) -> TrustRow:
    verdict = _verdict(uv, NOISE_MEDIAN, NOISE_HIGH)
    said = {
        "bad": "The noise of an ordinary ECG would flip this answer.",
        "mind": "The noise of a poor but not rare ECG would flip this answer.",
        "good": "It takes more noise than 19 of 20 real ECGs have.",
    }
    yardstick = f"{NOISE_MEDIAN:g} uV half of real ECGs, {NOISE_HIGH:g} uV 19 of 20"
    return TrustRow(name, uv, "uV RMS", yardstick, verdict, said[verdict])


def _step_row(name: str, uv: float) -> TrustRow:
    if isnan(uv):
        return TrustRow.unknown(name, "no gradient", "uV RMS")
    verdict = _verdict(uv, NOISE_LOW, NOISE_MEDIAN)
    said = {
        "bad": "A change hidden in the noise of the cleanest ECGs flips the model: it is fragile.",
        "mind": "A change too small to see, made for it, flips the model.",
        "good": "No change below the noise of an ordinary ECG flips the model.",
    }
    yardstick = f"{NOISE_MEDIAN:g} uV: noise of half of real ECGs"
    return TrustRow(name, uv, "uV RMS", yardstick, verdict, said[verdict])


def _verdict(uv: float, bad: float, mind: float) -> Verdict:
    """What flips a model is bad up to one amount, and to be minded up to another."""
    return "bad" if uv <= bad else "mind" if uv <= mind else "good"


class Robustness(NamedTuple):
    """What flips a model at one ECG, uV RMS; infinite where nothing tried did.

    Attributes
    ----------
    noise_uv : float
        White noise in every lead at which half of the draws flip the answer.
    adversarial_rms_uv : float
        The smallest step along the model's own gradient that does.
    """

    noise_uv: float
    adversarial_rms_uv: float


def boundary(f: Predictor, start: float, goal: float) -> float:
    """The score at which an answer counts as flipped on its way from ``start`` to ``goal``.

    Even odds where they lie between; for a model of values, and where they do not, the goal.
    """
    return 0.0 if f.output != "linear" and min(start, goal) < 0 < max(start, goal) else goal


def robustness(f: Predictor, x: Tensor, target: str, goal: float) -> Robustness:
    """How much noise and how small a step flip the answer to one ECG.

    Parameters
    ----------
    f : Predictor
    x : (1, leads, samples)
        As `Predictor.tensor` gives it, mV.
    target : str
        Output by name.
    goal : float
        Score (log-odds, or value) that the answer was asked to reach.
    """
    with torch.no_grad():
        start = float(f.score(f.raw(x), target)[0])
    edge = boundary(f, start, goal)
    sign = 1.0 if edge >= start else -1.0
    return Robustness(_noise(f, x, target, sign, edge), _step(f, x, target, sign, edge))


def _noise(f: Predictor, x: Tensor, target: str, sign: float, edge: float) -> float:
    draws = torch.randn((DRAWS, *x.shape[1:]), generator=torch.Generator().manual_seed(0)).to(x)
    noise = torch.cat([draws * (uv / 1000) for uv in NOISE_UV])
    beyond = sign * (_scores(f, x + noise, target) - edge)
    median = np.median(beyond.reshape(len(NOISE_UV), DRAWS), axis=1)
    flipped = np.flatnonzero(median >= 0)
    if not len(flipped):
        return float("inf")
    k = int(flipped[0])
    if k == 0:
        return NOISE_UV[0]
    share = median[k - 1] / (median[k - 1] - median[k])
    return float(NOISE_UV[k - 1] + share * (NOISE_UV[k] - NOISE_UV[k - 1]))


def _step(f: Predictor, x: Tensor, target: str, sign: float, edge: float) -> float:
    moved = torch.zeros_like(x)
    for _ in range(STEPS):
        at = (x + moved).requires_grad_(True)
        with torch.enable_grad():
            score = f.score(f.raw(at), target)
            try:
                (slope,) = torch.autograd.grad(score.sum(), at)
            except RuntimeError:
                return float("nan")
        gap = sign * (edge - float(score.detach()[0]))
        power = float(slope.square().sum())
        if gap <= 0 or not power > 0:
            break
        step = sign * BEYOND * gap / power * slope
        moved = moved + step * min(1.0, LONGEST_UV / max(_rms_uv(step), 1e-9))
    if not bool(torch.isfinite(moved).all()):
        return float("nan")
    shares = torch.tensor(SHARES).to(x)
    beyond = sign * (_scores(f, x + shares[:, None, None] * moved, target) - edge)
    flipped = np.flatnonzero(beyond >= 0)
    return SHARES[flipped[0]] * _rms_uv(moved) if len(flipped) else float("inf")


def _rms_uv(x: Tensor) -> float:
    return 1000 * float(x.square().mean().sqrt())


def _scores(f: Predictor, x: Tensor, target: str) -> np.ndarray:
    with torch.no_grad():
        parts = [f.score(f.raw(part), target) for part in x.split(f.batch_size)]
    return torch.cat(parts).double().cpu().numpy()
