"""The command line: read a file, explain it, list the models, train them, see what is installed."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .._version import __version__
from ..errors import EcgError

if TYPE_CHECKING:
    from ..ecg import Record
    from ..explain import Counterfactual
    from ..wrapper import Predictor

#: Recipe, as people type it -> module of `train.recipes`.
RECIPES = {
    **{name: name for name in ("af", "generator", "encoder", "delineator", "potassium")},
    "multilabel": "multilabel",
    "nine": "multilabel",
}
DEFAULT_MODEL = "af-resnet"

#: What `doctor` looks for: distribution, what it is for, and the extra that brings it.
_NEEDED = (
    *("anywidget", "bqplot", "captum", "defusedxml", "ecgdatakit", "ipywidgets", "numpy"),
    *("pandas", "safetensors", "scipy", "sleepecg", "torch", "wfdb"),
)
_EXTRAS = {
    "jupyterlab": ("notebooks", "lab"),
    "voila": ("the dashboard", "lab"),
    "pytest": ("the tests", "test"),
    "playwright": ("the browser tests", "test"),
}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


class _RefusedError(Exception):
    """A request that has no answer; its text is the answer."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, or 2 after a request that has no answer."""
    options = _parser().parse_args(argv)
    try:
        return int(options.run(options) or 0)
    except (EcgError, _RefusedError) as error:
        print(f"cofe-widgets: {error}", file=sys.stderr)
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
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    from ..io.formats import names

    file_help = f"a file ({names()}), or sample:NAME for an embedded example"
    read = commands.add_parser("read", help="say what a file holds")
    read.add_argument("file", metavar="FILE", help=file_help)
    read.set_defaults(run=_read)

    explain = commands.add_parser("explain", help="say how the ECG must change to change the model")
    explain.add_argument("file", metavar="FILE", help=file_help)
    explain.add_argument(
        "--model", default=DEFAULT_MODEL, help="a shipped model, or a .safetensors file"
    )
    explain.add_argument("--target", help="output to reach (default: the runner-up)")
    explain.add_argument(
        "--level", type=float, default=0.9, help="probability to reach (default: %(default)s)"
    )
    explain.add_argument(
        "--severities", type=int, default=21, help="frames of the path (default: %(default)s)"
    )
    explain.add_argument("--seed", type=int, default=0)
    explain.add_argument(
        "--attribution",
        metavar="METHOD",
        default="saliency",
        help="what shades the page where the model looks; an unknown one is answered by the list "
        "(default: %(default)s)",
    )
    explain.add_argument(
        "-o", "--output", type=Path, metavar="PAGE.html", help="write a page with the picture"
    )
    explain.set_defaults(run=_explain)

    models = commands.add_parser("models", help="list the shipped models with their cards")
    models.add_argument("name", nargs="?", help="print the card of this one")
    models.set_defaults(run=_models)

    train = commands.add_parser(
        "train", help="train a shipped model again", usage="%(prog)s RECIPE [OPTIONS]"
    )
    train.add_argument("recipe", choices=RECIPES)
    train.add_argument("arguments", nargs=argparse.REMAINDER, help="RECIPE --help lists them")
    train.set_defaults(run=_train)

    doctor = commands.add_parser("doctor", help="say what is installed and what is missing")
    doctor.set_defaults(run=_doctor)
    return parser


# -- read -----------------------------------------------------------------------------------------


def _read(options: argparse.Namespace) -> None:
    from ..io import read
    from ..report.rows import LISTED, change, texts
    from ..signals import measure

    record = read(options.file)
    print(_about(record))
    print()
    values = measure(record)
    listed = [change(name, values[name], values[name]) for name in LISTED]
    rows = [(label, value, unit) for label, value, _, _, unit in texts(listed)]
    print(_table(["measurement", "value", "unit"], rows))


def _about(record: Record) -> str:
    """What the file says, a fact a line."""
    meta = record.meta
    said = {
        "file": f"{meta['source']} ({meta['format']})",
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
        "warning": meta.get("warning", ""),
    }
    return "\n".join(f"{name:<12}{text}" for name, text in said.items() if text)


# -- explain --------------------------------------------------------------------------------------


def _explain(options: argparse.Namespace) -> None:
    from ..io import read
    from ..report.rows import changes, texts

    if options.output is not None and not options.output.resolve().parent.is_dir():
        raise _RefusedError(f"{options.output}: the folder to write to does not exist")
    record = read(options.file)
    if "warning" in record.meta:
        print(f"warning: {record.meta['warning']}", file=sys.stderr)
    with _refusals():
        from ..explain import attribution
        from ..wrapper import load

        # Looked up here, not by the parser, which must not wait for torch; refused before the search.
        method = attribution.find(options.attribution)
        f = load(options.model)
        answers = f.predict(record)
        print(f"{f.name} sees in {record.meta['source']}:")
        print(_table(None, [["", name, f"{value:.3f}"] for name, value in answers.items()]))
        target = options.target or sorted(answers, key=lambda name: answers[name])[-2]
        found = _search(record, f, target, options)
        print(f"\nWhat would make it say {target} with {options.level:g}?")
        print(f"{found.message}.\n")
        head = ["measurement", "original", "counterfactual", "change", "unit"]
        print(_table(head, texts(changes(found.measurements))))
        if options.output is not None:
            from ..widgets import to_html

            shade = attribution.attribute(record, f, target, method)
            page = to_html(found, options.output, attribution=shade)
            print(f"\nThe picture is in {page}")


@contextmanager
def _refusals() -> Iterator[None]:
    """What the rooms below say to people, as the one line that this one prints."""
    from ..errors import ExplainError, WeightsError, WrapError

    try:
        yield
    except (ExplainError, WeightsError, WrapError, OSError) as error:
        raise _RefusedError(str(error)) from error


def _search(
    record: Record, f: Predictor, target: str, options: argparse.Namespace
) -> Counterfactual:
    """The counterfactual, its progress on standard error."""
    from ..explain import Candidate, counterfactual

    live = sys.stderr.isatty()
    said = ""
    steps = counterfactual.steps
    for step in steps(record, f, target, options.level, options.severities, options.seed):
        if live:
            now = (
                f", {target} {step.partial.prediction:.2f}"
                if isinstance(step.partial, Candidate)
                else ""
            )
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


def _table(head: Sequence[str] | None, rows: Sequence[Sequence[str]]) -> str:
    """Columns of text: names to the left, numbers and their heads to the right."""
    lines = [list(head), *rows] if head else list(rows)
    words = {0, len(lines[0]) - 1} if head else {0, 1}
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            f"{text:<{width}}" if column in words else f"{text:>{width}}"
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


# -- models, train, doctor ------------------------------------------------------------------------


def _models(options: argparse.Namespace) -> None:
    with _refusals():
        from ..models import available

        table = available()
    if options.name is None:
        for name, row in table.iterrows():
            print(f"{name}  ({row['size_mb']} MB)\n    {row['summary']}\n    {row['metrics']}")
        return
    if options.name not in table.index:
        known = ", ".join(table.index)
        raise _RefusedError(f"no model named {options.name!r}: shipped models are {known}")
    print(Path(table.loc[options.name, "card"]).read_text("utf-8"))


def _train(options: argparse.Namespace) -> None:
    recipe = importlib.import_module(f"..train.recipes.{RECIPES[options.recipe]}", __package__)
    recipe.main(options.arguments)


def _doctor(options: argparse.Namespace) -> int:
    """Say what is there; status 1 when something that everybody needs is missing."""
    here = Path(__file__).parents[1]
    wrong = []
    print(f"cofe-widgets {__version__} in {here}")
    print(f"Python {platform.python_version()} on {platform.platform(terse=True)}\n")
    for name in _NEEDED:
        version = _version(name)
        print(f"  {name:<14}{version or 'MISSING'}")
        if version is None:
            wrong.append(f"{name} is missing: pip install cofe-widgets")
    for name, (purpose, extra) in _EXTRAS.items():
        how = f'not installed; for {purpose}: pip install "cofe-widgets[{extra}]"'
        print(f"  {name:<14}{_version(name) or how}")
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    print(f"  {'chromium':<14}{browser or 'none on the PATH; for the browser tests: make test'}")

    if _version("torch"):
        import torch

        kind = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
        print(f"\nmodels run on    {kind}, {torch.get_num_threads()} threads")
    parts = {
        "JavaScript": (here / "static", ["index.js", "index.css"], "pip install ."),
        "weights": (
            here / "models" / "weights",
            [
                f"{name}.safetensors"
                for name in (DEFAULT_MODEL, "generator", "encoder", "delineator")
            ],
            "make train-af train-generator train-encoder train-delineator (make help lists all)",
        ),
        "samples": (here / "samples", ["*.hea"], "pip install ."),
    }
    for name, (folder, patterns, how) in parts.items():
        found = [path.name for pattern in patterns for path in sorted(folder.glob(pattern))]
        if all(any(folder.glob(pattern)) for pattern in patterns):
            print(f"{name:<17}{', '.join(found)}")
        else:
            print(f"{name:<17}MISSING")
            wrong.append(f"the {name} are not there: {how}")
    print("\n" + ("\n".join(wrong) if wrong else "Everything needed is there."))
    return 1 if wrong else 0


def _version(distribution: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
