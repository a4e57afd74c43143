"""``cofe-widgets read``: what a file says, and its measurements."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..markup import line
from ..vocabulary.meta import public_meta
from .table import table

if TYPE_CHECKING:
    from ..ecg import Record


def file_help() -> str:
    """What every command reads, for its help."""
    from ..io.formats import names

    return f"a file ({names()}), or sample:NAME for an embedded example"


def add(subparsers: Any) -> argparse.ArgumentParser:
    """The command's parser, with its arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser("read", help="say what a file holds")
    add_file(parser)
    return parser


def add_file(parser: argparse.ArgumentParser) -> None:
    """The arguments that say what to read of which file."""
    parser.add_argument("file", metavar="FILE", help=file_help())
    parser.add_argument(
        "--leads",
        metavar="NAMES",
        type=_leads,
        help="leads to keep, I,II,V5; or what signals are called from now on, ECG1=II,ECG2=V5",
    )
    parser.add_argument("--start", metavar="S", type=float, help="begin at this second")
    parser.add_argument("--end", metavar="S", type=float, help="end at this second")
    parser.add_argument(
        "--fs", metavar="HZ", type=float, help="the sampling rate of a file that gives none"
    )


def _leads(text: str) -> list[str] | dict[str, str]:
    """Names as they are typed: a list, or new names by old ones."""
    pairs = [part.partition("=") for part in text.split(",")]
    if any(sign for _, sign, _ in pairs):
        return {old.strip(): new.strip() for old, _, new in pairs}
    return [name.strip() for name, _, _ in pairs]


def record_of(options: argparse.Namespace) -> Record:
    """The record that the arguments of `add_file` ask for."""
    from ..io import read

    return read(
        options.file, leads=options.leads, start=options.start, end=options.end, fs=options.fs
    )


def run(options: argparse.Namespace) -> None:
    """Print what the file says and what is measured in it."""
    from ..report.measured import beside_device, remarks
    from ..report.rows import LISTED, change, texts
    from ..signals import measured

    record = record_of(options)
    print(_about(record))
    print()
    found = measured(record)
    listed = [change(name, found.values[name], found.values[name]) for name in LISTED]
    rows = [[label, value, unit] for label, value, _, _, unit in texts(listed)]
    head = ["measurement", "value", "unit"]
    theirs = beside_device(record.meta)
    if theirs:
        head.insert(2, "device")
        for name, row in zip(LISTED, rows, strict=True):
            row.insert(2, theirs.get(name, ""))
    print(table(head, rows))
    for sentence in remarks(found, record.meta):
        print(sentence)


def _about(record: Record) -> str:
    """What the file says, a fact a line."""
    meta = public_meta(record.meta)
    said = {
        "file": f"{record.meta['source']} ({meta['format']})",
        "recording": f"{record.duration_s:.1f} s at {record.fs:g} Hz",
        "leads": " ".join(record.leads),
        "patient": ", ".join(
            str(value)
            for value in (
                f"{meta['age']} years" if "age" in meta else None,
                {"M": "male", "F": "female"}.get(meta.get("sex", "")),
            )
            if value
        ),
        "recorded": meta.get("recorded", ""),
        "device": meta.get("device", ""),
        "statements": "; ".join(meta.get("statements", ())),
        "warnings": "; ".join(meta.get("warnings", ())),
    }
    return "\n".join(f"{name:<12}{line(text)}" for name, text in said.items() if text)
