"""``cofe-widgets explain``: how an ECG must change to change a model's answer."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..markup import line
from .read import add_file, record_of
from .refusal import RefusedError, refusals
from .table import table

if TYPE_CHECKING:
    from ..ecg import Record
    from ..explain import Counterfactual
    from ..wrapper import Predictor

DEFAULT_MODEL = "af-resnet"


def add(subparsers: Any) -> argparse.ArgumentParser:
    """The command's parser, with its arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "explain", help="say how the ECG must change to change the model"
    )
    add_file(parser)
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, help="a shipped model, or a .safetensors file"
    )
    parser.add_argument("--target", help="output to reach (default: the runner-up)")
    parser.add_argument(
        "--level", type=float, default=0.9, help="probability to reach (default: %(default)s)"
    )
    parser.add_argument(
        "--severities", type=int, default=21, help="frames of the path (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--attribution",
        metavar="METHOD",
        default="saliency",
        help="what shades the page where the model looks; an unknown one is answered by the list "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="PAGE.html", help="write a page with the picture"
    )
    return parser


def run(options: argparse.Namespace) -> None:
    """Print the answers, the counterfactual and its measurements; write the page if asked."""
    from ..report.rows import changes, texts

    if options.output is not None and not options.output.resolve().parent.is_dir():
        raise RefusedError(f"{options.output}: the folder to write to does not exist")
    record = record_of(options)
    for one in record.meta.get("warnings", ()):
        print(f"warning: {line(one)}", file=sys.stderr)
    with refusals():
        from ..explain import attribution
        from ..wrapper import load

        # Looked up here, not by the parser, which must not wait for torch; refused before the search.
        method = attribution.find(options.attribution)
        f = load(options.model)
        answers = f.predict(record)
        print(f"{f.name} sees in {line(record.meta['source'])}:")
        print(table(None, [["", name, f"{value:.3f}"] for name, value in answers.items()]))
        target = options.target or sorted(answers, key=lambda name: answers[name])[-2]
        found = _search(record, f, target, options)
        print(f"\nWhat would make it say {target} with {options.level:g}?")
        print(f"{line(found.message)}.\n")
        head = ["measurement", "original", "counterfactual", "change", "unit"]
        print(table(head, texts(changes(found))))
        _say_reasons(found)
        if options.output is not None:
            from ..widgets import to_html

            shade = attribution.attribute(record, f, target, method)
            page = to_html(found, options.output, attribution=shade)
            print(f"\nThe picture is in {line(page)}")


def _say_reasons(found: Counterfactual) -> None:
    """What the model needs of the change, and what each part of it carries; nothing where it cannot be asked."""
    from ..report.reasons import REASON_HEADS, answers, packed_reasons, reason_texts

    both = answers(found)
    if both is None:
        return
    print(f"\nWhat the model needs: {line(both[1].message)}.")
    together = line(both[0].together)
    print(f"What carries the answer{f' ({together})' if together else ''}:\n")
    print(table(REASON_HEADS, reason_texts(packed_reasons(both[0]))))


def _search(
    record: Record, f: Predictor, target: str, options: argparse.Namespace
) -> Counterfactual:
    """The counterfactual, its progress on standard error."""
    from ..explain import Candidate, counterfactual

    live = sys.stderr.isatty()
    said = ""
    how = options.level, options.severities, options.seed
    for step in counterfactual.steps(record, f, target, *how):
        if live:
            seen = isinstance(step.partial, Candidate)
            now = f", {target} {step.partial.prediction:.2f}" if seen else ""
            line = f"{step.fraction:4.0%}  {step.message}{now}"
            print(f"\r{line:<78.78}", end="", file=sys.stderr, flush=True)
        elif step.message != said:
            print(f"{step.fraction:4.0%}  {step.message}", file=sys.stderr, flush=True)
        said = step.message
        if step.result is not None:
            if live:
                print(f"\r{'':78}\r", end="", file=sys.stderr, flush=True)
            result: Counterfactual = step.result
            return result
    raise AssertionError("the search ended without a result")
