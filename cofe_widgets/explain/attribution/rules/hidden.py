"""Steps of a model that cannot be intercepted."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from .intercept import _Substituted


def nodes(of: Tensor) -> Iterator[torch.autograd.graph.Node]:
    """Every step of the backward pass of a tensor, once."""
    waiting, seen = [of.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        yield node
        waiting += [one for one, _ in node.next_functions]


def hidden_steps(module: nn.Module, score: Tensor) -> str:
    """The first step of a score that no rule could reach, by name; empty where there is none.

    TorchScript runs past what intercepts operations, and so does a function with a backward pass of
    its own.
    """
    scripted = (torch.jit.ScriptModule, torch.jit.ScriptFunction)
    for name, part in module.named_modules():
        if isinstance(part, scripted):
            return (
                f"TorchScript ({name or type(part).__name__}): wrap the module that it was made of"
            )
    own = torch.autograd.function.BackwardCFunction
    for node in nodes(score):
        if isinstance(node, own) and not isinstance(node, _Substituted._backward_cls):
            return f"a function with a backward pass of its own ({type(node).__name__})"
    return ""
