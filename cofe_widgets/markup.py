"""Text on its way into HTML and SVG: the one place that makes it harmless.

Names come from files, models and users. None of them may begin a tag, end an attribute, break an XML
document, turn the text around it about, or send a terminal a command.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

#: Longer texts are cut where they are shown.
MOST_LETTERS = 2000
#: What XML 1.0 forbids, controls of terminals, halves of characters, and marks that reorder what follows.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def plain(value: object, most: int = MOST_LETTERS) -> str:
    """A text that can be shown anywhere: harmful characters as U+FFFD, cut where it is endless."""
    text = str(value)
    if len(text) > most:
        text = text[: most - 1] + "…"
    return _HARMFUL.sub("\ufffd", text)


def line(value: object, most: int = MOST_LETTERS) -> str:
    """The same in one line."""
    return " ".join(plain(value, most).split())


def escaped(value: object) -> str:
    """A text for an element or an attribute in quotes, of HTML or of SVG."""
    return escape(plain(value))


def html_table(
    frame: pd.DataFrame, number: Callable[[float], str] = "{:.3g}".format, index: bool = True
) -> str:
    """A table as HTML: words as they are, numbers as ``number`` shows them, a dash for NaN."""

    def told(value: Any) -> Any:
        return plain(value) if isinstance(value, str) else value

    said = frame.map(told).rename(index=told, columns=told)
    return said.to_html(float_format=number, na_rep="–", index=index, escape=True)
