"""XML documents are screened while they are parsed: size, depth, entities, references to files.

Tags and attributes come out in lower case and without prefixes, as programs that save a document again
change both.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder, tostring
from xml.parsers import expat

from .encoding import characters, is_xml, text_of
from .in_memory import readable_path
from .source import Source

__all__ = ["decoded", "document", "is_xml", "root_of"]

#: A resting ECG with all its measurements stays under 300 KB and 10 000 elements.
MAX_XML_BYTES = 8 * 1024**2
MAX_ELEMENTS = 50_000
MAX_DEPTH = 64
#: No tag or attribute of a clinical format is longer; nor has any element more attributes.
MAX_NAME = 200
MAX_ATTRIBUTES = 100
#: The root element comes before this, whatever comments stand above it.
MOST_BEFORE_ROOT = 1024**2
#: What is fed to the parser at a time doubles, so that an endless token is not scanned over and over.
_FIRST_FEED = 1 << 16


class _RefusedError(Exception):
    """What no ECG has: more elements, deeper ones, entities."""


class _FoundError(Exception):
    """The root element's name."""


class _Reader:
    """An expat parser that refuses what no ECG needs and builds a tree of plain names."""

    def __init__(self, root_only: bool) -> None:
        self._root_only = root_only
        self._elements = self._depth = 0
        self._tree = TreeBuilder()
        self._parser = expat.ParserCreate("utf-8")  # what `parse` gives it, whatever is declared
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._tree.data
        self._parser.EntityDeclHandler = self._entity
        self._parser.UnparsedEntityDeclHandler = self._entity
        self._parser.ExternalEntityRefHandler = self._entity
        self._parser.SkippedEntityHandler = self._skipped

    def parse(self, text: str) -> Element:
        """The root of a document."""
        data = text.encode("utf-8", errors="replace")
        start, size = 0, _FIRST_FEED
        while start < len(data):
            self._parser.Parse(data[start : start + size], False)
            start, size = start + size, 2 * size
        self._parser.Parse(b"", True)
        root: Element = self._tree.close()
        return root

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._root_only:
            raise _FoundError(tag.rpartition(":")[2])
        self._elements += 1
        self._depth += 1
        if self._elements > MAX_ELEMENTS:
            raise _RefusedError(f"more than {MAX_ELEMENTS} elements: that is no ECG")
        if self._depth > MAX_DEPTH:
            raise _RefusedError(f"elements more than {MAX_DEPTH} deep: that is no ECG")
        if len(attributes) > MAX_ATTRIBUTES or max(map(len, (tag, *attributes))) > MAX_NAME:
            raise _RefusedError("tags or attributes beyond all measure: that is no ECG")
        said = {plain(n): text for n, text in attributes.items() if not n.startswith("xmlns")}
        self._tree.start(plain(tag), said)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self._tree.end(plain(tag))

    def _entity(self, *_: Any) -> int:
        raise _RefusedError(
            "it declares entities or refers to other files, which no ECG needs and XML bombs do"
        )

    def _skipped(self, *_: Any) -> None:
        raise _RefusedError("it uses an entity that it does not declare: the file is damaged")


def plain(name: str) -> str:
    """A tag or an attribute without its prefix, in lower case."""
    return name.rpartition(":")[2].lower()


def root_of(source: Source) -> str:
    """Name of the root element without its prefix; empty for what is no XML."""
    if not is_xml(source.head):
        return ""
    for limit in (len(source.head), MOST_BEFORE_ROOT):
        try:
            _Reader(root_only=True).parse(text_of(source.read(limit)))
        except _FoundError as found:
            return str(found)
        except (expat.ExpatError, _RefusedError, ValueError):
            continue  # a comment may be longer than the head
    return ""


def document(source: Source, format: str) -> tuple[Element, list[str]]:
    """The root of a document that is known to be harmless, and what to say of its encoding.

    Raises
    ------
    EcgFormatError
        When the document is larger than an ECG, not well-formed, declares entities (the way XML
        bombs work) or refers to another file.
    """
    if source.size > MAX_XML_BYTES:
        raise source.refuse(
            format, f"{source.size / 1e6:.0f} MB of XML: an ECG has a hundredth of that"
        )
    try:
        text, note = characters(source.read(MAX_XML_BYTES))
        return _Reader(root_only=False).parse(text), [note] if note else []
    except _RefusedError as error:
        raise source.refuse(format, str(error)) from None
    except (expat.ExpatError, UnicodeDecodeError) as error:
        raise source.refuse(
            format, f"not well-formed XML, so damaged or cut off: {error}"
        ) from None


def decoded(source: Source, format: str, parser: type[Any], root: Element) -> Any:
    """What an ecgdatakit ``parser`` makes of a document: its ``ECGRecord``."""
    import warnings

    from ecgdatakit.exceptions import ECGDataKitError

    with readable_path(source, tostring(root, encoding="utf-8")) as path:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return parser().parse(path)
        except ECGDataKitError as error:
            reason = str(error).replace(f" in {path}", "").replace(str(path), source.name)
            raise source.refuse(format, reason) from error
        except Exception as error:
            # Whatever a damaged file makes the parser raise, it is the file's fault.
            reason = f"a value in it is damaged, or not one that it can be: {error}"
            raise source.refuse(format, reason.replace(str(path), source.name)) from error
