"""What moved although neither the diagnosis nor, without one, the named edits ask for it."""

from __future__ import annotations

from ....explain.counterfactual.card import TrustRow, Verdict
from ....signals.changes import Change
from ....vocabulary.diagnoses import belonging
from ....vocabulary.edits import EDITS
from ..context import TrustContext


def judge(context: TrustContext) -> TrustRow:
    """How many measurements moved by more than their own error without being asked to."""
    cf = context.cf
    known = belonging(cf.target)
    asked = set(known or ())
    if known is None:
        for name, edit in EDITS.items():
            if abs(cf.moved.get(name, edit.rest) - edit.rest) >= edit.least:
                asked |= {*edit.asks}
    off = {name: one for name, one in context.findings.moved.items() if name not in asked}
    sentence = "No measurement moved, beyond its own error, that was not asked to."
    if off:
        said = "; ".join(_told(lead, change) for lead, change in off.values())
        sentence = f"Moved although nobody asked: {said}."
    verdict: Verdict = "good" if not off else "mind" if len(off) < 3 else "bad"
    yardstick = "0; 3 or more are bad"
    return TrustRow("Measurements off target", len(off), "", yardstick, verdict, sentence)


def _told(lead: str, change: Change) -> str:
    """A change in a few words, ``"ST at J in V2 0.00 -> 0.15 mV"``."""
    about = change.measurement
    where = f" in {lead}" if lead else ""
    values = (change.before, change.after)
    before, after = (f"{about.scale * value:.{about.digits}f}" for value in values)
    unit = about.symbol if about.symbol == "°" else f" {about.symbol}"
    return f"{about.in_sentence}{where} {before} -> {after}{unit}"
