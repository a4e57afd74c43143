"""How well waves were found, against cardiologists' marks and against simulated truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...ecg import LEADS
from ...vocabulary.segments import SEGMENTS
from ..data.ludb import WAVES, Marked

if TYPE_CHECKING:
    import pandas as pd

#: A point found this near a mark is that mark (ANSI/AAMI EC57: 150 ms).
TOLERANCE_MS = 150.0
POINTS = ("onset", "peak", "offset")
#: Bins of log-odds in which areas under ROC curves are counted.
BINS = 4000


def match(
    marks: NDArray[np.float64], found: NDArray[np.float64], span: tuple[float, float]
) -> tuple[NDArray[np.float64], int, int]:
    """Errors of the points that are each other's nearest within the tolerance, missed, false.

    Parameters
    ----------
    marks, found : ndarray
        Times in ms.
    span : tuple of float
        What is found outside of it, and matches no mark, is neither right nor wrong.
    """
    error, right = np.empty(0), np.zeros(len(found), bool)
    if len(marks) and len(found):
        distance = np.abs(marks[:, None] - found)
        nearest = distance.argmin(axis=1)
        mutual = distance.argmin(axis=0)[nearest] == np.arange(len(marks))
        hit = mutual & (distance.min(axis=1) <= TOLERANCE_MS)
        error, right[nearest[hit]] = (found[nearest] - marks)[hit], True
    false = (found >= span[0]) & (found <= span[1]) & ~right
    return error, len(marks) - len(error), int(false.sum())


def wave_scores(
    marked: Sequence[Marked], tables: Sequence[pd.DataFrame], leads: Sequence[str] = LEADS
) -> pd.DataFrame:
    """Score fiducial tables against marks, between the first and last mark of each lead.

    Returns
    -------
    pandas.DataFrame
        One row a wave and point: marks, se, ppv, f1 (per cent), bias_ms, sd_ms, mad_ms (of the
        error, found minus marked).
    """
    import pandas as pd

    errors: dict[tuple[str, str], list[NDArray[np.float64]]] = {}
    counts: dict[tuple[str, str], list[int]] = {}
    for one, table in zip(marked, tables, strict=True):
        for lead in leads:
            row = LEADS.index(lead)
            first, last = (1000 * t for t in one.span_s(row))
            here = table[(table["lead"] == lead).to_numpy()]
            for wave in WAVES:
                rows = here[(here["wave"] == wave).to_numpy()]
                for column, point in enumerate(POINTS):
                    marks = 1000 * one.waves[wave][row][:, column]
                    found = rows[f"{point}_ms"].to_numpy()
                    found = found[np.isfinite(found)]
                    error, missed, false = match(marks[np.isfinite(marks)], found, (first, last))
                    errors.setdefault((wave, point), []).append(error)
                    total = counts.setdefault((wave, point), [0, 0])
                    total[0] += missed
                    total[1] += false
    out = {}
    for key, parts in errors.items():
        e, (missed, false) = np.concatenate(parts), counts[key]
        hits, some = len(e), len(e) > 0
        out[key] = {
            "marks": hits + missed,
            "se": 100 * hits / max(1, hits + missed),
            "ppv": 100 * hits / max(1, hits + false),
            "f1": 200 * hits / max(1, 2 * hits + missed + false),
            "bias_ms": e.mean() if some else np.nan,
            "sd_ms": e.std() if some else np.nan,
            "mad_ms": np.median(np.abs(e - np.median(e))) if some else np.nan,
        }
    return pd.DataFrame.from_dict(out, orient="index")


class SegmentScores:
    """Counts over many records: how well the 24 segments of every sample are told apart."""

    def __init__(self) -> None:
        classes = len(SEGMENTS)
        self.confusion = np.zeros((classes, classes), np.int64)
        self._scores = np.zeros((2, classes, BINS), np.int64)  # not of the class, of the class

    def add(self, soft: NDArray[np.float32], labels: NDArray[np.integer]) -> None:
        """Count ``soft (..., 24)`` against ``labels (...)``."""
        classes = len(SEGMENTS)
        soft, labels = soft.reshape(-1, classes), labels.ravel().astype(np.intp)
        answer = soft.argmax(axis=1)
        self.confusion += np.bincount(labels * classes + answer, minlength=classes**2).reshape(
            classes, classes
        )
        odds = np.log(soft + 1e-9) - np.log1p(1e-9 - soft.clip(max=1 - 1e-7))
        place = ((odds + 21) / 42 * BINS).clip(0, BINS - 1).astype(np.intp)
        for k in range(classes):
            for mine in (0, 1):
                some = place[(labels == k) == bool(mine), k]
                self._scores[mine, k] += np.bincount(some, minlength=BINS)

    @property
    def accuracy(self) -> float:
        """Share of samples whose most likely segment is the true one."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def auc(self) -> NDArray[np.float64]:
        """Area under the ROC curve of each segment against all others, (24,)."""
        other, mine = self._scores.astype(float)
        below = np.cumsum(other, axis=1) - other / 2
        area = (mine * below).sum(axis=1)
        return np.asarray(area / (mine.sum(axis=1) * other.sum(axis=1)))

    def report(self) -> pd.DataFrame:
        """Precision, recall, f1, auc and support of each segment (Wagner et al. 2024, table 2)."""
        import pandas as pd

        hits = np.diag(self.confusion).astype(float)
        precision = hits / np.maximum(1, self.confusion.sum(axis=0))
        recall = hits / np.maximum(1, self.confusion.sum(axis=1))
        f1 = 2 * precision * recall / np.maximum(1e-12, precision + recall)
        columns = {"precision": precision, "recall": recall, "f1": f1, "auc": self.auc}
        return pd.DataFrame(
            {**columns, "support": self.confusion.sum(axis=1)}, index=list(SEGMENTS)
        )
