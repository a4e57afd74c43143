"""An audit as one page: what a model uses, what it ignores, where it errs, whom it errs on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..vocabulary.diagnoses import title
from ..vocabulary.segments import BEAT_SEGMENTS
from .figures.glocal import glocal_figures
from .reasons import percent
from .sections import Told

if TYPE_CHECKING:
    import pandas as pd

    from ..explain.concepts import ConceptScores
    from ..explain.glocal import GlocalMap

USES, IGNORES, MIND = "What it uses", "What it ignores", "What would change its mind"
ERRS, WHOM = "Where it errs", "Whom it errs on"
#: A wave is passed over when it has less than this of the relevance that its length would have.
PASSED_OVER = 0.6
#: A class is told as mistaken for another from this share on.
MISTAKEN = 0.1


class Groups(Told, Protocol):
    """What `audit.Subgroups` is: errors by group, and false alarms by what records are."""

    table: pd.DataFrame
    confused: pd.DataFrame


class Maps:
    """Several glocal maps as one thing on a page: their words, and one picture."""

    def __init__(self, maps: Sequence[GlocalMap]) -> None:
        self._maps = maps

    def words(self) -> str:
        """The words of each."""
        return " ".join(one.words() for one in self._maps)

    def figure(self, theme: str = "light") -> str:
        """All beside each other."""
        return glocal_figures(self._maps, theme)


def audit_report(
    maps: Sequence[GlocalMap],
    groups: Groups,
    concepts: ConceptScores | None = None,
    table: Told | None = None,
) -> dict[str, list[str | Told]]:
    """Values of an audit under the questions that they answer: what `to_html` writes as a page.

    Parameters
    ----------
    maps : sequence of GlocalMap
        Of the classes that the page is about, six at most.
    groups : audit.Subgroups
    concepts : ConceptScores, optional
    table : audit.CounterfactualTable, optional

    Returns
    -------
    dict
        Headings, and texts and values under each.
    """
    page: dict[str, list[str | Told]] = {USES: [Maps(maps)]}
    if concepts is not None:
        page[USES].append(concepts)
    page[IGNORES] = [passed_over(maps)]
    if concepts is not None:
        page[IGNORES].append(unused(concepts))
    if table is not None:
        page[MIND] = [table]
    page[ERRS] = [errors(groups)]
    page[WHOM] = [groups]
    return page


def passed_over(maps: Sequence[GlocalMap]) -> str:
    """Waves that hold much less of the relevance than their length would."""
    said = []
    for one in maps:
        seconds = np.nan_to_num(one.seconds).mean(axis=0)
        told = []
        for wave, part in BEAT_SEGMENTS.items():
            lasts = float(seconds[:, part].sum() / max(seconds.sum(), 1e-9))
            share = float(one.share[:, part].sum())
            if lasts > 0.01 and share < PASSED_OVER * lasts:
                told.append(
                    f"{wave} ({percent(share)} of the relevance, {percent(lasts)} of the beat)"
                )
        waves = ", ".join(told) or "no wave is passed over"
        said.append(f"For {title(one.target)}: {waves}.")
    return " ".join(said)


def unused(scores: ConceptScores) -> str:
    """Concepts that can be told apart in the model's layers and are starred for no class."""
    real = ~scores.concepts.dummy.to_numpy(bool)
    apart = scores.separable.any(axis=1) & real
    starred = scores.stars.any(axis=(1, 2))
    names = scores.concepts.concept.to_numpy(object)
    asked = scores.concepts.note.to_numpy(object) == ""
    idle, grey = names[apart & ~starred], names[real & asked & ~scores.separable.any(axis=1)]
    said = []
    if len(idle):
        said.append(
            f"Told apart in its layers, and used for no class consistently: {', '.join(idle)}."
        )
    if len(grey):
        said.append(f"Not to be told apart in any layer (nothing follows): {', '.join(grey)}.")
    few = names[real & ~asked]
    if len(few):
        said.append(f"Not asked, as too few records have them: {', '.join(few)}.")
    return " ".join(said) or "Every concept that was asked is used for some class."


def errors(groups: Groups) -> str:
    """How often each class is missed or falsely found, and what it is mistaken for."""
    whole = groups.table[groups.table.by == groups.table.group]
    said = []
    for row in whole.itertuples():
        if not row.positives:
            continue
        negatives = row.n - row.positives
        told = (
            f"{row.target}: missed in {row.missed} of {row.positives}, falsely found in "
            f"{row.false_alarms} of {negatives}"
        )
        mistaken = groups.confused[groups.confused.target == row.target]
        mistaken = mistaken[(mistaken.share >= MISTAKEN) & (mistaken.false_alarms > 1)]
        some = [f"{one.label} ({one.false_alarms} of {one.n})" for one in mistaken.itertuples()]
        said.append(told + (f", of them in {', '.join(some)}" if some else ""))
    return "; ".join(said) + "."
