"""The command line: one file a command, each with ``add(subparsers)`` and ``run(options)``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .._version import __version__
from ..errors import EcgError
from ..markup import line
from . import doctor, explain, models, read, train
from .refusal import RefusedError

__all__ = ["main"]

#: In the order in which help lists them.
COMMANDS = (read, explain, models, train, doctor)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, or 2 after a request that has no answer."""
    options = _parser().parse_args(argv)
    try:
        return int(options.run(options) or 0)
    except (EcgError, RefusedError) as error:
        print(f"cofe-widgets: {line(error)}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of our output has seen enough (`| head`); nothing may be flushed into it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("cofe-widgets: stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cofe-widgets", description="Explain what a model sees in an electrocardiogram."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(subparsers).set_defaults(run=command.run)
    return parser
