"""Whether the limb leads still agree with each other."""

from __future__ import annotations

import numpy as np

from ....ecg import LEADS, LIMB_LEADS, limb_matrix
from ....explain.counterfactual.card import TrustRow, Verdict
from ..context import Signal, TrustContext

#: uV that rounding and resampling leave of Einthoven's law.
EINTHOVEN_UV = 5.0


def judge(context: TrustContext) -> TrustRow:
    """Largest departure of the last frame from the laws of the limb leads."""
    before, after = (einthoven_uv(one) for one in (context.before, context.after))
    verdict: Verdict = "good"
    sentence = "Einthoven's and Goldberger's laws hold."
    if after > max(EINTHOVEN_UV, 1.5 * before):
        verdict, sentence = "bad", "The limb leads contradict each other: no heart draws this."
    elif after > EINTHOVEN_UV:
        verdict, sentence = "mind", f"The recording itself breaks the laws by {before:.0f} uV."
    yardstick = f"{EINTHOVEN_UV:g} uV of rounding"
    return TrustRow("Einthoven residual", after, "uV", yardstick, verdict, sentence)


def einthoven_uv(signal: Signal) -> float:
    """Largest departure of the six limb leads from Einthoven's and Goldberger's laws, uV."""
    limb = signal[[LEADS.index(name) for name in LIMB_LEADS]].astype(float)
    return 1000 * float(np.abs(limb - limb_matrix().astype(float) @ limb[:2]).max())
