"""TCAV of one model: activations once, all CAVs of a layer together, a gradient once a record and class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...ecg import Record
from ...errors import ExplainError
from ...wrapper.layers import Layer, at_once
from .cav import Direction, Draw, fitted, scale_of
from .tapped import Features, activations, gradients

if TYPE_CHECKING:
    from ...wrapper import Predictor

Array = NDArray[np.float64]
#: Records that go through a model together.
TOGETHER = 32
#: Bytes of activations that are kept of one model at most.
MOST_BYTES = 4 * 2**30


@dataclass
class Fit:
    """What was found of one model.

    Attributes
    ----------
    accuracy : (cavs, concepts, layers)
    scores : (cavs, concepts, layers, classes); NaN for what is not done yet
    sensitivity : (concepts, layers, classes, records), mean over CAVs; NaN where a record is no example
    """

    accuracy: Array
    scores: Array
    sensitivity: Array


def batches(
    f: Predictor, records: Sequence[Record], rows: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], Tensor, Tensor | None]]:
    """Some records as the model takes them, a few at a time: their rows, ECGs, side inputs."""
    for first in range(0, len(rows), TOGETHER):
        part = rows[first : first + TOGETHER]
        for places, x, side in f.batches([records[k] for k in part]):
            yield part[places], x, side


def fit_model(
    f: Predictor,
    layers: Sequence[Layer],
    records: Sequence[Record],
    own: int,
    drawn: Sequence[Sequence[Draw]],
    belongs: Array,
    classes: Sequence[str],
    how: Features,
    direction: Direction,
) -> Iterator[tuple[float, str, Fit | None]]:
    """Share of the work done, what is being done, and what is found so far.

    Parameters
    ----------
    f : Predictor
    layers : sequence of Layer
    records : sequence of Record
        The records that are looked at, ``own`` of them, and behind them simulated ones.
    own : int
    drawn : sequence of (sequence of Draw)
        A concept's, one a CAV.
    belongs : (classes, own)
        1 for the examples of each class.
    classes : sequence of str
    how : "pooled" or "flat"
    direction : "classifier" or "pattern"
    """
    f = at_once(f)
    found: list[Tensor] = []
    rows = np.arange(len(records))
    members = [np.flatnonzero(one == 1) for one in belongs]
    # A backward pass costs about twice a forward one.
    total = len(records) + 3 * sum(map(len, members)) or 1
    done = 0
    for places, x, side in batches(f, records, rows):
        given = activations(f, layers, x, side, how)
        if not found:
            _check_size(f, [one.shape[1] for one in given], len(records), how)
            found = [one.new_empty((len(records), one.shape[1]), device="cpu") for one in given]
        for kept, one in zip(found, given, strict=True):
            if one.shape[1] != kept.shape[1]:
                raise ExplainError(
                    f"{f.name} gives layers of different lengths for records of different lengths: "
                    "features='pooled' takes them, or crop the records to one length"
                )
            kept[torch.from_numpy(places)] = one.cpu()
        done += len(places)
        yield done / total, f"activations of {f.name}", None
    directions, accuracy = [], []
    every = [one for each in drawn for one in each]
    for layer, values in zip(layers, found, strict=True):
        if not bool(torch.isfinite(values).all()):
            raise ExplainError(f"layer {layer.name!r} of {f.name} gives NaN or infinity")
        mean, sd = scale_of(values[:own])
        values -= mean
        values /= sd
        vectors, right = fitted(values, every, direction)
        # A step along a CAV moves every feature in proportion to how much it varies.
        directions.append(vectors * torch.where(sd.isfinite(), sd, 0.0))
        accuracy.append(right)
        yield done / total, f"concepts in {layer.name} of {f.name}", None
    del found
    shape = (len(drawn), len(drawn[0]))
    scores = np.full((*shape, len(layers), len(classes)), np.nan)
    sensitivity = np.full((shape[0], len(layers), len(classes), own), np.nan)
    fit = Fit(
        torch.stack(accuracy, 1).double().numpy().reshape(*shape, len(layers)).swapaxes(0, 1),
        scores.swapaxes(0, 1),
        sensitivity,
    )
    for k, name in enumerate(classes):
        positive = np.zeros((len(layers), len(every)))
        for places, x, side in batches(f, records, members[k]):
            slopes = gradients(f, layers, x, side, name, how)
            for j, (slope, ways) in enumerate(zip(slopes, directions, strict=True)):
                along = (slope.cpu() @ ways.T).double().numpy()
                # Neither towards nor away counts half: a dead gradient is no evidence against.
                positive[j] += (along > 0).sum(axis=0) + 0.5 * (along == 0).sum(axis=0)
                each = along.reshape(len(places), *shape).mean(axis=2)
                sensitivity[:, j, k, places] = each.T
            done += 3 * len(places)
            yield min(done / total, 1.0), f"gradients of {name} in {f.name}", None
        if len(members[k]):
            scores[..., k] = (positive / len(members[k])).reshape(-1, *shape).transpose(1, 2, 0)
        yield min(done / total, 1.0), f"scores of {name} in {f.name}", fit


def _check_size(f: Predictor, widths: Sequence[int], records: int, how: Any) -> None:
    size = 4 * records * sum(widths)
    if size > MOST_BYTES:
        raise ExplainError(
            f"the activations of {len(widths)} layers of {f.name} for {records} records take "
            f"{size / 2**30:.1f} GiB, more than {MOST_BYTES / 2**30:.0f}: features='pooled', fewer layers "
            "or fewer records"
        )
