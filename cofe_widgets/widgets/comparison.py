"""What is true of a simulated heart, what was measured, and what its healthy twin has."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from .measurements import MEASUREMENTS

if TYPE_CHECKING:
    import pandas as pd

    from ..simulate import Simulated

#: The lead in which each condition is best seen.
BEST_LEAD = {
    "AF": "V1",
    "AFL": "II",
    "LBBB": "V6",
    "RBBB": "V1",
    "LAFB": "aVF",
    "LVH": "V5",
    "AMI": "V3",
    "IMI": "aVF",
    "SMI": "V2",
    "STEMI_A": "V3",
    "STEMI_I": "III",
    "STEMI_L": "V6",
    "HYPERK": "V3",
    "HYPOK": "V3",
}


class Row(NamedTuple):
    """A measurement of the table: its name, and how far it may lie from the truth unremarked."""

    name: str
    tolerance: float
    of_lead: bool = False  # the value of one lead, not of the record


# Tolerances are what two careful readers differ by.
ROWS = (
    Row("heart_rate_bpm", 3.0),
    Row("rr_sd_ms", 10.0),
    Row("p_presence", 0.1),
    Row("pr_ms", 15.0),
    Row("qrs_ms", 12.0),
    Row("qtc_fridericia_ms", 25.0),
    Row("qrs_axis_deg", 10.0),
    Row("sokolow_lyon_mv", 0.15),
    Row("p_amplitude_mv", 0.04, True),
    Row("q_amplitude_mv", 0.05, True),
    Row("r_amplitude_mv", 0.08, True),
    Row("s_amplitude_mv", 0.08, True),
    Row("st_amplitude_mv", 0.05, True),
    Row("t_amplitude_mv", 0.08, True),
)


def comparison(sim: Simulated, twin: Simulated, lead: str = "II") -> pd.DataFrame:
    """The measurements of a simulated ECG beside their true values and those of its twin.

    Parameters
    ----------
    sim : Simulated
    twin : Simulated
        The same heart without the condition.
    lead : str
        Of the amplitudes.

    Returns
    -------
    pandas.DataFrame
        Columns measurement, lead (empty for those of the whole record), unit, true, measured,
        twin (the true value of the twin), altered (the condition changed it notably) and off
        (measured and true lie further apart than two careful readers would). NaN where a wave is
        absent.
    """
    import pandas as pd

    from ..signals.measure import UNITS, measured

    found = measured(sim.record)
    here, there = sim.truth, twin.truth
    rows = []
    for name, tolerance, of_lead in ROWS:
        unit, least = UNITS[name], MEASUREMENTS[name].least
        if of_lead:
            true = float(here.lead_measurements.loc[lead, name])
            healthy = float(there.lead_measurements.loc[lead, name])
            value = found.leads[lead][name]
        else:
            true, healthy = here.measurements[name], there.measurements[name]
            value = found.values[name]
        rows.append(
            {
                "measurement": name,
                "lead": lead if of_lead else "",
                "unit": unit,
                "true": true,
                "measured": value,
                "twin": healthy,
                "altered": apart(true, healthy, least, unit),
                "off": apart(value, true, tolerance, unit),
            }
        )
    return pd.DataFrame(rows)


def apart(a: float, b: float, least: float, unit: str) -> bool:
    """Whether two values differ by ``least`` or more; present and absent always do."""
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) is not math.isnan(b)
    distance = abs(a - b)
    return (min(distance, 360 - distance) if unit == "deg" else distance) >= least


def printed(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a comparison as the browser prints them; a wave that is not there is ``None``."""
    out = []
    for row in table.to_dict("records"):
        words = MEASUREMENTS[row["measurement"]]
        values = {key: _finite(row[key]) for key in ("true", "measured", "twin")}
        unit = row["unit"]
        if row["measurement"] == "p_presence":
            values, unit = {k: v if v is None else 100 * v for k, v in values.items()}, "%"
        out.append(
            {
                "label": words.label,
                "lead": row["lead"],
                "unit": {"deg": "°"}.get(unit, unit),
                "digits": words.digits,
                **values,
                "altered": bool(row["altered"]),
                "off": bool(row["off"]),
            }
        )
    return out


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
