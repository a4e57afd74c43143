"""How large the change is, and how much of the ECG it touches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....explain.counterfactual.card import TrustRow, Verdict
from ..context import INDEPENDENT_ROWS, Signal, Times, TrustContext

#: A sample counts as changed when it moved by more than this.
CHANGED_MV = 0.02
#: A change of timing alone stays below this multiple of what beats out of step make.
MORE_THAN_TIMING = 1.15


class Size(NamedTuple):
    """How large a change is over the eight independent leads.

    Attributes
    ----------
    rms_uv : float
    own_rms_uv : float
        Of the original about its mean.
    share : float
        Samples that moved by more than `CHANGED_MV`, 0 to 1.
    """

    rms_uv: float
    own_rms_uv: float
    share: float


def size(before: Signal, after: Signal) -> Size:
    """How much of an ECG ``(12, samples)`` changed."""
    change = (after - before)[INDEPENDENT_ROWS].astype(float)
    own = before[INDEPENDENT_ROWS].std(axis=1, dtype=float)
    rms = 1000 * float(np.sqrt(np.square(change).mean()))
    share = float((np.abs(change) > CHANGED_MV).mean())
    return Size(rms, 1000 * float(np.sqrt(np.square(own).mean())), share)


def judge(context: TrustContext) -> list[TrustRow]:
    """RMS of the change beside that of beats out of step, and the share of the samples changed."""
    found = size(context.before, context.after)
    out_of_step = 2**0.5 * found.own_rms_uv
    verdict: Verdict = "good"
    sentence = "No further from the original than its own beats at other times would be."
    if found.rms_uv > MORE_THAN_TIMING * out_of_step:
        verdict = "mind" if found.rms_uv < 1.5 * out_of_step else "bad"
        sentence = "Further from the original than its own beats at other times would be."
    yardstick = f"{out_of_step:.0f} uV: the same ECG with all its beats out of step"
    whole = f"{100 * found.share:.0f} % of the samples moved by more than 20 uV"
    everywhere = found.share > 0.5 and not _moved(*context.beats_s)
    because = "" if found.share <= 0.5 else ", as they do when beats come at other times"
    return [
        TrustRow("Size of the change", found.rms_uv, "uV RMS", yardstick, verdict, sentence),
        TrustRow(
            "Samples changed",
            100 * found.share,
            "%",
            "50 %, unless beats move",
            "mind" if everywhere else "good",
            f"{whole}, though no beat moved." if everywhere else f"{whole}{because}.",
        ),
    ]


def _moved(before: Times, after: Times) -> bool:
    """Whether beats of the last frame come at other times than those of the first."""
    return len(before) != len(after) or bool(np.abs(before - after).max(initial=0.0) > 0.02)
