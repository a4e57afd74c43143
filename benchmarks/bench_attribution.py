"""Speed of attribution: twelve methods of one record, many records, and captum called in a loop.

``python -m benchmarks attribution``; needs no recording. Times are of the processor, of one thread, the
shortest of some taken in turns: they bear a machine that others use, too. What takes so long on one
core takes no longer on two.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import numpy as np
import torch
from captum.attr import GradientShap, IntegratedGradients, NoiseTunnel, Saliency
from torch import Tensor

import cofe_widgets as cw
from cofe_widgets.explain.attribution.baseline import baseline_ecgs
from cofe_widgets.explain.attribution.gradients import gradient, score

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


def captum_loops(f: cw.Predictor, records: list[cw.Record]) -> None:
    """Print how long captum takes, a record at a time: as it comes, and an ECG at a time."""
    x = f.tensor(records)
    starts = baseline_ecgs("normal", x, f, 8)

    def ask(part: Tensor) -> Tensor:
        return score(f, part, TARGET)

    def smoothgrad(size: int | None) -> None:
        for ecg in x[:, None]:
            NoiseTunnel(Saliency(ask)).attribute(
                ecg, nt_samples=25, nt_samples_batch_size=size, stdevs=0.02, abs=False
            )

    def integrated(size: int | None) -> None:
        for ecg in x[:, None]:
            IntegratedGradients(ask).attribute(ecg, n_steps=50, internal_batch_size=size)

    def shap(size: int | None) -> None:
        # It has no size of its own: so many calls of one sample each are the same.
        for ecg, start in zip(x[:, None], starts, strict=True):
            for _ in range(50 if size else 1):
                GradientShap(ask).attribute(ecg, start, n_samples=1 if size else 50, stdevs=0.02)

    print(f"\ncaptum in a loop over {len(records)} records, over ours (target 3)")
    print(f"  {'':<34}{'ours':>10}{'as it comes':>14}{'an ECG at a time':>20}")
    loops = {"smoothgrad": smoothgrad, "integrated_gradients": integrated, "gradient_shap": shap}
    for name, loop in loops.items():
        ours, whole, single = shortest(
            lambda n=name: cw.attribute(records, f, TARGET, n),
            lambda work=loop: work(None),
            lambda work=loop: work(1),
            times=2,
        )
        print(f"  {name:<34}{ours:8.2f} s{whole / ours:13.2f}x{single / ours:19.2f}x")


def main() -> None:
    """Print the tables."""
    warnings.filterwarnings("ignore", category=UserWarning, module="captum")
    f = cw.load(MODEL)
    half = RECORDS // 2
    hearts = [*cw.simulate("AF", half, seed=8, fs=f.fs), *cw.simulate("NSR", half, seed=9, fs=f.fs)]
    records = [heart.record for heart in hearts]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        twelve(f, records[0])
        many(f, records)
        captum_loops(f, records[:FEW])
    finally:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    main()
