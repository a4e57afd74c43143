"""The clinical rules on simulated hearts made for them, and against the labels of real records."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cofe_widgets.ecg import LEADS, Record
from cofe_widgets.signals import rules
from cofe_widgets.simulate import simulate

from .marked import diagnosed

MI = frozenset(["MI", "AMI", "IMI", "OldMI", "MIs", "AnMI", "AnMIs", "STEMI"])
LVH = frozenset(("LVH", "LVHV"))
#: Rule -> condition that shows it, and options of `simulate`; "": `mirrored`.
POSITIVE: dict[str, tuple[str, dict[str, Any]]] = {
    "V2V3-MI": ("AMI", {}),
    "RPEAK-MI": ("", {}),
    "QPEAK-MI": ("IMI", {}),
    "QWAVES-MI": ("AMI", {}),
    "QRS-CLBBB": ("LBBB", {}),
    "ST-ELEV-ISC": ("STEMI_A", {}),
    "ST-DEPR-ISC": ("LVH", {}),
    "LI-LVH": ("LVH", {}),
    "SLI-LVH": ("LVH", {}),
    "RS-LVH": ("LVH", {}),
    "S12-LVH": ("LVH", {}),
    "R56-LVH": ("LVH", {}),
    "ROMHILT-ESTES": ("LVH", {}),
    "AGE>75": ("NSR", {"age": 80}),
    "SEX=FEMALE": ("NSR", {"sex": "F"}),
}
#: Those in which it is not: a man of 50 with a healthy heart.
NEGATIVE: tuple[str, dict[str, Any]] = ("NSR", {"age": 50, "sex": "M"})
#: Rule -> labels it should agree with.
LABELS = {
    **dict.fromkeys(("V2V3-MI", "RPEAK-MI", "QPEAK-MI", "QWAVES-MI"), MI),
    "QRS-CLBBB": frozenset(("LBBB", "RBBB", "CHB", "NSIVCB")),
    "ST-ELEV-ISC": frozenset(("STEMI", "STE", "AnMI")),
    "ST-DEPR-ISC": frozenset(["STD", "TInv", "TAb", "STIAb", "LIs", "IIs", "AnMIs", "MIs", "ICA"]),
    **dict.fromkeys(("LI-LVH", "SLI-LVH", "RS-LVH", "S12-LVH", "R56-LVH", "ROMHILT-ESTES"), LVH),
}


def mirrored(record: Record) -> Record:
    """V1 and V2 of an anterior infarction upside down: what a posterior one shows."""
    signal = record.signal.copy()
    chest = [LEADS.index("V1"), LEADS.index("V2")]
    signal[chest] *= -1
    return record.with_signal(signal)


@cache
def _verdicts(condition: str, options: tuple[tuple[str, Any], ...], n: int, seed: int) -> Any:
    """Answers of all rules about simulated hearts; ``""`` are the mirrored ones."""
    severity = None if condition == "NSR" else 1.0
    hearts = simulate(condition or "AMI", n, seed, severity=severity, **dict(options))
    return rules([one.record if condition else mirrored(one.record) for one in hearts])


def on_simulated(n: int = 24, seed: int = 11) -> pd.DataFrame:
    """Share of the hearts in which each rule is met where it should be, and where it should not."""
    out = {}
    for name, (condition, options) in POSITIVE.items():
        said = _verdicts(condition, tuple(options.items()), n, seed)[name]
        negative = _verdicts(NEGATIVE[0], tuple(NEGATIVE[1].items()), n, seed)[name]
        out[name] = {
            "in": condition or "AMI mirrored",
            "positive": said.fillna(False).mean(),
            "negative": negative.fillna(True).mean(),
        }
    return pd.DataFrame(out).T


def matthews(said: np.ndarray, true: np.ndarray) -> float:
    """Matthews correlation of two arrays of bool; 0 when one is constant."""
    if said.all() or true.all() or not (said.any() and true.any()):
        return 0.0
    return float(np.corrcoef(said, true)[0, 1])


def on_real(shared: Path) -> pd.DataFrame:
    """Agreement of each rule with labels: MCC, sensitivity, specificity, labelled, judged."""
    many = list(diagnosed(shared))
    verdicts = rules([record for record, _ in many])
    out = {}
    for name, codes in LABELS.items():
        judged = verdicts[name].notna().to_numpy()
        said = verdicts[name].fillna(False).to_numpy(bool)[judged]
        true = np.array([bool(codes & labels) for _, labels in many])[judged]
        out[name] = {
            "mcc": matthews(said, true),
            "sensitivity": said[true].mean() if true.any() else np.nan,
            "specificity": (~said[~true]).mean() if (~true).any() else np.nan,
            "labelled": true.sum(),
            "judged": judged.sum(),
        }
    return pd.DataFrame(out).T
