"""The characters of an XML document, whatever encoding it declares: the bytes are believed first."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: How "<" looks before any other character, in encodings of two and four bytes without a mark.
_WIDE = (
    (re.compile(rb"(?:[\t\n\r ]\0\0\0){0,64}<\0\0\0"), "utf-32-le"),
    (re.compile(rb"(?:\0\0\0[\t\n\r ]){0,64}\0\0\0<"), "utf-32-be"),
    (re.compile(rb"(?:[\t\n\r ]\0){0,64}<\0"), "utf-16-le"),
    (re.compile(rb"(?:\0[\t\n\r ]){0,64}\0<"), "utf-16-be"),
)
_DECLARED = re.compile(
    r"<\?xml\b[^>]{0,400}?encoding[ \t\r\n]{0,20}=[ \t\r\n]{0,20}[\"']([A-Za-z][\w.:-]{0,40})[\"']"
)
#: Encodings of text with "<" where ASCII has it.
_TEXT = re.compile(r"(?:utf|ascii|iso8859|latin|cp|koi8|gb|big5|shift_jis|euc|mac)[\w-]{0,40}")


def is_xml(head: bytes) -> bool:
    """Whether a file that starts with ``head`` is XML, in any encoding."""
    return text_of(head[:4096]).lstrip("\ufeff \t\r\n").startswith("<")


def text_of(head: bytes) -> str:
    """The characters at the start of a document."""
    return characters(head, errors="ignore")[0]


def characters(data: bytes, errors: str = "strict") -> tuple[str, str]:
    """The document without its declaration, and what to say where that declares a wrong encoding.

    Raises
    ------
    UnicodeDecodeError
        When a document of two or four bytes a character is damaged.
    """
    used = _wide(data)
    text = data.decode(used, errors=errors).removeprefix("\ufeff") if used else ""
    if not used:
        data = data.removeprefix(codecs.BOM_UTF8)
        text, used = _narrow(data, _DECLARED.match(data[:600].lstrip().decode("latin-1")))
    text = text.lstrip(" \t\r\n")
    declared = _DECLARED.match(text)
    said, note = declared[1] if declared else used, ""
    if _family(said) != _family(used):
        note = f"it declares the encoding {said} and is written in {used.upper()}: read as such"
    if text.startswith("<?xml") and (end := text.find("?>", 0, 1000)) > 0:
        text = text[end + 2 :].lstrip(" \t\r\n")
    return text, note


def _wide(data: bytes) -> str:
    """The encoding of two or four bytes a character that a document is in; empty for others."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return "" if name == "utf-8" else name
    return next((name for pattern, name in _WIDE if pattern.match(data)), "")


def _narrow(data: bytes, declared: re.Match[str] | None) -> tuple[str, str]:
    """The characters of a document of single bytes, and the encoding: UTF-8 wherever it can be that."""
    said = _codec(declared[1]) if declared else ""
    single = said if said and not _family(said).startswith("utf") else ""
    for name in ("utf-8", single, "cp1252"):
        try:
            text = data.decode(name) if name else ""
        except UnicodeDecodeError:
            continue
        if name:
            return text, single if single and data.isascii() else name
    return data.decode("latin-1"), "latin-1"


def _codec(name: str) -> str:
    """A codec of Python by the name that a document gives; empty for what is no encoding of text."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    return found if _TEXT.fullmatch(found) else ""


def _family(name: str) -> str:
    """An encoding without its byte order: ``utf-16`` for UTF-16LE, ``utf-8`` for ASCII, its part."""
    codec = _codec(name) or name.lower()
    codec = {"ascii": "utf-8", "utf-8-sig": "utf-8"}.get(codec, codec)
    return codec.removesuffix("-le").removesuffix("-be")
