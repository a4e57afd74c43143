"""What a module is asked when it is wrapped, to see whether it is what it was described as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..ecg import LEADS
from ..errors import WrapError
from ..models.number_type import number_type
from .predictor import Predictor
from .records import noise

#: Hearts that models are tried with.
_HEARTS = ("NSR", "AF", "LBBB")
#: Layouts that are tried where the one described does not work.
_LAYOUTS = ("ntc", "n1ct", "nc1t", "nct1")
#: Two answers to one ECG differ by no more than this of their size, and rows of probabilities sum to
#: one so closely, by the number type of the module.
_SAME, _COARSE = 1e-3, {torch.float16: 0.03, torch.bfloat16: 0.1}
#: The same where it computes in few whole numbers.
_QUANTISED = 0.1
#: What of an autograd graph lies between the last layer and the answer.
_WAY = ("View", "Reshape", "Squeeze", "Unsqueeze", "ToCopy", "Alias", "Clone", "Select", "Slice",
        "Transpose", "Permute", "Cat", "Stack", "T", "Split", "Index", "Expand")  # fmt: skip
#: What of a graph ends in: a layer of weights answers logits.
_ENDS = {
    "Softmax": "softmax",
    "SafeSoftmax": "softmax",
    "Sigmoid": "sigmoid",
    "LogSoftmax": "log_softmax",
    "Addmm": "layer",
    "Mm": "layer",
    "Convolution": "layer",
}


@lru_cache(maxsize=1)
def _hearts() -> tuple[NDArray[np.float32], float]:
    from ..simulate import simulate

    made = [simulate(code, seed=11)[0].record for code in _HEARTS]
    return np.stack([one.standard().signal for one in made]), made[0].fs


def hearts(f: Predictor, samples: int) -> Tensor:
    """Simulated hearts as a model sees them, ``(3, leads, samples)`` in mV."""
    from scipy.signal import resample_poly

    signals, fs = _hearts()
    rows = [LEADS.index(name) if name in LEADS else 1 for name in f.leads]
    ratio = [round(value * 4) for value in (f.fs, fs)]
    at_rate = resample_poly(signals[:, rows], *ratio, axis=2, padtype="line")
    times = -(-samples // at_rate.shape[2])
    return torch.from_numpy(np.tile(at_rate, times)[..., :samples].astype(np.float32))


def _asked(f: Predictor, x: Tensor) -> Tensor:
    """What the module answers to probes, before probabilities become logits."""
    with torch.no_grad():
        return f.rows(x.to(f.device), f.side.example(len(x), f.device)).detach().cpu().double()


def check(f: Predictor) -> Predictor:
    """The predictor, where the module answers as it is described; of probabilities, of which kind.

    Raises
    ------
    WrapError
        In words, for anything else.
    """
    with torch.random.fork_rng(devices=[]), number_type():
        x = noise(2, len(f.leads), f.samples)
        first = _first(f, x)
        if not bool(torch.isfinite(first).all()):
            raise WrapError(f"{f.name} answers NaN or infinity to 0.1 mV of noise")
        _check_repeats(f, x, first)
        _check_alone(f, x, first)
        if f.output == "linear":
            return f
        answers, end = first, _end(f, x[:1])
        for more in _others(f, x):
            kind = probabilities(f, answers)
            if not kind or (kind == "sigmoid" and end == "layer" and not f.answer.probabilities):
                break  # logits, as most models answer: nothing more is asked of a large one
            answers = torch.cat([answers, more])
        return _kind(f, answers, end)


def _first(f: Predictor, x: Tensor) -> Tensor:
    """The answer to two ECGs; a failure with what works instead."""
    try:
        return _asked(f, x)
    except WrapError as error:
        raise WrapError(
            f"{error}{_hint(f, x, failed='fails on an input' in str(error))}"
        ) from error


def _hint(f: Predictor, x: Tensor, *, failed: bool) -> str:
    """What would work, of what was not asked for; else, of a module that failed, what can be said."""
    if f.batch_size != 1 and _works(f, x[:1]):
        return ". It takes one ECG at a time: wrap(..., batch_size=1)"
    if f.preprocess is None and f.input.layout == "nct":
        for layout in [*_LAYOUTS, *(["nt"] if len(f.leads) == 1 else [])]:
            if _works(f, x, input=replace(f.input, layout=layout)):
                return f". It does take the layout {layout!r}: wrap(..., layout={layout!r})"
        if _works(f, x, preprocess=_flat):
            return ". It does take all samples in one row: wrap(..., preprocess=lambda x: x.flatten(1))"
    if not failed:
        return ""
    return (
        f". Asked as n, leads, samples = {tuple(x.shape)}: layout= says another order of axes, "
        "seconds= and fs= how many samples, pad= and window= what becomes of shorter and longer ones"
    )


def _flat(x: Tensor) -> Tensor:
    return x.flatten(1)


def _works(f: Predictor, x: Tensor, **used: Any) -> bool:
    """Whether the model answers where it is used otherwise."""
    other = f.__copy__()
    vars(other).update(used)
    try:
        return bool(torch.isfinite(_asked(other, x)).all())
    except WrapError:
        return False


def _spread(f: Predictor, answer: Tensor) -> float:
    """By how much two answers to one ECG may differ."""
    return _coarseness(f) * max(1.0, float(answer.abs().max()))


def _coarseness(f: Predictor) -> float:
    """How coarsely a module computes, relative to the size of its answers."""
    if any("quantized" in type(part).__module__ for part in f.module.modules()):
        return _QUANTISED
    kinds = {one.dtype for one in (*f.module.parameters(), *f.module.buffers())}
    return max((_COARSE.get(kind, _SAME) for kind in kinds), default=_SAME)


def _check_repeats(f: Predictor, x: Tensor, answer: Tensor) -> None:
    """Refuse answers that differ from call to call."""
    apart = float((_asked(f, x) - answer).abs().max())
    if not apart <= _spread(f, answer):
        raise WrapError(
            f"{f.name} answers the same ECG differently from call to call (by {apart:.3g}), in "
            "evaluation mode: is dropout forced on, noise drawn in forward(), or a state kept? An "
            "explanation needs one answer: switch it off, or fix the seed inside forward()"
        )


def _check_alone(f: Predictor, x: Tensor, answer: Tensor) -> None:
    """Refuse answers that depend on the other ECGs of a batch."""
    try:
        alone = _asked(f, x[:1])
    except WrapError as error:
        raise WrapError(
            f"{f.name} takes two ECGs, but not one alone (a squeeze(), or statistics of the batch?): "
            f"{error}"
        ) from error
    apart = float((alone - answer[: len(alone)]).abs().max())
    if not apart <= _spread(f, answer):
        raise WrapError(
            f"{f.name} answers an ECG alone otherwise than beside another (by {apart:.3g}): does it "
            "normalise over the batch (batch normalisation without running statistics), or mix up "
            "axes? wrap(..., batch_size=1) asks every ECG alone"
        )


def _others(f: Predictor, x: Tensor) -> Iterator[Tensor]:
    """Answers to hearts, and to what no heart is: there logits leave the range of probabilities."""
    real, time = hearts(f, f.samples), torch.linspace(0, 1, x.shape[-1])
    odd = (100 * x, -20 * real[:2], 50 * real[1:], 5 * time.expand_as(x), 0 * x - 3)
    for asked in (real[:2], real[1:], *odd):
        try:
            answer = _asked(f, asked)
        except WrapError:
            continue
        yield answer[torch.isfinite(answer).all(dim=1)]


def _kind(f: Predictor, answers: Tensor, end: str) -> Predictor:
    """What the answers are, held against what they were said to be."""
    kind = probabilities(f, answers)
    shown = ", ".join(f"{value:.3g}" for value in answers[0].tolist()[:4])
    if f.answer.probabilities:
        if kind not in ("softmax", "sigmoid"):
            logs = "log-probabilities, which output='softmax' takes as they are"
            what = logs if kind == "log_softmax" else "no probabilities"
            raise WrapError(
                f"{f.name} answers {shown}, {what}: expected numbers from 0 to 1"
                + ("" if kind == "log_softmax" else "; logits are output='softmax' or 'sigmoid'")
            )
        f.output = "softmax" if kind == "softmax" else "sigmoid"
        return f
    if kind == "log_softmax":
        if f.output == "sigmoid":
            raise WrapError(
                f"{f.name} answers log-probabilities of a softmax ({shown}), not the logits of a "
                "sigmoid: use output='softmax', which takes them as they are"
            )
        return f
    if kind == "percent":
        raise WrapError(
            f"{f.name} answers percentages ({shown}): use postprocess=lambda y: y / 100 and "
            "output='probabilities'"
        )
    constant = bool((answers == answers[:1]).all()) and end not in ("softmax", "sigmoid")
    if constant or (kind == "sigmoid" and end == "layer"):
        return f  # of which nothing can be said; or small logits of a layer of weights
    if kind:
        sums = ", and rows sum to one" if kind == "softmax" else ""
        raise WrapError(
            f"{f.name} answers probabilities (all answers lie in [0, 1]{sums}; the first: {shown}), "
            f"and output={f.output!r} expects logits, which would be squashed twice. Use "
            f"output='probabilities', or better the module without its last {kind}: logits say more "
            "where a model is sure"
        )
    return f


def probabilities(f: Predictor, answers: Tensor) -> str:
    """What rows of answers are by their numbers.

    Returns
    -------
    str
        ``"softmax"`` (probabilities that sum to one), ``"sigmoid"`` (others), ``"log_softmax"``,
        ``"percent"``, or an empty text: logits.
    """
    several = answers.shape[1] > 1
    near = _coarseness(f)
    total = answers.sum(dim=1)
    if bool(((answers >= -1e-6) & (answers <= 1 + near)).all()):
        return "softmax" if several and bool(((total - 1).abs() < near).all()) else "sigmoid"
    if several and bool((answers <= 1e-6).all()):
        return "log_softmax" if bool((answers.exp().sum(dim=1) - 1).abs().max() < near) else ""
    if several and bool((answers >= 0).all()):
        return "percent" if bool((total - 100).abs().max() < 100 * near) else ""
    return ""


def _end(f: Predictor, x: Tensor) -> str:
    """What the module's graph ends in, of `_ENDS`; empty where that cannot be told."""
    try:
        with torch.enable_grad():
            y = f.rows(x.to(f.device).requires_grad_(True), f.side.example(len(x), f.device))
    except WrapError:
        return ""
    node = y.grad_fn
    while node is not None:
        name = node.name().removesuffix("Backward0").removesuffix("Backward1").lstrip("_")
        if name in _ENDS:
            return _ENDS[name]
        if not name.startswith(_WAY) or not node.next_functions:
            return ""
        node = node.next_functions[0][0]
    return ""
