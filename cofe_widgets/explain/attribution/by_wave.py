"""Relevance in numbers: how much of a map lies on P, PR, QRS, ST, T and TP of each lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record
from ...errors import ExplainError
from ...signals.delineation import delineate
from ...vocabulary.segments import BEAT_SEGMENTS

if TYPE_CHECKING:
    import pandas as pd

WAVES = tuple(BEAT_SEGMENTS)
#: A record shorter than this holds one beat: it is laid out three times, to be delineated in its middle.
ONE_BEAT_S = 2.0
#: Name of the row of all leads together.
ALL = "all"


def by_wave(values: NDArray[np.float32], record: Record) -> pd.DataFrame:
    """Shares of relevance by wave and lead, see `Attribution.by_wave`."""
    return table(values, shown(record), record.leads)


def shown(record: Record) -> NDArray[np.int8]:
    """Which of `WAVES` every sample is most likely of, ``(leads, samples)``; -1 where none can be told.

    Raises
    ------
    ExplainError
        For a record of more than five minutes.
    """
    one_beat = record.duration_s < ONE_BEAT_S
    laid = record.with_signal(np.tile(record.signal, 3)) if one_beat else record
    soft = delineate(laid).soft
    if soft is None:
        raise ExplainError(
            "relevance by wave is of five minutes at most: explain a part, record.crop(start, end)"
        )
    if one_beat:
        soft = soft[:, record.samples : 2 * record.samples]
    waves = np.stack([soft[..., part].sum(axis=2) for part in BEAT_SEGMENTS.values()], axis=2)
    known = np.isfinite(waves).all(axis=2)
    return np.where(known, np.nan_to_num(waves).argmax(axis=2), -1).astype(np.int8)


def table(
    values: NDArray[np.float32], wave: NDArray[np.int8], leads: tuple[str, ...]
) -> pd.DataFrame:
    """Shares, net shares and enrichment of relevance ``(leads, samples)`` whose waves are known."""
    import pandas as pd

    there = (wave[..., None] == np.arange(len(WAVES))) & np.isfinite(values)[..., None]
    signed = np.where(there, np.nan_to_num(values, nan=0.0)[..., None], 0.0).astype(float)
    size, net, count = (part.sum(axis=1) for part in (np.abs(signed), signed, there))
    size, net, count = (np.concatenate((part, part.sum(0)[None])) for part in (size, net, count))
    total, samples = size[-1].sum(), count[-1].sum()
    share, net = (part / total if total else np.full(part.shape, np.nan) for part in (size, net))
    with np.errstate(invalid="ignore", divide="ignore"):
        enrichment = np.where(count > 0, share / (count / samples), np.nan)
    rows = pd.MultiIndex.from_product([(*leads, ALL), WAVES], names=["lead", "wave"])
    columns = {"share": share, "net": net, "duration": count / max(samples, 1)}
    columns["enrichment"] = enrichment
    return pd.DataFrame({name: part.ravel() for name, part in columns.items()}, index=rows)
