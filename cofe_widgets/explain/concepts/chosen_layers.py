"""Six layers from the input to the output, through each of which all of the answer goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ...errors import ExplainError
from ...wrapper.layers import Layer, at_once, layers
from ...wrapper.records import noise
from .tapped import looked_up, tapped

if TYPE_CHECKING:
    from ...wrapper import Predictor

#: As many as the paper shows of each model.
LAYERS = 6
#: Answers to ECGs that differ by less are the same.
_SAME = 1e-4


def chosen_layers(f: Predictor, names: Sequence[str] | None = None) -> list[Layer]:
    """The named layers, or up to six of the model's own.

    Those are taken that all of the answer goes through: where what such a layer gives for another ECG is
    put in its place, the answer is that to the other ECG. A convolution, its normalisation and its ReLU
    count once, by the last of them; preprocessing and the outputs themselves are left out.

    Raises
    ------
    ExplainError
        For an unknown layer, or a model that shows none.
    """
    if names is not None:
        if isinstance(names, str):
            names = [names]
        if not names or len(set(names)) < len(names):
            raise ExplainError(f"layers={list(names)!r}: expected names of layers, each once")
        return looked_up(f, names)
    known = [one for one in layers(f) if one.ecg_axis is not None]
    if not known:
        raise ExplainError(
            f"{f.name} shows no layers (f.layers()): TCAV needs a torch module with layers; a function "
            "or an ONNX file has none"
        )
    found = _thinned(_through(f, _learned(f, known)), f)
    if not found:
        raise ExplainError(
            f"no layer of {f.name} is passed by all of its answer: name some, layers=[...]; f.layers() "
            "lists them"
        )
    at = np.unique(np.linspace(0, len(found) - 1, min(LAYERS, len(found))).round().astype(int))
    return [found[k] for k in at]


def _learned(f: Predictor, known: Sequence[Layer]) -> Sequence[Layer]:
    """The layers from the first on that has weights: filters and scaling before it learned nothing."""
    parts = dict(f.module.named_modules())
    weighted = (
        k
        for k, layer in enumerate(known)
        if next(parts[layer.name.split("#")[0]].parameters(), None) is not None
    )
    return known[next(weighted, 0) :]


def _through(f: Predictor, known: Sequence[Layer]) -> list[tuple[Layer, Tensor]]:
    """Layers that all of the answer goes through, with what they give."""
    f = at_once(f)
    one, other = noise(2, len(f.leads), f.samples).to(f.device).split(1)
    other = 3 * other
    side = f.side.example(1, f.device)
    out = []
    with torch.no_grad():
        with tapped(f.module, [layer.name for layer in known]) as given:
            wanted = f.raw(one, side)
        for layer in known:
            if layer.name not in given:
                continue
            try:
                with tapped(f.module, [layer.name], given[layer.name]):
                    answer = f.raw(other, side)
            except ValueError:  # it does not take what is given there
                continue
            if bool(((answer - wanted).abs() <= _SAME * (1 + wanted.abs())).all()):
                out.append((layer, given[layer.name]))
    return out


def _thinned(found: Sequence[tuple[Layer, Tensor]], f: Predictor) -> list[Layer]:
    """Of layers of one shape that follow each other the last; neither preprocessing nor the outputs."""
    out: list[tuple[Layer, Tensor]] = []
    for layer, values in found:
        if not out:
            out.append((layer, values))
            continue
        before, its = out[-1]
        same = its.numel() == values.numel() and torch.equal(its.flatten(), values.flatten())
        if before.shape == layer.shape and not same:
            out[-1] = layer, values
        elif same and _is_block_of(layer, before, [one for one, _ in out[:-1]]):
            # A block is known by its own name, not by that of its last part.
            out[-1] = layer, values
        elif not same:
            out.append((layer, values))
    if len(out) > 1 and out[-1][0].shape == (1, len(f.outputs)):
        out.pop()
    return [layer for layer, _ in out]


def _is_block_of(layer: Layer, part: Layer, others: Sequence[Layer]) -> bool:
    """Whether a layer is the block around a part, and around none of the others."""
    inside = f"{layer.name}."
    return part.name.startswith(inside) and not any(one.name.startswith(inside) for one in others)
