"""Units of a signal, as files write them."""

from __future__ import annotations

import unicodedata

_VOLTS = {"v": 1e3, "m": 1.0, "u": 1e-3, "μ": 1e-3, "n": 1e-6}
_WORDS = {"volt": 1e3, "millivolt": 1.0, "microvolt": 1e-3, "nanovolt": 1e-6}


def to_millivolts(unit: str) -> float | None:
    """Millivolts in one ``unit``; None for what is no unit of voltage."""
    text = unicodedata.normalize("NFKC", unit[:40]).strip(" []()").lower()
    if text in ("v", "mv", "uv", "μv", "nv"):
        return _VOLTS[text[0]]
    return _WORDS.get(text.removesuffix("s"))
