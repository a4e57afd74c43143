"""Every operation of torch that depends on the ECG, intercepted, however a model calls it.

``F.relu``, ``torch.relu``, ``x.relu_()`` and ``nn.ReLU`` are one operation here, so that modules that
are used again, functions, residual links and attention need nothing of their own. Methods that hook
modules go wrong there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as tree

from .operations import LINEAR, PRODUCTS

#: Operators and names that torch has twice -> the one used here.
_ALIASES = {
    **{f"__{way}{name}__": name for name in ("add", "sub", "mul") for way in ("", "r")},
    **{f"__i{name}__": f"{name}_" for name in ("add", "sub", "mul")},
    "__truediv__": "div",
    "__itruediv__": "div_",
    "__matmul__": "matmul",
    "__rmatmul__": "matmul",
    "__pow__": "pow",
    "__ipow__": "pow_",
    "__neg__": "neg",
    "__abs__": "abs",
    "absolute": "abs",
    "true_divide": "div",
    "divide": "div",
    "multiply": "mul",
    "subtract": "sub",
    "clip": "clamp",
    "mm": "matmul",
    "bmm": "matmul",
    "mv": "matmul",
    "dot": "matmul",
    "special_expit": "sigmoid",
    "special_softmax": "softmax",
    "special_log_softmax": "log_softmax",
    "special_logsumexp": "logsumexp",
}
#: Where an operation lives that does not work in place, of one that does.
_HOMES = (torch.Tensor, torch, torch._C._nn, torch.nn.functional)

Rule = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]


class Intercepted(TorchFunctionMode):
    """While inside, operations on what depends on the ECG go through `rule`.

    Parameters of the model are constants: nothing is said of them, and their gradients are left alone.

    Attributes
    ----------
    refused : str
        Why an operation was refused; empty where none was. (What a module raises is told in other
        words on its way out.)
    """

    def __init__(self) -> None:
        super().__init__()
        self.refused = ""

    def rule(self, name: str) -> Rule | None:
        """What stands for an operation of this name; None where it is made of others, or has no rule."""
        raise NotImplementedError

    def otherwise(self, name: str) -> Rule:
        """What stands for an operation that has no rule and is made of no others."""
        raise NotImplementedError

    def refuse(self, why: str) -> RuntimeError:
        """The error to raise where an operation cannot be explained."""
        self.refused = self.refused or why
        return RuntimeError(why)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """See `torch.overrides.TorchFunctionMode`."""
        args, kwargs = _constant((args, kwargs or {}))
        name = name_of(func)
        if name in ("__get__", "__set__", "requires_grad_") or not dependent((args, kwargs)):
            return func(*args, **kwargs)
        if name.endswith("_") and not name.endswith("__"):
            return self._in_place(func, name, args, kwargs)
        rule = self.rule(name)
        if rule is None and (body := _opened(func)) is not None:
            with self:
                return body(*args, **kwargs)
        return (rule or self.otherwise(name))(func, args, kwargs)

    def _in_place(self, func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The operation beside its input, then written into it."""
        into, name = name, name.removesuffix("_")
        alone = len(dependent((args, kwargs))) == 1
        if into in LINEAR or name in LINEAR or (name in PRODUCTS and alone):
            return func(*args, **kwargs)
        home = next((one for one in _HOMES if hasattr(one, name)), None)
        if home is None:
            raise self.refuse(f"torch's {into} has no rule")
        # A copy, since rules keep what they are given.
        given, *rest = args
        answer = self.__torch_function__(getattr(home, name), (), (given.clone(), *rest), kwargs)
        return given.copy_(answer)


def name_of(func: Any) -> str:
    """The one name of an operation of torch."""
    name = str(getattr(func, "__name__", "")).split(".")[0]
    return _ALIASES.get(name, name)


def _constant(given: Any) -> Any:
    """The arguments with the model's parameters as constants."""
    if isinstance(given, nn.Parameter):
        return given.detach() if given.requires_grad else given
    if isinstance(given, tuple) and type(given) is tuple:
        return tuple(map(_constant, given))
    if type(given) is list:
        return [_constant(one) for one in given]
    if type(given) is dict:
        return {key: _constant(one) for key, one in given.items()}
    return given


def dependent(given: Any) -> list[Tensor]:
    """The tensors in arguments that depend on the ECG."""
    if isinstance(given, Tensor):
        return [given] if given.requires_grad else []
    if isinstance(given, tuple | list):
        return [found for one in given for found in dependent(one)]
    if isinstance(given, dict):
        return dependent(list(given.values()))
    return []


@functools.cache
def _opened(func: Any) -> Callable[..., Any] | None:
    """A function of torch that is written in Python, as it goes on when nobody intercepts it.

    The operations that it is made of are intercepted one by one then.
    """
    if not isinstance(func, FunctionType):
        return None
    checks = [name for name in func.__code__.co_names if name.startswith("has_torch_function")]
    if not checks:
        return None

    def never(*_: Any) -> bool:
        return False

    space = {**func.__globals__, **dict.fromkeys(checks, never)}
    same = FunctionType(func.__code__, space, func.__name__, func.__defaults__, func.__closure__)
    same.__kwdefaults__ = func.__kwdefaults__
    return same


class _Substituted(torch.autograd.Function):
    """An answer that is known, with a backward pass that was chosen for it."""

    @staticmethod
    def forward(ctx: Any, answer: list[Tensor], backward: Any, *given: Tensor) -> Any:
        ctx.rule = backward
        return answer[0] if len(answer) == 1 else tuple(answer)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return (None, None, *ctx.rule(*gradients))


def substituted(
    answer: Tensor | Sequence[Tensor],
    given: Sequence[Tensor],
    backward: Callable[..., Sequence[Tensor | None]],
) -> Any:
    """``answer``, whose gradients reach the tensors ``given`` by ``backward(*gradients)``."""
    answers = [answer] if isinstance(answer, Tensor) else list(answer)
    return _Substituted.apply(answers, backward, *given)


def leaves(given: Any) -> tuple[list[Any], Any]:
    """Arguments as a flat list, and how to put them together again (`together`)."""
    return tree.tree_flatten(given)


def together(flat: Sequence[Any], how: Any) -> Any:
    """What `leaves` took apart."""
    return tree.tree_unflatten(list(flat), how)


def summed_to(gradient: Tensor, shape: Sequence[int]) -> Tensor:
    """A gradient of what was broadcast, summed to the shape that it had before."""
    return gradient.sum_to_size(tuple(shape)) if gradient.shape != tuple(shape) else gradient
