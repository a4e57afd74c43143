"""Clusters of a group in words: what splits it, how far that stands, and where the clusters differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..markup import line
from ..vocabulary.diagnoses import title
from .reasons import percent

if TYPE_CHECKING:
    from ..explain.discovery import Clusters

#: What the records are split by, in words.
SPLIT_BY = {
    "attributions": "where the model looks",
    "beats": "their median beats",
    "features": "the model's hidden features",
}
#: Regions that are told.
_MOST = 5


def clusters_words(value: Clusters) -> str:
    """The sentences of `Clusters`."""
    by = SPLIT_BY[value.representation]
    said = [f"{len(value)} of {value.seen} records, split by {by} for {title(value.target)}."]
    said.append(_structure(value))
    if value.best is not None:
        said.append(_against_labels(value, value.best))
    if value.k > 1:
        said.append(_where(value))
    if len(value.failures):
        said.append(f"{len(value.failures)} records could not be represented.")
    return " ".join(one for one in said if one)


def _structure(value: Clusters) -> str:
    row = value.scores.iloc[value.chosen]
    how = f"{row.clusterer}, {'whitened' if row.whitened else 'not whitened'}, k = {row.k}"
    numbers = f"stability {row.stability:.2f}, in Gaussian groups {row.null:.2f}"
    if not value.structure:
        kept = "" if value.k == 1 else f" The {value.k} clusters below were asked for."
        return (
            f"No structure: no clustering leaves more of a gap than it does in a single Gaussian group, "
            f"p = {value.p:.2f} (the most stable, {how}: {numbers}).{kept}"
        )
    sizes = ", ".join(f"{n} in cluster {k}" for k, n in enumerate(value.sizes))
    return (
        f"A gap between clusters that Gaussian groups have not, p = {value.p:.2f}. Chosen without labels: "
        f"{how} ({numbers}): {sizes}."
    )


def _against_labels(value: Clusters, best: int) -> str:
    """The accuracy of the choice made without labels, and the paper's, that was made by them."""
    mine, low, high = value.accuracy()
    top, top_low, top_high = value.accuracy(best)
    row = value.scores.iloc[best]
    how = f"{row.clusterer}, {'whitened' if row.whitened else 'not whitened'}"
    one = value.scores.iloc[value.chosen]
    return (
        f"Against the labels it is right in {percent(mine)} ({percent(low)} to {percent(high)}; adjusted "
        f"Rand {one.rand:.2f}), where one cluster for all is right in {percent(value.majority)}. The best "
        f"of {len(value.scores)} candidates ({how}) reaches {percent(top)} ({percent(top_low)} to "
        f"{percent(top_high)}), which is optimistic: the labels chose it."
    )


def _where(value: Clusters) -> str:
    table = value.marked
    if table is None:
        return "A cluster holds fewer than four records: where they differ is not tested."
    found = table[table.p < 0.05]
    if not len(found):
        return "Where the model looks differs between clusters 0 and 1 in no region."
    told = "; ".join(
        f"{row.lead} {row.start_ms:.0f} to {row.end_ms:.0f} ms ({'more' if row.difference > 0 else 'less'})"
        for row in found.sort_values("mass", ascending=False).head(_MOST).itertuples()
    )
    rest = f", and {len(found) - _MOST} more" if len(found) > _MOST else ""
    own = value.representation == "attributions"
    warn = " The clusters were made of these maps: it says where they differ, not that they do."
    return line(
        f"In cluster 0 against 1 the model looks otherwise (about R; corrected): {told}{rest}."
        f"{warn if own else ''}"
    )
