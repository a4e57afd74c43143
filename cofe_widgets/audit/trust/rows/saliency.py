"""Whether the change lies where the model's own gradient says that it looks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import EcgError, ExplainError
from ....explain.attribution import attribute
from ....explain.counterfactual.card import TrustRow, Verdict
from ..context import Times, TrustContext

SALIENCY = "Agreement with saliency"
#: The most salient samples looked at, of this stretch about R; a change of shape smaller than this
#: (mV RMS) is none.
SALIENT, WINDOW_S, LEAST_SHAPE_MV = 0.2, (-0.3, 0.45), 0.003
#: The share of the change found there beside what chance puts there.
MORE_THAN_CHANCE = 1.5
#: ... and at least this share: 0 % is not good beside 0 %.
LEAST_SHARE = 0.05


def judge(context: TrustContext) -> TrustRow:
    """Where the beats changed their shape, is the gradient at the original steep there.

    Both are averaged over the beats of the original and of the last frame: a gradient does not see
    that a beat could come at another time.
    """
    name, cf, f = SALIENCY, context.cf, context.f
    if f is None:
        return TrustRow.unknown(name, "the model is not at hand", "%")
    try:
        found = attribute(cf.original, f, cf.target)
        before, after = f.tensor([cf.original, cf.record(1.0)]).cpu().double().numpy()
    except (ExplainError, EcgError) as error:
        return TrustRow.unknown(name, str(error), "%")
    shapes = [
        np.median(windows(one, r_s, f.fs), axis=0)
        for one, r_s in zip((before, after), context.beats_s, strict=True)
    ]
    weight = windows(np.abs(found.values), context.beats_s[0], f.fs).mean(axis=0)
    energy = np.square(shapes[1] - shapes[0])
    if not np.sqrt(energy.mean()) > LEAST_SHAPE_MV:
        why = "the beats keep their shape, and saliency knows nothing of their times"
        return TrustRow.unknown(name, why, "%")
    share, chance = inside(energy, weight)
    # A map that knows nothing of the model: where the ECG itself is steep.
    control, _ = inside(energy, np.abs(np.gradient(shapes[0], axis=1)))
    yardstick = f"{100 * chance:.0f} % by chance, {100 * control:.0f} % where the ECG is steep"
    if share >= max(MORE_THAN_CHANCE * chance, control, LEAST_SHARE):
        verdict: Verdict = "good"
        sentence = "The beats change where the model's gradient is steep."
    else:
        verdict = "mind"
        sentence = (
            "The beats change no more where saliency points than chance, or a map that does not know the "
            "model, would have it."
        )
    return TrustRow(name, 100 * share, "%", yardstick, verdict, sentence)


def windows(signal: NDArray[Any], beats_s: Times, fs: float) -> NDArray[Any]:
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
