"""`ConceptScores`: whether a model uses concepts, layer by layer and class by class."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ExplainError, meant
from ...late import late
from ...markup import html_table, line
from ...values import Value, checks
from .correlation import matthews

if TYPE_CHECKING:
    import pandas as pd

#: The paper's conditions (section 2.6): the classifier is right so often, and the TCAV scores lie so near
#: each other, on one side of a half.
LEAST_ACCURACY, MOST_IQR, HALF = 0.70, 0.25, 0.5
#: Columns of the tables, and what they hold.
CONCEPTS: dict[str, str | tuple[str, ...]] = {
    **dict.fromkeys(("concept", "title"), "text"),
    "kind": ("rule", "function", "values", "simulated", "random"),
    "dummy": "bool",
    **dict.fromkeys(("positives", "negatives", "unknown"), "whole"),
    **dict.fromkeys(("own", "edit", "note"), "text"),
}
CLASSES: dict[str, str | tuple[str, ...]] = {"class": "text", "examples": "whole", "note": "text"}
CAUSAL: dict[str, str | tuple[str, ...]] = {
    **dict.fromkeys(("concept", "class"), "text"),
    **dict.fromkeys(("tcav", "stars", "layers"), "number"),
    "edit": "text",
    **dict.fromkeys(("records", "met"), "whole"),
    **dict.fromkeys(("change", "low", "high"), "number"),
    "agree": ("yes", "no", "undecided", "not asked"),
    "note": "text",
}
FAILED: dict[str, str | tuple[str, ...]] = {
    "record": "whole", "concept": "text", "reason": "text",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class ConceptScores(Value):
    """Whether a model uses concepts, layer by layer and class by class (TCAV).

    Kim et al. 2018 (arXiv:1711.11279) as Wagner et al. 2024 apply it to ECGs (sections 2.6 and A.3).

    Attributes
    ----------
    scores : ndarray, shape (models, cavs, concepts, layers, classes)
        TCAV scores, the share of a class's examples whose answer grows along the concept; NaN where a
        concept or class could not be asked. The last concepts are dummies.
    accuracy : ndarray, shape (models, cavs, concepts, layers)
        Of each linear classifier on held-out records, half of which have the concept.
    sensitivity : ndarray, shape (concepts, layers, classes, records)
        How the log-odds of each example change, to first order, along the CAV by as much as records with the
        concept and without lie apart; mean over CAVs and models, NaN where a record is no example.
    members : ndarray, shape (concepts, records)
        Whether a record has a concept: 1, 0, NaN where it cannot be told.
    belongs : ndarray, shape (classes, records)
        Whether a record is an example of a class: 1 or 0.
    concepts, classes : DataFrame
        A row each: counts, and in ``note`` why one could not be asked.
    layers : tuple of str
    causal : DataFrame
        A row a concept and class: its TCAV score in the layers with a star, beside what the named edit
        does to the log-odds of the same examples; see `words`.
    failed : DataFrame
        Records that could not be judged or taken, with the reason.
    provenance : dict
    """

    scores: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    members: NDArray[np.float64]
    belongs: NDArray[np.float64]
    concepts: pd.DataFrame
    classes: pd.DataFrame
    layers: tuple[str, ...]
    causal: pd.DataFrame
    failed: pd.DataFrame
    provenance: dict[str, Any] = field(default_factory=dict)

    _error = ExplainError

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models."""
        return tuple(self.provenance["models"])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the concepts without the dummies."""
        return tuple(self.concepts.concept[~self.concepts.dummy])

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(self.classes["class"])

    # -- the paper's conditions

    @cached_property
    def mean_accuracy(self) -> NDArray[np.float64]:
        """Of concepts in layers over CAVs and models, ``(concepts, layers)``."""
        return np.asarray(self.accuracy.mean(axis=(0, 1)))

    @cached_property
    def quartiles(self) -> NDArray[np.float64]:
        """25, 50 and 75 % of the TCAV scores, ``(3, concepts, layers, classes)``."""
        flat = self.scores.reshape(-1, *self.scores.shape[2:])
        return np.asarray(np.quantile(flat, (0.25, 0.5, 0.75), axis=0))

    @cached_property
    def separable(self) -> NDArray[np.bool_]:
        """Whether a concept can be told in a layer, ``(concepts, layers)``: accuracy above 70 %."""
        return np.asarray(self.mean_accuracy > LEAST_ACCURACY)

    @cached_property
    def consistent(self) -> NDArray[np.bool_]:
        """Whether the scores agree, ``(concepts, layers, classes)``: IQR below 0.25, 0.5 outside it."""
        low, _, high = self.quartiles
        return np.asarray((high - low < MOST_IQR) & ((low > HALF) | (high < HALF)))

    @cached_property
    def stars(self) -> NDArray[np.bool_]:
        """Where all conditions hold, ``(concepts, layers, classes)``."""
        return np.asarray(self.separable[:, :, None] & self.consistent)

    @cached_property
    def effects(self) -> NDArray[np.float64]:
        """Mean sensitivity of a class's examples, log-odds, ``(concepts, layers, classes)``.

        A TCAV score has a sign and no size: an effect of 0.01 has a star as one of 5 has.
        """
        known = np.isfinite(self.sensitivity)
        total = np.where(known, self.sensitivity, 0.0).sum(axis=3)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(known.any(axis=3), total / known.sum(axis=3), np.nan))

    @property
    def dummy_stars(self) -> dict[str, float]:
        """How often a random concept gets a star: what a star is worth.

        Returns
        -------
        dict
            ``concepts``, ``cells`` (of concept, layer and class), ``stars``, ``rate`` of them, and
            ``rate_unguarded``: of the same cells, those that only the accuracy keeps from a star.
        """
        dummy = self.concepts.dummy.to_numpy(bool)
        asked = np.isfinite(self.quartiles[1])[dummy]
        cells, stars = int(asked.sum()), int(self.stars[dummy][asked].sum())
        loose = int(self.consistent[dummy][asked].sum())
        share = (stars / cells, loose / cells) if cells else (np.nan, np.nan)
        return {
            "concepts": float(dummy.sum()), "cells": float(cells), "stars": float(stars),
            "rate": share[0], "rate_unguarded": share[1],
        }  # fmt: skip

    @cached_property
    def correlation(self) -> pd.DataFrame:
        """Matthews correlation of concepts and classes in these records (figure 11 of the paper)."""
        import pandas as pd

        kept = (~self.concepts.dummy & (self.concepts.kind != "simulated")).to_numpy(bool)
        values = matthews(self.members[kept], self.belongs)
        index = pd.Index(self.concepts.concept[kept], name="concept")
        return pd.DataFrame(values, index=index, columns=pd.Index(self.outputs, name="class"))

    def owns(self, concept: str) -> tuple[str, ...]:
        """The classes that a concept was made for, as the model's outputs are called."""
        row = self.concepts[self.concepts.concept == self._known(concept, self.names, "concept")]
        return tuple(filter(None, str(row.own.iloc[0]).split(";")))

    # -- shown

    def to_frame(self) -> pd.DataFrame:
        """A row a concept, layer and class: median TCAV score, quartiles, effect (log-odds), accuracy, star."""
        import pandas as pd

        low, middle, high = self.quartiles
        rows = [
            {
                "concept": concept,
                "dummy": bool(self.concepts.dummy.iloc[i]),
                "layer": layer,
                "class": name,
                "tcav": middle[i, j, k],
                "q25": low[i, j, k],
                "q75": high[i, j, k],
                "effect": self.effects[i, j, k],
                "accuracy": self.mean_accuracy[i, j],
                "separable": bool(self.separable[i, j]),
                "star": bool(self.stars[i, j, k]),
                "own": name in str(self.concepts.own.iloc[i]).split(";"),
                "examples": int(self.classes.examples.iloc[k]),
            }
            for i, concept in enumerate(self.concepts.concept)
            for j, layer in enumerate(self.layers)
            for k, name in enumerate(self.outputs)
        ]
        return pd.DataFrame(rows)

    def words(self) -> str:
        """What the scores say, a sentence a concept, and what a star is worth here."""
        return str(late("concept_words")(self))

    def figure(self, what: str = "grid", theme: str = "light") -> str:
        """A picture, SVG.

        Parameters
        ----------
        what : "grid" or "correlation"
            The paper's figure 5 (concepts and layers by classes), or its figure 11.
        theme : "light" or "dark"
        """
        kinds = {"grid": "concept_grid", "correlation": "concept_correlation"}
        self._known(what, kinds, "figure")
        self._known(theme, ("light", "dark"), "theme")
        return str(late(kinds[what])(self, theme))

    def extremes(
        self, concept: str, layer: str, output: str, count: int = 5
    ) -> dict[str, list[int]]:
        """Places of the records whose answer grows most along a concept, and falls most.

        Returns
        -------
        dict
            ``"positive"`` and ``"negative"``: places in the records that were given, strongest first.
        """
        i = list(self.concepts.concept).index(
            self._known(concept, tuple(self.concepts.concept), "concept")
        )
        j = self.layers.index(self._known(layer, self.layers, "layer"))
        k = self.outputs.index(self._known(output, self.outputs, "class"))
        values = self.sensitivity[i, j, k]
        order = [int(one) for one in np.argsort(values) if np.isfinite(values[one])]
        return {
            "positive": [one for one in order[::-1] if values[one] > 0][:count],
            "negative": [one for one in order if values[one] < 0][:count],
        }

    def _known(self, name: str, known: Any, what: str) -> str:
        if name not in known:
            there = ", ".join(known)
            raise ExplainError(
                f"no {what} {name!r:.60}{meant(name, known)}: there are {there[:300]}"
            )
        return name

    def __repr__(self) -> str:
        told = f"{len(self.names)} concepts, {len(self.layers)} layers, {len(self.outputs)} classes"
        real = ~self.concepts.dummy.to_numpy(bool)
        of, stars = line(", ".join(dict.fromkeys(self.models))), int(self.stars[real].sum())
        return f"ConceptScores({of}: {told}; {stars} stars)"

    def _repr_html_(self) -> str:
        return self.figure() + html_table(self.causal, index=False)

    def _check(self) -> None:
        """Refuse arrays that do not belong together."""
        super()._check()
        checks.frame(self.concepts, "concepts", CONCEPTS)
        checks.frame(self.classes, "classes", CLASSES)
        checks.frame(self.causal, "causal", CAUSAL)
        checks.frame(self.failed, "failed", FAILED)
        models, cavs = self.scores.shape[:2] if self.scores.ndim == 5 else (0, 0)
        n, m, k = len(self.concepts), len(self.layers), len(self.classes)
        records = self.members.shape[-1] if self.members.ndim == 2 else 0
        if not (models and cavs and n and m and k):
            raise ValueError("it has no scores")
        for name, shape, low, high in (
            ("scores", (models, cavs, n, m, k), 0.0, 1.0),
            ("accuracy", (models, cavs, n, m), 0.0, 1.0),
            ("sensitivity", (n, m, k, records), None, np.inf),
            ("members", (n, records), 0.0, 1.0),
            ("belongs", (k, records), 0.0, 1.0),
        ):
            checks.array(getattr(self, name), name, np.float64, shape, high, low, missing=True)
        told = self.provenance.get("models")
        if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
            raise ValueError("its provenance names no models")
