"""`CounterfactualViewer`: an ECG, its counterfactual under a severity slider, and what changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..ecg import Record
from .codec import pack
from .labels import note
from .measurements import MEASUREMENTS
from .outputs import output_of
from .screen import Screen

if TYPE_CHECKING:
    import pandas as pd

    from ..explain import Attribution, Counterfactual

#: The measurements that the app and the command line list, of all that `measure` knows.
CHANGED = (
    "heart_rate_bpm",
    "rr_mean_ms",
    "rr_sd_ms",
    "rr_rmssd_ms",
    "p_presence",
    "p_amplitude_mv",
    "pr_ms",
    "qrs_ms",
    "r_amplitude_mv",
    "st_amplitude_mv",
    "t_amplitude_mv",
    "qrs_axis_deg",
    "qt_ms",
    "qtc_fridericia_ms",
)
_WAVES = ("p_amplitude_mv", "t_amplitude_mv", "r_amplitude_mv")


def changes(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of the table as the browser prints them; a wave that is not there is ``None``.

    Only the measurements worth a row there, so that the table can be read at a glance.
    """
    return [
        change(
            str(row["measurement"]),
            str(row.get("unit") or ""),
            row["original"],
            row["counterfactual"],
        )
        for row in table.to_dict("records")
        if row["measurement"] in CHANGED
    ]


def change(name: str, unit: str, before: Any, after: Any) -> dict[str, Any]:
    """One measurement before and after, as the browser prints it."""
    label, digits, least = MEASUREMENTS[name]
    values = [_finite(before), _finite(after)]
    if name == "p_presence":
        values, unit, least = [v if v is None else 100 * v for v in values], "%", 100 * least
    before, after = values
    if before is not None and after is not None:
        apart = abs(after - before)
        notable = min(apart, 360 - apart if unit == "deg" else apart) >= least
    else:
        notable = before is not after
    return {
        "label": label,
        "unit": {"deg": "°"}.get(unit, unit),
        "digits": digits,
        "original": before,
        "counterfactual": after,
        "missing": "absent" if name in _WAVES else "–",
        "notable": notable,
    }


def _finite(value: Any) -> float | None:
    number = float(value) if value is not None else math.nan
    return number if math.isfinite(number) else None


def packed_found(value: Counterfactual) -> dict[str, Any]:
    """A counterfactual with all that is said of it, as the browser shows it.

    Measures, and asks the model for the trust card: half a second on a slow machine.
    """
    card = value.trust
    rows = [
        {
            "name": row.name,
            "value": row.shown() if row.value is not None else "",
            "yardstick": row.yardstick,
            "verdict": row.verdict,
            "sentence": row.sentence,
        }
        for row in card.rows
    ]
    return {
        "fs": value.original.fs,
        "leads": list(value.original.leads),
        "frames": pack(value.signals),
        "severities": [float(s) for s in value.severities],
        "predictions": [float(p) for p in value.predictions],
        "target": value.target,
        "level": float(value.level),
        "reached": bool(value.reached),
        "space": value.space,
        "message": value.message,
        "note": note(value.original),
        "changes": changes(value.measurements),
        "trust": {"headline": card.headline, "rows": rows},
        "words": str(value.words()),
    }


class CounterfactualViewer(Screen):
    """A counterfactual over its original, with a severity slider that needs no kernel.

    Parameters
    ----------
    counterfactual : Counterfactual or sequence of Counterfactual
        As `cofe_widgets.counterfactual` returns it: one answer, or several of the same ECG.
    attribution : Attribution, optional
        Of the same ECG: shown as a band behind the trace on demand.
    """

    def __init__(
        self,
        counterfactual: Counterfactual | Sequence[Counterfactual],
        attribution: Attribution | None = None,
    ) -> None:
        found = list(counterfactual) if isinstance(counterfactual, Sequence) else [counterfactual]
        super().__init__(("counterfactual",))
        first = found[0]
        self._show_record(first.original)
        self.model = str(first.provenance.get("model", ""))
        self._outputs = [output_of(first)]
        self._answer = {first.target: float(first.predictions[0])}
        self.target, self.level = first.target, float(first.level)
        self._show_counterfactuals(found, [packed_found(one) for one in found])
        if attribution is not None:
            self._show_attribution(attribution)
            self.show_saliency = True

    counterfactuals: Sequence[Counterfactual] = ()

    @property
    def counterfactual(self) -> Counterfactual | None:
        """The answer on screen; None before there is one."""
        found = self.counterfactuals
        return found[min(self.chosen, len(found) - 1)] if found else None

    def _show_record(self, record: Record) -> None:
        self.counterfactuals = ()
        super()._show_record(record)

    def _show_counterfactuals(
        self, values: Sequence[Counterfactual], packed: list[dict[str, Any]]
    ) -> None:
        self.counterfactuals = values
        with self.hold_sync():
            self.severity, self.chosen = 1.0, 0
            self._found = packed

    def _drawn(self) -> tuple[Record | None, Record | None]:
        """The ECG on screen and what lies over it."""
        value = self.counterfactual
        if value is None:
            return self.record, None
        return value.original, value.record(level=self.severity)
