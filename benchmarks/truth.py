"""Simulated hearts measured, beside the truth about them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cofe_widgets.signals import LEAD_UNITS, RULES, UNITS, Measured, measured
from cofe_widgets.simulate import CONDITIONS, Simulated, simulate

#: Hearts for which the bars hold; the others are printed beside them.
SINUS = ("NSR", "SB", "STach")
#: Largest median absolute error by unit.
BARS = {"ms": 4.0, "mV": 0.02}


@dataclass(frozen=True)
class Heart:
    """A simulated heart, what was measured of its record, and the truth in the same form."""

    condition: str
    simulated: Simulated
    found: Measured
    true: Measured


def hearts(n: int, seed: int, conditions: tuple[str, ...] = tuple(CONDITIONS)) -> list[Heart]:
    """``n`` hearts of each condition, measured."""
    out = []
    for condition in conditions:
        for one in simulate(condition, n, seed):
            found = measured(one.record)
            leads = one.truth.lead_measurements.to_dict("index")
            true = Measured(one.truth.measurements, leads, found.age, found.sex)
            out.append(Heart(condition, one, found, true))
    return out


def errors(many: list[Heart]) -> pd.DataFrame:
    """Measured minus true, one row a heart, index the condition."""
    found, true = (
        pd.DataFrame(list(each), columns=list(UNITS))
        for each in zip(*((one.found.values, one.true.values) for one in many), strict=True)
    )
    error = found - true
    for name in (name for name, unit in UNITS.items() if unit == "deg"):
        error[name] = (error[name] + 180) % 360 - 180
    error.index = pd.Index([one.condition for one in many], name="condition")
    return error


def lead_errors(many: list[Heart]) -> pd.DataFrame:
    """Measured minus true of every lead, index condition and lead; only what the truth knows."""
    rows, index = [], []
    for one in many:
        for lead, true in one.true.leads.items():
            found = one.found.leads[lead]
            rows.append({name: found[name] - true[name] for name in LEAD_UNITS if name in true})
            index.append((one.condition, lead))
    return pd.DataFrame(rows, index=pd.MultiIndex.from_tuples(index, names=["condition", "lead"]))


def agreement(many: list[Heart]) -> pd.DataFrame:
    """Of each rule: share of the hearts judged alike by measured and by true numbers, how many are
    judged both ways, and in how many it is true.

    Not in flutter: its waves ride on QRS and ST, and the truth is about the ventricles alone.
    """
    out = {}
    for name, rule in RULES.items():
        pairs = [
            (rule(one.found).met, rule(one.true).met) for one in many if one.condition != "AFL"
        ]
        both = [(a, b) for a, b in pairs if a is not None and b is not None]
        out[name] = {
            "alike": sum(a == b for a, b in both) / max(len(both), 1),
            "judged": len(both),
            "true": sum(b for _, b in both),
        }
    return pd.DataFrame(out).T
