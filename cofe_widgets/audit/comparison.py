"""What is true of a simulated heart, what was measured, and what its healthy twin has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..signals.criteria.diagnoses import is_irregular
from ..vocabulary.measurements import MEASUREMENTS

if TYPE_CHECKING:
    import pandas as pd

    from ..simulate import Simulated

#: Measurements of the record, and of one lead, that are compared.
OF_RECORD = (
    *("heart_rate_bpm", "rr_sd_ms", "p_presence", "pr_ms", "qrs_ms", "qtc_fridericia_ms"),
    *("qrs_axis_deg", "sokolow_lyon_mv"),
)
OF_LEAD = (
    *("p_amplitude_mv", "q_amplitude_mv", "r_amplitude_mv", "s_amplitude_mv"),
    *("st_amplitude_mv", "t_amplitude_mv"),
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
        twin (the true value of the twin), altered (the condition changed it by more than the
        measurement's own error) and off (measured and true lie further apart than that). NaN where
        a wave is absent.
    """
    import pandas as pd

    from ..signals.measurements import measured

    found = measured(sim.record)
    here, there = sim.truth, twin.truth
    irregular = bool(is_irregular(here.measurements))
    rows = []
    for name in (*OF_RECORD, *OF_LEAD):
        of_lead, about = name in OF_LEAD, MEASUREMENTS[name]
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
                "unit": about.unit,
                "true": true,
                "measured": value,
                "twin": healthy,
                "altered": about.differ(true, healthy, irregular),
                "off": about.differ(value, true, irregular),
            }
        )
    return pd.DataFrame(rows)
