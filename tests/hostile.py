"""Names that mean harm, and values that bear them."""

from __future__ import annotations

import html.parser
from dataclasses import replace
from xml.etree import ElementTree

import cofe_widgets as cw
from cofe_widgets.explain.counterfactual.card import TrustCard, TrustRow

#: What a name does when it gets through: runs a script, ends its element, breaks XML, turns text about.
NAMES = (
    "<script>window.harmed = 1</script>",
    '"><img src=x onerror="window.harmed = 1">',
    "' onmouseover='window.harmed = 1' x='",
    "</style></title></textarea></script><svg onload='window.harmed = 1'>",
    "]]><blink>x</blink><!--",
    "&lt;script&gt; &amp; &#60;",
    "javascript:window.harmed = 1",
    "\x00\x08\x0b\x1b[2J\x7f\x9b control",
    "\u202egnp.exe\u2066 \ud800 \ufffe",
    "x" * 100_000,
)
#: All of them in one, as far as a message to a browser can carry them.
ALL = " ".join(NAMES[:-1]).replace("\ud800", "")


class Elements(html.parser.HTMLParser):
    """The elements of an HTML text, their attributes, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.words += data


def assert_harmless(text: str) -> Elements:
    """Refuse HTML in which one of the names became markup, or a character that does harm."""
    found = Elements(text)
    assert not {"script", "img", "svg", "blink"} & set(found.tags)
    assert not [name for name in found.attributes if name.startswith("on")]
    assert_no_odd_letters(text)
    return found


def assert_no_odd_letters(text: str) -> None:
    assert not set(text) & set("\x00\x08\x0b\x1b\x7f\x9b\u202e\u2066\ud800\ufffe")


def assert_xml(text: str) -> ElementTree.Element:
    """Refuse SVG that is no XML, or that has elements of its names."""
    root = ElementTree.fromstring(text)
    tags = {one.tag.rpartition("}")[2] for one in root.iter()}
    assert tags <= {"svg", "g", "path", "rect", "text", "line", "title", "desc"}, tags
    return root


def renamed(cf: cw.Counterfactual, name: str) -> cw.Counterfactual:
    """The counterfactual with a name wherever it has one."""
    meta = {"title": name, "format": name, "sex": name, "age": name, "warnings": (name,)}
    original = cw.Record(cf.original.signal, cf.original.fs, cf.original.leads, meta)
    known = {**cf.provenance, "model": name}
    changed = replace(
        cf, original=original, target=name, message=name, space=name, method=name, provenance=known
    )
    row = TrustRow(name, 1.0, name, name, "mind", name)
    vars(changed)["trust"] = TrustCard(name, (row,))
    return changed
