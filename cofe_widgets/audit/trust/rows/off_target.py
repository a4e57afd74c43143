"""What moved although the model's answer does not rest on it."""

from __future__ import annotations

from ....explain.counterfactual import Counterfactual
from ....explain.counterfactual.card import TrustRow, Verdict
from ....explain.counterfactual.reasons import CARRIES
from ....signals.changes import Change
from ....vocabulary.diagnoses import belonging
from ....vocabulary.edits import EDITS
from ....vocabulary.territories import CHANGES
from ..context import TrustContext

#: Part of the beat -> the measurements that its shape sets.
_ASKED_BY_PART = {
    "p": ("p_presence", "p_amplitude_mv"),
    "pr_segment": ("pr_ms",),
    "qrs": ("qrs_ms", "q_amplitude_mv", "r_amplitude_mv", "qrs_axis_deg", "qt_ms"),
    "st": ("j_amplitude_mv",),
    "t": ("t_amplitude_mv", "qt_ms"),
}


def judge(context: TrustContext) -> TrustRow:
    """How many measurements moved by more than their own error that carry nothing of the answer.

    What the diagnosis brings is told, and held against an answer less than what has no reason at all.
    Where it is not known what carries the answer, what the diagnosis or the search asks for is left out.
    """
    cf, moved = context.cf, context.findings.moved
    brought = set(belonging(cf.target) or ())
    carried = _carried(context)
    asked = _asked(cf) if carried is None else carried
    off = {name: one for name, one in moved.items() if name not in asked}
    beside = off.keys() - brought
    rests = "nobody asked" if carried is None else "the answer does not rest on it"
    sentence = "No measurement moved, beyond its own error, without need."
    if off:
        said = "; ".join(_told(lead, change) for lead, change in off.values())
        sentence = f"Moved although {rests}: {said}."
        if not beside:
            sentence += " It belongs to the diagnosis."
    verdict: Verdict = "good" if not off else "mind" if len(beside) < 3 else "bad"
    yardstick = "0; 3 or more that the diagnosis does not bring are bad"
    return TrustRow("Measurements off target", len(off), "", yardstick, verdict, sentence)


def _asked(cf: Counterfactual) -> set[str]:
    """The measurements that the diagnosis or, without one, the named edits ask for."""
    known = belonging(cf.target)
    if known is not None:
        return set(known)
    moved = [edit for name, edit in EDITS.items() if edit.shows(cf.moved.get(name, edit.rest))]
    return {asked for edit in moved for asked in edit.asks}


def _carried(context: TrustContext) -> set[str] | None:
    """The measurements that the changes ask for which carry the answer; None where that is not known."""
    why = context.why
    if why is None:
        return None
    rows = [row for row in why.rows if row.needed or abs(row.share) >= CARRIES]
    out = {asked for row in rows if row.name in CHANGES for asked in CHANGES[row.name].asks}
    parts = {row.name.split("/")[0] for row in rows if "/" in row.name}
    return out | {asked for part in parts for asked in _ASKED_BY_PART.get(part, ())}


def _told(lead: str, change: Change) -> str:
    """A change in a few words, ``"ST at J in V2 0.00 -> 0.15 mV"``."""
    about = change.measurement
    where = f" in {lead}" if lead else ""
    values = (change.before, change.after)
    before, after = (f"{about.scale * value:.{about.digits}f}" for value in values)
    unit = about.symbol if about.symbol == "°" else f" {about.symbol}"
    return f"{about.in_sentence}{where} {before} -> {after}{unit}"
