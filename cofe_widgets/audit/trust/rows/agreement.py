"""Whether a model that was trained independently changes its mind too; a wiggle does not transfer."""

from __future__ import annotations

import numpy as np

from ....errors import EcgError, WeightsError, WrapError
from ....explain.counterfactual.card import TrustRow, Verdict
from ....wrapper import Predictor, load
from ..context import TrustContext

#: Shipped models that answer the same question, trained independently of each other.
SIBLINGS = ("af-resnet", "af-inception")


def judge(context: TrustContext) -> TrustRow:
    """The answers of a second model to the first and the last frame."""
    cf, f = context.cf, context.f
    name = "Agreement of an independent model"
    second = context.second or (sibling(f) if f is not None else None)
    if second is None:
        return TrustRow.unknown(name, "no independent model of the same outputs is at hand")
    try:
        answers = second.predict([cf.original, cf.record(1.0)])
        before, after = (answer[cf.target] for answer in answers)
    except (EcgError, WrapError, KeyError) as error:
        return TrustRow.unknown(name, f"{second.name} cannot answer ({error})")
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
    verdict: Verdict = "good" if agrees else "mind"
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
            other = load(name)
        except (WeightsError, WrapError):
            continue
        differs = name != f.name and other.weight_hash != f.weight_hash
        if differs and set(other.outputs) == set(f.outputs):
            return other
    return None
