"""Soft segments of records by the network, and the same at another rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record
from ...vocabulary.segments import SEGMENTS, TP

if TYPE_CHECKING:
    from ...models.architectures.unet import UNet


def soft_segments(network: UNet, records: Sequence[Record]) -> NDArray[np.float32]:
    """Probabilities ``(records, leads, samples, 24)`` of `SEGMENTS`; NaN where samples are missing.

    Parameters
    ----------
    network : UNet
    records : sequence of Record
        Of one shape, at the rate of the network.
    """
    import torch

    x = torch.from_numpy(np.stack([one.filled().signal for one in records]))
    gaps = any(one.has_gaps for one in records)
    missing = torch.from_numpy(np.stack([one.mask for one in records])) if gaps else None
    with torch.inference_mode():
        x = network.condition(x, missing)
        logits = network.segment(x, missing)
        soft: NDArray[np.float32] = logits.transpose(2, 3).softmax(dim=3).numpy()
    # A flat lead shows no wave, whatever the others say.
    soft[~(x != 0).flatten(2).any(dim=2).numpy()] = np.eye(len(SEGMENTS), dtype=np.float32)[TP]
    if missing is not None:
        soft[missing.numpy()] = np.nan
    return soft


def at_rate(
    soft: NDArray[np.float32], fs: float, to_fs: float, samples: int
) -> NDArray[np.float32]:
    """Probabilities ``(leads, samples, 24)`` at another rate; they still sum to one, or are NaN.

    Upwards by straight lines between samples; downwards by the mean over what a sample stands for,
    so that points one sample long are not lost between two samples.
    """
    last = soft.shape[1] - 1
    if to_fs == fs:
        return soft[:, :samples]
    if to_fs < fs:
        gone = np.isnan(soft[..., :1])
        if gone.any():  # sums would carry what is missing on to the end
            known = at_rate(np.where(gone, np.float32(0), soft), fs, to_fs, samples)
            place = np.rint(np.arange(samples) * fs / to_fs).astype(np.intp).clip(max=last)
            total = known.sum(axis=2, keepdims=True)
            keep = ~gone[:, place] & (total > 0)
            return np.where(keep, known / np.where(total > 0, total, 1), np.float32(np.nan))
        total = np.cumsum(soft, axis=1, dtype=np.float64)
        total = np.concatenate((np.zeros_like(total[:, :1]), total), axis=1)
        edges = np.clip((np.arange(samples + 1) - 0.5) * fs / to_fs + 0.5, 0, last + 1)
        at = np.minimum(edges.astype(np.intp), last)
        upto = total[:, at] + (edges - at)[:, None] * (total[:, at + 1] - total[:, at])
        width = np.maximum(np.diff(edges), 1e-9)
        return np.asarray(np.diff(upto, axis=1) / width[:, None], dtype=np.float32)
    place = np.minimum(np.arange(samples) * fs / to_fs, last)
    at = np.minimum(place.astype(np.intp), max(last - 1, 0))
    share = (place - at).astype(np.float32)[:, None]
    out = soft[:, at] * (1 - share)
    out += soft[:, np.minimum(at + 1, last)] * share
    return out
