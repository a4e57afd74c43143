"""An attribution as a band behind the trace: signed, symmetric about zero, never min-max scaled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .codec import pack

if TYPE_CHECKING:
    from ..explain import Attribution

#: The band averages over this many seconds; single samples of a gradient are not readable.
SMOOTH_S = 0.04


def band(attribution: Attribution) -> tuple[NDArray[np.float32], float]:
    """Values as shown ``(leads, samples)`` and the value of full depth.

    A moving mean of 40 ms keeps the sign. Full depth is the 99th percentile of the size, the same
    for both signs and all leads, so that zero stays without colour and leads can be compared.
    """
    from scipy.ndimage import uniform_filter1d

    width = max(1, round(SMOOTH_S * attribution.fs))
    values = uniform_filter1d(attribution.values.astype(np.float32), width, axis=-1)
    limit = float(np.percentile(np.abs(values), 99)) or float(np.abs(values).max())
    return values, limit


def packed_saliency(attribution: Attribution) -> dict[str, Any]:
    """An attribution as a layer of the browser's ECG."""
    values, limit = band(attribution)
    return {
        "fs": float(attribution.fs),
        "leads": list(attribution.leads),
        "signal": pack(values),
        "limit": limit,
        "target": attribution.target,
        "method": attribution.method,
    }
