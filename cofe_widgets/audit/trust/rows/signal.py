"""What is wrong with the recording itself: an explanation cannot be better than its signal."""

from __future__ import annotations

import numpy as np

from ....explain.counterfactual.card import TrustRow, Verdict
from ....signals.quality import in_words, screened
from ..context import TrustContext

#: Share of the leads' time that is dead, above which the recording is not one to explain; and how long no
#: lead at all may show anything.
MOST_DEAD, MOST_BLIND_S = 0.25, 0.5
#: Faults that touch no wave that is looked at: the baseline is not what a model should see.
HARMLESS = ("drift",)


def judge(context: TrustContext) -> TrustRow:
    """How much of the original recording is no heart's."""
    record = context.cf.original
    found = screened(record)
    dead = found.alive.mask
    blind_s = float(np.asarray(dead.all(axis=0)).sum()) / record.fs
    share = float(dead.mean())
    verdict: Verdict = "good"
    if share > MOST_DEAD or blind_s > MOST_BLIND_S:
        verdict = "bad"
    elif any(fault.kind not in HARMLESS for fault in found.faults):
        verdict = "mind"
    said = "; ".join(in_words(record))
    sentence = f"The recording itself: {said}." if said else "Nothing is wrong with the recording."
    return TrustRow("Signal itself", 100 * share, "% dead", "0", verdict, sentence)
