"""Names of leads: the standard ones, every spelling of them that files use, and what is no lead."""

from __future__ import annotations

import re
import unicodedata

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
INDEPENDENT_LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
OTHER_LEADS = ("V3R", "V4R", "V5R", "V6R", "V7", "V8", "V9", "X", "Y", "Z", "ECG")

#: Longest name of a lead that is kept.
LONGEST_NAME = 40
#: Other names in use: Frank's leads in WFDB, the IEC's C1..C6, the modified limb leads of Holters,
#: D (derivation) in Romance languages.
_ALIASES = {"VX": "X", "VY": "Y", "VZ": "Z", "EKG": "ECG"}
_ALIASES |= {f"C{name[1:]}": name for name in LEADS + OTHER_LEADS if name[1:2].isdigit()}
_LIMBS = ("I", "II", "III")
for _n, _limb in enumerate(_LIMBS, 1):
    _ALIASES |= {f"{how}{said}": _limb for how in ("ML", "D") for said in (_limb, str(_n))}
    _ALIASES[f"L{_limb}"] = _limb
_STANDARD = {name.upper(): name for name in LEADS + OTHER_LEADS} | _ALIASES

#: Words beside a lead's name. A number counts the limb leads after "lead"; after "ECG" it counts channels.
_LEAD_WORDS = ("LEAD", "DERIVATION", "DERIVACION", "DERIVAÇÃO", "ABLEITUNG", "ABL", "EINTHOVEN")
_WORDS = {*_LEAD_WORDS, "ECG", "EKG", "MDC", "REF"}
#: Units that stand behind a name without brackets; the last begins with a Greek Mu.
_UNITS = {"MV", "UV", "NV", "ΜV"}
_UNIT = re.compile(
    r"[(\[{]\s*(?:[mnuµμ]?v|[mµμ]volts?|volts?|microvolts?|millivolts?)\s*[)\]}]", re.I
)
_PREFIX = re.compile(r"MDCECGLEAD|ECGLEAD|EKGLEAD|LEAD|ECG|EKG|DERIVATION|ABLEITUNG")
_WORD = re.compile(r"[^\W_]+")
#: -aVR is aVR upside down.
_TURNED = re.compile(r"^[-−]|\s[-−](?=\w)|\([-−]\)")
_QUOTES = "\"'`´‘’“”«»"

#: What is recorded beside an ECG, by the words that its names begin with.
_OTHER_SIGNALS = {
    "respiration": "RESP RSP AIRFLOW FLOW NASAL IMP IMPEDANCE THOR THORAX THORACIC ABDO ABD EFFORT",
    "a pressure": "ABP ART ARTERIAL BP NBP NIBP IBP CVP PAP ICP LAP RAP UAP UVP PRESSURE",
    "a pulse wave or oxygen": "PLETH PPG SPO SAO PULSE OXI CO ETCO CAPNO BVP",
    "an EEG": "EEG FP FPZ FZ CZ PZ OZ O1 O2 A1 A2",
    "an eye movement": "EOG LOC ROC",
    "a muscle's activity": "EMG CHIN TIB TIBIALIS LEG",
    "skin or temperature": "GSR EDA SKT TEMP TEMPERATURE",
    "movement": "ACC ACCEL ACCELEROMETER GYRO MAG BCG SCG SEIS BODYPOS POSITION ACTIVITY",
    "sound": "PCG PHONO SOUND SNORE AUDIO MIC",
    "a rate or interval": "HR HEARTRATE RR RRI RESPRATE",
    "bookkeeping": "TIME TIMESTAMP SAMPLE INDEX COUNTER MARKER EVENT TRIGGER STATUS BATTERY "
    "ANNOTATION ANNOTATIONS ANN LIGHT PACE PACER STIM",
}
_NO_ECG = {word: what for what, words in _OTHER_SIGNALS.items() for word in words.split()}


def standard_lead(raw: object) -> str | None:
    """The standard name of a lead however it is spelt; None for what is no standard lead.

    Case, quotes, separators, a unit and words such as "lead", "ECG" or ``MDC_ECG_LEAD_`` do not
    matter: ``"i"``, ``"Lead II"``, ``"ECG-V1"``, ``"aVR (mV)"``, ``"DII"``, ``"II,"``. A leading
    minus does: -aVR is aVR upside down, and so do two leads: I-II is neither. ``ECG1`` is a channel's
    number and says nothing of a position; ``MCL1`` or ``CM5`` is a lead of its own.
    """
    text = _UNIT.sub(" ", _clean(raw)).strip().strip(_QUOTES + ",;:.= \t")
    if _TURNED.search(text):
        return None
    words = [word.upper() for word in _WORD.findall(text)]
    if len(words) > 1 and words[-1] in _UNITS:
        words.pop()
    rest = [word for word in words if word not in _WORDS]
    if not rest:
        return "ECG" if {"ECG", "EKG"} & set(words) else None
    if sum(word in _STANDARD for word in rest) > 1:
        return None
    name, counts = "".join(rest), any(word in _LEAD_WORDS for word in words)
    prefix = None if name in _STANDARD else _PREFIX.match(name)
    if prefix:
        name, counts = name[prefix.end() :], not prefix[0].endswith(("ECG", "EKG"))
    if counts and name in ("1", "2", "3"):
        return _LIMBS[int(name) - 1]
    return _STANDARD.get(name)


def own_name(raw: object) -> str:
    """A name as it is kept of a lead of unknown position: printable, without quotes, not too long."""
    text = "".join(c if c.isprintable() else " " for c in _clean(raw))
    return " ".join(text.strip().strip(_QUOTES + ",;").split())[:LONGEST_NAME]


def no_ecg(raw: object) -> str:
    """What a signal is that is no ECG by its name (``"respiration"``); empty where it may be one."""
    if standard_lead(raw) is not None:
        return ""
    words = [word.upper() for word in _WORD.findall(_clean(raw))]
    if any(word.startswith(("ECG", "EKG")) for word in words):
        return ""
    bare = (word for said in words for word in (said, said.strip("0123456789")))
    return next((_NO_ECG[word] for word in bare if word in _NO_ECG), "")


def _clean(raw: object) -> str:
    """The start of a name, without the look-alikes that Unicode has of letters."""
    return unicodedata.normalize("NFKC", str(raw)[: 4 * LONGEST_NAME])
