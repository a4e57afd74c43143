"""What every recipe is told on the command line, how it starts and how it ends."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from ...steps import Step
from ..data.records import RealRecords, load_real


def add_options(parser: argparse.ArgumentParser, run: str, steps: int) -> None:
    """Options that every recipe shares."""
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data/records"), help="folder of WFDB records"
    )
    parser.add_argument("--run", type=Path, default=Path("runs") / run, help="checkpoints and log")
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--note", default="", help="what the card should say about this run")
    parser.add_argument(
        "--device", default="cpu", help="cpu or cuda; torchrun gives each process its own GPU"
    )
    parser.add_argument(
        "--threads", type=int, default=0, help="CPU threads; 0 leaves torch's own choice"
    )
    parser.add_argument(
        "--every", type=int, default=250, help="steps between two checkpoints and rows of the log"
    )
    parser.add_argument(
        "--minutes", type=float, default=1e9, help="stop (with a checkpoint) after so long"
    )


def settle(options: argparse.Namespace) -> None:
    """Seed and threads of a recipe."""
    torch.manual_seed(options.seed)
    if options.threads:
        torch.set_num_threads(options.threads)


def start(options: argparse.Namespace) -> RealRecords | None:
    """Seed, threads and real data of a recipe; says plainly when there are only simulated ECGs."""
    settle(options)
    if not options.data.is_dir():
        print(f"no real data at {options.data}: training on simulated ECGs only", flush=True)
        return None
    return load_real(options.data)


def shipped(path: Path, fraction: float = 1.0) -> Step[Any]:
    """The step in which weights and card are ready at ``path``."""
    return Step(fraction, f"weights and card in {path}", result=path)
