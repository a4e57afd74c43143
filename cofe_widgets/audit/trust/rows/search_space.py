"""How much freedom the search needed: named edits alone, or more."""

from __future__ import annotations

from ....explain.counterfactual.card import TrustRow, Verdict
from ..context import TrustContext

#: By the number of the smallest space that sufficed.
JUDGED: dict[int, tuple[Verdict, str]] = {
    1: ("good", "The change is made of rhythm and named measurements alone."),
    2: ("good", "The change needed leading components of morphology beside named numbers."),
    3: ("bad", "The model was flipped without a nameable change."),
}


def judge(context: TrustContext) -> TrustRow:
    """The smallest search space that sufficed."""
    cf = context.cf
    number = 3 if "whole" in cf.space else 2 if "component" in cf.space else 1
    verdict, sentence = JUDGED[number]
    if number == 3 and not cf.reached:
        sentence = "Even the whole of the latent space held no answer."
    yardstick = "1 named, 2 leading components, 3 everything"
    return TrustRow("Search space needed", number, "", yardstick, verdict, sentence)
