"""Measurements as rows of a table for people: titles, units, digits, and what changed notably."""

from __future__ import annotations

from math import isfinite, nan
from typing import TYPE_CHECKING, Any

from ..vocabulary.measurements import MEASUREMENTS

if TYPE_CHECKING:
    import pandas as pd

    from ..explain import Counterfactual

#: The measurements that the app and the command line list, of all that `measure` knows.
LISTED = (
    *("heart_rate_bpm", "rr_mean_ms", "rr_sd_ms", "rr_rmssd_ms", "p_presence", "p_amplitude_mv"),
    *("pr_ms", "qrs_ms", "r_amplitude_mv", "st_amplitude_mv", "t_amplitude_mv", "qrs_axis_deg"),
    *("qt_ms", "qtc_fridericia_ms"),
)
#: Of them those that say something of P, and what is said where it was not judged.
OF_P, UNKNOWN = ("p_presence", "p_amplitude_mv", "pr_ms"), "–"


def changes(cf: Counterfactual) -> list[dict[str, Any]]:
    """Rows of `Counterfactual.measurements`; a wave that is not there is ``None``.

    Only the measurements worth a row, so that the table can be read at a glance.
    """
    table = cf.measurements.set_index("measurement")
    pairs = {name: (table.original[name], table.counterfactual[name]) for name in LISTED}
    rows = {name: change(name, *pair, cf.findings.irregular) for name, pair in pairs.items()}
    if not all(isfinite(share) for share in pairs["p_presence"]):
        for name in OF_P:  # not judged is not absent
            rows[name] |= {"missing": UNKNOWN, "notable": False}
    judged = cf.findings.before, cf.findings.after
    for name, pair in pairs.items():
        missing = (m for m, value in zip(judged, pair, strict=True) if not isfinite(value))
        if any(name in one.reasons for one in missing):  # nor is what was not given
            rows[name] |= {"missing": UNKNOWN, "notable": False}
    return list(rows.values())


def change(key: str, before: Any, after: Any, irregular: bool = False) -> dict[str, Any]:
    """One measurement before and after: label, unit, digits, both values, whether they differ.

    Parameters
    ----------
    irregular : bool
        Whether RR is irregular before or after: waves are measured less exactly then.
    """
    about = MEASUREMENTS[key]
    old, new = (nan if value is None else float(value) for value in (before, after))
    told = about.absent == "absent" or isfinite(old) is isfinite(new)
    return {
        "label": about.title,
        "unit": about.symbol,
        "digits": about.digits,
        "original": _shown(key, old),
        "counterfactual": _shown(key, new),
        "missing": about.absent,
        "notable": told and about.differ(old, new, irregular),
    }


def compared(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of `audit.comparison`: true, measured and healthy values."""
    out = []
    for row in table.to_dict("records"):
        key = row["measurement"]
        about = MEASUREMENTS[key]
        values = {name: _shown(key, row[name]) for name in ("true", "measured", "twin")}
        verdicts = {name: bool(row[name]) for name in ("altered", "off")}
        said = {"label": about.title, "lead": row["lead"], "unit": about.symbol}
        out.append({**said, "digits": about.digits, **values, **verdicts})
    return out


def texts(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Rows of `changes` as text: label, original, counterfactual, change, unit."""
    said = []
    for row in rows:
        before, after, digits = row["original"], row["counterfactual"], row["digits"]
        values = [
            row["missing"] if value is None else f"{value:.{digits}f}" for value in (before, after)
        ]
        by = ""
        if before is not None and after is not None:
            by = f"{round(after - before, digits) + 0.0:+.{digits}f}"
        said.append((row["label"], *values, by, row["unit"]))
    return said


def _shown(key: str, value: float) -> float | None:
    """A value as printed; None where there is none."""
    return MEASUREMENTS[key].scale * float(value) if isfinite(value) else None
