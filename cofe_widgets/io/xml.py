"""XML documents are screened before they are parsed: size, depth, entities, references to files."""

from __future__ import annotations

import re
import tempfile
import warnings
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from .source import Source

#: A resting ECG with all its measurements stays under 300 KB and 10 000 elements.
MAX_XML_BYTES = 32 * 1024**2
MAX_ELEMENTS = 200_000
MAX_DEPTH = 64

_PROLOGUE = re.compile(r"^\s*<\?xml[^>]*\?>")


class _TooLargeError(Exception):
    """More elements, or deeper ones, than an ECG has."""


class _Census:
    """A parser target that builds no tree: it keeps the root's name and counts elements and depth."""

    def __init__(self) -> None:
        self.root = ""
        self.elements = self.depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.root = self.root or tag.rpartition("}")[2]
        self.elements += 1
        self.depth += 1
        if self.elements > MAX_ELEMENTS:
            raise _TooLargeError(f"more than {MAX_ELEMENTS} elements")
        if self.depth > MAX_DEPTH:
            raise _TooLargeError(f"elements more than {MAX_DEPTH} deep")

    def end(self, tag: str) -> None:
        self.depth -= 1

    def close(self) -> str:
        return self.root


def is_xml(head: bytes) -> bool:
    """Whether a file that starts with ``head`` is XML, in UTF-8, UTF-16 or a Latin encoding."""
    return text_of(head).lstrip("\ufeff \t\r\n").startswith("<")


def text_of(head: bytes) -> str:
    """The characters of ``head``, good enough to look for a tag in."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", errors="ignore")
    if head[1:2] == b"\0":
        return head.decode("utf-16-le", errors="ignore")
    return head.decode("utf-8", errors="ignore")


def screened(source: Source, format: str) -> tuple[str, bytes]:
    """Name of the root element, and the document in UTF-8, once it is known to be harmless.

    Raises
    ------
    EcgFormatError
        When the document is larger than an ECG, not well-formed, declares entities (the way XML
        bombs work) or refers to another file.
    """
    from defusedxml import DefusedXmlException

    if source.size > MAX_XML_BYTES:
        raise source.refuse(
            format, f"{source.size / 1e6:.0f} MB of XML: an ECG has a hundredth of that"
        )
    data = source.read(MAX_XML_BYTES)
    try:
        try:
            return _census(data), data
        except ParseError as error:
            # Devices write Latin-1 patient names under a UTF-8 prologue; the ECG is fine.
            if b"\0" in data[:4] or _is_utf8(data):
                raise
            data = _PROLOGUE.sub("", data.decode("latin-1"), count=1).encode()
            try:
                return _census(data), data
            except ParseError:
                raise error from None
    except ParseError as error:
        raise source.refuse(
            format, f"not well-formed XML, so damaged or cut off: {error}"
        ) from None
    except _TooLargeError as error:
        raise source.refuse(format, f"{error}: that is no ECG") from None
    except DefusedXmlException as error:
        raise source.refuse(
            format,
            f"it declares entities or refers to other files ({type(error).__name__}), which no ECG "
            "needs and XML bombs do",
        ) from None
    except (LookupError, ValueError) as error:
        raise source.refuse(format, f"its declared encoding cannot be read: {error}") from None


def decoded(source: Source, format: str, parser: type[Any], document: bytes) -> Any:
    """What an ecgdatakit ``parser`` makes of a screened document: its ``ECGRecord``.

    The parser reads files only, so the document lies in a folder of its own for a moment that
    nobody else can read.
    """
    with tempfile.TemporaryDirectory(prefix="cofe-widgets-") as folder:
        path = Path(folder) / "ecg.xml"
        path.write_bytes(document)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return parser().parse(path)
        except Exception as error:
            # Whatever a damaged file makes the parser raise, it is the file's fault.
            reason = str(error).replace(f" in {path}", "").replace(str(path), source.name)
            raise source.refuse(format, reason or type(error).__name__) from error


def _census(data: bytes) -> str:
    """Root tag of a document, parsed without building it."""
    from defusedxml.ElementTree import DefusedXMLParser

    parser = DefusedXMLParser(target=_Census(), forbid_entities=True, forbid_external=True)
    for start in range(0, len(data), 1 << 16):
        parser.feed(data[start : start + (1 << 16)])
    root: str = parser.close()
    return root


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
