"""Mutations of what the package itself writes: JSON, zips of values, weights."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
from typing import Any

from .mutate import BYTES, flipped, sized

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, 1e308, -1e308, 5e-324, float("nan")),
    *(
        float("inf"),
        "",
        "a",
        "NaN",
        "x" * 6000,
        "<script>",
        "\u202e\x00\x1b",
        [],
        {},
        [[]],
        [None],
        [1, 2],
    ),
    *(
        {"$array": 0},
        {"$array": 999},
        {"$array": -1},
        {"$tuple": []},
        {"$dict": {}},
        {"$record": []},
    ),
    *(
        {"$table": {"columns": [], "index": []}},
        {"$record": [1, 2, 3, 4]},
        {"$tuple": [{"$array": 1}]},
    ),
)


# -- JSON


def _nodes(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    out = [path] if path else []
    for key, one in children:
        out += _nodes(one, (*path, key))
    return out


def edited(value: Any, rng: random.Random) -> Any:
    """A tree of JSON with a few of its nodes replaced, gone, added or moved."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        text = json.dumps(value)
        if len(text) > 10**6:
            break
        value = json.loads(text)
        paths = _nodes(value)
        if not paths:
            return rng.choice(ODD_VALUES)
        shallow = [path for path in paths if len(path) <= 4]
        path = rng.choice(shallow if rng.random() < 0.6 and shallow else paths)
        holder = value
        for key in path[:-1]:
            holder = holder[key]
        match rng.randrange(8):
            case 6 | 7:
                holder[path[-1]] = _near(holder[path[-1]], rng)
            case 0:
                del holder[path[-1]]
            case 1 if isinstance(holder, dict):
                holder[rng.choice(("", "$array", "odd", "x" * 300))] = rng.choice(ODD_VALUES)
            case 1:
                leaf = not isinstance(
                    holder[path[-1]], dict | list
                )  # others would outgrow the machine
                again = [holder[path[-1]]] * rng.choice((1, 2, 500 if leaf else 3))
                holder[path[-1] : path[-1]] = again
            case 2:
                other = value
                for key in rng.choice(paths):
                    other = (
                        other[key] if isinstance(other, dict | list) and _has(other, key) else other
                    )
                holder[path[-1]] = json.loads(json.dumps(other))
            case _:
                holder[path[-1]] = rng.choice(ODD_VALUES)
    return value


def _near(value: Any, rng: random.Random) -> Any:
    """A number, or a word, that may well be right."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return type(value)(rng.choice((-value, 2 * value, value + 1, value * 0.5, 1 - value)))
    return value[:-1] + rng.choice("aé<&\u202e\x07") if isinstance(value, str) else value


def _has(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else isinstance(key, int) and key < len(holder)


def json_edited(data: bytes, rng: random.Random) -> bytes:
    """A JSON text with an edited tree, or nested without end."""
    if rng.random() < 0.02:
        return rng.choice((b"[" * 100_000, b'{"a":' * 50_000, b"[" + b"[]," * 1_000_000 + b"1]"))
    if len(data) > 10**6:  # long enough already
        return rng.choice(BYTES)(data, rng)
    return json.dumps(edited(json.loads(data), rng)).encode()


# -- files of values, and of weights


def zip_edited(data: bytes, rng: random.Random) -> bytes:
    """A zip of which a member is another, with all checksums right; or that declares other sizes."""
    with zipfile.ZipFile(io.BytesIO(data)) as stored:
        parts = {name: stored.read(name) for name in stored.namelist()}
    name = "value.json" if "value.json" in parts and rng.random() < 0.6 else rng.choice(list(parts))
    if name == "value.json" and rng.random() < 0.9:
        parts[name] = json_edited(parts[name], rng)
    else:
        parts[name] = array_edited(parts[name], rng)
    match rng.randrange(12):
        case 0:
            del parts[rng.choice(list(parts))]
        case 1:
            parts[rng.choice(("7.npy", "x", "../a.npy", "-1.npy", "1e3.npy"))] = parts[name]
        case 2:
            parts["99.npy"] = bytes(rng.choice((10**4, 40 * 2**20)))
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as out:
        for key, part in parts.items():
            out.writestr(key, part, compresslevel=1)
    whole = held.getvalue()
    return sized(whole, rng) if rng.random() < 0.15 else whole


def array_edited(data: bytes, rng: random.Random) -> bytes:
    """An ``.npy`` with another header, or other numbers."""
    start = data.find(b"\n") + 1
    head, body = data[:start], data[start:]
    match rng.randrange(4):
        case 0:
            return flipped(head, rng) + body
        case 1:
            old, new = rng.choice(
                (
                    (b"<f4", b"<f8"),
                    (b"<f4", b">f4"),
                    (b"<f8", b"<i8"),
                    (b"<f4", b"|O8"),
                    (b"False", b"True"),
                )
                + ((b"(", b"(-1,"), (b"'shape': (", b"'shape': (9999999999,"), (b"<f", b"<c"))
            )
            return head.replace(old, new) + body
        case 2:
            form = rng.choice(("<f", "<d"))
            odd = struct.pack(
                form,
                rng.choice(
                    (float("nan"), float("inf"), 1e30, -1e30, 1e300 if form == "<d" else 1.0)
                ),
            )
            at = rng.randrange(max(1, len(body) // 8)) * 8
            return head + body[:at] + odd * rng.choice((1, 100)) + body[at + len(odd) :]
        case _:
            return rng.choice(BYTES)(data, rng)


def weights_edited(data: bytes, rng: random.Random) -> bytes:
    """A safetensors file with another card, other tensors or other shapes."""
    size = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    if rng.random() < 0.6:
        card = edited(json.loads(header["__metadata__"]["card"]), rng)
        header["__metadata__"]["card"] = json.dumps(card)
    elif rng.random() < 0.7:
        header = edited(header, rng)
    else:
        body = flipped(body, rng)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body
