"""What moved although the model's answer does not rest on it."""

from __future__ import annotations

from ....errors import ExplainError
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
    """
    cf = context.cf
    off = {name: one for name, one in context.findings.moved.items() if name not in carried_by(cf)}
    beside = off.keys() - set(belonging(cf.target) or ())
    sentence = "No measurement moved, beyond its own error, that the answer does not rest on."
    if off:
        said = "; ".join(_told(lead, change) for lead, change in off.values())
        sentence = f"Moved although the answer does not rest on it: {said}."
        if not beside:
            sentence += " It belongs to the diagnosis."
    verdict: Verdict = "good" if not off else "mind" if len(beside) < 3 else "bad"
    yardstick = "0; 3 or more that the diagnosis does not bring are bad"
    return TrustRow("Measurements off target", len(off), "", yardstick, verdict, sentence)


def carried_by(cf: Counterfactual) -> set[str]:
    """The measurements that the changes ask for which carry the answer; all, where that is not known."""
    try:
        rows = [row for row in cf.why.rows if row.needed or abs(row.share) >= CARRIES]
    except ExplainError:
        names = [
            name
            for name, edit in EDITS.items()
            if abs(cf.moved.get(name, edit.rest) - edit.rest) >= edit.least
        ]
        return {asked for name in names for asked in EDITS[name].asks}
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
