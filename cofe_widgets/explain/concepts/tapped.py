"""What layers give for ECGs, and the gradient of an answer there; several layers in one pass."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from ...errors import ExplainError
from ...wrapper.layers import Layer, layer_named

if TYPE_CHECKING:
    from ...wrapper import Predictor

#: How a layer's activations become the features of a linear classifier.
Features = Literal["pooled", "flat"]


@contextmanager
def tapped(
    module: nn.Module, names: Sequence[str], instead: Tensor | None = None
) -> Iterator[dict[str, Tensor]]:
    """While inside, a forward notes what named layers give, as part of the graph.

    Parameters
    ----------
    module : nn.Module
    names : sequence of str
        Of layers (`wrapper.layers.Layer`): ``relu#2`` is the second call of ``relu``.
    instead : Tensor, optional
        What the one named layer is made to give.
    """
    found: dict[str, Tensor] = {}
    calls: dict[str, int] = {}
    here = threading.get_ident()

    def note(name: str, answer: Any) -> Any:
        if threading.get_ident() != here or not isinstance(answer, Tensor):
            return None
        calls[name] = calls.get(name, 0) + 1
        label = name if calls[name] == 1 else f"{name}#{calls[name]}"
        if label not in names:
            return None
        found[label] = answer if instead is None else instead
        # What works in place further on must change neither what is noted nor its gradient.
        return found[label].clone()

    modules = dict(module.named_modules())
    handles = [
        modules[name].register_forward_hook(lambda _m, _i, answer, name=name: note(name, answer))
        for name in dict.fromkeys(one.split("#")[0] for one in names)
    ]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def features(
    values: Tensor, layer: Layer, ecgs: int, how: Features, gradient: bool = False
) -> Tensor:
    """What a layer gave for several ECGs as features, ``(ecgs, features)``.

    Parameters
    ----------
    values : Tensor
        As the layer gives it; of crops, all crops of an ECG follow each other.
    how : "pooled" or "flat"
        Pooled, the mean over time (and crops) of every channel; flat, every value by itself.
    gradient : bool
        Whether these are gradients: those of a mean's channel are summed over time, as all moments move.
    """
    assert layer.ecg_axis is not None
    if values.shape[layer.ecg_axis] % ecgs:
        raise ExplainError(
            f"{layer.name} gives {tuple(values.shape)} for {ecgs} ECGs, which cannot be told apart: "
            "choose another layer"
        )
    parts = values.movedim(layer.ecg_axis, 0).unflatten(0, (ecgs, -1))  # (ecgs, crops, ...)
    if how == "flat":
        return parts.flatten(1)
    axes = [1]
    if layer.time_axis is not None:
        time = layer.time_axis
        # The axis of ECGs went to the front, and that of crops stands behind it.
        axes.append(time + 2 if time < layer.ecg_axis else time + 1)
    pooled = parts.sum(dim=axes) if gradient else parts.mean(dim=axes)
    return pooled.flatten(1)


def looked_up(f: Predictor, names: Sequence[str]) -> list[Layer]:
    """Layers by name.

    Raises
    ------
    ExplainError
        For an unknown layer (close names are said), or one that does not count ECGs.
    """
    out = []
    for name in names:
        try:
            layer = layer_named(f, name)
        except ValueError as error:
            raise ExplainError(str(error)) from error
        if layer.ecg_axis is None:
            raise ExplainError(
                f"layer {name!r} gives {layer.shape}: no axis of it counts ECGs; choose another layer"
            )
        out.append(layer)
    return out


def activations(
    f: Predictor, layers: Sequence[Layer], x: Tensor, side: Tensor | None, how: Features
) -> list[Tensor]:
    """Features of every layer for ECGs ``(n, leads, samples)`` in mV, each ``(n, features)``."""
    with torch.no_grad(), tapped(f.module, [one.name for one in layers]) as found:
        f.raw(x, side)
    _all_passed(f, layers, found)
    return [features(found[one.name], one, len(x), how) for one in layers]


def gradients(
    f: Predictor,
    layers: Sequence[Layer],
    x: Tensor,
    side: Tensor | None,
    target: str,
    how: Features,
) -> list[Tensor]:
    """Gradient of the log-odds of ``target`` (or its value) by the features of every layer.

    Raises
    ------
    ExplainError
        When a layer has none: the answer does not depend on it, or it is cut off from the answer.
    """
    with torch.enable_grad(), tapped(f.module, [one.name for one in layers]) as found:
        # Something has to ask for gradients where the weights are frozen.
        answer = f.score(f.raw(x.detach().requires_grad_(), side), target)
    _all_passed(f, layers, found)
    values = [found[one.name] for one in layers]
    cut = [one.name for one, value in zip(layers, values, strict=True) if not value.requires_grad]
    if cut or not answer.requires_grad:
        raise ExplainError(
            f"layer {(cut or [layers[0].name])[0]!r} of {f.name} has no gradients: something before or in "
            "it is cut off from the answer (detach, rounding, a function of arrays); choose a later layer"
        )
    slopes = torch.autograd.grad(answer.sum(), values, allow_unused=True)
    for one, slope in zip(layers, slopes, strict=True):
        if slope is None:
            raise ExplainError(
                f"layer {one.name!r} of {f.name} has no gradient of {target}: the answer does not depend "
                "on it through anything that can be differentiated; choose another layer"
            )
    return [
        features(slope, one, len(x), how, gradient=True)
        for one, slope in zip(layers, slopes, strict=True)
    ]


def _all_passed(f: Predictor, layers: Sequence[Layer], found: dict[str, Tensor]) -> None:
    missing = [one.name for one in layers if one.name not in found]
    if missing:
        raise ExplainError(
            f"{f.name} does not pass layer {missing[0]!r} as one tensor for these records: choose another"
        )
