"""Both answers of a counterfactual as people read them: what the model needs, and what came along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ExplainError
from ..vocabulary.territories import CHANGES

if TYPE_CHECKING:
    from ..explain.counterfactual import Counterfactual
    from ..explain.counterfactual.reasons import Reason, Reasons

#: Columns of `reason_texts`.
REASON_HEADS = ("Change", "Share", "To the model")
#: Two amounts of one change are about the same when neither is so many times the other.
ABOUT_THE_SAME = 1.25
#: No sentence names more changes that came along.
MOST_NAMED = 3


def answers(cf: Counterfactual) -> tuple[Reasons, Counterfactual] | None:
    """What its changes carry and what the model needs; None where nobody is there to be asked."""
    try:
        return cf.why, cf.needed
    except ExplainError:
        return None


def came_along(row: Reason, why: Reasons) -> bool:
    """Whether a named change carries next to nothing; pieces of one without a name are no reasons apart."""
    return row.name in CHANGES and row in why.along


def packed_reasons(why: Reasons) -> dict[str, Any]:
    """Reasons as JSON can hold them: each with its words, share, and whether it is needed or came along."""
    rows = [
        {
            "said": row.said,
            "share": float(row.share),
            "needed": row.needed,
            "along": came_along(row, why),
        }
        for row in why.rows
    ]
    return {"rows": rows, "together": why.together, "nameable": why.nameable}


def reason_texts(reasons: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Rows of `packed_reasons` as text: the change, its share, what it is to the model."""
    return [
        (
            row["said"],
            percent(row["share"]),
            "needed" if row["needed"] else "came along" if row["along"] else "",
        )
        for row in reasons["rows"]
    ]


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{100 * share + 0.0:.0f} %"


def coincide(why: Reasons, need: Reasons) -> bool:
    """Whether what an answer looks like is what the model needs: the same changes, about as large."""
    drawn = {row.name: row for row in why.rows if row.name != "small"}
    if not need.nameable or drawn.keys() != {row.name for row in need.rows}:
        return False
    for row in need.rows:
        sizes = [CHANGES[row.name].number(one.amount) for one in (row, drawn[row.name])]
        if sizes[0] * sizes[1] <= 0:
            return False
        if max(map(abs, sizes)) > ABOUT_THE_SAME * min(map(abs, sizes)):
            return False
    return True


def needs(cf: Counterfactual) -> str:
    """What the model needs of a change, as a sentence without its end; empty where that is not known."""
    both = answers(cf)
    if both is None:
        return ""
    why, need = both[0], both[1].why
    said = _listed([row.said for row in need.rows])
    if not need.nameable:
        return f"what {cf.model} rests on has no name: {need.together}"
    if cf.is_needed:
        more = f"; {need.together}" if need.together else ""
        return f"this is what {cf.model} needs, nothing beside it was changed: {said}{more}"
    if coincide(why, need):
        return f"what {cf.model} needs and what the answer looks like coincide: {said}"
    carried = percent(sum(row.share for row in why.needed))
    moved = f"{carried} of the moved {'value' if cf.is_value else 'log-odds'}"
    if {row.name for row in need.rows} <= {row.name for row in why.needed}:
        told = f"of this {cf.model} needs {said} ({moved})"
    elif why.needed:
        part = _listed([row.said for row in why.needed])
        carry = "carries" if len(why.needed) == 1 else "carry"
        told = f"what {cf.model} needs is {said}; of the change drawn, {part} {carry} {moved}"
    else:
        told = f"what {cf.model} needs is {said}, no part of the change drawn"
    along = [row.said for row in why.rows if came_along(row, why)]
    return f"{told}; {_listed(along)} came along" if along else told


def _listed(said: list[str]) -> str:
    """Several changes in a sentence, the least of many left out."""
    some = said if len(said) <= MOST_NAMED else [*said[:MOST_NAMED], "others"]
    return " and ".join(filter(None, [", ".join(some[:-1]), some[-1]])) if some else "nothing"
