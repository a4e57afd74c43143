"""What the recording device measured itself, beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from ...vocabulary.measurements import MEASUREMENTS

#: Two ways of measuring one ECG differ by less than this: twice and more what ours differ from
#: cardiologists' marks in nine of ten records (``python -m benchmarks measurements``).
AGREE = {
    "heart_rate_bpm": 5.0,
    "pr_ms": 40.0,
    "qrs_ms": 20.0,
    "qt_ms": 40.0,
    "qtc_bazett_ms": 50.0,
    "qtc_fridericia_ms": 50.0,
    "p_axis_deg": 40.0,
    "qrs_axis_deg": 30.0,
    "t_axis_deg": 50.0,
}


def of_device(meta: Mapping[str, Any]) -> dict[str, float]:
    """The device's own measurements in the ``meta`` of a record, by our names."""
    found = meta.get("device_measurements")
    if not isinstance(found, Mapping):
        return {}
    return {key: float(value) for key, value in found.items() if key in AGREE}


def disagreements(values: Mapping[str, float], meta: Mapping[str, Any]) -> dict[str, str]:
    """Where ours and the device's differ by more than either errs: measurement -> sentence.

    Parameters
    ----------
    values : mapping
        Ours, see `measure`; what is missing or NaN disagrees with nothing.
    meta : mapping
        Of the record.
    """
    said = {}
    for key, theirs in of_device(meta).items():
        about, ours = MEASUREMENTS[key], float(values.get(key, float("nan")))
        if isfinite(ours) and abs(about.change(theirs, ours)) > AGREE[key]:
            unit = about.symbol if about.symbol == "°" else f" {about.symbol}"
            said[key] = f"{about.title}: ours {ours:.0f}, the device's {theirs:.0f}{unit}"
    return said
