"""Clusters of a group of records: who is in which, how far they stand, and where they differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import LEADS
from ...errors import ExplainError
from ...late import late
from ...markup import escaped, html_table, line
from ...values import Value, checks
from ..glocal.aligned import BEAT_S
from ..glocal.result import FAILURES
from .clustering import ALPHA, CLUSTERERS, assigned
from .regions import PERMUTATIONS, regions

if TYPE_CHECKING:
    import pandas as pd

REPRESENTATIONS = ("attributions", "beats", "features")
#: The grid, a row a candidate.
SCORES: dict[str, str | tuple[str, ...]] = {
    "clusterer": CLUSTERERS,
    **dict.fromkeys(("whitened", "chosen"), "bool"),
    "k": "whole",
    **dict.fromkeys(("stability", "null", "gap", "accuracy", "rand"), "number"),
}
DRAWS = 1000
SHAPE = (len(LEADS), len(BEAT_S))


@dataclass(frozen=True, eq=False)
class Clusters(Value):
    """A group of records split by one representation of them, a row a record.

    Attributes
    ----------
    target, method, representation : str
        Output that is explained, method of attribution, and what the records are split by.
    outputs : tuple of str
    places : ndarray, shape (n,)
        Which of the records given, counted from 0.
    labels : ndarray, shape (n,)
        The cluster of each, 0 the largest; chosen without any label. All 0 where the number of clusters
        was free and no candidate beat the null.
    embedding : ndarray, shape (n, 2)
        t-SNE of the components; for the eye alone, nothing is computed from it.
    truth : tuple of str
        The label of each record as given; empty where none was.
    answers : ndarray, shape (n, outputs)
    signal, attribution : ndarray, shape (n, 12, 200)
        Median beats of the record (mV) and of |map| over its mean, 300 ms before R to 500 ms after it.
    partitions : ndarray, shape (candidates, n)
        Of every row of ``scores``.
    scores : DataFrame
        A row a candidate: clusterer, whitened, k, stability (mean adjusted Rand index of subsamples),
        null (that of Gaussian groups), gap (how empty it is between the clusters), accuracy and rand
        (after assignment to the labels, and the adjusted Rand index; NaN without labels), and which is
        chosen.
    p : float
        The share of Gaussian groups any of whose candidates has a gap that stands out as much.
    components : int
        Principal components kept.
    failures : DataFrame
        Records that could not be represented: record (its place), failure.
    seen : int
        Records given.
    provenance : dict
    """

    target: str
    method: str
    representation: str
    outputs: tuple[str, ...]
    places: NDArray[np.float64]
    labels: NDArray[np.float64]
    embedding: NDArray[np.float64]
    truth: tuple[str, ...]
    answers: NDArray[np.float32]
    signal: NDArray[np.float32]
    attribution: NDArray[np.float32]
    partitions: NDArray[np.float64]
    scores: pd.DataFrame
    p: float
    components: int
    failures: pd.DataFrame
    seen: int
    provenance: dict[str, Any] = field(default_factory=dict)

    _error = ExplainError

    def __len__(self) -> int:
        return len(self.places)

    @property
    def structure(self) -> bool:
        """Whether there is a gap between clusters that single Gaussian groups have not (p < 0.05)."""
        return self.p < ALPHA

    @property
    def k(self) -> int:
        """Number of clusters."""
        return int(self.labels.max()) + 1

    @property
    def sizes(self) -> list[int]:
        """Records in each cluster."""
        return [int(n) for n in np.bincount(self.labels.astype(int))]

    @property
    def chosen(self) -> int:
        """The row of ``scores`` that was chosen without labels."""
        return int(np.flatnonzero(self.scores.chosen)[0])

    @property
    def best(self) -> int | None:
        """The row of the highest accuracy, as the paper reports it: chosen by the labels, so optimistic."""
        accuracy = self.scores.accuracy.to_numpy(float)
        return int(np.nanargmax(accuracy)) if np.isfinite(accuracy).any() else None

    def accuracy(self, row: int | None = None, seed: int = 0) -> tuple[float, float, float]:
        """Share of labelled records that are right after optimal assignment, and its 95 % interval.

        Parameters
        ----------
        row : int, optional
            Of ``scores``; unless given, the one chosen without labels.
        seed : int
            Of the bootstrap of records; the assignment is made anew in each draw.

        Raises
        ------
        ExplainError
            When no record has a label, or there is no such row.
        """
        known = np.array([bool(one) for one in self.truth])
        if not known.any():
            raise ExplainError("no record has a label: give labels, a text a record")
        at = self.chosen if row is None else row
        if not 0 <= at < len(self.partitions):
            raise ExplainError(f"row={row}: scores has the rows 0 to {len(self.partitions) - 1}")
        truth, found = np.array(self.truth)[known], self.partitions[at][known]
        rng = np.random.default_rng(seed)
        draws = rng.integers(len(truth), size=(DRAWS, len(truth)))
        drawn = [assigned(truth[rows], found[rows]).mean() for rows in draws]
        low, high = np.percentile(drawn, [2.5, 97.5])
        return float(assigned(truth, found).mean()), float(low), float(high)

    @property
    def majority(self) -> float:
        """Accuracy of one cluster for all: the share of the commonest label; NaN without labels."""
        known = [one for one in self.truth if one]
        return max(map(known.count, set(known))) / len(known) if known else float("nan")

    def regions(
        self,
        first: int = 0,
        second: int = 1,
        of: str = "attribution",
        permutations: int = PERMUTATIONS,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Stretches of a lead in which two clusters differ, by a cluster permutation test.

        Parameters
        ----------
        first, second : int
            Clusters; differences are of the first less the second.
        of : "attribution" or "signal"
        permutations, seed : int

        Returns
        -------
        DataFrame
            lead, start_ms, end_ms, difference, mass, p, corrected over all leads and samples.

        Raises
        ------
        ExplainError
            When there are no two such clusters, or one holds fewer than four records.

        Notes
        -----
        Of what the clusters were made by it says where they differ, not that they do: any split of a
        single group by its maps differs in its maps.
        """
        if of not in ("attribution", "signal"):
            raise ExplainError(f"of={of!r}: expected 'attribution' or 'signal'")
        if first == second or not all(0 <= one < self.k for one in (first, second)):
            raise ExplainError(
                f"clusters {first} and {second}: there are {self.k}, numbered from 0; two of them differ"
            )
        rows = getattr(self, of)
        one, other = rows[self.labels == first], rows[self.labels == second]
        return regions(one, other, permutations, seed)

    @cached_property
    def marked(self) -> pd.DataFrame | None:
        """`regions` of the two largest clusters; None where they cannot be compared."""
        try:
            return self.regions()
        except ExplainError:
            return None

    # -- shown

    def to_frame(self) -> pd.DataFrame:
        """A row a record: cluster, label, t-SNE, answer for the target; indexed by place."""
        import pandas as pd

        columns = {
            "cluster": self.labels.astype(int),
            "label": list(self.truth),
            "tsne_1": self.embedding[:, 0],
            "tsne_2": self.embedding[:, 1],
            "answer": self.answers[:, self.outputs.index(self.target)],
        }
        return pd.DataFrame(columns, index=pd.Index(self.places.astype(int), name="record"))

    def words(self) -> str:
        """What splits this group, if anything, and how far that is to be believed."""
        return str(late("clusters_words")(self))

    def figure(self, theme: str = "light") -> str:
        """Figures 6 and 7 of the paper for this group, SVG: t-SNE, and mean beats of the clusters."""
        return str(late("clusters_figure")(self, theme))

    def __repr__(self) -> str:
        told = f"{self.k} clusters" if self.structure else f"no structure, k={self.k}"
        return (
            f"Clusters({line(self.target)} by {self.representation}, {len(self)} of {self.seen} records: "
            f"{told}, p={self.p:.2f})"
        )

    def _repr_html_(self) -> str:
        failed = html_table(self.failures, index=False) if len(self.failures) else ""
        return f"<p>{escaped(self.words())}</p>{self.figure()}{failed}"

    def _check(self) -> None:
        """Refuse arrays of other shapes."""
        super()._check()
        n = len(self.places)
        checks.text(self.representation, "representation", of=REPRESENTATIONS)
        checks.text(self.target, "target", of=self.outputs)
        checks.array(self.places, "places", np.float64, (n,), size=2**31, low=0)
        checks.array(self.labels, "labels", np.float64, (n,), size=n, low=0)
        checks.array(self.embedding, "embedding", np.float64, (n, 2))
        checks.array(self.answers, "answers", np.float32, (n, len(self.outputs)), missing=True)
        for name in ("signal", "attribution"):
            checks.array(getattr(self, name), name, np.float32, (n, *SHAPE), missing=True)
        shape = (len(self.scores), n)
        checks.array(self.partitions, "partitions", np.float64, shape, size=n, low=0)
        checks.frame(self.scores, "scores", SCORES)
        checks.number(self.p, "p", 0, 1)
        checks.number(self.components, "components", 1)
        checks.frame(self.failures, "failures", FAILURES)
        checks.number(self.seen, "seen", 0)
        whole = [one % 1 == 0 for one in (self.labels, self.partitions)]
        if not all(one.all() for one in whole) or self.scores.chosen.sum() != 1:
            raise ValueError("its labels are no whole numbers, or not one row of scores is chosen")
        if not n or len(self.truth) != n:
            raise ValueError(f"it has {n} records and {len(self.truth)} labels")
