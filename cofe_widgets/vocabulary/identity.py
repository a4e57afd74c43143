"""What of a text may be told: no name, number or exact date of a person."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

#: What stands before somebody's name or number, on which a statement ends.
_SIGNED = re.compile(
    r"\b(?:(?:un)?confirmed|reviewed|interpreted|over-?read|reported|signed|verified|validated|edited|"
    r"analy[sz]ed|referred|ordered|requested|performed|dictated|acquired)[ \t]{0,4}(?:by|on)\b"
    r"|\b(?:by|for|of)[ \t]{1,4}(?:dr|mr|mrs|ms|prof)\b|,[ \t]{0,4}(?:md|m\.d\.|phd|rn|do)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"\b(?:dr|mr|mrs|ms|prof|herr|frau|pt|physician|doctor|technician|operator|nurse|patient|name|surname|"
    r"mrn|ssn|nhs|dob|d\.o\.b|born|birth|id|address|phone|tel|hospital|clinic|department|ward|room|site|"
    r"serial|s/n|sn|account|visit|order)(?:[ \t]{0,4}(?:\.|:|#|=|name|id\b|no\b|number)|[ \t]{1,4}[\d\"'])",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\b(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/. ]\d{2,4})\b"
)
#: Characters of a statement that are kept.
_LONGEST = 300
_NUMBER = re.compile(r"[A-Z]{0,4}\d{5,40}[\w-]{0,40}")
_CODE = re.compile(r"\bSNOMED CT \d{6,18}\b")
#: Words of electrocardiography: free text without any may be a name, and is not kept.
_STEMS = (
    "abnormal aneurysm antero apical arrhythm arrythm artefact artifact asystol atri biatri bifascic "
    "bigemin borderline bradyc brugada bundle cardi conduct depolar depress dextroc digitalis ectop "
    "electrocard elevat enlarge extrasyst fascic fibril flutter hemiblock hyper hypok hypoc idiov incomplete "
    "indeterm infarct inferior inferol infero interpret intervent intravent isch junction lateral myocard "
    "nonspec specific normal pacemaker pericard posterior posterol precord preexcit excitat prematur "
    "progress prolong pulmon quadrigem reciproc repolar rhythm septal sinus subendo supravent tachy "
    "torsade tracing trigem undeterm unifocal multifocal ventric voltage wenckebach wolff"
)
_SHORT = (
    "af afib afl ami arrest asmi av avb avnrt axis bbb beats block blocked blocks chb clbbb crbbb ecg "
    "ekg escape iavb ilbbb ilmi imi interval intervals irbbb lad lae lafb lanfb lbbb leads lpfb lqrsv lqt lqtp "
    "lvh mi mobitz ninv normal norm nsr nst nstemi pac paced pacing pacs pause pr psvt pvc pvcs qrs qt qtc rad "
    "rae rbbb rvh sa sarrh sb sinus snomed sr st stach stdd ste stemi svt sveb tab tinv veb vf vpb "
    "vpbs vt wave waves wpw 1avb 2avb 3avb"
)
_WORD = re.compile(r"[^\W_]+")

_YEAR, _TIME = (
    re.compile(r"(?<!\d)(?:1[89]|2[01])\d\d(?!\d)"),
    re.compile(r"\b\d{1,2}:\d\d(?=:|\b)"),
)


def without_identity(text: str, names: Iterable[str] = ()) -> str:
    """A statement without names, numbers and dates; empty where nothing of electrocardiography is left.

    Parameters
    ----------
    text : str
        What a device or a physician wrote.
    names : iterable of str
        Words that are known to name somebody, lower case.
    """
    text = " ".join(text[:_LONGEST].split())
    text = _before_a_name(text)
    text = _DATE.sub("[date]", text)
    if not _CODE.search(text):
        text = _NUMBER.sub("[number]", text)
    known = set(names)
    text = " ".join(
        "[name]" if word.strip(",.;:()").lower() in known else word for word in text.split()
    )
    text = text.strip(" ,;:-")
    return text if _is_of_the_heart(text) else ""


def _before_a_name(text: str) -> str:
    """The part of a text before anything that announces a name or a number."""
    cuts = (pattern.search(text) for pattern in (_SIGNED, _PERSON))
    return text[: min((cut.start() for cut in cuts if cut), default=len(text))]


def _is_of_the_heart(text: str) -> bool:
    """Whether any word of a text is one of electrocardiography."""
    short, stems = set(_SHORT.split()), tuple(_STEMS.split())
    words = _WORD.findall(text.lower())
    return any(word in short or word.startswith(stems) for word in words)


def names_in(texts: Iterable[str]) -> set[str]:
    """The words of names and numbers that may not stand in a statement, lower case."""
    words = {word.strip(",.;:()").lower() for text in texts for word in text.split()}
    return {word for word in words if len(word) > 2 and not _is_of_the_heart(word)}


def without_serial(text: str, names: Iterable[str] = ()) -> str:
    """A device's model, without its serial number."""
    text = _NUMBER.sub("", _before_a_name(text[:200]))
    known = set(names)
    return " ".join(w for w in text.split() if w.lower() not in known).strip(" ,;:-")[:60]


def year_and_time(value: Any) -> str | None:
    """Of a date its year, and the time of day where it is known."""
    found = _YEAR.search(str(value)[:200]), _TIME.search(str(value)[:200])
    return ", ".join(one[0] for one in found if one) or None
