"""`CounterfactualViewer`: an ECG, its counterfactual under a severity slider, and what changed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import traitlets as t

from ..ecg import Record
from .base import Component, packed_ecg
from .codec import pack
from .labels import note
from .measurements import MEASUREMENTS
from .picture import ecg_svg
from .shade import saliency

if TYPE_CHECKING:
    import pandas as pd

    from ..explain import Attribution, Counterfactual

#: Full names of common outputs, for those who do not know the codes.
OUTPUT_TITLES = {
    "SR": "sinus rhythm",
    "NSR": "sinus rhythm",
    "NORM": "normal ECG",
    "AF": "atrial fibrillation",
    "AFL": "atrial flutter",
    "IAVB": "first-degree AV block",
    "LBBB": "left bundle branch block",
    "RBBB": "right bundle branch block",
    "LVH": "left ventricular hypertrophy",
    "MI": "myocardial infarction",
    "AMI": "anterior infarction",
    "IMI": "inferior infarction",
    "SB": "sinus bradycardia",
    "STach": "sinus tachycardia",
}

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
    rows = []
    for row in table.to_dict("records"):
        name, unit = str(row["measurement"]), str(row.get("unit") or "")
        if name not in CHANGED:
            continue
        label, digits, least = MEASUREMENTS[name]
        values = [_finite(row["original"]), _finite(row["counterfactual"])]
        if name == "p_presence":
            values, unit, least = [v if v is None else 100 * v for v in values], "%", 100 * least
        before, after = values
        if before is not None and after is not None:
            apart = abs(after - before)
            notable = min(apart, 360 - apart if unit == "deg" else apart) >= least
        else:
            notable = before is not after
        rows.append(
            {
                "label": label,
                "unit": unit,
                "digits": digits,
                "original": before,
                "counterfactual": after,
                "missing": "absent" if name in _WAVES else "–",
                "notable": notable,
            }
        )
    return rows


def _finite(value: Any) -> float | None:
    number = float(value) if value is not None else math.nan
    return number if math.isfinite(number) else None


def answer(model: str, probabilities: dict[str, float]) -> dict[str, Any]:
    """The model's answer as the browser shows it."""
    return {
        "model": model,
        "outputs": [
            {"name": name, "title": OUTPUT_TITLES.get(name, ""), "probability": float(p)}
            for name, p in probabilities.items()
        ],
    }


class CounterfactualViewer(Component):
    """A counterfactual over its original, with a severity slider that needs no kernel.

    Parameters
    ----------
    counterfactual : Counterfactual
        As `cofe_widgets.counterfactual` returns it.
    attribution : Attribution, optional
        Of the same ECG: shown as a band behind the trace on demand.
    """

    _component = t.Unicode("explainer").tag(sync=True)
    _live = t.Bool(False).tag(sync=True)
    _ecg = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    _answer = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    _targets = t.List(t.Unicode()).tag(sync=True)
    _path = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    _changes = t.List(t.Dict(), None, allow_none=True).tag(sync=True)
    _saliency = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    _error = t.Unicode("").tag(sync=True)

    #: Where the slider stands: 0 is the ECG itself, 1 the counterfactual.
    severity = t.Float(1.0, min=0.0, max=1.0).tag(sync=True)
    #: The output that the counterfactual moves, by name.
    target = t.Unicode("").tag(sync=True)
    #: The probability it shall reach.
    level = t.Float(0.9, min=0.01, max=0.999).tag(sync=True)
    #: Whether the saliency band is shown.
    show_saliency = t.Bool(False).tag(sync=True)

    def __init__(
        self, counterfactual: Counterfactual, attribution: Attribution | None = None
    ) -> None:
        super().__init__()
        self._forget()
        self._show_record(counterfactual.original)
        first = float(counterfactual.predictions[0])
        model = str(counterfactual.provenance.get("model", ""))
        self._answer = answer(model, {counterfactual.target: first})
        self.target, self.level = counterfactual.target, float(counterfactual.level)
        self._show_counterfactual(counterfactual)
        if attribution is not None:
            self._show_attribution(attribution)
            self.show_saliency = True

    def _forget(self) -> None:
        self.record: Record | None = None
        self.counterfactual: Counterfactual | None = None
        self.attribution: Attribution | None = None

    def _show_record(self, record: Record) -> None:
        self._forget()
        with self.hold_sync():
            for name in ("_path", "_changes", "_saliency"):
                self.set_trait(name, None)
            self._ecg = packed_ecg(record)
        self.record = record

    def _show_counterfactual(self, value: Counterfactual) -> None:
        self.counterfactual = value
        with self.hold_sync():
            self.severity = 1.0
            self._changes = changes(value.measurements)
            self._path = {
                "fs": value.original.fs,
                "leads": list(value.original.leads),
                "frames": pack(value.signals),
                "severities": [float(s) for s in value.severities],
                "predictions": [float(p) for p in value.predictions],
                "target": value.target,
                "level": float(value.level),
                "reached": bool(value.reached),
                "message": value.message,
                "note": note(value.original),
            }

    def _show_attribution(self, value: Attribution) -> None:
        self.attribution = value
        self._saliency = saliency(value).packed()

    def picture(self) -> str:
        """The ECG as SVG, the counterfactual at the severity of the slider in red over it."""
        if self.record is None:
            return '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
        value = self.counterfactual
        shown = self.attribution if self.show_saliency else None
        return ecg_svg(
            value.original if value is not None else self.record,
            changed=value.record(level=self.severity) if value is not None else None,
            shade=saliency(shown) if shown is not None else None,
            layout=self.format,
            speed=self.speed,
            gain=self.gain,
            order=self.order,
        )
