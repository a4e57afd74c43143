"""The layers of a module: what a forward passes, in order, and what each gives."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ..ecg import Record
from ..errors import WrapError, meant
from .records import listed, noise

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor, nn

#: Of an ECG so large a share at its beginning, then at its end, is changed to see which axis is time.
_END_SHARE = 0.1
#: Changed at the beginning and at the end, what a layer gives changes so far apart along its time axis,
#: in each of so many ECGs: a few classes may do so in one.
_APART, _PROBES = 0.25, 3


class Asked(Protocol):
    """What is asked here: a `Predictor`."""

    name: str
    leads: tuple[str, ...]
    module: nn.Module
    batch_size: int
    device: Any
    input: Any
    side: Any
    preprocess: Any

    @property
    def samples(self) -> int:
        """Samples per lead that the module takes at once."""

    def raw(self, x: Tensor, side: Tensor | None = None) -> Tensor:
        """What it answers to ECGs."""

    def batches(self, records: Sequence[Record], one: bool = False) -> list[Any]:
        """Records as tensors."""


@dataclass(frozen=True)
class Layer:
    """A module inside a model, each time that a forward calls it.

    Attributes
    ----------
    name : str
        As the model names it (``blocks.6.conv2``); the second call of a module that is used again
        is ``relu#2``.
    kind : str
        Its class.
    shape : tuple of int
        Of what it gives for one ECG: of several tensors, the first.
    ecg_axis, time_axis : int or None
        Which axis counts ECGs (or crops), and which goes along time; None where none does.
    first : str
        The first layer that gave this very tensor: of a block, its last part.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    ecg_axis: int | None
    time_axis: int | None
    first: str


@contextmanager
def outputs(module: nn.Module, wanted: str | None = None) -> Iterator[dict[str, tuple[str, Any]]]:
    """While inside, a forward notes what its layers give: name -> kind and tensor.

    Parameters
    ----------
    wanted : str, optional
        The one layer that is noted; by default all are.
    """
    found: dict[str, tuple[str, Any]] = {}
    here, calls = threading.get_ident(), dict[str, int]()

    def note(name: str, kind: str, answer: Any) -> None:
        if threading.get_ident() != here:  # another forward of the same module
            return
        calls[name] = calls.get(name, 0) + 1
        label = name if calls[name] == 1 else f"{name}#{calls[name]}"
        tensor = _first_tensor(answer)
        if tensor is not None and wanted in (None, label):
            # What works in place further on must not reach what is noted.
            found[label] = kind, tensor.clone() if wanted and not tensor.requires_grad else tensor

    handles = [
        part.register_forward_hook(
            lambda part, _, answer, name=name: note(name, type(part).__name__, answer)
        )
        for name, part in module.named_modules()
        if name and (wanted is None or name == wanted.split("#")[0])
    ]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def _first_tensor(answer: Any) -> Tensor | None:
    """The first tensor of real numbers in what a module gives."""
    import torch

    if isinstance(answer, torch.Tensor):
        return answer if answer.is_floating_point() else None
    parts = answer.values() if isinstance(answer, dict) else answer
    if not isinstance(answer, dict | tuple | list):
        return None
    return next((one for one in map(_first_tensor, parts) if one is not None), None)


#: Layers of modules that were looked at: modules keep theirs.
_KNOWN: WeakKeyDictionary[nn.Module, dict[Any, tuple[Layer, ...]]] = WeakKeyDictionary()


def layers(predictor: Asked) -> tuple[Layer, ...]:
    """The layers of a model in the order in which a forward is done with them.

    The model is asked about noise; what a change at the beginning and one at the end of it alter
    tells which axis of a layer is time, whatever the layout. Layers of TorchScript, ONNX and
    functions cannot be seen.
    """
    known = _KNOWN.setdefault(predictor.module, {})
    key = predictor.input, predictor.batch_size == 1, predictor.preprocess
    if key not in known:
        known[key] = _looked_at(predictor)
    return known[key]


def _looked_at(predictor: Asked) -> tuple[Layer, ...]:
    """The layers, by forwards of noise: as it is, changed at both ends, and two at once."""
    import torch

    def ask(ecgs: Tensor) -> dict[str, tuple[str, Any]]:
        side = predictor.side.example(len(ecgs), predictor.device)
        with torch.no_grad(), outputs(predictor.module) as found:
            predictor.raw(ecgs, side)
        return found

    probes = noise(_PROBES, len(predictor.leads), predictor.samples).to(predictor.device)
    end = max(1, round(_END_SHARE * probes.shape[-1]))
    seen = []
    for one in probes[:, None]:
        early, late = one.clone(), one.clone()
        early[..., :end] *= -2
        late[..., -end:] *= -2
        seen.append((ask(one), ask(early), ask(late)))
    pair = ask(probes[:2]) if predictor.batch_size > 1 else {}
    owner: dict[int, str] = {}
    out = []
    for name, (kind, tensor) in seen[0][0].items():
        ecgs = _ecg_axis(tensor, pair.get(name, ("", None))[1])
        trials = [[one[name][1] for one in three if name in one] for three in seen]
        time = _time_axis(trials, ecgs)
        first = owner.setdefault(id(tensor), name)
        out.append(Layer(name, kind, tuple(tensor.shape), ecgs, time, first))
    return tuple(out)


def _ecg_axis(one: Tensor, two: Tensor | None) -> int | None:
    """The axis that is twice as long for two ECGs; the first where two cannot be asked about."""
    if two is None:
        return 0 if one.ndim else None
    if two.ndim != one.ndim:
        return None
    longer = [k for k in range(one.ndim) if two.shape[k] == 2 * one.shape[k]]
    return longer[0] if longer and one.shape != two.shape else None


def _time_axis(trials: Sequence[Sequence[Tensor]], ecgs: int | None) -> int | None:
    """The axis along which what changes at the two ends of an ECG lies apart, in every trial.

    Parameters
    ----------
    trials : sequence of (as it is, changed at the beginning, changed at the end)
    """
    shape = trials[0][0].shape
    if any(len(three) < 3 or any(one.shape != shape for one in three) for three in trials):
        return None
    changes = [
        [(one - three[0]).abs().double().cpu().numpy() for one in three[1:]] for three in trials
    ]
    apart = {
        axis: min(_centre(late, axis) - _centre(early, axis) for early, late in changes)
        for axis in range(len(shape))
        if axis != ecgs and shape[axis] > 1
    }
    axis = max(apart, key=apart.__getitem__, default=None)
    return axis if axis is not None and apart[axis] > _APART else None


def _centre(change: NDArray[np.float64], axis: int) -> float:
    """Where along an axis, 0 to 1, the mean of a change lies."""
    profile = change.sum(axis=tuple(k for k in range(change.ndim) if k != axis))
    total = profile.sum()
    return float(profile @ np.linspace(0, 1, len(profile)) / total) if total > 0 else 0.5


def table(predictor: Asked) -> pd.DataFrame:
    """The layers as a table: see `Predictor.layers`."""
    import pandas as pd

    known = layers(predictor)
    rows = {
        "kind": [one.kind for one in known],
        "shape": [one.shape for one in known],
        "time_axis": [one.time_axis for one in known],
    }
    return pd.DataFrame(
        rows, index=pd.Index([one.name for one in known], name="layer"), dtype=object
    )


def layer_named(predictor: Asked, name: str) -> Layer:
    """A layer by its name.

    Raises
    ------
    WrapError
        When there is none; says which names are close, or that no layer can be seen.
    """
    known = {one.name: one for one in layers(predictor)}
    if name not in known:
        there = "layers() lists them" if known else f"{type(predictor.module).__name__} shows none"
        raise WrapError(f"{predictor.name} has no layer {name!r}{meant(name, known)}: {there}")
    return known[name]


def at_once(predictor: Any) -> Any:
    """The predictor that asks its module about all crops of an ECG in one forward.

    Raises
    ------
    WrapError
        When the module must have each alone: its layers are passed once a crop.
    """
    if not predictor.input.crops:
        return predictor
    if predictor.batch_size == 1:
        raise WrapError(
            f"{predictor.name} is asked about crops one by one (batch_size=1): what its layers give "
            "for an ECG is not to be had; wrap it with batch_size=2 or more if it can take them"
        )
    whole = copy.copy(predictor)
    whole.batch_size = 2**31
    return whole


def activations(predictor: Asked, records: Any, layer: str) -> Any:
    """What a layer gives for each record: see `Predictor.activations`."""
    import torch

    asked = layer_named(predictor, layer)
    predictor = at_once(predictor)
    many = listed(records)
    out: list[Any] = [None] * len(many)
    for places, x, side in predictor.batches(many, isinstance(records, Record)):
        with torch.no_grad(), outputs(predictor.module, layer) as found:
            predictor.raw(x, side)
        if layer not in found:
            raise WrapError(f"{predictor.name} does not pass {layer!r} for these records")
        values = found[layer][1]
        for k, one in zip(places, _by_ecg(values, asked, len(places)), strict=True):
            out[k] = one.cpu().numpy()
    return out[0] if isinstance(records, Record) else out


def _by_ecg(values: Tensor, layer: Layer, ecgs: int) -> list[Tensor]:
    """What a layer gave, split by ECG; without the axis that counts them, unless it counts crops."""
    axis = layer.ecg_axis
    if axis is None or values.shape[axis] % ecgs:
        if ecgs == 1:
            return [values]
        raise WrapError(
            f"{layer.name} gives {tuple(values.shape)} for {ecgs} ECGs, which cannot be told apart: "
            "ask about one record at a time"
        )
    parts = values.movedim(axis, 0).unflatten(0, (ecgs, -1))
    return [one[0] if len(one) == 1 else one for one in parts]
