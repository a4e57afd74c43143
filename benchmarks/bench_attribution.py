"""Speed of attribution: twelve methods of one record, many records, and captum and ExECG beside ours.

``python -m benchmarks attribution``; ``--execg FOLDER`` says where a clone of ExECG lies, ``--only twelve many
rivals`` which tables. Needs no recording. Times are of the processor, of one thread, the
shortest of some taken in turns: they bear a machine that others use, too. What takes so long on one
core takes no longer on two.
"""

from __future__ import annotations

import time
import warnings
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import cofe_widgets as cw
from cofe_widgets.explain.attribution.gradients import gradient, score

from .attribution_rivals import TURNS, bound, compared, execg_of

MODEL, TARGET = "af-resnet", "AF"
#: The methods of the study that is reproduced here, in its order.
TWELVE = (
    "saliency",
    "smoothgrad",
    "input_x_gradient",
    "guided_backpropagation",
    "gradcam",
    "guided_gradcam",
    "shapley_sampling",
    "deeplift",
    "integrated_gradients",
    "ig_smoothgrad",
    "gradient_shap",
    "deeplift_shap",
)
RECORDS = 64
#: Methods that ask about many ECGs for one are timed on so many records.
FEW = 4
TIMES = 3


def shortest(*works: Callable[[], object], times: int = TIMES) -> list[float]:
    """The shortest of some runs of each, s, after one to warm up; they take turns."""
    best = [np.inf] * len(works)
    for turn in range(times + 1):
        for k, work in enumerate(works):
            began = time.process_time()
            work()
            if turn:
                best[k] = min(best[k], time.process_time() - began)
    return best


def passes(f: cw.Predictor, x: Tensor, forwards: int, backwards: int) -> Callable[[], None]:
    """So many forward passes of ECGs, as many of which as ``backwards`` are followed by a backward pass."""

    def run() -> None:
        for k in range(forwards):
            if k < backwards:
                gradient(f, x, TARGET)
            else:
                with torch.no_grad():
                    score(f, x, TARGET)

    return run


def twelve(f: cw.Predictor, record: cw.Record) -> None:
    """Print what each of the twelve takes for one record at its defaults."""
    f.layers()
    each = {}
    for name in TWELVE:
        (each[name],) = shortest(lambda n=name: cw.attribute(record, f, TARGET, n), times=1)
    x = f.tensor(record).repeat(64, 1, 1)
    forward, both = shortest(passes(f, x, 1, 0), passes(f, x, 1, 1))
    print(f"\ntwelve methods of one record of 10 s, {f.name}, one core")
    print(
        f"  a forward pass {forward / 64 * 1000:.1f} ms, with its backward {both / 64 * 1000:.1f} ms an ECG"
    )
    for name, seconds in each.items():
        print(f"  {name:<34}{seconds:8.2f} s")
    print(f"  {'all':<34}{sum(each.values()):8.2f} s   (target 10 s on two cores)")


def many(f: cw.Predictor, records: list[cw.Record]) -> None:
    """Print what attribution of many records takes, over the passes that a method needs."""
    x = f.tensor(records)
    # Of complete ones the score of the ECG and of the baseline, which the check of completeness asks for,
    # are passes that are needed.
    needed = {
        "saliency": (1, 1),
        "input_x_gradient": (1, 1),
        "guided_backpropagation": (1, 1),
        "gradcam": (1, 1),
        "guided_gradcam": (2, 2),
        "deeplift": (4, 1),
        "lrp": (1, 1),
    }
    print(f"\n{RECORDS} records together, over the forward and backward passes needed (target 1.3)")
    for name, (forwards, backwards) in needed.items():
        ours, bare = shortest(
            lambda n=name: cw.attribute(records, f, TARGET, n), passes(f, x, forwards, backwards)
        )
        print(f"  {name:<34}{ours:8.2f} s {bare:8.2f} s {ours / bare:6.2f}")
    few = records[:FEW]
    for name, asked in {"smoothgrad": 25, "integrated_gradients": 50, "gradient_shap": 50}.items():

        def bare_passes(n: int = asked) -> None:
            for ecg in x[:FEW]:
                gradient(f, ecg.expand(n, *ecg.shape), TARGET)

        ours, bare = shortest(lambda n=name: cw.attribute(few, f, TARGET, n), bare_passes)
        print(f"  {name + f' ({FEW} records)':<34}{ours:8.2f} s {bare:8.2f} s {ours / bare:6.2f}")


def rivals(f: cw.Predictor, records: list[cw.Record], folder: Path | None) -> None:
    """Print what captum and ExECG take for the same maps, and what bounds everybody."""
    execg, said = execg_of(folder)
    took, alike = compared(f, records, TARGET, execg)
    print(
        f"\ns a record, medians of {TURNS} in turns: ours (one record; one of {len(records)}), captum "
        f"(as it comes; an ECG a call), {said}"
    )
    print(took.to_string(float_format="{:.3f}".format))
    print("their time over ours (target 3 for SmoothGrad, IG and GradientSHAP)")
    ratios = took.iloc[:, 2:].div(took["ours"], axis=0)
    print(ratios.to_string(float_format="{:.2f} x".format, na_rep="-"))
    if alike:
        each = ", ".join(f"{name} {r:.2f}" for name, r in alike.items())
        print(f"r of ExECG's maps with ours (their noise and path rule differ): {each}")
    x = f.tensor(records[0]).repeat(25, 1, 1)
    found = bound(f, x, TARGET)
    print(
        f"what bounds it: {found['whole']:.2f} ms for a gradient, {found['convolutions']:.0%} of it in the "
        f"module's convolutions; {found['flop']:.2f} GFLOP, which at the {found['peak']:.0f} GFLOP/s of a "
        f"matrix product take {found['least']:.2f} ms: at most {found['whole'] / found['least']:.1f} x is left"
    )


def main(given: Sequence[str] = ()) -> None:
    """Print the tables."""
    parser = ArgumentParser(prog="python -m benchmarks attribution", description=__doc__)
    parser.add_argument(
        "--execg", type=Path, help="folder of a clone of ExECG, unless it is installed"
    )
    parts = ["twelve", "many", "rivals"]
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    options = parser.parse_args(list(given))
    warnings.filterwarnings("ignore", category=UserWarning, module="captum")
    f = cw.load(MODEL)
    half = RECORDS // 2
    hearts = [*cw.simulate("AF", half, seed=8, fs=f.fs), *cw.simulate("NSR", half, seed=9, fs=f.fs)]
    records = [heart.record for heart in hearts]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        if "twelve" in options.only:
            twelve(f, records[0])
        if "many" in options.only:
            many(f, records)
        if "rivals" in options.only:
            rivals(f, records, options.execg)
    finally:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    main()
