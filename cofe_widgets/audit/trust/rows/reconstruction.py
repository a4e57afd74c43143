"""How well the generator redraws the original: what it cannot draw it cannot change soundly."""

from __future__ import annotations

from ....explain.counterfactual.card import TrustRow, Verdict
from ....generative.inversion import UNTRUSTED_R
from ..context import TrustContext

#: Redrawing of held-back real records: half of them above, and a twentieth below.
R_MEDIAN, R_LOW = 0.979, 0.87


def judge(context: TrustContext) -> TrustRow:
    """Correlation of the original with its redrawing."""
    name, yardstick = "Redrawing of the original (r)", f"{R_MEDIAN:g} half of held-back real ECGs"
    r = context.cf.provenance.get("reconstruction_r")
    if r is None:
        return TrustRow.unknown(name, "it was not kept", yardstick=yardstick)
    if r < UNTRUSTED_R:
        verdict: Verdict = "bad"
        sentence = "The generator cannot draw this ECG: what it would change is not to be trusted."
    elif r < R_LOW:
        verdict = "mind"
        sentence = "The generator draws this ECG worse than 19 of 20 others."
    else:
        verdict, sentence = "good", "The generator knows ECGs like this one."
    return TrustRow(name, float(r), "", yardstick, verdict, sentence)
