"""XML as other programs save it again: prefixes, encodings, comments, letter case; and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest

from cofe_widgets import read
from cofe_widgets.ecg import LEADS
from cofe_widgets.errors import EcgFormatError

from . import files

FORMATS = {
    "muse": files.muse().decode("latin-1").partition("?>")[2],
    "philips": files.philips().decode("utf-16").partition("?>")[2],
}
EVERY = pytest.mark.parametrize("format", FORMATS)


def same(data: bytes) -> tuple[str, ...]:
    """Check that it is the usual ECG with all that is said of it; its warnings."""
    record = read(data, "one.xml")
    assert record.leads == LEADS
    np.testing.assert_allclose(record.signal, files.counts() * 0.005, atol=1e-6)
    assert (record.meta["age"], record.meta["sex"], record.meta["recorded"]) == (
        61,
        "F",
        "2019, 08:30",
    )
    assert record.meta["statements"] and record.meta["device"] in ("MAC55", "PageWriter")
    assert (record.meta["high_pass_hz"], record.meta["low_pass_hz"]) == (0.05, 150)
    return tuple(record.meta.get("warnings", ()))


def prefixed(text: str, prefix: str) -> str:
    text = re.sub(r"<!DOCTYPE[^>]*>", "", text)
    return re.sub(r"<(/?)(\w)", rf"<\1{prefix}:\2", text)


RESAVED: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "by ElementTree, in a namespace": lambda text: ElementTree.tostring(
        ElementTree.fromstring(re.sub(r"<(restingecgdata|RestingECG)\b[^>]*>", r'<\1 xmlns="urn:x">', text)),
        encoding="unicode",
    ),
    "with a prefix": lambda text: prefixed(text, "ns0").replace("data ", 'data xmlns:ns0="urn:a" ', 1),
    "with a prefix that is not declared": lambda text: prefixed(text, "ge"),
    "in capitals": lambda text: re.sub(r"</?\w+", lambda tag: tag[0].upper(), text),
    "in small letters": lambda text: re.sub(r"</?\w+", lambda tag: tag[0].lower(), text),
    "with attributes in capitals": lambda text: re.sub(r' (\w+)="', lambda m: f' {m[1].upper()}="', text),
    "under long comments": lambda text: "\n<!-- " + "seen by nobody " * 20_000 + "-->\n<?style x?>\n" + text,
    "with comments inside": lambda text: text.replace(">", "><!-- a > b -->").replace("?><!-- a > b -->", "?>"),
    "in one line an element": lambda text: re.sub(r">\s*<", ">\n  <", text),
    "with what nobody knows": lambda text: re.sub(
        r"(<(?:restingecgdata|RestingECG)[^>]*>)", r"\1<new a='1'/>", text
    ),
    "with text in CDATA": lambda text: re.sub(r">(MAC55|PageWriter)<", r"><![CDATA[\1]]><", text),
}  # fmt: skip


@EVERY
@pytest.mark.parametrize("how", RESAVED)
def test_a_document_that_was_saved_again_opens(format: str, how: str) -> None:
    text = FORMATS[format]
    if how == "in one line an element":
        same(re.sub(r">\s*<", ">\n  <", text).encode())
        return
    assert same(RESAVED[how](text).encode()) == ()


DECLARED = [
    "UTF-8",
    "utf-8",
    "ISO-8859-1",
    "windows-1252",
    "US-ASCII",
    "UTF-16",
    "utf-16le",
    "klingon",
    "",
]
WRITTEN = ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


def alike(declared: str, written: str) -> bool:
    """Whether bytes may be called that, a name with an umlaut in them."""
    families = {"windows-1252": "latin-1", "iso-8859-1": "latin-1", "us-ascii": "utf-8"}
    family = families.get(declared.lower(), declared.lower())
    return not declared or written.startswith(family.removesuffix("le"))


@EVERY
@pytest.mark.parametrize("declared", DECLARED)
@pytest.mark.parametrize("written", WRITTEN)
def test_the_bytes_are_believed_and_a_wrong_declaration_is_noted(
    format: str, declared: str, written: str
) -> None:
    prologue = (
        f'<?xml version="1.0" encoding="{declared}"?>' if declared else '<?xml version="1.0"?>'
    )
    warnings = same(f"{prologue}\n{FORMATS[format]}".encode(written))
    assert bool(warnings) == (not alike(declared, written)), warnings
    if warnings:
        assert f"it declares the encoding {declared} and is written in" in warnings[0]


@EVERY
def test_blanks_before_the_declaration_do_not_matter(format: str) -> None:
    assert (
        same(b"\r\n \t" + b'<?xml version="1.0" encoding="utf-8"?>' + FORMATS[format].encode())
        == ()
    )


@EVERY
@pytest.mark.parametrize("encoding", ["a" * 20, "a" * 5000, "rot13", "base64"])
def test_an_encoding_that_nobody_knows_does_not_matter(format: str, encoding: str) -> None:
    same(f'<?xml version="1.0" encoding="{encoding}"?>{FORMATS[format]}'.encode())


@EVERY
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((">61<", ">&d;<"), "entity"),
        ((">61<", ">6&nbsp;1<"), "entity"),
        ((">61<", ">6&#1;1<"), "not well-formed XML"),
        ((">61<", ">6<1<"), "not well-formed XML"),
        ((">61<", " " + "a" * 3_000_000 + "='1'>61<"), "not well-formed|beyond all measure"),
        ((">61<", "><" + "a" * 3_000_000 + "/>61<"), "beyond all measure"),
        ((">61<", "><a " + " ".join(f"a{n}=''" for n in range(50_000)) + "/>61<"), "beyond all"),
    ],
)
def test_what_no_ecg_has_is_refused(format: str, change: tuple[str, str], said: str) -> None:
    text = FORMATS[format]
    for doctype in ("", "<!DOCTYPE x SYSTEM 'x.dtd'>"):
        body = re.sub(r"<!DOCTYPE[^>]*>", "", text) if doctype else text
        with pytest.raises(EcgFormatError, match=said) as error:
            read((doctype + body.replace(*change)).encode())
        assert error.value.format in ("GE MUSE XML", "Philips Sierra XML")
        assert len(str(error.value)) <= 500


@EVERY
def test_the_root_alone_tells_the_format(format: str) -> None:
    other = "<letter><p>&lt;RestingECG&gt; and <restingecgdata/> and <RestingECG/></p></letter>"
    with pytest.raises(EcgFormatError, match="its root <letter> is none of"):
        read(other.encode())
    commented = (
        f"<!-- {FORMATS['muse' if format == 'philips' else 'philips'][:3000].replace('--', '')} -->"
    )
    same((commented + re.sub(r"<!DOCTYPE[^>]*>", "", FORMATS[format])).encode())


@pytest.mark.parametrize("declared", ["a" * 5000, "ISO-8859" + "a" * 3000, "klingon", "UTF-16"])
def test_a_declared_encoding_that_does_not_exist_is_no_matter(declared: str) -> None:
    text = files.muse().decode("latin-1").replace("ISO-8859-1", declared)
    assert len(read({"ecg.xml": text.encode()}).leads) == 12


def test_a_rate_too_small_for_a_number_is_refused() -> None:
    text = files.muse().replace(b"<SampleBase>250", b"<SampleBase>1e-320")
    with pytest.raises(EcgFormatError, match="sampling rate"):
        read({"ecg.xml": text})
