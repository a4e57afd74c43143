"""A module as it is asked: in its own number type, in evaluation mode, with or without gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import WrapError
from .identity import said

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


def as_module(x: Tensor, module: nn.Module) -> Tensor:
    """The module's input in the type of its first weights (double, half); as it is where it has none."""
    for one in (*module.parameters(), *module.buffers()):
        if one.is_floating_point():
            return x.to(one.dtype) if x.is_floating_point() and not one.is_quantized else x
    return x


def in_evaluation(module: nn.Module) -> nn.Module:
    """The module in evaluation mode; one that was exported has but one mode."""
    try:
        return module.eval()
    except NotImplementedError:
        return module
    except Exception as error:
        raise WrapError(f"{type(module).__name__}.eval() fails: {said(error)}") from error


def default_type() -> torch.dtype:
    """What torch takes where no type is said: a module may rely on what it was when it was wrapped."""
    import torch

    return torch.get_default_dtype()


def lack_of_gradients(ask: Callable[[Tensor], Tensor], x: Tensor) -> str:
    """Why what is answered to ``x`` has no gradient; an empty text where it has one."""
    import torch

    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        given = x.clone().requires_grad_(True)
        try:
            total = ask(given).sum()
            if total.requires_grad:
                torch.autograd.grad(total, given)
                return ""
        except Exception as error:
            return said(error) if not isinstance(error, WrapError) else str(error)
    return (
        "its answer does not follow from the ECG by differentiable steps (a function, ONNX, a quantised "
        "or detached model); predict() works"
    )
