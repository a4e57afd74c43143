"""Values of groups and models as one page: headings, words, pictures, and their tables folded away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from ..markup import escaped, html_table
from .page import still_page

_STYLE = """
h2 { font-size: 17px; margin: 26px 0 6px; padding-top: 14px; border-top: 1px solid #8884; }
p { max-width: 80em; margin: 6px 0; }
.picture { overflow-x: auto; margin: 8px 0; }
details { margin: 6px 0; } summary { cursor: pointer; color: inherit; }
table { border-collapse: collapse; font-size: 12.5px; }
th, td { padding: 2px 9px; text-align: right; border-bottom: 1px solid #8883; }
.dark { display: none; }
@media (prefers-color-scheme: dark) { .two .light { display: none; } .dark { display: block; } }
@media print { details > * { display: none; } h2 { break-after: avoid; } .picture { break-inside: avoid; } }
"""
#: What of a value's provenance a page says of it.
_SOURCE = ("model", "model_hash", "method", "seed", "version")


@runtime_checkable
class Told(Protocol):
    """A value that says what it is in words and shows itself as SVG."""

    def words(self) -> Any:
        """Sentences."""

    def figure(self) -> str:
        """A picture."""


#: What stands under a heading: a text, a value, or several of both.
Section = str | Told | Sequence[str | Told]


def sections_page(heading: str, sections: Mapping[str, Section]) -> str:
    """A complete page that needs neither kernel nor network nor scripts.

    Parameters
    ----------
    heading : str
    sections : mapping
        Of a heading to a text, a value with ``words`` and ``figure``, or several of them.

    Raises
    ------
    TypeError
        For what is none of these.
    """
    parts = []
    for name, content in sections.items():
        some = [content] if isinstance(content, str | Told) else list(content)
        parts.append(f"<section><h2>{escaped(name)}</h2>")
        parts += [_shown(one) for one in some]
        parts.append("</section>")
    return still_page(heading, f"<style>{_STYLE}</style>{''.join(parts)}")


def _shown(one: str | Told) -> str:
    if isinstance(one, str):
        return f"<p>{escaped(one)}</p>"
    if not isinstance(one, Told):
        raise TypeError(
            f"{type(one).__name__} cannot stand on a page: expected a text, or a value with words() and "
            "figure()"
        )
    return f"<p>{escaped(one.words())}</p>{_picture(one)}{_table(one)}{_source(one)}"


def _picture(one: Told) -> str:
    """Its picture, in the dark too where it can be drawn so; what a value draws is of this package."""
    light = one.figure()
    try:
        dark = one.figure(theme="dark")  # type: ignore[call-arg]
    except TypeError:
        return f'<div class="picture">{light}</div>'
    return f'<div class="picture two"><div class="light">{light}</div><div class="dark">{dark}</div></div>'


def _table(one: Told) -> str:
    to_frame = getattr(one, "to_frame", None)
    if to_frame is None:
        return ""
    table = html_table(to_frame())
    return f'<details><summary>In numbers</summary><div class="picture">{table}</div></details>'


def _source(one: Told) -> str:
    told = getattr(one, "provenance", {})
    said = ", ".join(f"{k.replace('_', ' ')} {told[k]}" for k in _SOURCE if told.get(k) is not None)
    return f'<p class="about">{escaped(said)}</p>' if said else ""
