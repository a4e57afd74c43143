"""What of the change the model needs, how much smaller a change would do, and what it does not see."""

from __future__ import annotations

from ....explain.counterfactual import Counterfactual
from ....explain.counterfactual.card import TrustRow, Verdict
from ....explain.counterfactual.reasons import Reasons
from ....explain.reasons import holds
from ....vocabulary.territories import length_sd
from ..context import TrustContext

NEEDED, SMALLEST = "Needed by the model", "Smallest change found"
STABLE, SEEN = "The same reason nearby", "Seen by the model"
#: Needed changes that carry this share of the answer are its reason.
CARRIED = 0.8
#: An answer up to so many times as long as the smallest one is about as small.
ABOUT_AS_SMALL = 1.5


def judge(context: TrustContext) -> list[TrustRow]:
    """Four rows about the model's own reason."""
    cf, why = context.cf, context.why
    if why is None:
        unknown = "the model, or the way to this answer, is not at hand"
        return [TrustRow.unknown(name, unknown) for name in (NEEDED, SMALLEST, STABLE, SEEN)]
    return [
        _needed(why, cf.needed.why),
        _smallest(cf, cf.needed),
        _stable(cf.needed, why),
        _seen(why),
    ]


def _needed(why: Reasons, need: Reasons) -> TrustRow:
    """The share of the answer that needed changes carry, what those are, and what came along."""
    share = sum(row.share for row in why.needed)
    yardstick = f"{100 * CARRIED:.0f} % and nothing that came along"
    if not why.nameable:
        sentence = f"The model's reason has no name: {why.together}."
        return TrustRow(NEEDED, 0.0, "% of the answer", yardstick, "bad", sentence)
    names = ", ".join(row.said for row in need.needed)
    along = ", ".join(row.said for row in why.along)
    verdict: Verdict = "good" if share >= CARRIED and not along else "mind"
    sentence = f"The model needs {names or 'nothing of this'}."
    if along:
        sentence += f" Came along, and carries next to nothing: {along}."
    if why.together:
        sentence += f" {why.together[0].upper()}{why.together[1:]}."
    return TrustRow(NEEDED, 100 * share, "% of the answer", yardstick, verdict, sentence)


def _smallest(cf: Counterfactual, need: Counterfactual) -> TrustRow:
    """How far the named changes go beside the smallest that does it, both in SD added up."""
    yardstick = f"{ABOUT_AS_SMALL:g} times; plausible answers go farther"
    if not need.reached:
        return TrustRow(SMALLEST, None, "x", yardstick, "unknown", f"{need.message}.")
    ratio = length_sd(cf.moved) / max(float(need.provenance["distance"]), 1e-9)
    verdict: Verdict = "good" if ratio <= ABOUT_AS_SMALL else "mind"
    said = ", ".join(row.said for row in need.why.rows)
    sentence = (
        "No smaller change of named things was found that does it."
        if ratio <= ABOUT_AS_SMALL
        else f"A smaller change does it: {said}."
    )
    return TrustRow(SMALLEST, ratio, "x", yardstick, verdict, sentence)


def _stable(need: Counterfactual, why: Reasons) -> TrustRow:
    """On how many neighbours of the record the same change is the reason."""
    yardstick = "all: other noise of 10 uV, other random beats and waves"
    if not why.nameable or need.predictor is None:
        return TrustRow.unknown(STABLE, "there is no reason that has a name", "", yardstick)
    kept, n = holds(need)
    verdict: Verdict = "good" if kept == n else "mind" if 2 * kept > n else "bad"
    sentence = f"In {kept} of {n} neighbours of this record the same change is needed and does it."
    return TrustRow(STABLE, float(kept), f"of {n}", yardstick, verdict, sentence)


def _seen(why: Reasons) -> TrustRow:
    """What of the change lies where the model does not look."""
    if not why.unseen:
        return TrustRow(
            SEEN, 100.0, "%", "all of it", "good", "The model looks at all that changed."
        )
    said = "; ".join(why.unseen)
    sentence = f"Drawn, but not looked at by the model: {said}."
    return TrustRow(SEEN, None, "", "all of it", "mind", sentence)
