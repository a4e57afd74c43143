"""Names of leads: the standard ones, and every spelling of them that files use."""

from __future__ import annotations

import re
import unicodedata

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
INDEPENDENT_LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
OTHER_LEADS = ("V3R", "V4R", "V5R", "V6R", "V7", "V8", "V9", "X", "Y", "Z", "ECG")

#: Longest name of a lead that is kept.
LONGEST_NAME = 40
#: Other names in use: Frank's leads in WFDB, the modified limb leads of Holters, the IEC's C1..C6,
#: Romance languages' D (derivation).
_ALIASES = {"VX": "X", "VY": "Y", "VZ": "Z", "EKG": "ECG"}
_ALIASES |= {f"C{n}": f"V{n}" for n in range(1, 7)}
_LIMBS = ("I", "II", "III")
for _n, _limb in enumerate(_LIMBS, 1):
    _ALIASES |= {f"ML{_limb}": _limb, f"D{_limb}": _limb, f"D{_n}": _limb}
#: A number counts the limb leads after "lead"; after "ECG" or "channel" it counts channels.
_NUMBERED = {f"LEAD{n}": limb for n, limb in enumerate(_LIMBS, 1)}
_STANDARD = {name.upper(): name for name in LEADS + OTHER_LEADS} | _ALIASES

_UNIT = re.compile(
    r"[(\[{]\s*(?:[mnuµμ]?v|[mµμ]volts?|volts?|microvolts?|millivolts?)\s*[)\]}]", re.I
)
_PREFIX = re.compile(r"^(?:MDCECGLEAD|ECGLEAD|EKGLEAD|LEAD|ECG|EKG|DERIVATION|ABLEITUNG)")
_QUOTES = "\"'`´‘’“”«»"


def standard_lead(raw: object) -> str | None:
    """The standard name of a lead however it is spelt; None for what is no standard lead.

    Case, quotes, separators, a unit in brackets and words such as "lead", "ECG" or
    ``MDC_ECG_LEAD_`` do not matter: ``"i"``, ``"Lead II"``, ``"ECG-V1"``, ``"aVR (mV)"``,
    ``"DII"``, ``"II,"``. A leading minus does: -aVR is aVR upside down. ``ECG1`` is a channel's
    number and says nothing of a position; ``MCL1`` or ``CM5`` is a lead of its own.
    """
    text = unicodedata.normalize("NFKC", str(raw)[: 4 * LONGEST_NAME])
    text = _UNIT.sub(" ", text).strip().strip(_QUOTES + ",;:.= \t")
    if text.startswith(("-", "−")):
        return None
    key = re.sub(r"[\s_\-+.:/\\]+", "", text).upper().removesuffix("REF")
    if key in _NUMBERED:
        return _NUMBERED[key]
    if key in _STANDARD:
        return _STANDARD[key]
    bare = _PREFIX.sub("", key)
    return None if bare.isdigit() else _STANDARD.get(bare)


def own_name(raw: object) -> str:
    """A name as it is kept of a lead of unknown position: printable, without quotes, not too long."""
    text = unicodedata.normalize("NFKC", str(raw)[: 4 * LONGEST_NAME])
    text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.strip().strip(_QUOTES + ",;").split())[:LONGEST_NAME]
