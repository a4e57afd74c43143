"""Text for any console: what its code page lacks is written with what it has."""

from __future__ import annotations

import codecs
import os
import sys
from typing import IO

#: What the commands print beyond ASCII, as any code page can say it.
_PLAIN = {
    "–": "-",
    "—": "-",
    "−": "-",
    "‑": "-",
    "×": "x",
    "µ": "u",
    "μ": "u",
    "°": " degrees",
    "±": "+/-",
    "…": "...",
    "→": "->",
    "←": "<-",
    "≥": ">=",
    "≤": "<=",
    "≈": "~",
    "·": "*",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "√": "sqrt ",
    "²": "2",
    "\u00a0": " ",
    "\ufffd": "?",
    "\u202f": " ",
}
_NAME = "cofe-plain"


def _plain(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that the console cannot show."""
    assert isinstance(error, UnicodeEncodeError)
    lost = error.object[error.start : error.end]
    said = "".join(
        _PLAIN.get(one) or one.encode("ascii", "backslashreplace").decode() for one in lost
    )
    return said, error.end


codecs.register_error(_NAME, _plain)


def open_to_any_text() -> None:
    """From here on, printing never fails for what the console's code page lacks."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_NAME)


def leave(stream: IO[str] | None) -> None:
    """Let go of a stream whose reader has gone: what is still to be written goes nowhere."""
    try:
        if stream is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):  # it has no file
        return
