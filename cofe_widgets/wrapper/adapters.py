"""Whatever people bring as a model: a copy of their module, an adapter for what is none, or what to do."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import WrapError
from .identity import said
from .numbers import in_evaluation
from .onnx import OnnxModel, is_onnx

#: What to do with a file, by its ending.
_FILES = {
    ".safetensors": "cw.load(path) reads one that this package wrote; another holds weights alone: "
    "make the module and module.load_state_dict(safetensors.torch.load_file(path))",
    ".pt2": "open it with torch.export.load(path) and wrap that",
    ".h5": "a Keras file: open it with keras.models.load_model(path), and " + "{keras}",
    ".keras": "open it with keras.models.load_model(path), and " + "{keras}",
    ".pkl": "nothing is unpickled here: open it yourself and wrap the object",
    ".joblib": "nothing is unpickled here: open it yourself and wrap the object",
}
_KERAS = (
    "give its predict as a function, cw.wrap(lambda x: model.predict(x, verbose=0), layout='ntc', "
    "output='probabilities', ...) (no gradients), or convert it: python -m tf2onnx.convert"
)
_WEIGHTS = (
    "make the module, module = Net(...), module.load_state_dict(torch.load(path, "
    "weights_only=True)), and wrap that; TorchScript opens with torch.jit.load(path)"
)


class FunctionModel(nn.Module):
    """A function of numpy arrays as a module: it is asked as it is, and gives no gradients.

    Parameters
    ----------
    function : callable
        Of ``(n, leads, samples)`` float32, and of the side inputs ``(n, k)`` where there are any.
    name : str
    """

    #: What of it cannot be told apart by content goes into the hash by its kind.
    is_adapter = True

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        super().__init__()
        self.function, self.name = function, name

    def extra_repr(self) -> str:
        """The function's name: part of the hash."""
        return self.name

    def get_extra_state(self) -> Any:
        """What the function is made of, for the hash of the weights."""
        return {"function": self.function}

    def __deepcopy__(self, memo: dict[int, Any]) -> FunctionModel:
        return FunctionModel(self.function, self.name)

    def forward(self, x: Tensor, *side: Tensor) -> Any:
        """The function's answer, arrays as tensors."""
        given = [one.detach().cpu().numpy().copy() for one in (x, *side)]
        try:
            answer = self.function(*given)
        except Exception:
            if self._takes_tensors(x, *side):
                raise TypeError(
                    "it takes torch tensors. Wrap the module itself, or an nn.Module whose forward() "
                    "does what this function does: gradients and the hash of weights need the module"
                ) from None
            raise
        return _tensors(answer, x.device)

    def _takes_tensors(self, *given: Tensor) -> bool:
        try:
            return isinstance(self.function(*(one.detach().clone() for one in given)), Tensor)
        except Exception:
            return False


def _tensors(value: Any, device: torch.device) -> Any:
    """Arrays in an answer, and in the tuples and dicts of it, as tensors."""
    if isinstance(value, Mapping):
        return {key: _tensors(one, device) for key, one in value.items()}
    if isinstance(value, tuple):
        return tuple(_tensors(one, device) for one in value)
    if isinstance(value, Tensor):
        return value.detach().to(device)
    try:
        array = np.asarray(value)
        return torch.from_numpy(np.array(array)).to(device) if array.dtype != object else value
    except (TypeError, ValueError):  # an array of texts, or of arrays of unequal length
        return value


def module_of(given: Any) -> tuple[nn.Module, str]:
    """A module of one's own for what was given, and its name.

    Raises
    ------
    WrapError
        For what is no model: says what was given, what is wanted, and how to get there.
    """
    if isinstance(given, torch.export.ExportedProgram):
        given = given.module()
    given = getattr(given, "_orig_mod", given)  # torch.compile
    if isinstance(given, nn.DataParallel | nn.parallel.DistributedDataParallel):
        given = given.module
    if isinstance(given, nn.Module):
        return _copied(given), type(given).__name__
    if is_onnx(given):
        model = OnnxModel.of(given)
        return model, model.name
    _refuse(given)
    for method in ("predict_proba", "predict"):
        if callable(getattr(given, method, None)):
            name = f"{type(given).__name__}.{method}"
            return FunctionModel(getattr(given, method), name), type(given).__name__
    name = getattr(given, "__name__", type(given).__name__)
    return FunctionModel(given, name), name.strip("<>")


def _refuse(given: Any) -> None:
    """Say what to do with what is no model."""
    from .predictor import Predictor

    wanted = "expected a torch.nn.Module"
    if isinstance(given, type):
        what = "predictor" if issubclass(given, Predictor) else "class"
        raise WrapError(
            f"{given.__name__} is a {what}, not a model: make one, {given.__name__}(...), load its "
            "weights into it, and wrap that"
        )
    if isinstance(given, Predictor):
        raise WrapError(f"{given.name} is a Predictor already: use it as it is")
    if isinstance(given, str | Path):
        raise WrapError(_of_path(Path(given)))
    if isinstance(given, Mapping):
        inner = next((k for k in ("state_dict", "model_state_dict", "model") if k in given), None)
        where = f" (its weights are in [{inner!r}])" if inner else ""
        raise WrapError(
            f"a {type(given).__name__} of {len(given)} entries was given{where}, weights without "
            f"their architecture: {wanted}; make the module, module.load_state_dict(...), and wrap it"
        )
    if isinstance(given, bytes | bytearray):
        raise WrapError(
            f"{len(given)} bytes were given that are no ONNX model: {wanted}, or the bytes of an "
            ".onnx file"
        )
    if isinstance(given, list | tuple):
        raise WrapError(
            f"a {type(given).__name__} of {len(given)} was given: {wanted}. Wrap each model by "
            "itself, or write an nn.Module whose forward averages them"
        )
    homes = {kind.__module__.split(".")[0] for kind in type(given).__mro__}
    if homes & {"keras", "tensorflow", "tf_keras"}:
        raise WrapError(f"{type(given).__name__} is a Keras model: {_KERAS}")
    has_predict = any(callable(getattr(given, m, None)) for m in ("predict", "predict_proba"))
    if not callable(given) and not has_predict:
        raise WrapError(
            f"a {type(given).__name__} was given: {wanted}, a function of arrays (n, leads, samples), "
            "an object with predict or predict_proba, or an ONNX file"
        )


def _of_path(path: Path) -> str:
    """What to do with a path, which is not opened."""
    how = _FILES.get(path.suffix.lower(), _WEIGHTS).format(keras=_KERAS)
    shown = str(path)[-80:].encode("ascii", "backslashreplace").decode()
    return f"{shown!r} is a path: expected a model, and no file is opened but an .onnx one. {how}"


def _copied(module: nn.Module) -> nn.Module:
    """A copy of a module, in evaluation mode; the module itself is left alone.

    Raises
    ------
    WrapError
        When it cannot be copied, or has shapes but no weights.
    """
    name = type(module).__name__
    try:
        tensors = [*module.named_parameters(), *module.named_buffers()]
        held = [
            v for part in module.modules() for v in (*vars(part).values(), *part.buffers(False))
        ]
        left = [value for value in held if _copied_by_hand(value)]
        with torch.inference_mode(False):
            mine: nn.Module = copy.deepcopy(module, {id(v): v.detach().clone() for v in left})
    except Exception as error:
        raise WrapError(
            f"{name} cannot be copied: {said(error)}. wrap() works on a copy, so that yours is left "
            "alone: take away what cannot be copied (locks, files, trainers), or make the module "
            "anew and load its weights"
        ) from error
    empty = [key for key, one in tensors if one.is_meta]
    if empty:
        raise WrapError(
            f"{name} has shapes but no weights ({empty[0]} is on the meta device): load its weights "
            "first (module.to_empty(device='cpu'), module.load_state_dict(...))"
        )
    return in_evaluation(mine)


def _copied_by_hand(value: Any) -> bool:
    """Whether torch does not copy it: what a forward left on its graph, compressed sparse tensors.

    A weight norm leaves its product behind, and many a module its activations.
    """
    if not isinstance(value, Tensor) or torch.nn.parameter.is_lazy(value):
        return False
    return not value.is_leaf or "sparse_" in str(value.layout)
