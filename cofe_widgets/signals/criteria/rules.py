"""Clinical rules: what cardiology concludes from the numbers of an ECG, and from which of them.

Every rule is a pure function of the measured numbers (`Measured`) that returns a `Verdict`. The
rules are those of Wagner et al., "Explaining deep learning for ECG analysis", 2024, table 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import nan
from typing import TYPE_CHECKING, overload

from ...ecg import Record
from ..measurements.measure import Measured, measured
from .hypertrophy import li_lvh, r56_lvh, romhilt_estes, rs_lvh, s12_lvh, sli_lvh
from .infarction import (
    WIDE_QRS_MS,
    qpeak_mi,
    qwaves_mi,
    rpeak_mi,
    st_depr_isc,
    st_elev_isc,
    v2v3_mi,
)
from .verdict import Verdict, above, at_least, judge

if TYPE_CHECKING:
    import pandas as pd


def qrs_clbbb(ecg: Measured) -> Verdict:
    """QRS of at least 120 ms: the width that complete left bundle branch block needs, no more.

    The table says more than 0.12; the AHA/ACCF/HRS recommendations say "greater than or equal to
    120 ms in adults". Its other criteria are in `infarction.left_bundle_branch_block`.
    """
    qrs = ecg.values["qrs_ms"]
    words = "a QRS of 120 ms or more"
    source = "AHA/ACCF/HRS recommendations III (Surawicz et al., J Am Coll Cardiol 2009;53:976)"
    return judge("QRS-CLBBB", at_least(qrs, WIDE_QRS_MS), {"": {"QRS (ms)": qrs}}, words, source)


def age_over_75(ecg: Measured) -> Verdict:
    """Age above 75 years, from the record's ``meta``."""
    seen = {"": {"age (years)": ecg.age}}
    return judge("AGE>75", above(ecg.age, 75.0), seen, "older than 75 years", "the record")


def sex_female(ecg: Measured) -> Verdict:
    """Female sex, from the record's ``meta``."""
    female = {"F": 1.0, "M": 0.0}.get(ecg.sex, nan)
    return judge(
        "SEX=FEMALE", above(female, 0.0), {"": {"female": female}}, "female sex", "the record"
    )


#: Name of every rule and its function.
RULES: dict[str, Callable[[Measured], Verdict]] = {
    "V2V3-MI": v2v3_mi,
    "RPEAK-MI": rpeak_mi,
    "QPEAK-MI": qpeak_mi,
    "QWAVES-MI": qwaves_mi,
    "QRS-CLBBB": qrs_clbbb,
    "ST-ELEV-ISC": st_elev_isc,
    "ST-DEPR-ISC": st_depr_isc,
    "LI-LVH": li_lvh,
    "SLI-LVH": sli_lvh,
    "RS-LVH": rs_lvh,
    "S12-LVH": s12_lvh,
    "R56-LVH": r56_lvh,
    "ROMHILT-ESTES": romhilt_estes,
    "AGE>75": age_over_75,
    "SEX=FEMALE": sex_female,
}


@overload
def rules(record: Record) -> list[Verdict]: ...
@overload
def rules(record: Iterable[Record]) -> pd.DataFrame: ...


def rules(record: Record | Iterable[Record]) -> list[Verdict] | pd.DataFrame:
    """Judge a record, or many, by every rule of `RULES`.

    Parameters
    ----------
    record : Record or iterable of Record
        ``meta`` may hold ``age`` in years and ``sex`` (``"F"`` or ``"M"``).

    Returns
    -------
    list of Verdict, or pandas.DataFrame with one row a record
        In the order of `RULES`; the table has the answers alone, missing (``pandas.NA``) where a
        rule cannot be judged: a lead, a wave, the age or the sex is missing, or abnormal conduction
        looks alike. ``str(verdict)`` is a sentence.
    """
    if isinstance(record, Record):
        numbers = measured(record)
        return [rule(numbers) for rule in RULES.values()]
    import pandas as pd

    rows = [[verdict.met for verdict in rules(one)] for one in record]
    return pd.DataFrame(rows, columns=list(RULES), dtype="boolean")
