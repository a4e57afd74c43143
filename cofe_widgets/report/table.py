"""A table of counterfactuals in words: how many reached what was asked, and what that took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..vocabulary.diagnoses import title
from ..vocabulary.measurements import MEASUREMENTS

if TYPE_CHECKING:
    import pandas as pd

#: A change is told when it is no chance after Holm's correction.
LEAST_P = 0.05


def table_words(table: pd.DataFrame, reached: pd.DataFrame, target: str) -> str:
    """The sentences of a `CounterfactualTable`.

    Parameters
    ----------
    table, reached : DataFrame
        Of the value.
    target : str
    """
    said = []
    for direction, row in reached.iterrows():
        way = "towards" if direction == "towards" else "back from"
        asked = f"{int(row.reached)} of {int(row.asked)} records reached the answer {way} {title(target)}"
        told = [_changed(str(key), one) for key, one in table.loc[direction].iterrows()]
        changed = [one for one in told if one]
        if not int(row.reached):
            said.append(f"{asked}.")
        elif changed:
            said.append(f"{asked}. What changed in them (medians): {'; '.join(changed)}.")
        elif 2.0 ** (1 - int(row.reached)) * len(told) > LEAST_P:
            # The signed-rank test of n pairs gives no p below 2 / 2^n.
            said.append(
                f"{asked}: too few for a test of {len(told)} measurements, whatever changed in them."
            )
        else:
            said.append(
                f"{asked}. No measurement changed by more than chance and more than can be seen."
            )
    return " ".join(said)


def _changed(key: str, row: Any) -> str:
    """One measurement, where it changed by more than chance and by what can be seen."""
    about = MEASUREMENTS[key]
    if not row.wilcoxon_p_holm < LEAST_P or abs(row.change) < about.least:
        return ""
    before, after = (
        f"{value * about.scale:.{about.digits}f}" for value in (row.original, row.counterfactual)
    )
    return f"{about.title} {before} to {after} {about.symbol}".rstrip()
