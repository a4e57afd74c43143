"""``cofe-widgets scorecard``: what attribution maps are worth on a model, beside maps that know nothing."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..markup import line
from .explain import DEFAULT_MODEL
from .read import file_help
from .refusal import RefusedError, refusals
from .table import table

if TYPE_CHECKING:
    from ..audit import Scorecard

_MARKS = {"yes": "beaten", "no": "not beaten", "": ""}


def add(subparsers: Any) -> argparse.ArgumentParser:
    """The command's parser, with its arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "scorecard", help="say what attribution maps are worth on a model"
    )
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help=f"four records at least, each {file_help()}"
    )
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, help="a shipped model, or a .safetensors file"
    )
    parser.add_argument("--target", help="output to explain (default: all)")
    parser.add_argument(
        "--methods", metavar="NAME", nargs="+", help="attribution methods (default: all that can)"
    )
    parser.add_argument("--checks", metavar="NAME", nargs="+", help="checks (default: all)")
    parser.add_argument("--quick", action="store_true", help="less of everything, in a minute")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--store", type=Path, metavar="FOLDER", help="keep what is measured, by content"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="CARD.svg", help="write the card as a picture"
    )
    return parser


def run(options: argparse.Namespace) -> None:
    """Print the card and what it says; write its picture if asked."""
    from ..io import read

    if options.output is not None and not options.output.resolve().parent.is_dir():
        raise RefusedError(f"{options.output}: the folder to write to does not exist")
    records = [read(file) for file in options.files]
    with refusals():
        from ..wrapper import load

        card = _scored(load(options.model), records, options)
    for target in card.targets:
        print(f"{card.model}, {target}:")
        print(table(*_rows(card, target)), end="\n\n")
    print(line(card.words()))
    if options.output is not None:
        options.output.write_text(card.figure(), "utf-8")
        print(f"\nThe picture is in {line(options.output)}")


def _scored(f: Any, records: list[Any], options: argparse.Namespace) -> Scorecard:
    """The card, its progress on standard error."""
    from ..audit import scorecard

    said = ""
    asked = options.methods, options.target, options.checks, options.quick, options.seed
    for step in scorecard.steps(f, records, *asked, store=options.store):
        if step.result is not None:
            found: Scorecard = step.result
            return found
        if step.message != said:
            print(f"{step.fraction:4.0%}  {line(step.message)}", file=sys.stderr, flush=True)
        said = step.message
    raise AssertionError("the work ended without a result")


def _rows(card: Scorecard, target: str) -> tuple[list[str], list[list[str]]]:
    """Head and rows of one target's table."""
    from ..report.scorecard import shown

    head = ["method", "check", "figure", "95 %", "best dummy", ""]
    rows = []
    for row in card.table[card.table.target == target].to_dict("records"):
        unit = row["unit"]
        interval = f"{shown(row['low'], unit)} to {shown(row['high'], unit)}"
        best = f"{row['best_dummy']} {shown(row['dummy_value'], unit)}" if row["best_dummy"] else ""
        said = row["note"] or _MARKS[row["beats"]]
        figures = [shown(row["value"], unit), interval if row["n"] else "", best]
        rows.append([row["title"], row["check_title"], *figures, said])
    return head, rows
