"""Who a predictor is: a hash of the weights, functions and options that its answer depends on."""

from __future__ import annotations

import hashlib
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import WrapError

if TYPE_CHECKING:
    from torch import Tensor, nn


def hash_of(module: nn.Module) -> str:
    """Hash of a module's architecture, parameters, buffers and extra state, as they are now.

    Raises
    ------
    WrapError
        When the module holds state that cannot be told apart by its content; names it.
    """
    digest = hashlib.sha256(repr(module).encode())
    try:
        state = dict(module.state_dict())
    except Exception as error:  # a get_extra_state of the module's own
        raise WrapError(
            f"the state of {type(module).__name__} cannot be read: {said(error)}. Its state_dict() "
            "must work: check get_extra_state() and hooks of it"
        ) from error
    content = _Content(digest.update, strict=not getattr(module, "is_adapter", False))
    for key, value in state.items():
        digest.update(key.encode())
        content.feed(value, key)
    for key, buffer in _named_buffers(module):
        if key not in state:  # not persistent, and yet part of the answer
            digest.update(key.encode())
            content.feed(buffer, key)
    frozen = getattr(module, "save_to_buffer", None)
    if not state and callable(frozen):  # TorchScript with its weights frozen in
        digest.update(frozen())
    return digest.hexdigest()[:16]


def hash_with(module_hash: str, options: Mapping[str, Any]) -> str:
    """Hash of a module and of what is done before and after it, functions included."""
    digest = hashlib.sha256(module_hash.encode())
    _Content(digest.update, strict=False).feed(options, "options")
    return digest.hexdigest()[:16]


def unusual(part: Any) -> dict[str, Any]:
    """Fields of a dataclass that have another value than by default."""
    return {
        one.name: getattr(part, one.name)
        for one in fields(part)
        if one.compare and one.default is not MISSING and getattr(part, one.name) != one.default
    }


def said(error: BaseException) -> str:
    """What an error of somebody else's code says, with its kind, on one line and not too long."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


def _named_buffers(module: nn.Module) -> list[tuple[str, Tensor]]:
    try:
        return list(module.named_buffers())
    except Exception:  # a proxy of a module; its state_dict was read
        return []


_PLAIN = (type(None), bool, int, float, complex, str, np.generic)
_ROWS, _COLUMNS = (
    ("crow_indices", "col_indices", "values"),
    ("ccol_indices", "row_indices", "values"),
)
#: The parts of sparse tensors, by layout.
_SPARSE = {
    "torch.sparse_coo": ("indices", "values"),
    "torch.sparse_csr": _ROWS,
    "torch.sparse_bsr": _ROWS,
    "torch.sparse_csc": _COLUMNS,
    "torch.sparse_bsc": _COLUMNS,
}


class _Content:
    """What values hold, fed to a hash one after another.

    Parameters
    ----------
    update : callable
        Of the hash.
    strict : bool
        Whether what has no content to tell it apart by is refused, or known by its kind alone.
    """

    def __init__(self, update: Callable[[Any], None], *, strict: bool = True) -> None:
        self.update, self.strict = update, strict
        #: What was fed, kept alive: values may hold themselves.
        self.seen: dict[int, Any] = {}

    def feed(self, value: Any, where: str) -> None:
        """Add a value.

        Raises
        ------
        WrapError
            For what has no content to tell it apart by: names where it stands.
        """
        if isinstance(value, _PLAIN):
            self.update(f"{type(value).__name__}:{value!r};".encode())
        elif isinstance(value, bytes | bytearray | memoryview):
            self.update(value)
        elif isinstance(value, type | types.BuiltinFunctionType | types.ModuleType):
            self.update(f"{getattr(value, '__module__', '')}.{value.__name__}".encode())
        elif id(value) not in self.seen:
            self.seen[id(value)] = value
            self._feed_parts(value, where)

    def _feed_parts(self, value: Any, where: str) -> None:
        import torch

        if isinstance(value, torch.nn.Module):
            self.update(hash_of(value).encode())
        elif isinstance(value, torch.Tensor):
            self._feed_tensor(value, where)
        elif isinstance(value, np.ndarray) and value.dtype != object:
            self.update(f"{value.dtype}{value.shape}".encode())
            self.update(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, Mapping):
            for key, one in value.items():
                self.update(repr(key).encode())
                self.feed(one, f"{where}[{key!r}]")
        elif isinstance(value, list | tuple | np.ndarray):
            self.update(f"{type(value).__name__}:{len(value)}".encode())
            for k, one in enumerate(value):
                self.feed(one, f"{where}[{k}]")
        elif isinstance(value, set | frozenset):
            self.update(repr(sorted(map(repr, value))).encode())
        elif isinstance(value, partial):
            self.feed((value.func, value.args, value.keywords), where)
        elif isinstance(value, types.MethodType):
            self.feed((value.__func__, value.__self__), where)
        elif isinstance(value, types.FunctionType):
            self._feed_function(value, where)
        elif isinstance(value, types.CodeType):
            self.update(value.co_code)
            self.feed((value.co_names, value.co_consts), where)
        else:
            self._feed_object(value, where)

    def _feed_object(self, value: Any, where: str) -> None:
        """Of any other object its kind and its attributes, or what copies are made of."""
        self.update(type(value).__qualname__.encode())
        if isinstance(getattr(value, "weight_hash", None), str):
            # A model is what it answers with; what it remembers of being used is no part of it.
            expects = ("outputs", "output", "leads", "fs", "seconds", "name")
            self.feed((value.weight_hash, [getattr(value, one, None) for one in expects]), where)
            return
        try:
            held = getattr(value, "__dict__", None) or value.__reduce_ex__(2)[1:3]
        except Exception as error:  # locks, files, sessions
            if self.strict:
                raise WrapError(
                    f"{where} is a {type(value).__name__}, which has no content to tell it apart by: "
                    "keep tensors, numbers, texts, and lists and dicts of them as a module's state"
                ) from error
            return
        self.feed(held, where)

    def _feed_tensor(self, value: Tensor, where: str) -> None:
        """Bytes of a tensor of any layout."""
        import torch

        value = value.detach()
        if value.is_meta or torch.nn.parameter.is_lazy(value):
            raise WrapError(f"{where} has a shape but no values: load the weights first")
        if value.is_quantized:
            self.update(f"{value.qscheme()} {value.dtype}".encode())
            axes = value.qscheme() in (torch.per_channel_affine, torch.per_channel_symmetric)
            scales = (
                (value.q_per_channel_scales(), value.q_per_channel_zero_points()) if axes else ()
            )
            self.feed(scales or (value.q_scale(), value.q_zero_point()), where)
            value = value.int_repr()
        if value.layout == torch.sparse_coo:
            value = value.coalesce()
        if str(value.layout) in _SPARSE:
            parts = [getattr(value, name)() for name in _SPARSE[str(value.layout)]]
            self.feed((tuple(value.shape), *parts), where)
            return
        try:
            dense = value.cpu().resolve_conj().resolve_neg().contiguous().flatten()
            self.update(dense.view(torch.uint8).numpy().data)
        except (RuntimeError, TypeError, NotImplementedError) as error:
            raise WrapError(
                f"{where} is a tensor whose content cannot be read ({value.layout}, {value.dtype}): "
                f"{said(error)}"
            ) from error

    def _feed_function(self, function: types.FunctionType, where: str) -> None:
        """The code of a function, and the values it takes from around it.

        Functions of other modules (a library's) are known by their names.
        """
        home, code = function.__globals__.get("__name__"), function.__code__
        self.update(f"{home}.{function.__qualname__}".encode())
        self.feed(code, where)
        around: list[Any] = [function.__defaults__, function.__kwdefaults__]
        for cell in function.__closure__ or ():
            try:
                around.append(cell.cell_contents)
            except ValueError:  # not filled yet
                continue
        names = [name for name in code.co_names if name in function.__globals__]
        strict, self.strict = self.strict, False
        for one in (*around, *(function.__globals__[name] for name in names)):
            if isinstance(one, types.FunctionType) and one.__module__ != home:
                self.update(f"{one.__module__}.{one.__qualname__}".encode())
            else:
                self.feed(one, where)
        self.strict = strict
