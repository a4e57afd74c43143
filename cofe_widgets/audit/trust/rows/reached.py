"""Whether the model's answer to the last frame is the one that was asked for."""

from __future__ import annotations

from ....explain.counterfactual.card import TrustRow, Verdict
from ....vocabulary.diagnoses import QUANTITIES, title_with_code
from ..context import TrustContext


def judge(context: TrustContext) -> TrustRow:
    """The answer to the last frame beside the level asked."""
    cf = context.cf
    last, asked = float(cf.predictions[-1]), cf.shown(cf.level)
    what = title_with_code(cf.target)
    if cf.reached:
        sentence = f"Reached: {cf.model} answers {what} {cf.shown(last)} ({asked} was asked)."
    else:
        sentence = (
            f"Not reached: {asked} was asked of {cf.model} for {what}, "
            f"the search ended at {cf.shown(last)}."
        )
    unit = QUANTITIES[cf.target].unit if cf.target in QUANTITIES else ""
    verdict: Verdict = "good" if cf.reached else "bad"
    return TrustRow("Target reached", last, unit, f"{asked} asked", verdict, sentence)
