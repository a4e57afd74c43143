"""Class activation maps: where along time the feature maps of a layer speak for an output."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import ExplainError, WrapError
from ...wrapper.layers import Layer, at_once, layer_named, layers, outputs
from .gradients import score
from .method import Method

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor

#: What mixes moments of time that lie far apart ends the search for a convolution's feature maps.
_MIXERS = ("LSTM", "GRU", "RNN", "Attention", "Transformer")

#: Weighs feature maps ``(n, channels, time)`` by their gradients of that shape: a map ``(n, time)``.
Weigh = Callable[["Tensor", "Tensor"], "Tensor"]


class ClassActivation(Method):
    """A method that weighs the feature maps of a layer: named, or the last of convolutions along time."""

    needs = frozenset({"gradients"})

    def __call__(
        self,
        predictor: Predictor,
        x: Tensor,
        target: str,
        *,
        layer: str | None = None,
        signed: bool = True,
    ) -> Tensor:
        """See `Method`."""

        def weigh(maps: Tensor, gradients: Tensor) -> Tensor:
            return self.weighed(maps, gradients, signed)

        return class_activation(predictor, x, target, layer, weigh)

    @abstractmethod
    def weighed(self, maps: Tensor, gradients: Tensor, signed: bool) -> Tensor:
        """Feature maps ``(n, channels, time)`` weighed by their gradients: maps ``(n, time)``."""

    def facts(self, predictor: Predictor, **options: Any) -> dict[str, Any]:
        """See `Method`: the layer that was found or named."""
        return {"layer": found_layer(predictor, options["layer"]).name}


def found_layer(predictor: Predictor, name: str | None) -> Layer:
    """The layer of that name; by default the last feature maps of convolutions that go along time.

    These are what the last convolution gives, and what stands behind it at the same length (batch
    normalisation, ReLU, the sum with a residual link), up to pooling or what mixes times.

    Raises
    ------
    ExplainError
        When there is none, or it has no time axis.
    """
    refused = f"{predictor.name} cannot be explained by class activation"
    if name is not None:
        try:
            layer = layer_named(predictor, name)
        except WrapError as error:
            raise ExplainError(str(error)) from error
        if layer.time_axis is None or layer.ecg_axis is None:
            raise ExplainError(
                f"{refused} at {name!r}: of what it gives, {layer.shape} for one ECG, no axis goes "
                f"along time{' in each ECG' if layer.ecg_axis is None else ''}"
            )
        return layer
    known = layers(predictor)
    sound = [one.time_axis is not None and one.ecg_axis is not None for one in known]
    convolutions = [k for k, one in enumerate(known) if one.kind.startswith("Conv") and sound[k]]
    if not convolutions:
        named = [one.name for one in known if one.time_axis is not None]
        instead = f"; layer= takes one of {', '.join(named[-5:])}" if named else ""
        raise ExplainError(f"{refused}: it has no convolution that goes along time{instead}")
    last = known[convolutions[-1]]
    for k in range(convolutions[-1] + 1, len(known)):
        one = known[k]
        mixes = any(word in one.kind for word in _MIXERS)
        if mixes or not sound[k] or _length(one) != _length(last):
            break
        last = one
    return next(one for one in known if one.name == last.first)


def _length(layer: Layer) -> int:
    assert layer.time_axis is not None
    return layer.shape[layer.time_axis]


def class_activation(
    predictor: Predictor, x: Tensor, target: str, layer: str | None, weigh: Weigh
) -> Tensor:
    """The maps of ECGs ``(n, leads, samples)``, upsampled to samples, the same for all leads.

    Raises
    ------
    ExplainError
        When the layer, or one for each ECG, is not there, or the score does not come by it.
    """
    import torch

    chosen = found_layer(predictor, layer)
    f = at_once(predictor)
    maps = []
    for part in x.split(predictor.batch_size):
        leaf = part.detach().requires_grad_(True)
        with torch.enable_grad(), outputs(f.module, chosen.name) as found:
            total = score(f, leaf, target).sum()
        if chosen.name not in found:
            raise ExplainError(f"{f.name} does not pass {chosen.name!r} for this ECG")
        given = found[chosen.name][1]
        gradient = None
        if given.requires_grad:
            (gradient,) = torch.autograd.grad(total, given, allow_unused=True)
        if gradient is None:
            raise ExplainError(
                f"{f.name}: its answer for {target} does not come by {chosen.name!r}"
            )
        both = [_channels_first(one.detach(), chosen) for one in (given, gradient)]
        values = _on_ecgs(predictor, weigh(*both), part)
        maps.append(values[:, None].expand(part.shape))
    return torch.cat(maps)


def _channels_first(values: Tensor, layer: Layer) -> Tensor:
    """What a layer gives as ``(n, channels, time)``, whatever the order of its axes."""
    assert layer.ecg_axis is not None and layer.time_axis is not None
    moved = values.movedim((layer.ecg_axis, layer.time_axis), (0, -1))
    return moved.reshape(len(moved), -1, moved.shape[-1])


def _on_ecgs(predictor: Predictor, maps: Tensor, x: Tensor) -> Tensor:
    """Maps ``(n or more, time)`` of what the module takes as maps of the ECGs ``(n, samples)``.

    Linear interpolation; of crops that overlap the mean; what was padded is left out.
    """
    import torch
    from torch.nn.functional import interpolate

    n, samples = len(x), x.shape[-1]
    takes = predictor.input
    length = takes.samples if takes.crops and samples > takes.samples else samples
    padded = max(length, takes.samples) if takes.pad is not None else length
    if len(maps) % n:
        raise ExplainError(f"the layer gives {len(maps)} maps for {n} ECGs: name another one")
    whole = interpolate(maps[:, None], padded, mode="linear", align_corners=False)[:, 0]
    before = (padded - length) // 2 if takes.pad == "zero" else 0
    whole = whole[:, before : before + length].unflatten(0, (n, -1))
    starts = [*range(0, samples - length + 1, length)]
    if starts[-1] + length < samples:
        starts.append(samples - length)
    if len(starts) != whole.shape[1]:
        raise ExplainError(
            f"the layer gives {whole.shape[1]} maps for an ECG of {len(starts)} crops: name another one"
        )
    values, times = torch.zeros(n, samples).to(x), torch.zeros(samples).to(x)
    for k, start in enumerate(starts):
        values[:, start : start + length] += whole[:, k]
        times[start : start + length] += 1
    return values / times
