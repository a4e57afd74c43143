"""``cofe-widgets audit``: one task on any number of ECGs, resumable, in parts, on many cores."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..markup import line
from .explain import DEFAULT_MODEL
from .refusal import RefusedError, refusals

if TYPE_CHECKING:
    from ..audit.run import AuditResults

#: Tasks by name, and what each needs beside the model; `audit.tasks` has them, which the parser must not
#: wait for.
TASKS = ("measurements", "predictions", "attributions", "glocal", "counterfactuals")


def add(subparsers: Any) -> argparse.ArgumentParser:
    """The command's parser, with its arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "audit", help="run one task on any number of ECGs, and keep its results"
    )
    parser.add_argument(
        "where",
        metavar="WHERE",
        nargs="*",
        help="folders, zips, tar shards, Zarr stores, patterns in quotes, or files",
    )
    parser.add_argument("--task", choices=TASKS, default=TASKS[0], help="default: %(default)s")
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, help="a shipped model, or a .safetensors file"
    )
    parser.add_argument("--target", help="output of attributions, glocal and counterfactuals")
    parser.add_argument(
        "--method", default="saliency", help="of attributions and glocal (default: saliency)"
    )
    parser.add_argument("--level", type=float, help="probability that counterfactuals reach")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="where results are kept"
    )
    parser.add_argument("--resume", action="store_true", help="go on in a folder that holds some")
    parser.add_argument("--part", metavar="I/N", type=_part, help="of a job array: 3/100")
    parser.add_argument(
        "--on",
        metavar="PLACE",
        help="processes, how many of them, dask, or the address of a Dask scheduler "
        "(tcp://host:8786); default: this process",
    )
    parser.add_argument("--chunk", type=int, default=64, help="ECGs a chunk (default: %(default)s)")
    parser.add_argument(
        "--keep-identity", action="store_true", help="call records by their files in the results"
    )
    parser.add_argument(
        "--merge", type=Path, metavar="FOLDER", help="join finished parts, and stop"
    )
    return parser


def _part(text: str) -> tuple[int, int]:
    first, sign, of = text.partition("/")
    if not (sign and first.isdecimal() and of.isdecimal() and 1 <= int(first) <= int(of)):
        raise argparse.ArgumentTypeError(f"{text[:20]!r}: expected I/N, as 3/100")
    return int(first), int(of)


def run(options: argparse.Namespace) -> None:
    """Run the task, or merge a folder; say what came of it."""
    from ..audit import merge

    if options.merge is not None:
        _say(merge(options.merge), options.merge)
        print(f"The table is {line(options.merge / 'results.parquet')}")
        return
    if not options.where or options.output is None:
        raise RefusedError("say what to audit and where to keep it: audit WHERE -o FOLDER")
    begun = (options.output / "manifest.json").exists()
    if begun and not options.resume and options.part is None:
        raise RefusedError(f"{options.output} holds an audit already: --resume goes on with it")
    _say(_result(options), options.output)
    if options.part is None:
        merge(options.output)
        print(f"The table is {line(options.output / 'results.parquet')}")
    else:
        print(f"When all parts are done: cofe-widgets audit --merge {line(options.output)}")


def _say(result: AuditResults, folder: Path) -> None:
    failed = len(result.failures)
    print(f"{result.done} ECGs, {failed} of them skipped")
    for _, one in result.failures.head(5).iterrows():
        print(f"  {line(one['name'])}: {line(one.reason)}")
    if failed:
        print(f"All that were skipped: {line(folder / 'failures.csv')}")


def _result(options: argparse.Namespace) -> AuditResults:
    """The results, progress on standard error."""
    from ..audit.run import run
    from ..io.collection import read_many

    with refusals():
        task = _task(options)
    records = read_many(options.where)
    if records.passed_over:
        print(f"{records.passed_over} files without an ECG passed over", file=sys.stderr)
    for one in records.failures:
        print(f"refused: {line(one.name)}: {line(one.reason)}", file=sys.stderr)
    on = _on(options.on)
    how: dict[str, Any] = {"chunk": options.chunk, "part": options.part}
    said = -1
    try:
        for step in run.steps(  # type: ignore[attr-defined]
            task, records, on, options.output, keep_identity=options.keep_identity, **how
        ):
            percent = int(100 * step.fraction)
            if percent != said and step.result is None:
                print(f"{percent:3d}%  {line(step.message)}", file=sys.stderr, flush=True)
            said = percent
            result = step.result
    finally:
        if hasattr(on, "close"):
            on.close()
    assert result is not None
    found: AuditResults = result
    return found


def _on(text: str | None) -> Any:
    if text is None or text in ("processes", "dask"):
        return text
    if text.isdecimal():
        return int(text)
    if "://" not in text:
        raise RefusedError(
            f"--on {text[:40]}: expected processes, a number, dask, or tcp://host:port"
        )
    try:
        from distributed import Client
    except ImportError as error:
        raise RefusedError("Dask is not installed: pip install 'cofe-widgets[audit]'") from error
    return Client(text)


def _task(options: argparse.Namespace) -> Any:
    from ..audit import tasks
    from ..wrapper import load

    if options.task == "measurements":
        return tasks.Measurements()
    f = load(options.model)
    if options.task == "predictions":
        return tasks.Predictions(f)
    if options.target is None:
        raise RefusedError(f"{options.task} need --target: one of {', '.join(f.outputs)}")
    f.index(options.target)
    if options.task == "attributions":
        return tasks.Attributions(f, options.target, options.method)
    if options.task == "glocal":
        return tasks.Glocal(f, options.target, options.method)
    return tasks.Counterfactuals(f, options.target, options.level)
