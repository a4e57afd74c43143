"""The 71 SCP-ECG statements of PTB-XL: what each is called, and where it stands in the hierarchy.

As ``scp_statements.csv`` of PTB-XL 1.0.3 has it (Wagner et al., *PTB-XL, a large publicly available
electrocardiography dataset*, Sci Data 2020, doi:10.1038/s41597-020-0495-6): 44 diagnostic statements in
23 subclasses and 5 superclasses, 19 of form (four of them diagnostic too) and 12 of rhythm.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """A statement.

    Attributes
    ----------
    code, title : str
    superclass, subclass : str
        Of a diagnostic statement; empty for one of form or rhythm alone.
    kinds : tuple of str
        Of "diagnostic", "form" and "rhythm".
    """

    code: str
    title: str
    superclass: str = ""
    subclass: str = ""
    kinds: tuple[str, ...] = ("diagnostic",)


_FORM, _RHYTHM, _BOTH = ("form",), ("rhythm",), ("diagnostic", "form")
STATEMENTS: dict[str, Statement] = {
    one.code: one
    for one in (
        Statement("NORM", "normal ECG", "NORM", "NORM"),
        Statement("IMI", "inferior myocardial infarction", "MI", "IMI"),
        Statement("ILMI", "inferolateral myocardial infarction", "MI", "IMI"),
        Statement("IPMI", "inferoposterior myocardial infarction", "MI", "IMI"),
        Statement("IPLMI", "inferoposterolateral myocardial infarction", "MI", "IMI"),
        Statement("INJIN", "subendocardial injury in inferior leads", "MI", "IMI"),
        Statement("INJIL", "subendocardial injury in inferolateral leads", "MI", "IMI"),
        Statement("AMI", "anterior myocardial infarction", "MI", "AMI"),
        Statement("ASMI", "anteroseptal myocardial infarction", "MI", "AMI"),
        Statement("ALMI", "anterolateral myocardial infarction", "MI", "AMI"),
        Statement("INJAS", "subendocardial injury in anteroseptal leads", "MI", "AMI"),
        Statement("INJAL", "subendocardial injury in anterolateral leads", "MI", "AMI"),
        Statement("INJLA", "subendocardial injury in lateral leads", "MI", "AMI"),
        Statement("LMI", "lateral myocardial infarction", "MI", "LMI"),
        Statement("PMI", "posterior myocardial infarction", "MI", "PMI"),
        Statement("NDT", "non-diagnostic T abnormalities", "STTC", "STTC", _BOTH),
        Statement("DIG", "digitalis effect", "STTC", "STTC", _BOTH),
        Statement("LNGQT", "long QT interval", "STTC", "STTC", _BOTH),
        Statement("ANEUR", "ST-T changes compatible with ventricular aneurysm", "STTC", "STTC"),
        Statement("EL", "electrolytic disturbance or drug", "STTC", "STTC"),
        Statement("NST_", "non-specific ST changes", "STTC", "NST_", _BOTH),
        Statement("ISC_", "non-specific ischaemic changes", "STTC", "ISC_"),
        Statement("ISCAL", "ischaemic in anterolateral leads", "STTC", "ISCA"),
        Statement("ISCAS", "ischaemic in anteroseptal leads", "STTC", "ISCA"),
        Statement("ISCLA", "ischaemic in lateral leads", "STTC", "ISCA"),
        Statement("ISCAN", "ischaemic in anterior leads", "STTC", "ISCA"),
        Statement("ISCIN", "ischaemic in inferior leads", "STTC", "ISCI"),
        Statement("ISCIL", "ischaemic in inferolateral leads", "STTC", "ISCI"),
        Statement("LAFB", "left anterior fascicular block", "CD", "LAFB/LPFB"),
        Statement("LPFB", "left posterior fascicular block", "CD", "LAFB/LPFB"),
        Statement("IRBBB", "incomplete right bundle branch block", "CD", "IRBBB"),
        Statement("ILBBB", "incomplete left bundle branch block", "CD", "ILBBB"),
        Statement("CLBBB", "complete left bundle branch block", "CD", "CLBBB"),
        Statement("CRBBB", "complete right bundle branch block", "CD", "CRBBB"),
        Statement("1AVB", "first-degree AV block", "CD", "_AVB"),
        Statement("2AVB", "second-degree AV block", "CD", "_AVB"),
        Statement("3AVB", "third-degree AV block", "CD", "_AVB"),
        Statement("IVCD", "non-specific intraventricular conduction disturbance", "CD", "IVCD"),
        Statement("WPW", "Wolff-Parkinson-White syndrome", "CD", "WPW"),
        Statement("LVH", "left ventricular hypertrophy", "HYP", "LVH"),
        Statement("LAO/LAE", "left atrial overload or enlargement", "HYP", "LAO/LAE"),
        Statement("RVH", "right ventricular hypertrophy", "HYP", "RVH"),
        Statement("RAO/RAE", "right atrial overload or enlargement", "HYP", "RAO/RAE"),
        Statement("SEHYP", "septal hypertrophy", "HYP", "SEHYP"),
        Statement("ABQRS", "abnormal QRS", kinds=_FORM),
        Statement("PVC", "ventricular premature complex", kinds=_FORM),
        Statement("STD_", "non-specific ST depression", kinds=_FORM),
        Statement("VCLVH", "voltage criteria for left ventricular hypertrophy", kinds=_FORM),
        Statement("QWAVE", "Q waves present", kinds=_FORM),
        Statement("LOWT", "low-amplitude T waves", kinds=_FORM),
        Statement("NT_", "non-specific T wave changes", kinds=_FORM),
        Statement("PAC", "atrial premature complex", kinds=_FORM),
        Statement("LPR", "prolonged PR interval", kinds=_FORM),
        Statement("INVT", "inverted T waves", kinds=_FORM),
        Statement("LVOLT", "low QRS voltages", kinds=_FORM),
        Statement("HVOLT", "high QRS voltage", kinds=_FORM),
        Statement("TAB_", "T wave abnormality", kinds=_FORM),
        Statement("STE_", "non-specific ST elevation", kinds=_FORM),
        Statement("PRC(S)", "premature complexes", kinds=_FORM),
        Statement("SR", "sinus rhythm", kinds=_RHYTHM),
        Statement("AFIB", "atrial fibrillation", kinds=_RHYTHM),
        Statement("STACH", "sinus tachycardia", kinds=_RHYTHM),
        Statement("SARRH", "sinus arrhythmia", kinds=_RHYTHM),
        Statement("SBRAD", "sinus bradycardia", kinds=_RHYTHM),
        Statement("PACE", "normal functioning artificial pacemaker", kinds=_RHYTHM),
        Statement("SVARR", "supraventricular arrhythmia", kinds=_RHYTHM),
        Statement("BIGU", "bigeminal pattern", kinds=_RHYTHM),
        Statement("AFLT", "atrial flutter", kinds=_RHYTHM),
        Statement("SVTAC", "supraventricular tachycardia", kinds=_RHYTHM),
        Statement("PSVT", "paroxysmal supraventricular tachycardia", kinds=_RHYTHM),
        Statement("TRIGU", "trigeminal pattern", kinds=_RHYTHM),
    )
}  # fmt: skip

#: What voltage alone makes: nothing is known of them where amplitudes are z-scores.
VOLTAGE = frozenset({"VCLVH", "LVOLT", "HVOLT"})
SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
#: Classes that are no statement themselves, or more than the statement of their name.
_CLASS_TITLES = {
    "MI": "myocardial infarction",
    "STTC": "ST or T change",
    "CD": "conduction disturbance",
    "HYP": "hypertrophy",
    "ISCA": "ischaemic in anterior leads",
    "ISCI": "ischaemic in inferior leads",
    "LAFB/LPFB": "left fascicular block",
    "_AVB": "AV block",
}


def _members(level: str) -> dict[str, tuple[str, ...]]:
    if level == "all":
        return {code: (code,) for code in STATEMENTS}
    diagnostic = [one for one in STATEMENTS.values() if "diagnostic" in one.kinds]
    if level == "diagnostic":
        return {one.code: (one.code,) for one in diagnostic}
    classes: dict[str, tuple[str, ...]] = {}
    for one in diagnostic:
        name = one.superclass if level == "super" else one.subclass
        classes[name] = (*classes.get(name, ()), one.code)
    return classes


#: Level -> its classes -> the statements that make each: 5, 23, 44 and 71 classes.
LEVELS: dict[str, dict[str, tuple[str, ...]]] = {
    level: _members(level) for level in ("super", "sub", "diagnostic", "all")
}


def scp_title(code: str) -> str:
    """A statement or class as people call it; empty for what is neither."""
    known = STATEMENTS.get(code)
    return known.title if known else _CLASS_TITLES.get(code, "")
