"""What is said of measurements beside their numbers: the device's own, and why some are not given."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from ..signals import Measured
from ..signals.measurements import disagreements, of_device
from ..vocabulary.measurements import MEASUREMENTS

#: The measurements whose absence is explained; what rests on them goes without saying.
EXPLAINED = ("heart_rate_bpm", "p_presence", "pr_ms", "qrs_ms", "qt_ms", "t_amplitude_mv")


def beside_device(meta: Mapping[str, Any]) -> dict[str, str]:
    """The device's own numbers as printed, by measurement."""
    return {key: f"{value:.{MEASUREMENTS[key].digits}f}" for key, value in of_device(meta).items()}


def device_words(meta: Mapping[str, Any]) -> str:
    """The device's rate and intervals in one line; empty where the file has none."""
    short = {"heart_rate_bpm": "rate", "pr_ms": "PR", "qrs_ms": "QRS", "qt_ms": "QT"}
    theirs = beside_device(meta)
    said = [f"{name} {theirs[key]}" for key, name in short.items() if key in theirs]
    return f"device: {', '.join(said)}" if said else ""


def not_given(found: Measured) -> list[str]:
    """Which measurements are not given, and why, one sentence a reason."""
    titles: dict[str, list[str]] = {}
    for key in EXPLAINED:
        if key in found.reasons and not isfinite(found.values[key]):
            titles.setdefault(found.reasons[key], []).append(MEASUREMENTS[key].in_sentence)
    return [f"not given: {', '.join(names)} ({why})" for why, names in titles.items()]


def remarks(found: Measured, meta: Mapping[str, Any]) -> list[str]:
    """All that is to be said beside a table of measurements."""
    said = [*disagreements(found.values, meta).values(), *not_given(found)]
    if found.n_other:
        said.append(
            f"{found.n_other} of {found.n_beats} beats have another shape and were not measured"
        )
    return said
