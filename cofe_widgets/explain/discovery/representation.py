"""What records are split by: aligned maps, aligned beats, or what the model makes of them after pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import LEADS, Record
from ...errors import ExplainError, WrapError
from ...wrapper import Predictor
from ..glocal.aligned import Row

Array = NDArray[np.float64]


def pooled_layer(f: Predictor) -> str:
    """The first layer after the last that has a time axis: global pooling, where a model pools so.

    Raises
    ------
    ExplainError
        When there is none of more numbers than the model has outputs.
    """
    layers = f.layers()
    timed = np.flatnonzero(layers.time_axis.notna().to_numpy())
    after = layers.iloc[int(timed[-1]) + 1 :] if len(timed) else layers
    for name, shape in zip(after.index, after["shape"], strict=True):
        if np.prod(shape) > len(f.outputs):
            return str(name)
    raise ExplainError(
        f"{f.name} has no layer after its last one along time, but its answer: name one, layer=...; "
        "f.layers() lists them"
    )


def features(f: Predictor, records: Sequence[Record], layer: str) -> list[Array]:
    """What a layer gives for each record, as one vector: the mean over crops and over what is left of time.

    Pooling that leaves several places along time, as a LeNet's, is pooled to the end.

    Raises
    ------
    ExplainError
        For an unknown layer.
    """
    try:
        found = f.activations(list(records), layer)
    except WrapError as error:
        raise ExplainError(str(error)) from error
    about = f.layers().loc[layer]
    # `layers` counts ECGs first; what is given for one is without that axis, or counts its crops.
    whole = len(about["shape"]) - 1
    axis = None if about["time_axis"] is None else about["time_axis"]
    out = []
    for one in found:
        values = np.asarray(one, float)
        if values.ndim > whole:
            values = values.mean(axis=0)
        if axis is not None and axis == axis:
            values = values.mean(axis=int(axis) - 1)
        elif values.ndim > 1 and len(values) > 1:
            values = values.reshape(len(values), -1).mean(axis=1)
        out.append(values.ravel())
    return out


def flat(rows: Sequence[Row], representation: str) -> tuple[Array, tuple[str, ...]]:
    """The rows as vectors, and the leads that are in them: those that every record has.

    A lead of a beat has its median taken off, as where the baseline lies is no shape.

    Raises
    ------
    ExplainError
        When the records have no lead in common.
    """
    if representation == "features":
        return np.stack([row["features"] for row in rows]), ()
    name = {"attributions": "attribution", "beats": "signal"}[representation]
    values = np.stack([row[name] for row in rows]).astype(float)
    seen = np.isfinite(values).all(axis=(0, 2))
    if not seen.any():
        raise ExplainError("the records have no lead in common: give records of the same leads")
    values = values[:, seen]
    if representation == "beats":
        values = values - np.median(values, axis=2, keepdims=True)
    leads = tuple(lead for lead, there in zip(LEADS, seen, strict=True) if there)
    return values.reshape(len(rows), -1), leads


def as_facts(leads: tuple[str, ...], layer: str | None) -> dict[str, Any]:
    """What provenance says of it."""
    return {"leads": list(leads)} if layer is None else {"layer": layer}
