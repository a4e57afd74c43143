"""`discover`: what splits a group of records, and whether anything does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record
from ...errors import ExplainError
from ...provenance import provenance
from ...steps import Step, Work, streamed
from ...values import remakes
from ...wrapper import Predictor, known_predictor
from ..glocal.aligned import Aligned, Row
from ..glocal.run import _chunks, _the_method
from .clustering import Judged, assigned, judged, projected
from .representation import as_facts, features, flat, pooled_layer
from .result import REPRESENTATIONS, SCORES, Clusters

if TYPE_CHECKING:
    import pandas as pd

    from ..attribution.method import Method

#: Numbers of clusters that are tried where none is asked for.
TRIED = (2, 3, 4)
#: A group of fewer records is not split.
LEAST = 12
#: Nor into more clusters than so many records each would fill.
PER_CLUSTER = 4
#: Shares of the work: records, then the grid.
ALIGNED, SPLIT = 0.6, 0.95


@streamed
def discover(
    records: Iterable[Record],
    f: Predictor,
    target: str,
    representation: str = "attributions",
    clusters: int | None = None,
    labels: Sequence[str | None] | None = None,
    method: str | Method = "saliency",
    *,
    layer: str | None = None,
    seed: int = 0,
    **options: Any,
) -> Work[Clusters]:
    """What splits a group of records, by where a model looks, by their beats, or by hidden features.

    Parameters
    ----------
    records : iterable of Record
        The group: all of them are clustered, as the paper does with all that are labelled MI.
    f : Predictor
    target : str
        The output that is explained.
    representation : "attributions", "beats" or "features"
        Median beats of |map| or of the signal about R, or what a layer gives after global pooling.
    clusters : int, optional
        How many; unless given, as many as there are labels, or 2 to 4, whichever is the most stable.
    labels : sequence of str or None, optional
        A label a record, None where it is not known. They judge every candidate and choose none.
    method : str or Method
        Of attribution; saliency as the paper.
    layer : str, optional
        For ``"features"``; unless given, the first after the last one along time.
    seed : int
    **options
        Of the method.

    Returns
    -------
    Clusters

    Raises
    ------
    ExplainError
        Fewer than 12 records that can be aligned, an unknown target, method, representation or layer, labels
        that are not one a record.

    Notes
    -----
    Wagner et al., "Explaining deep learning for ECG analysis", 2024, sections 2.5 and 3.4: principal
    components up to 75 % of the variance, whitened or not; k-means, Gaussian mixtures and agglomerative
    clustering (Ward). Where the paper takes the candidate of the best accuracy, this takes the one whose
    stability under subsampling exceeds that of Gaussian groups most, and keeps the other beside it.
    There is structure where the gap between clusters is emptier than in Gaussian groups.
    A single skewed group can pass as structure: in two of four gamma-distributed groups it did (p 0.01, 0.02).
    """
    name = _the_method(f, target, method, options)
    layer = _checked(f, representation, clusters, layer)
    total = len(records) if isinstance(records, Sized) else None
    if total is not None:
        _fit_together(labels, clusters, total)
    told = {"representation": representation, "clusters": clusters, "seed": seed, "layer": layer}
    align = Aligned(f, target, method, options)  # type: ignore[arg-type]
    rows: list[Row] = []
    failures: list[tuple[int, str]] = []
    seen = 0
    for chunk in _chunks(records, 0):
        seen = chunk[-1][0] + 1
        _take(chunk, align, layer, rows, failures)
        fraction = min(seen / total, 1.0) if total else 0.0
        yield Step(ALIGNED * fraction, f"{seen}{f' of {total}' if total else ''} records")
    _fit_together(labels, clusters, seen)
    truth = tuple((labels[row["place"]] or "") if labels is not None else "" for row in rows)
    _enough(rows, seen, failures)
    x, leads = flat(rows, representation)
    ks = _numbers(clusters, truth, len(rows))
    if not np.ptp(x, axis=0).any():
        raise ExplainError(
            f"the {representation} of {len(rows)} records are all the same: nothing splits them"
        )
    components, shown = projected(x)
    verdict: Judged | None = None
    for got in judged(components, ks, seed):
        if isinstance(got, Judged):
            verdict = got
        else:
            yield Step(ALIGNED + (SPLIT - ALIGNED) * got, "how stable, beside Gaussian groups")
    assert verdict is not None
    yield Step(SPLIT, "t-SNE")
    free = len(ks) > 1
    none = free and not verdict.structure
    own = verdict.partitions[verdict.chosen] * (0 if none else 1)
    value = Clusters(
        target=target,
        method=name,
        representation=representation,
        outputs=tuple(f.outputs),
        places=np.array([row["place"] for row in rows], float),
        labels=own.astype(float),
        embedding=_embedded(shown, seed),
        truth=truth,
        answers=np.stack([row["answers"] for row in rows]).astype(np.float32),
        signal=np.stack([row["signal"] for row in rows]).astype(np.float32),
        attribution=np.stack([row["attribution"] for row in rows]).astype(np.float32),
        partitions=verdict.partitions.astype(float),
        scores=_scores(verdict, truth),
        p=float(verdict.p),
        components=components.shape[1],
        failures=_failures(failures),
        seen=seen,
        provenance=provenance(
            f,
            method=name,
            options=options,
            seed=seed,
            **as_facts(leads, layer),
            call=told | options,
        ),
    )
    yield Step(1.0, repr(value), None, value)


@remakes(Clusters)
def _again(
    value: Clusters,
    records: Iterable[Record] | None = None,
    f: Predictor | None = None,
    **changes: Any,
) -> Clusters:
    """The call that made it; clusters do not hold their records, which must be given."""
    if records is None:
        raise ExplainError("clusters do not hold their records: give them, rerun(records)")
    model, call = known_predictor(value.provenance, f), value.call
    if "representation" in changes:
        call.pop("layer", None)
    asked = {"target": value.target, "method": value.method, **call}
    if any(value.truth):
        given: list[str | None] = [None] * value.seen
        for place, one in zip(value.places, value.truth, strict=True):
            given[int(place)] = one or None
        asked["labels"] = given
    return discover(records, model, **(asked | changes))


def _checked(
    f: Predictor, representation: str, clusters: int | None, layer: str | None
) -> str | None:
    """The layer that is asked, None unless features are; refused where the call makes no sense."""
    if representation not in REPRESENTATIONS:
        known = ", ".join(REPRESENTATIONS)
        raise ExplainError(f"representation={representation!r:.60}: expected one of {known}")
    if clusters is not None and not 2 <= clusters <= 20:
        raise ExplainError(
            f"clusters={clusters}: expected 2 to 20, or None to let stability choose"
        )
    if representation != "features":
        if layer is not None:
            raise ExplainError(
                f'layer={layer!r:.60} is of hidden features: give representation="features" too'
            )
        return None
    if layer is None:
        return pooled_layer(f)
    if layer not in f.layers().index:
        raise ExplainError(f"{f.name} has no layer {layer!r:.60}: f.layers() lists them")
    return layer


def _take(
    chunk: list[tuple[int, Record]],
    align: Aligned,
    layer: str | None,
    rows: list[Row],
    failures: list[tuple[int, str]],
) -> None:
    """Align the records of a chunk; what a layer makes of those that could be."""
    found = align([record for _, record in chunk])
    good = []
    for (place, record), row in zip(chunk, found, strict=True):
        if "failure" in row:
            failures.append((place, row["failure"]))
        else:
            good.append(record)
            rows.append({**row, "place": place})
    if layer is not None and good:
        for row, one in zip(rows[-len(good) :], features(align.f, good, layer), strict=True):
            row["features"] = one


def _fit_together(labels: Sequence[str | None] | None, clusters: int | None, n: int) -> None:
    """Refuse labels that are not one a record, and more clusters than records can fill."""
    if clusters is not None and n >= LEAST and clusters * PER_CLUSTER > n:
        raise ExplainError(
            f"{clusters} clusters of {n} records: give at least {PER_CLUSTER} records a cluster"
        )
    if labels is None:
        return
    if isinstance(labels, str) or len(labels) != n:
        raise ExplainError(f"{len(labels)} labels for {n} records: expected one a record")
    odd = [one for one in labels if not (one is None or isinstance(one, str))]
    if odd:
        raise ExplainError(f"a label is {odd[0]!r:.60}: expected a text, or None where not known")


def _enough(rows: Sequence[Row], seen: int, failures: Sequence[tuple[int, str]]) -> None:
    if len(rows) >= LEAST:
        return
    why = f"; records[{failures[0][0]}] because: {failures[0][1][:200]}" if failures else ""
    raise ExplainError(
        f"{len(rows)} of {seen} records could be aligned{why}: {LEAST} at least can be clustered"
    )


def _numbers(clusters: int | None, truth: Sequence[str], n: int) -> tuple[int, ...]:
    """The numbers of clusters that are tried."""
    kinds = len({one for one in truth if one})
    if clusters is None and kinds > 1:
        clusters = kinds
    ks = TRIED if clusters is None else (clusters,)
    allowed = tuple(k for k in ks if k * PER_CLUSTER <= n)
    if not allowed:
        raise ExplainError(
            f"{clusters} clusters of {n} records: give at least {PER_CLUSTER} records a cluster"
        )
    return allowed


def _scores(verdict: Judged, truth: Sequence[str]) -> pd.DataFrame:
    """The grid as a table; accuracy and adjusted Rand index over the records whose label is known."""
    import pandas as pd
    from sklearn.metrics import adjusted_rand_score

    known = np.array([bool(one) for one in truth])
    true = np.array(truth)[known]
    rows = []
    for k, one in enumerate(verdict.candidates):
        found = verdict.partitions[k][known]
        judge = len(set(true)) > 1
        rows.append(
            {
                "clusterer": one.clusterer,
                "whitened": one.whitened,
                "k": one.k,
                "stability": verdict.stability[k],
                "null": verdict.null[k],
                "gap": verdict.gap[k],
                "accuracy": float(assigned(true, found).mean()) if judge else np.nan,
                "rand": float(adjusted_rand_score(true, found)) if judge else np.nan,
                "chosen": k == verdict.chosen,
            }
        )
    return pd.DataFrame(rows, columns=list(SCORES))


def _embedded(x: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """t-SNE with scikit-learn's defaults, a smaller perplexity where there are few records."""
    from sklearn.manifold import TSNE

    flat = x / max(float(x.std()), 1e-12)
    made = TSNE(perplexity=min(30.0, (len(x) - 1) / 3), random_state=seed)
    return np.asarray(made.fit_transform(flat), float)


def _failures(failures: Sequence[tuple[int, str]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(failures), columns=["record", "failure"])
