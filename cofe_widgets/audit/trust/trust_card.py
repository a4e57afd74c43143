"""The trust card of a counterfactual: is it reached, is it an ECG, does it say what it seems to say.

Yardsticks are measured on real recordings (``python -m benchmarks trust`` prints them again); those
of latent distances come from the real ECGs that the encoder carries along.
"""

from __future__ import annotations

from ...explain.counterfactual import Counterfactual
from ...explain.counterfactual.card import TrustCard, TrustRow
from ...wrapper import Predictor
from .context import TrustContext
from .rows import ROWS
from .rows.saliency import SALIENCY


def trust_card(
    cf: Counterfactual,
    f: Predictor | None = None,
    *,
    second: Predictor | None = None,
) -> TrustCard:
    """What speaks for and against a counterfactual.

    Parameters
    ----------
    cf : Counterfactual
    f : Predictor, optional
        The model it explains; without it the rows about the model are unknown.
    second : Predictor, optional
        A model of the same outputs, trained independently; by default the shipped sibling, where
        there is one.

    Returns
    -------
    TrustCard
        The rows of `rows.ROWS`, in that order.
    """
    context = TrustContext(cf, f, second)
    rows: list[TrustRow] = []
    for judge in ROWS:
        found = judge(context)
        rows += [found] if isinstance(found, TrustRow) else found
    return TrustCard(headline(rows), tuple(rows))


def headline(rows: list[TrustRow]) -> str:
    """The verdict of all rows in plain language: the first one's sentence, then what gives pause."""
    by = {kind: [row for row in rows[1:] if row.verdict == kind] for kind in ("bad", "mind")}
    names = {
        kind: ", ".join(row.name[0].lower() + row.name[1:] for row in some)
        for kind, some in by.items()
    }
    if by["bad"]:
        judged = f"Do not rely on it: {names['bad']}."
    elif [row.name for row in by["mind"]] == [SALIENCY]:  # weak evidence: maps seldom agree
        judged = "Little speaks against it: the change does not lie where saliency points."
    elif by["mind"]:
        judged = f"Read it with care: {names['mind']}."
    else:
        judged = "Nothing that was measured speaks against it."
    return f"{rows[0].sentence} {judged}"
