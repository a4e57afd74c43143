"""Whether the last frame has the beats it was meant to have: no ghosts, none lost."""

from __future__ import annotations

import numpy as np

from ....explain.counterfactual.card import TrustRow, Verdict
from ....models.architectures.generator import FS, SAMPLES
from ..context import Times, TrustContext

#: A beat stands where it was meant to when it is found this near; cut ones at the ends do not count.
BEAT_TOLERANCE_S, END_S = 0.04, 0.2


def judge(context: TrustContext) -> TrustRow:
    """How many beats of the last frame are not where they were meant to be."""
    name, yardstick = "Beats amiss", "0"
    intended = context.cf.provenance.get("beats_s")
    if intended is None:
        return TrustRow.unknown(name, "the intended beats were not kept", yardstick=yardstick)
    wrong = beats_amiss(np.asarray(intended, float), context.beats_s[1], SAMPLES / FS)
    verdict: Verdict = "good" if wrong == 0 else "mind" if wrong == 1 else "bad"
    sentence = (
        "A beat detector finds exactly the intended beats: no ghosts, none lost."
        if wrong == 0
        else f"A beat detector misses or adds {wrong} of {len(intended)} beats: look for ghosts."
    )
    return TrustRow(name, wrong, "", yardstick, verdict, sentence)


def beats_amiss(intended_s: Times, found_s: Times, seconds: float) -> int:
    """How many beats are missing where they were meant to be, or found where none was meant."""

    def whole(times: Times) -> Times:
        return times[(times > END_S) & (times < seconds - END_S)]

    def lonely(some: Times, others: Times) -> int:
        near = np.abs(whole(some)[:, None] - others[None]).min(axis=1, initial=np.inf)
        return int((near > BEAT_TOLERANCE_S).sum())

    return lonely(intended_s, found_s) + lonely(found_s, intended_s)
