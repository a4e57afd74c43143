"""Mutations of files, by what they are: bytes, text, XML (and see `stored`).

All are drawn from a `random.Random`, so that a case is its target's name and a number.
"""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable
from typing import Any

Files = dict[str, bytes]
Mutation = Callable[[bytes, random.Random], bytes]

#: Texts that numbers, names and sizes are not.
ODD_TEXTS = (
    *(
        "",
        "0",
        "-1",
        "1e999",
        "-1e400",
        "NaN",
        "inf",
        "0x10",
        "1e-320",
        "2147483648",
        "1.5.2",
        "１２",
    ),
    *(
        "9" * 400,
        "9" * 5000,
        "%s%n",
        "\x00",
        "\x1b[2J",
        "\u202eabc",
        "../../etc/passwd",
        "a" * 3000,
    ),
    *("/dev/zero", "CON", "' OR 1", "<b>", "]]>", "&lt;", "null", "true", "\ufeff", "\ud83d\ude00"),
)


def _place(data: bytes, rng: random.Random) -> int:
    return (
        rng.randrange(len(data) + 1)
        if rng.random() < 0.5
        else rng.randrange(min(len(data), 400) + 1)
    )


# -- bytes


def flipped(data: bytes, rng: random.Random) -> bytes:
    """Some bits turned."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 40))):
        if out:
            out[min(_place(data, rng), len(out) - 1)] ^= 1 << rng.randrange(8)
    return bytes(out)


def cut(data: bytes, rng: random.Random) -> bytes:
    """The end, or the beginning, gone."""
    at = rng.randrange(len(data) + 1)
    return data[:at] if rng.random() < 0.8 else data[at:]


def spliced(data: bytes, rng: random.Random) -> bytes:
    """A part of it put elsewhere, once or often, or taken out."""
    a, b, to = _place(data, rng), _place(data, rng), _place(data, rng)
    part = data[min(a, b) : min(max(a, b), min(a, b) + 4000)]
    match rng.randrange(3):
        case 0:
            return data[:to] + part * rng.choice((1, 2, 50)) + data[to:]
        case 1:
            return data[: min(a, b)] + data[max(a, b) :]
        case _:
            return data[:to] + part + data[to + len(part) :]


def sized(data: bytes, rng: random.Random) -> bytes:
    """Two, four or eight bytes that may be a length, at an end of what they can say."""
    form = rng.choice(("<H", "<I", "<Q", ">H", ">I", "<h", "<i", "<d", "<f"))
    width = struct.calcsize(form)
    if form[1] in "df":
        value: Any = rng.choice((float("nan"), float("inf"), 1e30, -0.0))
    elif form[1].islower():
        value = rng.choice((-1, 0, -(2 ** (8 * width - 1))))
    else:
        value = rng.choice((0, 1, 2 ** (8 * width) - 1, 2 ** (8 * width - 1), 65535, 4096))
    at = _place(data, rng)
    return data[:at] + struct.pack(form, value) + data[at + width :]


def inserted(data: bytes, rng: random.Random) -> bytes:
    """Something that does not belong there."""
    at, text = _place(data, rng), rng.choice(ODD_TEXTS)
    return data[:at] + text.encode("utf-8", "surrogatepass") + data[at:]


BYTES: tuple[Mutation, ...] = (flipped, cut, spliced, sized, inserted)

# -- text and XML, in whatever encoding


def _as_text(edit: Callable[[str, random.Random], str]) -> Mutation:
    def mutation(data: bytes, rng: random.Random) -> bytes:
        wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        coding = "utf-16" if wide else "latin-1"
        text = edit(data.decode(coding, "replace"), rng)
        return text.encode(coding, "replace")

    mutation.__name__ = edit.__name__
    return mutation


def _one(pattern: str, text: str, rng: random.Random) -> re.Match[str] | None:
    found = list(re.finditer(pattern, text[:200_000]))
    return rng.choice(found) if found else None


@_as_text
def digits(text: str, rng: random.Random) -> str:
    """A number that is another, or none."""
    found = _one(r"[-+]?\d[\d.]*", text, rng)
    if not found:
        return text
    odd = rng.choice((*ODD_TEXTS, str(rng.randrange(10 ** rng.randrange(1, 12))), "9" * 60_000))
    return text[: found.start()] + odd + text[found.end() :]


@_as_text
def lines(text: str, rng: random.Random) -> str:
    """Lines swapped, doubled, gone."""
    rows = text.split("\n")
    a, b = rng.randrange(len(rows)), rng.randrange(len(rows))
    match rng.randrange(3):
        case 0:
            rows[a], rows[b] = rows[b], rows[a]
        case 1:
            rows[a:a] = [rows[b]] * rng.choice((1, 3, 300))
        case _:
            del rows[a]
    return "\n".join(rows)


@_as_text
def words(text: str, rng: random.Random) -> str:
    """A word that is another of the file, or an odd one."""
    found, other = _one(r"[^\s<>=\"]+", text, rng), _one(r"[^\s<>=\"]+", text, rng)
    if not found or not other:
        return text
    new = rng.choice((other[0][:2000], rng.choice(ODD_TEXTS)))
    return text[: found.start()] + new + text[found.end() :]


@_as_text
def entities(text: str, rng: random.Random) -> str:
    """Entities that are not declared, or are; documents within documents."""
    odd = rng.choice(
        ("&undefined;", "&#0;", "&#x110000;", "&lt", "<![CDATA[", "<!-- ", "<?x ?>", "<a>" * 300)
        + (
            '<!DOCTYPE a [<!ENTITY b "c">]>',
            '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
            "<a xmlns='u'/>",
        )
    )
    found = _one(r"[<>]", text, rng)
    at = found.start() + rng.randrange(2) if found else 0
    return text[:at] + odd + text[at:]


@_as_text
def attributes(text: str, rng: random.Random) -> str:
    """An attribute with another value, twice, or of an endless name."""
    found = _one(r"\s[\w:]+=\"[^\"]*\"", text, rng)
    if not found:
        return text
    name = found[0].split("=")[0]
    odd = rng.choice(
        (f'{name}="{rng.choice(ODD_TEXTS)}"', found[0] * 2, "", f' {"n" * 9000}="1"', name)
    )
    return text[: found.start()] + odd + text[found.end() :]


@_as_text
def elements(text: str, rng: random.Random) -> str:
    """An element gone, doubled, emptied or with other content."""
    found = _one(r"<([\w:]+)[^<>]*>[^<>]{0,400}</\1>", text, rng)
    if not found:
        return text
    opening, closing = found[0].split(">")[0] + ">", f"</{found[1]}>"
    odd = rng.choice(
        ("", found[0] * rng.choice((2, 40)), opening + rng.choice(ODD_TEXTS) + closing)
    )
    return text[: found.start()] + odd + text[found.end() :]


TEXT: tuple[Mutation, ...] = (digits, digits, lines, words, words)
XML: tuple[Mutation, ...] = (digits, words, entities, attributes, elements, elements)


def mutated(files: Files, kinds: dict[str, tuple[Mutation, ...]], rng: random.Random) -> Files:
    """Files of which one is another; ``kinds`` are the mutations that suit the end of a name."""
    names = list(files)
    name = names[0] if rng.random() < 0.7 else rng.choice(names)
    out, data = dict(files), files[name]
    own = next((some for end, some in kinds.items() if name.endswith(end)), ())
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        mutation = rng.choice(own) if own and rng.random() < 0.8 else rng.choice(BYTES)
        try:
            data = mutation(data, rng)
        except Exception:
            data = rng.choice(BYTES)(
                data, rng
            )  # after another, it is no longer what this mutation is for
    out[name] = data
    return out
