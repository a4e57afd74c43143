"""What of a file may be told: no name, number or exact date of a person leaves it unless asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from ..vocabulary.identity import names_in, without_identity, without_serial, year_and_time

#: Statements that are kept.
_MOST = 200


def told(meta: Mapping[str, Any], keep_identity: bool) -> dict[str, Any]:
    """What a file says, as ``meta`` holds it: implausible values dropped, identities unless asked for.

    Parameters
    ----------
    meta : mapping
        What a format found; ``recorded`` is a date or a datetime, ``identity`` a mapping of names to
        texts that tell who it is, whose words are also taken out of ``statements`` (but for
        ``comments``, a file's free text).
    keep_identity : bool
        Whether everything is kept as the file has it.
    """
    out = dict(meta)
    identity = {key: str(text) for key, text in (out.pop("identity", None) or {}).items() if text}
    when = out.get("recorded")
    if isinstance(when, date):
        out["recorded"] = _exact(when) if keep_identity else year_and_time(_exact(when))
    if keep_identity:
        out["identity"] = identity
    else:
        words = names_in(text for key, text in identity.items() if key != "comments")
        said = (without_identity(text, words) for text in (out.get("statements") or ())[:_MOST])
        out["statements"] = tuple(dict.fromkeys(text for text in said if text))
        out["device"] = without_serial(str(out.get("device") or ""), words)
    bounds = {"age": (0, 130), "high_pass_hz": (0, 100), "low_pass_hz": (1, 10_000)}
    for key, (low, high) in bounds.items():
        value = out.get(key)
        if value is not None and not (math.isfinite(value) and low <= value <= high):
            del out[key]
    return out


def _exact(when: date) -> str:
    return when.isoformat(sep=" ") if isinstance(when, datetime) else when.isoformat()
