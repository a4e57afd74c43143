"""How well concepts and labels agree (Matthews correlation): figure 11 of the paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record
from ...errors import ExplainError
from ...wrapper.records import listed
from .concept import TABLE_1, listed_concepts
from .membership import Failed, belongs, labels_of, memberships

if TYPE_CHECKING:
    import pandas as pd


def matthews(members: NDArray[np.float64], labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matthews correlation of every concept with every class, over the records in which both are known.

    Parameters
    ----------
    members : ndarray, shape (concepts, records)
        1, 0, or NaN where it cannot be told.
    labels : ndarray, shape (classes, records)
        The same.

    Returns
    -------
    ndarray, shape (concepts, classes)
        -1 to 1; NaN where a concept or a class is the same in all records that are known.

    Notes
    -----
    Matthews, Biochim Biophys Acta 1975;405:442: (TP TN - FP FN) over the root of
    (TP + FP)(TP + FN)(TN + FP)(TN + FN).
    """
    has, not_, in_, out = (
        np.asarray(one == value, float) for one in (members, labels) for value in (1, 0)
    )
    tp, fp, fn, tn = has @ in_.T, has @ out.T, not_ @ in_.T, not_ @ out.T
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(product > 0, (tp * tn - fp * fn) / np.sqrt(product), np.nan)


def label_correlation(
    records: Iterable[Record],
    concepts: Iterable[Any] | None = None,
    classes: Sequence[str] | None = None,
    labels: Iterable[Any] | None = None,
) -> pd.DataFrame:
    """Matthews correlation of concepts and labels, figure 11 of Wagner et al. 2024.

    Parameters
    ----------
    records : iterable of Record
    concepts : list, optional
        As `concepts` takes them, but none of the simulator, which say nothing of records; the paper's
        table 1 unless given.
    classes : sequence of str, optional
        Label codes; all that the records have unless given.
    labels : iterable, optional
        Of each record, instead of its ``meta["labels"]``.

    Returns
    -------
    pandas.DataFrame
        A row a concept, a column a class; NaN where either is the same in all records that are known.
        ``attrs["records"]`` counts the records in which a concept can be judged.

    Raises
    ------
    ExplainError
        Unknown concepts, records without labels.
    """
    import pandas as pd

    asked = listed_concepts(TABLE_1 if concepts is None else concepts)
    simulated = [one.name for one in asked if one.condition]
    if simulated:
        raise ExplainError(f"{', '.join(simulated)}: a simulated concept says nothing of records")
    some = listed(records)
    told = labels_of(some, labels)
    names = (
        list(dict.fromkeys(one for said in told for one in said)) if classes is None else classes
    )
    if not names:
        raise ExplainError("no record has labels: give labels=, or records with meta['labels']")
    failed: Failed = []
    members = np.array(list(memberships(some, asked, failed))).reshape(len(some), len(asked)).T
    table = pd.DataFrame(
        matthews(members, belongs(told, list(names))),
        index=pd.Index([one.name for one in asked], name="concept"),
        columns=pd.Index(list(names), name="class"),
    )
    counts = np.isfinite(members).sum(axis=1).tolist()
    table.attrs["records"] = dict(zip(table.index, counts, strict=True))
    return table
