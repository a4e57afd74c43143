"""What a module answers: one tensor of logits or values, picked, checked and put into one form."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import WrapError
from .identity import said
from .model_input import Aggregate

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class ModelAnswer:
    """How logits or values ``(n, outputs)`` float32 are read from what a module answers.

    Attributes
    ----------
    answer : str, int or None
        Which part of a dict, tuple or object holds them.
    probabilities : bool
        Whether the module answers probabilities, which become logits here.
    aggregate : "mean" or "max"
        What the crops of one ECG say together: the mean, or the largest, of their answers.
    """

    answer: str | int | None = None
    probabilities: bool = False
    aggregate: Aggregate = "mean"

    def __post_init__(self) -> None:
        if self.aggregate not in ("mean", "max"):
            raise WrapError(f"aggregate={self.aggregate!r}: expected 'mean' or 'max'")
        if self.answer is not None and not isinstance(self.answer, str | int):
            raise WrapError(
                f"answer={self.answer!r}: expected the name or the place of one output of the module"
            )

    def rows(
        self,
        given: Any,
        ecgs: int,
        outputs: Sequence[str],
        postprocess: Callable[[Any], Any] | None,
        name: str,
    ) -> Tensor:
        """The numbers of a module's answer to so many ECGs, ``(ecgs, outputs)`` float32 or float64."""
        import torch

        y = given if self.answer is None else self._picked(given, name)
        if postprocess is not None:
            try:
                y = postprocess(y)
            except Exception as error:
                raise WrapError(
                    f"postprocess fails on what {name} answers, {_kind(y)}: {said(error)}"
                ) from error
        if not isinstance(y, torch.Tensor):
            raise WrapError(
                f"{name} answers {_kind(y)}: give answer=, the name or place of the part that holds "
                "the outputs, or postprocess=, a function that picks the tensor (n, outputs) from it"
            )
        if y.is_complex() or y.dtype == torch.bool:
            raise WrapError(f"{name} answers {y.dtype}: expected real numbers, logits or values")
        if y.layout != torch.strided:
            y = y.to_dense()
        if y.is_quantized:
            y = y.dequantize()
        one = len(outputs) == 1 and tuple(y.shape) == (ecgs,)
        if one or (ecgs == 1 and tuple(y.shape) == (len(outputs),)):
            y = y.reshape(ecgs, len(outputs))
        if tuple(y.shape) != (ecgs, len(outputs)):
            count = {1: "one ECG", 2: "two ECGs"}.get(ecgs, f"{ecgs} ECGs")
            named = (
                "1 output is named" if len(outputs) == 1 else f"{len(outputs)} outputs are named"
            )
            raise WrapError(
                f"{name} answers shape {tuple(y.shape)} to {count}, but {named}: expected "
                f"({ecgs}, {len(outputs)})"
            )
        return y if y.dtype == torch.float64 else y.float()  # half is too coarse to go on with

    def _picked(self, given: Any, name: str) -> Any:
        part = self.answer
        try:
            if isinstance(part, str) and not isinstance(given, Mapping):
                return getattr(given, part)  # a named tuple, or an object of a library
            if isinstance(part, int) and isinstance(given, Mapping) and part not in given:
                given = list(given.values())
            return given[part]
        except Exception as error:
            raise WrapError(
                f"answer={part!r}: {name} answers {_kind(given)}, which has no such part"
            ) from error

    def raw(self, rows: Tensor, output: str, ecgs: int) -> Tensor:
        """Logits or values of ECGs, ``(ecgs, outputs)`` float32, of rows, one or several an ECG."""
        if self.probabilities:
            rows = logits(rows, output)
        if len(rows) == ecgs:
            return rows.float()
        return together(rows.view(ecgs, -1, rows.shape[1]), output, self.aggregate).float()


def _kind(value: Any) -> str:
    """A module's answer in words: "a dict with logits, features"."""
    if isinstance(value, Mapping):
        return f"a {type(value).__name__} with {', '.join(map(str, list(value)[:12]))}"
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return f"a {type(value).__name__} with {', '.join(value._fields[:12])}"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    if hasattr(value, "shape"):
        return f"a {type(value).__name__} of shape {tuple(value.shape)}"
    return f"a {type(value).__name__}"


def logits(p: Tensor, output: str) -> Tensor:
    """Logits of probabilities: of a softmax their logarithms, of a sigmoid their log-odds.

    A probability that was rounded to 0 or 1 is taken as the nearest number that is not.
    """
    import torch

    tiny, near = torch.finfo(p.dtype).tiny, torch.finfo(p.dtype).eps / 2
    log_p = p.clamp(min=tiny).log()
    return log_p if output == "softmax" else log_p - (1 - p).clamp(min=near).log()


def log_odds(raw: Tensor, output: str, k: int) -> Tensor:
    """Log-odds of the ``k``-th output, ``(n,)``, of raw outputs ``(n, outputs)``; a linear one's value."""
    if output != "softmax":
        return raw[:, k]
    rest = [other for other in range(raw.shape[1]) if other != k]
    return raw[:, k] - raw[:, rest].logsumexp(dim=1)


def together(raw: Tensor, output: str, aggregate: Aggregate) -> Tensor:
    """What the crops ``(n, crops, outputs)`` of ECGs say together, ``(n, outputs)``.

    The mean is that of the answers (probabilities or values) and comes back as logits.
    """
    from torch.nn.functional import logsigmoid

    if output == "linear":
        return raw.mean(dim=1) if aggregate == "mean" else raw.amax(dim=1)
    if output == "softmax":
        log_p = raw.log_softmax(dim=2)
        if aggregate == "max":
            return log_p.amax(dim=1)  # the largest of each class, to one again by the softmax
        return log_p.logsumexp(dim=1) - math.log(raw.shape[1])
    if aggregate == "max":
        return raw.amax(dim=1)
    return logsigmoid(raw).logsumexp(dim=1) - logsigmoid(-raw).logsumexp(dim=1)
