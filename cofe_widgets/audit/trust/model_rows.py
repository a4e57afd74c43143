"""Rows of the trust card about the model: who agrees, where it looks, how little flips it."""

from __future__ import annotations

from math import isnan, log
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import EcgError, ExplainError, WeightsError, WrapError
from ...explain.attribution import attribute
from ...wrapper import Predictor
from ...wrapper import load as load_predictor
from .card import TrustRow
from .card import Verdict as Judged
from .robustness import robustness

if TYPE_CHECKING:
    from ...explain.counterfactual import Counterfactual

#: Shipped models that answer the same question, trained independently of each other.
SIBLINGS = ("af-resnet", "af-inception")
#: Noise of real resting ECGs, uV RMS: a twentieth have less, half of them, all but a twentieth.
NOISE_LOW, NOISE_MEDIAN, NOISE_HIGH = 3.0, 13.5, 29.0
#: The most salient samples looked at, of this stretch about R; a change of shape smaller than this
#: (mV RMS) is none.
SALIENT, WINDOW_S, LEAST_SHAPE_MV = 0.2, (-0.3, 0.45), 0.003
SALIENCY = "Agreement with saliency"
#: The share of the change found there beside what chance puts there.
MORE_THAN_CHANCE = 1.5


def agreement_row(cf: Counterfactual, f: Predictor | None, second: Predictor | None) -> TrustRow:
    """Whether a model that was trained independently changes its mind too; a wiggle does not transfer."""
    name = "Agreement of an independent model"
    second = second or (sibling(f) if f is not None else None)
    if second is None:
        sentence = "Unknown: no independent model of the same outputs is at hand."
        return TrustRow(name, None, "", "", "unknown", sentence)
    try:
        answers = second.predict([cf.original, cf.record(1.0)])
        before, after = (answer[cf.target] for answer in answers)
    except (EcgError, WrapError, KeyError) as error:
        sentence = f"Unknown: {second.name} cannot answer ({error})."
        return TrustRow(name, None, "", "", "unknown", sentence)
    said = f"{second.name} moves from {cf.shown(before)} to {cf.shown(after)}"
    wanted = np.sign(cf.predictions[-1] - cf.predictions[0])
    if cf.is_value:
        edge = before + (cf.level - float(cf.predictions[0])) / 2
        yardstick = f"half of the way asked: {cf.shown(edge)}"
    else:
        edge, yardstick = 0.5, "0.5"
        if (before - edge) * wanted >= 0:
            sentence = f"Unknown: {said}; it gave that answer to the original already."
            return TrustRow(name, after, "", yardstick, "unknown", sentence)
    agrees = bool((after - edge) * wanted >= 0)
    verdict: Judged = "good" if agrees else "mind"
    sentence = (
        f"{said}: the change means something to more than one model."
        if agrees
        else f"{said}: the change speaks to {cf.model} alone."
    )
    return TrustRow(name, after, "", yardstick, verdict, sentence)


def sibling(f: Predictor) -> Predictor | None:
    """A shipped model of the same outputs as ``f`` that is not ``f``; None when there is none."""
    for name in SIBLINGS:
        try:
            other = load_predictor(name)
        except (WeightsError, WrapError):
            continue
        differs = name != f.name and other.weight_hash != f.weight_hash
        if differs and set(other.outputs) == set(f.outputs):
            return other
    return None


def saliency_row(
    cf: Counterfactual, f: Predictor | None, beats: list[NDArray[np.float64]]
) -> TrustRow:
    """Where the beats changed their shape, is the gradient at the original steep there.

    Both are averaged over the beats, ``beats`` of the original and of the last frame: a gradient does
    not see that a beat could come at another time.
    """
    name = SALIENCY
    if f is None:
        return _without_model(name, "%")
    try:
        found = attribute(cf.original, f, cf.target)
        before, after = f.tensor([cf.original, cf.record(1.0)]).cpu().double().numpy()
    except (ExplainError, EcgError) as error:
        return TrustRow(name, None, "%", "", "unknown", f"Unknown: {error}.")
    shapes = [
        np.median(windows(one, r_s, f.fs), axis=0)
        for one, r_s in zip((before, after), beats, strict=True)
    ]
    weight = windows(np.abs(found.values), beats[0], f.fs).mean(axis=0)
    energy = np.square(shapes[1] - shapes[0])
    if not np.sqrt(energy.mean()) > LEAST_SHAPE_MV:
        sentence = "Unknown: the beats keep their shape, and saliency knows nothing of their times."
        return TrustRow(name, None, "%", "", "unknown", sentence)
    share, chance = inside(energy, weight)
    yardstick = f"{100 * chance:.0f} % by chance"
    if share >= MORE_THAN_CHANCE * chance:
        verdict: Judged = "good"
        sentence = "The beats change where the model's gradient is steep."
    else:
        verdict = "mind"
        sentence = "The beats change no more where saliency points than chance would have it."
    return TrustRow(name, 100 * share, "%", yardstick, verdict, sentence)


def windows(signal: NDArray[Any], beats_s: NDArray[np.float64], fs: float) -> NDArray[Any]:
    """The stretch about each beat that lies whole in a signal, ``(beats, leads, window)``.

    Where there is none, one stretch of NaN.
    """
    at = np.arange(round(WINDOW_S[0] * fs), round(WINDOW_S[1] * fs))
    places = np.rint(np.asarray(beats_s) * fs).astype(int)[:, None] + at
    whole = (places[:, 0] >= 0) & (places[:, -1] < signal.shape[1]) if len(places) else []
    if not np.any(whole):
        return np.full((1, len(signal), len(at)), np.nan)
    return np.moveaxis(signal[:, places[whole]], 0, 1)


def inside(energy: NDArray[Any], weight: NDArray[Any]) -> tuple[float, float]:
    """Share of a change's energy in the most salient fifth of the samples, and what chance gives.

    Parameters
    ----------
    energy, weight : (leads, samples)
        Squared change, and magnitude of the saliency.

    Returns
    -------
    share, chance : float
        Chance is the mean over shifting the saliency in time by any number of samples: which leads
        are salient is kept, when is not.
    """
    mask = weight > np.quantile(weight, 1 - SALIENT)
    whole = max(float(energy.sum()), 1e-12)
    chance = float((energy.sum(axis=1) * mask.mean(axis=1)).sum()) / whole
    return float(energy[mask].sum()) / whole, chance


def robustness_rows(cf: Counterfactual, f: Predictor | None) -> list[TrustRow]:
    """How little flips the model here: noise, and a step made to."""
    names = ("Noise that flips the model", "Smallest step that flips the model")
    if f is None:
        return [_without_model(name, "uV RMS") for name in names]
    goal = cf.level if f.output == "linear" else log(cf.level / (1 - cf.level))
    try:
        found = robustness(f, f.tensor(cf.original), cf.target, goal)
    except EcgError as error:
        return [TrustRow(n, None, "uV RMS", "", "unknown", f"Unknown: {error}.") for n in names]
    noise: Judged = (
        "bad"
        if found.noise_uv <= NOISE_MEDIAN
        else "mind"
        if found.noise_uv <= NOISE_HIGH
        else "good"
    )
    said = {
        "bad": "The noise of an ordinary ECG would flip this answer.",
        "mind": "The noise of a poor but not rare ECG would flip this answer.",
        "good": "It takes more noise than 19 of 20 real ECGs have.",
    }
    rows = [
        TrustRow(
            names[0],
            found.noise_uv,
            "uV RMS",
            f"{NOISE_MEDIAN:g} uV half of real ECGs, {NOISE_HIGH:g} uV 19 of 20",
            noise,
            said[noise],
        )
    ]
    if isnan(found.adversarial_rms_uv):
        return [*rows, TrustRow(names[1], None, "uV RMS", "", "unknown", "Unknown: no gradient.")]
    step: Judged = (
        "bad"
        if found.adversarial_rms_uv <= NOISE_LOW
        else "mind"
        if found.adversarial_rms_uv <= NOISE_MEDIAN
        else "good"
    )
    said = {
        "bad": "A change hidden in the noise of the cleanest ECGs flips the model: it is fragile.",
        "mind": "A change too small to see, made for it, flips the model.",
        "good": "No change below the noise of an ordinary ECG flips the model.",
    }
    yardstick = f"{NOISE_MEDIAN:g} uV: noise of half of real ECGs"
    return [
        *rows,
        TrustRow(names[1], found.adversarial_rms_uv, "uV RMS", yardstick, step, said[step]),
    ]


def _without_model(name: str, unit: str) -> TrustRow:
    sentence = "Unknown: the model is not at hand."
    return TrustRow(name, None, unit, "", "unknown", sentence)
