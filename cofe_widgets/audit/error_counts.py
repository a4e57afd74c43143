"""Errors counted by group: areas, shares and their intervals, and tests of a group against the others."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..markup import line
from .statistics import holm, wilson

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
#: Upper ends of groups, and what they are called.
AGES = ((40.0, "under 40"), (65.0, "40-64"), (80.0, "65-79"), (np.inf, "80 and over"))
RATES = ((60.0, "under 60/min"), (100.0, "60-99/min"), (np.inf, "100/min and over"))
EVERYBODY = "everybody"
UNKNOWN = "not known"
#: With fewer records of either kind an area under the curve says nothing.
LEAST_KIND = 5
#: Samples of a bootstrap, and how many are drawn at once.
DRAWS, TOGETHER = 1000, 100
SHARES = ("auroc", "sensitivity", "specificity")
TABLE: dict[str, str | tuple[str, ...]] = {
    **dict.fromkeys(("target", "by", "group"), "text"),
    **dict.fromkeys(("n", "positives", "missed", "false_alarms"), "whole"),
    **{f"{one}{end}": "number" for one in SHARES for end in ("", "_low", "_high")},
}
ERRORS = ("missed", "false alarms")
COMPARED: dict[str, str | tuple[str, ...]] = {
    **dict.fromkeys(("target", "by", "group"), "text"),
    "error": ERRORS,
    **dict.fromkeys(("errors", "of", "others_errors", "others_of"), "whole"),
    **dict.fromkeys(("p", "p_holm"), "number"),
}
#: False alarms by what records truly are.
CONFUSED: dict[str, str | tuple[str, ...]] = {
    **dict.fromkeys(("target", "label"), "text"),
    **dict.fromkeys(("n", "false_alarms"), "whole"),
    **dict.fromkeys(("share", "low", "high"), "number"),
}


def named(group: str | None) -> str:
    """The name of a group or label, as a table can hold it."""
    return UNKNOWN if group is None else line(group, 80)


def tables(
    targets: list[str], names: list[str], scores: Array, truth: Mask, members: NDArray[np.object_]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``table`` and ``compared``."""
    import pandas as pd

    rows, compared = [], []
    everybody = np.ones(len(scores), bool)
    for k, target in enumerate(targets):
        score, true = scores[:, k], truth[:, k]
        rows.append({"target": target, "by": EVERYBODY, "group": EVERYBODY, **_row(score, true)})
        for j, name in enumerate(names):
            known = members[:, j] != UNKNOWN
            for group in _in_order(members[:, j]):
                inside = members[:, j] == group
                about = {"target": target, "by": name, "group": group}
                rows.append({**about, **_row(score[inside], true[inside])})
                if group != UNKNOWN:
                    others = everybody & known & ~inside
                    compared += _compared(about, score, true, inside, others)
    table = pd.DataFrame(rows, columns=list(TABLE))
    beside = pd.DataFrame(compared, columns=[one for one in COMPARED if one != "p_holm"])
    beside["p_holm"] = holm(beside.p.to_numpy(float))
    return table, beside


def confused(targets: list[str], scores: Array, labelled: Sequence[frozenset[str]]) -> pd.DataFrame:
    """In how many of the records with a label, and not the target, the target is found."""
    import pandas as pd

    rows = []
    for k, target in enumerate(targets):
        for label in sorted(frozenset[str]().union(*labelled) - {target}):
            these = np.array([label in one and target not in one for one in labelled])
            n, alarms = int(these.sum()), int((these & (scores[:, k] >= 0.5)).sum())
            if n:
                low, high = wilson(alarms, n)
                rows.append((target, named(label), n, alarms, alarms / n, low, high))
    return pd.DataFrame(rows, columns=list(CONFUSED))


def _in_order(members: NDArray[np.object_]) -> list[str]:
    """Groups that there are, as their table has them, those not known last."""
    ordered = [name for _, name in (*AGES, *RATES)]
    there = sorted(set(members), key=lambda one: (one == UNKNOWN, str(one)))
    return sorted(there, key=lambda one: ordered.index(one) if one in ordered else len(ordered))


def _row(score: Array, true: Mask) -> dict[str, Any]:
    """How well one group is told, at one half."""
    yes = score >= 0.5
    hit, missed = int((yes & true).sum()), int((~yes & true).sum())
    quiet, alarms = int((~yes & ~true).sum()), int((yes & ~true).sum())
    area, low, high = auroc(score, true)
    row: dict[str, Any] = {
        "n": len(true),
        "positives": hit + missed,
        "missed": missed,
        "false_alarms": alarms,
    }
    row |= {"auroc": area, "auroc_low": low, "auroc_high": high}
    for name, right, wrong in (("sensitivity", hit, missed), ("specificity", quiet, alarms)):
        of = right + wrong
        ends = wilson(right, of)
        row |= {name: right / of if of else nan, f"{name}_low": ends[0], f"{name}_high": ends[1]}
    return row


def _compared(
    about: dict[str, str], score: Array, true: Mask, inside: Mask, others: Mask
) -> list[dict[str, Any]]:
    """Fisher's exact test of misses and of false alarms, a group against the others."""
    from scipy.stats import fisher_exact

    rows = []
    wrong = (score >= 0.5) != true
    for error, kind in zip(ERRORS, (true, ~true), strict=True):
        of, others_of = int((kind & inside).sum()), int((kind & others).sum())
        errors = int((wrong & kind & inside).sum())
        elsewhere = int((wrong & kind & others).sum())
        p = nan
        if of and others_of:
            cells = [[errors, of - errors], [elsewhere, others_of - elsewhere]]
            p = float(fisher_exact(cells).pvalue)
        told = {"errors": errors, "of": of, "others_errors": elsewhere, "others_of": others_of}
        rows.append({**about, "error": error, **told, "p": p})
    return rows


def auroc(score: Array, true: Mask, seed: int = 0) -> tuple[float, float, float]:
    """Area under the ROC curve, and a 95 % interval by a bootstrap of both kinds apart.

    The area is the share of pairs in the right order, ties counted half. NaN with fewer than five of
    either kind.
    """
    positives, negatives = int(true.sum()), int((~true).sum())
    if min(positives, negatives) < LEAST_KIND:
        return nan, nan, nan
    order = np.argsort(score, kind="stable")
    score, true = score[order], true[order]
    starts = np.flatnonzero(np.r_[True, score[1:] != score[:-1]])
    rng = np.random.default_rng(seed)
    areas = [_area(true[None].astype(float), (~true)[None].astype(float), starts)]
    for _ in range(DRAWS // TOGETHER):
        drawn = [np.zeros((TOGETHER, len(true))) for _ in range(2)]
        for weights, kind, n in zip(drawn, (true, ~true), (positives, negatives), strict=True):
            weights[:, kind] = rng.multinomial(n, np.full(n, 1 / n), size=TOGETHER)
        areas.append(_area(drawn[0], drawn[1], starts))
    low, high = np.percentile(np.concatenate(areas[1:]), [2.5, 97.5])
    return float(areas[0][0]), float(low), float(high)


def _area(positive: Array, negative: Array, starts: NDArray[np.intp]) -> Array:
    """Areas of weighted samples ``(draws, n)`` in order of score, equal scores beginning at ``starts``."""
    p, n = (np.add.reduceat(one, starts, axis=1) for one in (positive, negative))
    below = np.cumsum(n, axis=1) - n
    return np.asarray((p * (below + n / 2)).sum(axis=1) / (p.sum(axis=1) * n.sum(axis=1)))
