"""The command line: one file a command, each with ``add(subparsers)`` and ``run(options)``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .._version import __version__
from ..errors import AuditError, EcgError, ExplainError, WeightsError, WrapError
from ..markup import line
from . import audit, doctor, explain, models, read, scorecard, train
from .console import leave, open_to_any_text
from .refusal import RefusedError

__all__ = ["main"]

#: In the order in which help lists them.
COMMANDS = (read, explain, scorecard, audit, models, train, doctor)
#: What the rooms below say to people.
OURS = (EcgError, ExplainError, WrapError, WeightsError, AuditError)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, or 2 after a request that has no answer."""
    open_to_any_text()
    try:
        try:
            return _run(argv)
        finally:  # here, where a reader that has gone is noticed, and not at the very end
            for stream in filter(None, (sys.stdout, sys.stderr)):
                stream.flush()
    except BrokenPipeError:  # whoever reads our output has seen enough (`| head`)
        leave(sys.stdout)
        leave(sys.stderr)
        return 0
    except OSError as error:  # the disk that our output goes to is full
        leave(sys.stdout)
        print(f"cofe-widgets: {line(error)}", file=sys.stderr)
        return 2


def _run(argv: Sequence[str] | None) -> int:
    try:
        options = _parser().parse_args(argv)
        return int(options.run(options) or 0)
    except BrokenPipeError:
        raise
    except (*OURS, OSError, MemoryError, RefusedError) as error:
        said = str(error) or "there is not enough memory"
        print(f"cofe-widgets: {line(said)}", file=sys.stderr)
        return 2
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
