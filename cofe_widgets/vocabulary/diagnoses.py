"""Every diagnosis: what it is called, how collections spell it, what it asks of an ECG and changes in it.

One row a diagnosis. Models' outputs, simulated conditions, criteria, menus and cards look it up here;
a registry that names a diagnosis which is not in the table is refused when it is imported (`require`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .scp_statements import scp_title

_RHYTHM = ("rr_sd_ms", "heart_rate_bpm", "p_presence", "p_amplitude_mv", "pr_ms")
_RATE = ("heart_rate_bpm", "rr_sd_ms", "qt_ms")
_ATRIA = ("p_presence", "p_amplitude_mv", "pr_ms")
_SHAPE = ("qrs_ms", "qrs_axis_deg", "q_amplitude_mv", "r_amplitude_mv")
_ST_T = ("j_amplitude_mv", "t_amplitude_mv")


@dataclass(frozen=True)
class Diagnosis:
    """What is known of a diagnosis.

    Attributes
    ----------
    code : str
        That of the PhysioNet Challenge 2021 or of PTB-XL where they have one.
    title : str
        What people call it.
    scp : str
        SCP-ECG statement of PTB-XL, where it has another code for it.
    snomed : tuple of str
        SNOMED CT identifiers.
    criteria : tuple of str
        Names of the criteria (`signals.criteria`) that must all hold of an ECG for it; empty where
        this package measures none.
    changes : tuple of str or None
        Measurements that belong to it, hence are no surprise on the way to or from it; None where
        that is not known.
    best_lead : str
        The lead in which it is best seen.
    """

    code: str
    title: str
    scp: str = ""
    snomed: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()
    changes: tuple[str, ...] | None = None
    best_lead: str = "II"


_SINUS_P = "sinus P waves"
DIAGNOSES: dict[str, Diagnosis] = {
    one.code: one
    for one in (
        Diagnosis("SR", "sinus rhythm", criteria=(_SINUS_P,), changes=_RHYTHM),
        Diagnosis(
            "NSR", "normal sinus rhythm", "SR", ("426783006",),
            (_SINUS_P, "a normal heart rate"), _RHYTHM,
        ),
        Diagnosis("NORM", "normal ECG"),
        Diagnosis(
            "SB", "sinus bradycardia", "SBRAD", ("426177001",), (_SINUS_P, "bradycardia"), _RATE
        ),
        Diagnosis(
            "STach", "sinus tachycardia", "STACH", ("427084000",), (_SINUS_P, "tachycardia"), _RATE
        ),
        Diagnosis("SA", "sinus (respiratory) arrhythmia", "SARRH", ("427393009",)),
        Diagnosis(
            "AF", "atrial fibrillation", "AFIB", ("164889003",),
            ("no P waves", "irregular RR intervals"), _RHYTHM, "V1",
        ),
        Diagnosis("AFL", "atrial flutter", "AFLT", ("164890007",)),
        Diagnosis("SVT", "supraventricular tachycardia", "SVTAC", ("426761007",)),
        Diagnosis(
            "IAVB", "first-degree AV block", "1AVB", ("270492004",),
            (_SINUS_P, "a long PR interval"), ("pr_ms",),
        ),
        Diagnosis("MoI", "second-degree AV block, Wenckebach", "", ("54016002",)),
        Diagnosis("CHB", "third-degree AV block", "3AVB", ("27885002",)),
        Diagnosis("PAC", "frequent premature atrial complexes", "", ("284470004", "63593006")),
        Diagnosis("PVC", "frequent premature ventricular complexes", "", ("427172004", "17338001")),
        Diagnosis(
            "LBBB", "left bundle branch block", "CLBBB", ("164909002", "733534002"),
            ("the pattern of left bundle branch block",), (*_SHAPE, *_ST_T, "qt_ms"), "V6",
        ),
        Diagnosis(
            "RBBB", "right bundle branch block", "CRBBB", ("59118001", "713427006"),
            ("the pattern of right bundle branch block",), (*_SHAPE, *_ST_T, "qt_ms"), "V1",
        ),
        Diagnosis(
            "LAFB", "left anterior fascicular block", "", ("445118002",), best_lead="aVF"
        ),
        Diagnosis(
            "LVH", "left ventricular hypertrophy", "", ("164873001",),
            ("a criterion of left ventricular hypertrophy",), (*_SHAPE, *_ST_T), "V5",
        ),
        Diagnosis(
            "LQRSV", "low QRS voltage", "LVOLT", ("251146004",),
            ("low QRS voltage",), ("q_amplitude_mv", "r_amplitude_mv"),
        ),
        Diagnosis(
            "MI", "an old infarction", "", ("164865005",), ("QWAVES-MI",), (*_SHAPE, *_ST_T)
        ),
        Diagnosis("AMI", "old anterior infarction", best_lead="V3"),
        Diagnosis("IMI", "old inferior infarction", best_lead="aVF"),
        Diagnosis("SMI", "old septal infarction", best_lead="V2"),
        Diagnosis("STEMI_A", "acute anterior ST elevation", best_lead="V3"),
        Diagnosis("STEMI_I", "acute inferior ST elevation", best_lead="III"),
        Diagnosis("STEMI_L", "acute lateral ST elevation", best_lead="V6"),
        Diagnosis("LQT", "long QT", "LNGQT", ("111975006",)),
        Diagnosis("HYPERK", "hyperkalaemia", best_lead="V3"),
        Diagnosis("HYPOK", "hypokalaemia", best_lead="V3"),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Quantity:
    """A value that models estimate from an ECG.

    Attributes
    ----------
    code, title, unit : str
    digits : int
        Worth printing behind the point.
    low, high : float
        Between what it lies in people.
    changes : tuple of str
        Measurements that belong to it.
    """

    code: str
    title: str
    unit: str
    digits: int
    low: float
    high: float
    changes: tuple[str, ...]


QUANTITIES: dict[str, Quantity] = {
    one.code: one
    for one in (
        Quantity(
            "potassium_mmol_l", "potassium", "mmol/L", 1, 2.0, 9.0,
            ("t_amplitude_mv", "j_amplitude_mv", "qrs_ms", "qt_ms", *_ATRIA),
        ),
    )
}  # fmt: skip

#: PTB-XL's SCP-ECG statements in the codes used here; those it has no row for keep theirs.
FROM_SCP = {one.scp: one.code for one in DIAGNOSES.values() if one.scp}
#: SNOMED CT identifier -> code.
FROM_SNOMED = {number: one.code for one in DIAGNOSES.values() for number in one.snomed}


def require(codes: Iterable[str], who: str) -> None:
    """Refuse a registry that names a diagnosis without a row here, when it is imported.

    Raises
    ------
    LookupError
        Naming the codes, who uses them, and what to do.
    """
    unknown = sorted(set(codes) - set(DIAGNOSES))
    if unknown:
        raise LookupError(
            f"{who} names {', '.join(unknown)}, of which vocabulary/diagnoses.py knows nothing: "
            "add a row there first"
        )


def title(code: str) -> str:
    """An output or condition as people call it; its code where no table here knows it."""
    known = DIAGNOSES.get(code) or QUANTITIES.get(code)
    return known.title if known else scp_title(code) or code


def title_with_code(code: str) -> str:
    """The title with the code beside it; of a quantity the title alone."""
    named = code in DIAGNOSES or scp_title(code)
    return f"{title(code)} ({code})" if named else title(code)


def belonging(code: str) -> tuple[str, ...] | None:
    """Measurements that belong to a diagnosis or quantity; None where that is not known."""
    known = DIAGNOSES.get(code) or QUANTITIES.get(code)
    return known.changes if known else None
