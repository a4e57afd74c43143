"""A glocal map in words: where a model looks in a group, and what that is worth."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from ..ecg import LEADS
from ..explain.attribution.registry import title_of
from ..vocabulary.diagnoses import title
from ..vocabulary.segments import BEAT_SEGMENTS, SEGMENTS
from .reasons import percent

if TYPE_CHECKING:
    from ..explain.glocal import GlocalChanges, GlocalDifference, GlocalMap

#: Rank correlation with the map of |signal| from which a map may be of the voltage alone.
LIKE_SIGNAL = 0.7
#: Below it records of the group do not look alike.
ALIKE = 0.3
#: Cells that differ are told, so many at most.
MOST_CELLS = 7


def glocal_words(value: GlocalMap) -> str:
    """The sentences of a `GlocalMap`."""
    count = f"{len(value)} of {value.seen} records"
    said = [f"{title_of(value.method)} for {title(value.target)} over {count}: {_top(value)}."]
    said.append(_waves(value))
    r = value.like_signal
    if isfinite(r):
        worth = (
            "it may show the voltage alone" if r >= LIKE_SIGNAL else "it is not the voltage alone"
        )
        said.append(f"Over the 288 cells it ranks as |signal| does with r = {r:.2f}: {worth}.")
    if isfinite(value.spread):
        one = value.spread
        alike = "one another" if one >= ALIKE else "little to one another"
        said.append(f"The records are like {alike}: r = {one:.2f} of each with the others.")
    if len(value.failures):
        said.append(f"{len(value.failures)} records could not be aligned.")
    return " ".join(said)


def _top(value: GlocalMap) -> str:
    """The strongest segments, a lead at a time, with how much above an even spread."""
    told: dict[str, list[str]] = {}
    for lead, segment in value.top:
        size = value.segments[LEADS.index(lead), SEGMENTS.index(segment)]
        told.setdefault(lead, []).append(f"{segment} ({size:.1f} ×)")
    parts = [f"{', '.join(some)} in {lead}" for lead, some in told.items()]
    return "most relevance per length in " + "; ".join(parts) if parts else "nowhere"


def _waves(value: GlocalMap) -> str:
    """Share of the relevance by wave beside how long each lasts."""
    seconds = np.nan_to_num(value.seconds).mean(axis=0)
    told = []
    for wave, part in BEAT_SEGMENTS.items():
        share = float(value.share[:, part].sum())
        lasts = float(seconds[:, part].sum() / max(seconds.sum(), 1e-9))
        told.append(f"{wave} {percent(share)} ({percent(lasts)})")
    return f"By wave, beside how long it lasts: {', '.join(told)}."


def difference_words(value: GlocalDifference) -> str:
    """The sentences of a `GlocalDifference`."""
    first, second = value.names
    cells = value.cells
    kind = "the same records" if value.paired else "two groups"
    if not cells:
        return (
            f"{first} beside {second}, {kind}: none of 288 cells differs by more than chance (corrected for all "
            "of them at once)."
        )
    told = []
    for lead, segment in cells[:MOST_CELLS]:
        i, j = LEADS.index(lead), SEGMENTS.index(segment)
        size, low, high = (float(one[i, j]) for one in (value.change, value.low, value.high))
        told.append(f"{segment} in {lead} {size:+.2f} ({low:+.2f} to {high:+.2f})")
    return (
        f"{first} beside {second}, {kind}: {len(cells)} of 288 cells differ by more than chance (corrected for "
        f"all of them at once), in times an even spread: {'; '.join(told)}."
    )


def changes_words(value: GlocalChanges) -> str:
    """The sentences of a `GlocalChanges`."""
    told: dict[str, list[str]] = {}
    for lead, segment in value.top:
        size = float(value.signed[LEADS.index(lead), SEGMENTS.index(segment)])
        told.setdefault(lead, []).append(f"{segment} ({size:+.2f} mV)")
    where = "; ".join(f"{', '.join(some)} in {lead}" for lead, some in told.items())
    said = (
        f"Counterfactuals towards {title(value.target)} of {len(value)} of {value.seen} records change most: "
        f"{where}. What changes from beat to beat is not in it."
    )
    if value.unreached:
        said += f" {value.unreached} did not reach the answer asked for."
    if len(value.failures):
        said += f" {len(value.failures)} records had no counterfactual that can be aligned."
    return said
