"""What others take for the same maps: captum, a record and an ECG at a time, and ExECG; and what bounds all.

ExECG 0.1.0 (github.com/MAIResearch/ExECG) is compared where it is installed or a folder of it is given.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from types import ModuleType

import numpy as np
import pandas as pd
import torch
from captum.attr import GradientShap, IntegratedGradients, LayerGradCam, NoiseTunnel, Saliency
from torch import Tensor, nn

import cofe_widgets as cw
from cofe_widgets.explain.attribution.baseline import baseline_ecgs
from cofe_widgets.explain.attribution.gradients import gradient, score
from cofe_widgets.explain.attribution.similarity import pearson

Work = Callable[[], object]
TURNS = 5
#: Copies of SmoothGrad, steps of integrated gradients and samples of GradientSHAP, ours by default.
COPIES, STEPS, SAMPLES = 25, 50, 50
METHODS = ("smoothgrad", "integrated_gradients", "gradient_shap", "gradcam")


def in_turns(works: Mapping[str, Work], turns: int = TURNS) -> dict[str, float]:
    """Median time of the processor of each, s, after one run to warm up; they take turns."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(turns + 1):
        for name, work in works.items():
            began = time.process_time()
            work()
            if turn:
                taken[name].append(time.process_time() - began)
    return {name: median(some) for name, some in taken.items()}


def execg_of(folder: Path | None) -> tuple[ModuleType | None, str]:
    """The package ExECG, and where it is from or that it is not there."""
    if folder is not None:
        sys.path.insert(0, str(folder))
    try:
        found = importlib.import_module("execg")
    except ImportError as error:
        return None, (
            f"ExECG is not here ({error}): not compared. A clone of github.com/MAIResearch/ExECG "
            "is given by --execg FOLDER"
        )
    finally:
        if folder is not None:
            sys.path.remove(str(folder))
    return found, f"ExECG {found.__version__}"


class _Scored(nn.Module):
    """The score that is explained as the one output of a module, ``(n, 1)``, which ExECG takes."""

    def __init__(self, f: cw.Predictor, target: str) -> None:
        super().__init__()
        self.module, self.ask = f.module, lambda x: score(f, x, target)

    def forward(self, x: Tensor) -> Tensor:
        return self.ask(x)[:, None]


def captum_works(
    f: cw.Predictor, x: Tensor, target: str, layer: str, single: bool
) -> dict[str, Work]:
    """captum called for a record at a time: copies or steps in one call, or an ECG in each."""
    size = 1 if single else None
    starts = baseline_ecgs("normal", x[None] if x.ndim == 2 else x, f, 8)[0]
    module = f.module.get_submodule(layer)

    def ask(part: Tensor) -> Tensor:
        return score(f, part, target)

    def shap() -> None:
        # It has no size of its own: so many calls of one sample each are the same.
        for _ in range(SAMPLES if single else 1):
            many = 1 if single else SAMPLES
            GradientShap(ask).attribute(x, starts, n_samples=many, stdevs=0.02)

    return {
        "smoothgrad": lambda: NoiseTunnel(Saliency(ask)).attribute(
            x, nt_samples=COPIES, nt_samples_batch_size=size, stdevs=0.02, abs=False
        ),
        "integrated_gradients": lambda: IntegratedGradients(ask).attribute(
            x, n_steps=STEPS, internal_batch_size=size
        ),
        "gradient_shap": shap,
        "gradcam": lambda: LayerGradCam(ask, module).attribute(x),
    }


def execg_works(
    execg: ModuleType, f: cw.Predictor, x: Tensor, target: str, layer: str
) -> dict[str, Callable[[], dict[str, np.ndarray]]]:
    """ExECG's own methods for one record, with as many passes as ours."""
    model = execg.TorchModelWrapper(_Scored(f, target))
    plain = {"absolute": False, "normalize": False}
    maps, cam = execg.SaliencyMap(model, **plain), execg.GradCAM(model, **plain)
    return {
        "smoothgrad": lambda: maps.explain(
            x, 0, "smooth_grad", n_samples=COPIES, noise_level=0.02, random_seed=0
        ),
        "integrated_gradients": lambda: maps.explain(x, 0, "integrated_gradients", n_steps=STEPS),
        "gradcam": lambda: cam.explain(x, 0, f"module.{layer}"),
    }


def compared(
    f: cw.Predictor, records: Sequence[cw.Record], target: str, execg: ModuleType | None
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Times a record, s, of ours and theirs for each method; and r of ExECG's maps with ours."""
    first = records[0]
    x = f.tensor(first)
    layer = str(cw.attribute(first, f, target, "gradcam").provenance["layer"])
    whole, single = (captum_works(f, x, target, layer, one) for one in (False, True))
    theirs = execg_works(execg, f, x, target, layer) if execg else {}
    rows, alike = {}, {}
    for name in METHODS:
        works: dict[str, Work] = {
            "ours": lambda n=name: cw.attribute(first, f, target, n),
            "captum": whole[name],
            "captum, an ECG a call": single[name],
        }
        if name in theirs:
            works["ExECG"] = theirs[name]
            own = cw.attribute(first, f, target, name).values[None].astype(float)
            alike[name] = float(pearson(own, theirs[name]()["results"])[0])
        took = in_turns(works)
        many = in_turns({"": lambda n=name: cw.attribute(records, f, target, n)}, turns=1)[""]
        rows[name] = {"ours": took.pop("ours"), f"of {len(records)}": many / len(records), **took}
    return pd.DataFrame.from_dict(rows, orient="index"), alike


def bound(f: cw.Predictor, x: Tensor, target: str) -> dict[str, float]:
    """What no caller of the module can go below: of a gradient of a batch the time, and its parts.

    Returns
    -------
    dict
        ``whole`` ms an ECG; ``convolutions``, share of it in convolutions; ``flop``, GFLOP an ECG; ``peak``,
        GFLOP/s of a product of two matrices here; ``least``, ms an ECG if all of it went at that.
    """
    from torch.profiler import ProfilerActivity, profile
    from torch.utils.flop_counter import FlopCounterMode

    n = len(x)
    with FlopCounterMode(display=False) as counter:
        gradient(f, x, target)
    flop = counter.get_total_flops() / n / 1e9
    a, b = torch.randn(2, 1024, 1024)
    took = in_turns({"whole": lambda: gradient(f, x, target), "product": lambda: a @ b})
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        gradient(f, x, target)
    parts = {one.key: one.self_cpu_time_total for one in profiled.key_averages()}
    heavy = sum(t for key, t in parts.items() if "convolution" in key and key.startswith("aten"))
    peak = 2 * 1024**3 / took["product"] / 1e9
    return {
        "whole": took["whole"] / n * 1e3,
        "convolutions": heavy / sum(parts.values()),
        "flop": flop,
        "peak": peak,
        "least": flop / peak * 1e3,
    }
