"""``cofe-widgets models``: the shipped models and their cards."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .refusal import RefusedError, refusals


def add(subparsers: Any) -> argparse.ArgumentParser:
    """The command's parser, with its arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "models", help="list the shipped models with their cards"
    )
    parser.add_argument("name", nargs="?", help="print the card of this one")
    parser.add_argument(
        "--hidden",
        action="store_true",
        help="list those too that menus leave out: models to test maps on, further initialisations",
    )
    return parser


def run(options: argparse.Namespace) -> None:
    """Print the list, or one card."""
    with refusals():
        from ..models import available

        table = available(hidden=options.hidden or options.name is not None)
    if options.name is None:
        for name, row in table.iterrows():
            print(f"{name}  ({row['size_mb']} MB)\n    {row['summary']}\n    {row['metrics']}")
        return
    if options.name not in table.index:
        known = ", ".join(available().index)
        raise RefusedError(f"no model named {options.name!r}: shipped models are {known}")
    print(Path(table.loc[options.name, "card"]).read_text("utf-8"))
