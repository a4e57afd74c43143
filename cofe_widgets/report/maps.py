"""Maps of several methods beside each other: how alike, how much on which wave, and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite, nan
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..errors import ExplainError
from ..explain.agreement import Agreement
from ..explain.attribution import Attribution
from ..explain.attribution.by_wave import ALL, WAVES, shown, table
from ..explain.attribution.registry import title_of
from ..explain.attribution.similarity import pearson, smoothed
from ..markup import escaped
from ..vocabulary.diagnoses import title_with_code
from .figures.maps import maps_svg
from .page import still_page
from .reasons import percent

if TYPE_CHECKING:
    import pandas as pd

#: More maps beside each other cannot be told apart.
MOST = 6
UNCHECKED = "unchecked"
#: A map without an even spread is as much on each wave as the wave lasts; so much more is said in bold.
NOTABLE = 2.0


class Judge(Protocol):
    """What knows how methods did on a model: a `Scorecard`."""

    def badge(self, method: str, target: str) -> str:
        """A few words for a method and target."""


@dataclass(frozen=True, eq=False)
class MapComparison:
    """The same ECG explained by several methods.

    Attributes
    ----------
    attributions : tuple of Attribution
        Of one ECG and target; the others are compared with the first.
    badges : dict
        What a scorecard of this model says of each method; "unchecked" where nobody asked.
    """

    attributions: tuple[Attribution, ...]
    badges: dict[str, str] = field(default_factory=dict)

    def badge(self, method: str) -> str:
        """What is known of a method on this model."""
        return self.badges.get(method, UNCHECKED)

    @cached_property
    def correlations(self) -> tuple[float, ...]:
        """Pearson correlation with the first map, over all leads and samples, of each map.

        After a Savitzky-Golay filter (31 samples, third order), as Arends et al., 2026. NaN where a map
        is constant.
        """
        first, *_ = maps = [smoothed(one.values[None]) for one in self.attributions]
        return tuple(float(pearson(first, one)[0]) for one in maps)

    @cached_property
    def waves(self) -> pd.DataFrame:
        """Relevance by wave over all leads: rows P, PR, QRS, ST, T, TP; for each method share and enrichment.

        As `Attribution.by_wave` has them.
        """
        import pandas as pd

        first = self.attributions[0].record
        where = shown(first)
        parts = {
            one.method: table(one.values, where, first.leads).loc[ALL][["share", "enrichment"]]
            for one in self.attributions
        }
        return pd.concat(parts, axis=1, names=["method"])

    def figure(self) -> str:
        """The median beat with each map behind it, one column a method, as SVG."""
        heads = [
            (title_of(one.method), self.badge(one.method), said)
            for one, said in zip(self.attributions, self.said_correlations(), strict=True)
        ]
        return maps_svg(self.attributions, heads)

    def said_correlations(self) -> list[str]:
        """How alike each map is to the first, in a few words; empty for the first itself."""
        first = title_of(self.attributions[0].method)
        return ["", *(f"r = {_r(value)} with {first}" for value in self.correlations[1:])]

    def _repr_html_(self) -> str:
        rows = [[row["wave"], *row["cells"]] for row in packed_waves(self)]
        heads = ["", *(f"<th>{escaped(title_of(one.method))}</th>" for one in self.attributions)]
        body = "".join(
            f"<tr><th>{escaped(wave)}</th>{''.join(f'<td>{_cell(c)}</td>' for c in cells)}</tr>"
            for wave, *cells in rows
        )
        table_ = (
            f"<table><thead><tr><th></th>{''.join(heads)}</tr></thead><tbody>{body}</tbody></table>"
        )
        return f"{self.figure()}{table_}"


def compare_maps(attributions: Sequence[Attribution], card: Judge | None = None) -> MapComparison:
    """The same beat, method beside method: maps of one ECG as one picture, and as numbers by wave.

    Parameters
    ----------
    attributions : sequence of Attribution
        Of one ECG and one target, each by another method, six at most; the others are compared with
        the first.
    card : Scorecard, optional
        What is known of these methods on this model; without it they are called unchecked.

    Raises
    ------
    ExplainError
        For no map, too many, or maps of different ECGs, targets or models, or one method twice.
    """
    some = list(attributions) if isinstance(attributions, Sequence) else []
    if not some or not all(isinstance(one, Attribution) for one in some):
        raise ExplainError(
            "expected a list of attributions: [cw.attribute(rec, f, target, m) for m in ...]"
        )
    if len(some) > MOST:
        raise ExplainError(f"{len(some)} maps: {MOST} at most can be told apart in one picture")
    first = some[0]
    names = [one.method for one in some]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ExplainError(f"{', '.join(twice)} is there twice: give one map of each method")
    for one in some[1:]:
        for what, differs in (
            ("target", one.target != first.target),
            ("model", one.provenance.get("weight_hash") != first.provenance.get("weight_hash")),
            ("ECG", not _same_ecg(one, first)),
        ):
            if differs:
                raise ExplainError(
                    f"the map of {one.method} is of another {what} than that of {first.method}: "
                    "compare maps of one ECG, model and target"
                )
    known = {n: card.badge(n, first.target) for n in names} if card is not None else {}
    return MapComparison(tuple(some), known)


def comparison_page(comparison: MapComparison) -> str:
    """Maps beside each other as a page (`page.still_page`)."""
    first = comparison.attributions[0]
    told = "".join(
        f"<li>{escaped(f'{title_of(one.method)}: {comparison.badge(one.method)}')}</li>"
        for one in comparison.attributions
    )
    heading = f"Maps of one ECG for {title_with_code(first.target)}, {first.provenance['model']}"
    body = f'<div class="still">{comparison._repr_html_()}<ul>{told}</ul></div>'
    return still_page(heading, body)


def _same_ecg(one: Attribution, other: Attribution) -> bool:
    return (one.record.leads, one.fs) == (other.record.leads, other.fs) and np.array_equal(
        one.record.signal, other.record.signal, equal_nan=True
    )


def packed_waves(comparison: MapComparison) -> list[dict[str, Any]]:
    """Relevance by wave as people read it: of each wave and method share, enrichment and whether that is much."""
    waves = comparison.waves
    return [
        {
            "wave": wave,
            "cells": [
                _said(
                    waves.loc[wave, (one.method, "share")],
                    waves.loc[wave, (one.method, "enrichment")],
                )
                for one in comparison.attributions
            ],
        }
        for wave in WAVES
    ]


def _said(share: float, enrichment: float) -> dict[str, Any]:
    times = f"{enrichment:.1f} ×" if isfinite(enrichment) else "–"
    told = percent(share) if isfinite(share) else "–"
    return {"share": told, "times": times, "much": bool(enrichment >= NOTABLE)}


def _cell(said: Mapping[str, Any]) -> str:
    words = f"{said['share']} ({said['times']})"
    return f"<b>{words}</b>" if said["much"] else words


def _r(value: float) -> str:
    return f"{value:.2f}".replace("-", "−") if isfinite(value) else "–"


def agreement_words(found: Agreement, method: str) -> str:
    """How far map and counterfactual agree, in numbers, beside what chance would give."""
    if found.overlap != found.overlap:
        return f"{title_of(method)} looks nowhere: its map is zero."
    beyond = found.overlap / found.chance if found.chance else nan
    told = (
        "no more than chance"
        if not beyond > 1.05
        else f"{beyond:.1f} times chance"
        if isfinite(beyond)
        else "more than chance"
    )
    return (
        f"Of the fifth of the samples at which {title_of(method)} is strongest, the counterfactual alters "
        f"{percent(found.overlap)}; a map that looked at the same leads at any time would meet "
        f"{percent(found.chance)}: {told}."
    )
