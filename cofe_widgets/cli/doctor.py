"""``cofe-widgets doctor``: what is installed and what is missing."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
from pathlib import Path
from typing import Any

from .._version import __version__
from .explain import DEFAULT_MODEL

#: What is looked for: distribution, what it is for, and the extra that brings it.
_NEEDED = (
    *("anywidget", "bqplot", "captum", "ecgdatakit", "ipywidgets", "numpy"),
    *("pandas", "safetensors", "scipy", "sleepecg", "torch", "tqdm", "wfdb"),
)
_EXTRAS = {
    "jupyterlab": ("notebooks", "lab"),
    "voila": ("the dashboard", "lab"),
    "scikit-learn": ("training", "train"),
    "onnxruntime": ("ONNX models", "onnx"),
    "tensorboard": ("watching a training run", "train"),
    "pytest": ("the tests", "test"),
    "playwright": ("the browser tests", "test"),
}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def add(subparsers: Any) -> argparse.ArgumentParser:
    """The command's parser; it has no arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "doctor", help="say what is installed and what is missing"
    )
    return parser


def run(options: argparse.Namespace) -> int:
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
