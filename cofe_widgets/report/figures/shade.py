"""A value for every sample as a band behind the trace: signed, symmetric about zero."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...ecg import Record
from ...explain.attribution.registry import title_of

if TYPE_CHECKING:
    from ...explain import Attribution

#: The band of an attribution averages over this many seconds; single samples are not readable.
SMOOTH_S = 0.04
#: Full depth of a cause map is at least this: a quarter of a millimetre of paper must not glow.
LEAST_MV = 0.1


@dataclass(frozen=True, eq=False)
class Shade:
    """Values ``(leads, samples)``, the size of full depth, and what they are called.

    ``reading`` is what the number under the pointer is called, ``negative`` and ``positive`` what
    the two hues mean, ``opacity`` that of full depth.
    """

    values: NDArray[np.float32]
    fs: float
    leads: tuple[str, ...]
    limit: float
    title: str
    hint: str
    reading: str
    unit: str
    negative: str
    positive: str
    opacity: float = 0.78


def shade_within(shade: Shade | None, start_s: float, end_s: float) -> Shade | None:
    """The part of a shade from ``start_s`` to ``end_s``; it keeps its depth."""
    if shade is None:
        return None
    first, last = round(start_s * shade.fs), round(end_s * shade.fs)
    part = shade.values[:, first:last]
    return replace(shade, values=part) if part.shape[1] else None


def attribution_band(attribution: Attribution) -> Shade:
    """An attribution as shown.

    A moving mean of 40 ms keeps the sign. Full depth is the 99th percentile of the size, the same
    for both signs and all leads, so that zero stays without colour and leads can be compared.
    """
    from scipy.ndimage import uniform_filter1d

    called = title_of(attribution.method)
    named = called.split()[0][1:] != called.split()[0][1:].lower()  # LRP, DeepLIFT, Grad-CAM
    method = called if named else f"{called[:1].lower()}{called[1:]}"
    width = max(1, round(SMOOTH_S * attribution.fs))
    values = uniform_filter1d(attribution.values.astype(np.float32), width, axis=-1)
    return Shade(
        values=values,
        fs=attribution.fs,
        leads=tuple(attribution.leads),
        limit=float(np.percentile(np.abs(values), 99)) or float(np.abs(values).max()),
        title=f"{method} for {attribution.target}",
        hint=f"{method}; symmetric about zero; the number stands beside the pointer",
        reading=method,
        unit="",
        negative="against the target",
        positive="for the target",
    )


def cause(values: ArrayLike, record: Record, title: str = "altered by the condition") -> Shade:
    """A cause map as shown: how far a condition moved every sample of every lead.

    Parameters
    ----------
    values : array_like, shape (leads, samples)
        mV, in the leads and at the rate of ``record``.
    record : Record
    title : str
        What stands before the scale.

    Raises
    ------
    ValueError
        When its shape is not that of the record, or a value is not finite.
    """
    values = np.asarray(values, np.float32)
    if values.shape != record.signal.shape:
        raise ValueError(
            f"cause has shape {values.shape}: expected {record.signal.shape}, one value in mV for "
            "every sample of the record (sim.truth.cause)"
        )
    if not np.isfinite(values).all():
        raise ValueError("cause holds values that are not finite")
    return Shade(
        values=values,
        fs=record.fs,
        leads=record.leads,
        limit=max(LEAST_MV, float(np.percentile(np.abs(values), 99))),
        title=title,
        hint="what the condition added to the ECG of the same heart without it, in mV",
        reading="altered by",
        unit="mV",
        negative="lowered by the condition",
        positive="raised by the condition",
    )
