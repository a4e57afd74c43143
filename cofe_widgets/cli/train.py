"""``cofe-widgets train``: a recipe of `cofe_widgets.train.recipes`, by name."""

from __future__ import annotations

import argparse
import importlib
from typing import Any

from ..train.recipes import ALIASES, RECIPES
from .refusal import RefusedError


def add(subparsers: Any) -> argparse.ArgumentParser:
    """The command's parser, with its arguments."""
    width = max(map(len, RECIPES))
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "train",
        help="train a shipped model again",
        usage="%(prog)s RECIPE [OPTIONS]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="recipes:\n"
        + "\n".join(f"  {name:<{width}}  {recipe.help}" for name, recipe in RECIPES.items()),
    )
    names = [*RECIPES, *ALIASES]
    parser.add_argument("recipe", choices=names, metavar="RECIPE", help="one of those below")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="RECIPE --help lists them")
    return parser


def run(options: argparse.Namespace) -> None:
    """Train, with a bar and the rows of the log."""
    recipe = RECIPES[ALIASES.get(options.recipe, options.recipe)]
    module = importlib.import_module(f"..train.recipes.{recipe.module}", __package__)
    try:
        module.main(options.arguments)
    except ModuleNotFoundError as error:
        if error.name != "sklearn":
            raise
        raise RefusedError(str(error)) from error
