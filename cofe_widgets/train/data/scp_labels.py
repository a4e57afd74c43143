"""What collections and simulated hearts say of PTB-XL's statements, and of the classes made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from ...simulate.batch import Batch
from ...vocabulary.diagnoses import FROM_SCP
from ...vocabulary.scp_statements import LEVELS, STATEMENTS, VOLTAGE

_PLACE = {code: k for k, code in enumerate(STATEMENTS)}
#: Collections annotated by all 71 statements, so that silence means absence.
PTB_XL = frozenset({"ptbxl", "ptbxl_zscore"})
#: Of these all collections mean the same and speak: conduction. Of infarction, ST-T and hypertrophy
#: they do not (half of LUDB has hypertrophy), so there the others' silence and word are left out.
_SPOKEN = ("CLBBB", "CRBBB", "IRBBB", "ILBBB", "LAFB", "1AVB")
#: Collections that speak of fewer.
_FEWER = {
    "cpsc2018": ("CLBBB", "CRBBB", "1AVB"),
    "code15": ("CLBBB", "CRBBB", "1AVB"),
    "g12ec_250hz": (),
    "cinc2011": (),
    "cinc2011_250hz": (),
}
#: Other spellings of statements: those of `vocabulary.diagnoses`, and of other collections.
_SPELLED = {code: scp for scp, code in FROM_SCP.items() if scp in STATEMENTS} | {"LAnFB": "LAFB"}
#: Codes that leave statements open.
_OPEN = {"BBB": ("CLBBB", "CRBBB", "IRBBB", "ILBBB"), "AVB": ("1AVB", "2AVB", "3AVB")}

#: Condition of the simulator -> the statement that a cardiologist would make.
_MADE = {
    "SB": "SBRAD",
    "STach": "STACH",
    "SA": "SARRH",
    "AF": "AFIB",
    "AFL": "AFLT",
    "NSR": "SR",
    "MoI": "2AVB",
    "IAVB": "1AVB",
    "PAC": "PAC",
    "PVC": "PVC",
    "LBBB": "CLBBB",
    "RBBB": "CRBBB",
    "LAFB": "LAFB",
    "LVH": "LVH",
    "AMI": "AMI",
    "SMI": "ASMI",
    "STEMI_A": "AMI",
    "IMI": "IMI",
    "STEMI_I": "IMI",
    "LQT": "LNGQT",
    "HYPERK": "EL",
    "HYPOK": "EL",
}
#: Statements that are true of some simulated hearts: of classes without one, they teach nothing.
SIMULATED = frozenset(_MADE.values()) | {"NORM", "IRBBB", "ILBBB"}
#: Conditions with ST-T changes of their own, which are called so in one ECG and not in another.
_SECONDARY = frozenset({"LVH", "LBBB", "RBBB", "AMI", "SMI", "IMI", "STEMI_A", "STEMI_I"})
_STTC = LEVELS["super"]["STTC"]
#: Conditions with which an ECG may still be called normal.
_MAYBE_NORMAL = frozenset({"NSR", "SB", "STach", "SA", "PAC"})
#: Below this severity nobody says whether an illness is there.
CLEAR = 0.5
#: QRS, ms: below the first no block, to the second an incomplete one, from the third a complete one.
BLOCK_QRS_MS = (100.0, 120.0, 130.0)


def statements(labels: str, dataset: str, millivolts: bool) -> NDArray[np.float32]:
    """What a record's codes say of each statement, ``(71,)``: 1, 0, or NaN where they say nothing.

    Parameters
    ----------
    labels : str
        Codes joined by ``;``, as PTB-XL or as `vocabulary.diagnoses` spells them. Likelihoods do not
        count, as in the benchmark of PTB-XL (Strodthoff et al. 2021).
    dataset : str
        Decides which statements the source speaks of.
    millivolts : bool
        Of z-scores no voltage is known.
    """
    out = np.full(len(STATEMENTS), np.nan, np.float32)
    codes = {code for code in labels.split(";") if code and not code.startswith("QUALITY")}
    named = {_SPELLED.get(code, code) for code in codes} & STATEMENTS.keys()
    if dataset in PTB_XL:
        if named:
            _set(out, STATEMENTS, 0)
            _set(out, named, 1)
    elif codes:
        _set(out, _FEWER.get(dataset, _SPOKEN), 0)
        for code in codes & _OPEN.keys():
            _set(out, _OPEN[code], np.nan)
        found = named & set(_SPOKEN)
        _set(out, found, 1)
        if "NORM" in named:
            _set(out, LEVELS["diagnostic"], 0)
            _set(out, {"NORM", *found}, 1)
        elif found:
            _set(out, ("NORM",), 0)
    if not millivolts:
        _set(out, VOLTAGE, np.nan)
    return out


def classes(
    truth: NDArray[np.float32], members: Mapping[str, Iterable[str]]
) -> NDArray[np.float32]:
    """Truth of classes, ``(n, classes)``, from that of statements, ``(n, 71)``.

    1 where one of a class's statements holds, 0 where none does, NaN where that is not known.
    """
    columns = []
    for codes in members.values():
        own = truth[:, [_PLACE[code] for code in codes]]
        there, open_ = (own == 1).any(axis=1), np.isnan(own).any(axis=1)
        columns.append(np.where(there, 1.0, np.where(open_, np.nan, 0.0)))
    return np.stack(columns, axis=1).astype(np.float32)


def diagnosed(truth: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Of which records, ``(n,)``, it is not so that no diagnostic statement was made at all.

    Where none was made, not even "normal", the benchmark of PTB-XL leaves a record out of the three
    levels of diagnoses (Strodthoff et al. 2021).
    """
    own = truth[:, [_PLACE[code] for code in LEVELS["diagnostic"]]]
    return np.asarray((own != 0).any(axis=1))


def simulated_classes(
    truth: NDArray[np.float32], members: Mapping[str, Iterable[str]]
) -> NDArray[np.float32]:
    """`classes` of simulated hearts: NaN for those of which the simulator makes none."""
    out = classes(truth, members)
    none = [not SIMULATED & set(codes) for codes in members.values()]
    out[:, none] = np.nan
    return out


def of_hearts(made: Batch) -> NDArray[np.float32]:
    """What is true of simulated hearts, ``(n, 71)``; NaN where cardiologists would not agree."""
    qrs_ms = 1000 * (made.hearts.qrs_offset_s - made.hearts.qrs_onset_s)
    truth = np.zeros((len(made.conditions), len(STATEMENTS)), np.float32)
    for row, joined, severity, qrs in zip(
        truth, made.conditions.tolist(), made.severity, qrs_ms, strict=True
    ):
        codes = set(joined.split("+"))
        said = {_MADE[code] for code in codes & _MADE.keys() - {"LBBB", "RBBB"}}
        clear = severity >= CLEAR
        _set(row, said, 1.0 if clear else np.nan)
        _set(row, said & {"AFIB", "AFLT", "PAC", "PVC"}, 1.0)  # these are there or not
        if codes & _SECONDARY:
            _set(row, [code for code in _STTC if code not in said], np.nan)
        for code in codes & {"LBBB", "RBBB"}:
            _block(row, code, float(qrs))
        normal = 1.0 if codes <= {"NSR"} else np.nan if codes <= _MAYBE_NORMAL or not clear else 0.0
        _set(row, ("NORM",), normal)
    return truth


def _block(row: NDArray[np.float32], code: str, qrs_ms: float) -> None:
    """A bundle branch block is complete or incomplete by the duration of QRS."""
    none, incomplete, complete = BLOCK_QRS_MS
    both = (f"C{code}", f"I{code}")
    _set(row, both, np.nan)
    if none <= qrs_ms < incomplete or qrs_ms >= complete:
        _set(row, both, 0)
        _set(row, both[qrs_ms < incomplete :][:1], 1)


def _set(row: NDArray[np.float32], codes: Iterable[str], value: float) -> None:
    row[[_PLACE[code] for code in codes]] = value
