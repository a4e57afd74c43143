"""Whether the change is made of waves or of fast ripple between them."""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple

import numpy as np

from ....explain.counterfactual.card import TrustRow, Verdict
from ....models.architectures.generator import FS
from ..context import INDEPENDENT_ROWS, Signal, Times, TrustContext

#: Ripple: content above this frequency, this far from every R-peak.
RIPPLE_HZ, QRS_REACH_S = 25.0, 0.06
#: A change outside the QRS smaller than this has no spectrum worth a word.
LEAST_CHANGE_UV = 2.0
#: Largest share of a change's energy above 25 Hz outside the QRS, and what the record's own noise,
#: moved along, multiplies fast energy by.
RIPPLE_SHARE, MOVED_NOISE = 0.10, 1.3


def judge(context: TrustContext) -> TrustRow:
    """Share of the change outside the QRS that is faster than any wave there."""
    found = ripple(context.before, context.after, np.concatenate(context.beats_s))
    name = "Ripple outside the QRS"
    yardstick = f"{100 * RIPPLE_SHARE:.0f} % of the change above 25 Hz"
    if not isfinite(found.share):
        sentence = "Nothing changed outside the QRS."
        return TrustRow(name, 0.0, "%", yardstick, "good", sentence)
    verdict: Verdict = "good"
    sentence = "The change is made of waves, not of ripple."
    if found.share > RIPPLE_SHARE:
        if found.gain <= MOVED_NOISE:
            verdict = "mind"
            sentence = "Noise of the recording moved along with its beats; none was added."
        else:
            verdict, sentence = "bad", "The change is fast ripple, which no heart makes."
    return TrustRow(name, 100 * found.share, "%", yardstick, verdict, sentence)


class Ripple(NamedTuple):
    """Fast content of a change outside the QRS.

    Attributes
    ----------
    share : float
        Of the change's energy there, what lies above 25 Hz; NaN where nothing changed.
    gain : float
        Fast energy of the edited ECG there, as a multiple of the original's: 1 when noise of the
        record itself was moved along, more when something was added.
    """

    share: float
    gain: float


def ripple(before: Signal, after: Signal, beats_s: Times) -> Ripple:
    """How much of a change ``(12, samples)`` is ripple away from all the beats given."""
    from scipy.signal import butter, sosfiltfilt

    time = np.arange(before.shape[1]) / FS
    outside = (np.abs(time[:, None] - beats_s[None]) > QRS_REACH_S).all(axis=1)
    three = np.stack((before, after, after - before))[:, INDEPENDENT_ROWS].astype(float)
    fast = sosfiltfilt(butter(4, RIPPLE_HZ, "high", fs=FS, output="sos"), three, axis=2)
    old, new, moved = np.square(fast[..., outside]).sum(axis=(1, 2))
    change = np.square(three[2][:, outside])
    if not change.size or change.mean() < (LEAST_CHANGE_UV / 1000) ** 2:
        return Ripple(float("nan"), 1.0)
    return Ripple(float(moved / change.sum()), float(new / max(old, 1e-12)))
