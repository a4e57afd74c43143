"""Whether the last frame is what a cardiologist would call the target."""

from __future__ import annotations

from ....explain.counterfactual.card import TrustRow, Verdict
from ....signals.criteria.diagnoses import diagnosis, holds
from ....vocabulary.diagnoses import title
from ..context import TrustContext


def judge(context: TrustContext) -> TrustRow:
    """How many of the target's criteria the last frame meets."""
    cf = context.cf
    name, yardstick = "Criteria of the diagnosis", "all of them"
    judged = diagnosis(cf.target, context.findings.after)
    now, met = holds(judged), sum(verdict.met is True for verdict in judged)
    if now is None:
        why = "they cannot be measured here" if judged else "this package has none for it"
        return TrustRow.unknown(name, why, yardstick=yardstick)
    rising = cf.predictions[-1] >= cf.predictions[0]
    asked = ", ".join(verdict.words for verdict in judged)
    if now:
        sentence = f"The changed ECG meets the criteria of {title(cf.target)}: {asked}."
    else:
        sentence = f"The changed ECG does not meet the criteria of {title(cf.target)}: {asked}."
    verdict: Verdict = "good" if now == rising else "mind"
    if not rising:
        yardstick = "fewer than all"
    return TrustRow(name, met, f"of {len(judged)}", yardstick, verdict, sentence)
