"""DeepLIFT's multipliers for any torch model: of every operation, its change over that of its input.

One principle: the multiplier of an operation is its mean derivative on the straight line from the
reference's input to the ECG's. Of a function of one number that is the rescale rule, change out over
change in; of a product of two the midpoint; of the others it is computed. The multipliers of all
operations, chained, add up to the change of the score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .intercept import (
    Intercepted,
    Rule,
    dependent,
    leaves,
    name_of,
    substituted,
    summed_to,
    together,
)
from .operations import ELEMENTWISE, LINEAR, POOLS, PRODUCTS

#: Changes of the input smaller than this share of it are too small to be divided by.
_TINY = 1e-4
_LARGEST = {"max", "min", "amax", "amin", "maximum", "minimum"}


def _tanh_sinh(points: int) -> list[tuple[float, float]]:
    """Places from 0 to 1 and their weights: a quadrature that endures steps near both ends.

    H. Takahasi, M. Mori, Publ RIMS 1974;9:721. A reference of zeros makes such steps in whatever
    scales its input.
    """
    t = np.linspace(-3.0, 3.0, points)
    u = 0.5 * np.pi * np.sinh(t)
    place = 0.5 * (1 + np.tanh(u))
    weight = np.cosh(t) / np.cosh(u) ** 2
    return list(zip(place.tolist(), (weight / weight.sum()).tolist(), strict=True))


_LINE, _MIDDLE = _tanh_sinh(32), [(0.5, 1.0)]


class Contrast(Intercepted):
    """First inside `reference`, a forward of the reference; then inside itself, that of the ECG.

    The gradients of the latter are multipliers. Both are batches of one shape.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: list[tuple[str, list[Any]]] = []
        self._at: int | None = None

    @contextmanager
    def reference(self) -> Iterator[None]:
        """While inside, what goes into operations is kept as the reference's."""
        self._seen, self._at = [], None
        with self:
            yield
        self._at = 0

    def rule(self, name: str) -> Rule | None:
        """See `Intercepted`."""
        if name in LINEAR:
            return _derivative
        if name in POOLS or name in _LARGEST:
            return self._largest
        if name in ("where", "masked_fill"):
            return self._where
        return None

    def otherwise(self, name: str) -> Rule:
        """See `Intercepted`."""
        if name == "batch_norm":
            return _derivative
        if name in ELEMENTWISE:
            return self._rescaled
        if name in PRODUCTS:
            return self._product
        return self._quotient if name == "div" else self._mean

    def _before(self, func: Any, given: list[Any]) -> list[Any] | None:
        """The reference's arguments of the same call; None while they are being kept.

        Copies are kept: what works in place further on must not reach them.
        """
        name = name_of(func)
        if self._at is None:
            kept = [v.detach().clone() if isinstance(v, Tensor) else v for v in given]
            self._seen.append((name, kept))
            return None
        if self._at >= len(self._seen):
            raise self.refuse("its forward passes other operations for the baseline")
        known, before = self._seen[self._at]
        self._at += 1
        shapes = [v.shape for v in given if isinstance(v, Tensor)]
        if known != name or shapes != [v.shape for v in before if isinstance(v, Tensor)]:
            raise self.refuse("its forward passes other operations for the baseline")
        return before

    def _rescaled(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Change out over change in; the slope between, where nothing changes (Shrikumar, 3.5.2)."""
        flat, how = leaves((args, kwargs))
        moving = [k for k, one in enumerate(flat) if isinstance(one, Tensor) and one.requires_grad]
        if len(moving) > 1:
            return self._mean(func, args, kwargs)
        place = moving[0]
        x = flat[place]

        def answer(value: Tensor, among: list[Any]) -> Tensor:
            given = [value if k == place else one for k, one in enumerate(among)]
            args, kwargs = together(given, how)
            return func(*args, **kwargs)

        with torch.set_grad_enabled(self._at is None):
            y = answer(x, flat)
        if y.shape != x.shape or y.is_complex():
            return self._mean(func, args, kwargs)
        before = self._before(func, flat)
        if before is None:
            return y
        b = before[place]
        with torch.no_grad():
            change, change_out = x - b, y - answer(b, before)
            if (
                name_of(func) == "relu"
            ):  # no digits are lost: either both are the same, or one is zero
                small, slope = change == 0, change_out / change
                slope = torch.where(small, (x > 0).to(y.dtype), slope)
            else:
                small = change.abs() <= _TINY * torch.maximum(x.abs(), b.abs())
                slope = change_out / torch.where(small, 1.0, change)
        if name_of(func) != "relu" and bool(small.any()):
            with torch.enable_grad():
                middle = (0.5 * (x + b)).detach().requires_grad_(True)
                found = torch.autograd.grad(answer(middle, flat).sum(), middle)[0]
            slope = torch.where(small, found, slope)
        return substituted(y, [x], lambda g: (g * slope,))

    def _product(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Of two factors that change, each at the mean of the other."""
        if len(dependent((args, kwargs))) == 1:
            return func(*args, **kwargs)
        return self._mean(func, args, kwargs, _MIDDLE)

    def _quotient(self, func: Any, args: Any, kwargs: Any) -> Any:
        """A product with one over the divisor."""
        if not dependent(args[1:2]):
            return func(*args, **kwargs)
        if kwargs or len(args) > 2:
            return self._mean(func, args, kwargs)
        with self:
            return args[0] * args[1].reciprocal()

    def _mean(
        self, func: Any, args: Any, kwargs: Any, line: list[tuple[float, float]] = _LINE
    ) -> Any:
        """The mean derivative on the line from the reference's input to the ECG's."""
        flat, how = leaves((args, kwargs))
        with torch.no_grad():
            answer = func(*args, **kwargs)
        answers, form = leaves(answer)
        real = [
            k
            for k, one in enumerate(answers)
            if isinstance(one, Tensor) and one.is_floating_point()
        ]
        if not real:
            return answer
        before = self._before(func, flat)
        if before is None:
            return func(*args, **kwargs)
        moving = [k for k, one in enumerate(flat) if isinstance(one, Tensor) and one.requires_grad]
        after = {k: flat[k].detach().clone() for k in moving}

        def backward(*gradients: Tensor) -> list[Tensor]:
            sums = [torch.zeros_like(after[k]) for k in moving]
            for place, weight in line:
                with torch.enable_grad():
                    points = [torch.lerp(before[k], after[k], place) for k in moving]
                    points = [one.requires_grad_(True) for one in points]
                    given = list(flat)
                    for k, point in zip(moving, points, strict=True):
                        given[k] = point
                    args, kwargs = together(given, how)
                    out, _ = leaves(func(*args, **kwargs))
                    pairs = [(out[k], g) for k, g in zip(real, gradients, strict=True)]
                    pairs = [(one, g) for one, g in pairs if one.requires_grad]
                    if not pairs:  # new_zeros and its like take no more than a shape and a type
                        continue
                    outs, weights = zip(*pairs, strict=True)
                    found = torch.autograd.grad(outs, points, weights, allow_unused=True)
                for total, one in zip(sums, found, strict=True):
                    if one is not None:
                        total += weight * one
            return sums

        shown = substituted([answers[k] for k in real], [flat[k] for k in moving], backward)
        for k, one in zip(real, [shown] if isinstance(shown, Tensor) else shown, strict=True):
            answers[k] = one
        return together(answers, form)

    def _where(self, func: Any, args: Any, kwargs: Any) -> Any:
        """What is chosen; where the reference's choice was another, the whole change, shared by size."""
        condition, one, other = _choice(func, args, kwargs)
        given = [condition, one, other]
        before = self._before(func, given)
        if before is None:
            return torch.where(condition, one, other)
        with torch.no_grad():
            y = torch.where(condition, one, other)
            same = (condition == before[0]).expand(y.shape)
            changes = [(a - b).expand(y.shape) for a, b in zip(given[1:], before[1:], strict=True)]
            size = changes[0].abs() + changes[1].abs()
            share = (y - torch.where(before[0], before[1], before[2])) / torch.where(
                size > 0, size, 1.0
            )
            chosen = condition.expand(y.shape)
            masks = [
                torch.where(same, mine.to(y.dtype), share * change.sign())
                for mine, change in zip((chosen, ~chosen), changes, strict=True)
            ]

        def backward(g: Tensor) -> list[Tensor]:
            pairs = zip(masks, given[1:], strict=True)
            return [summed_to(g * mask, value.shape) for mask, value in pairs]

        return substituted(y, given[1:], backward)

    def _largest(self, func: Any, args: Any, kwargs: Any) -> Any:
        """The largest of several: its change belongs to the one sample that made it.

        Where the ECG's largest, sample i, is above the reference's, sample j, the latter was passed by
        i rising; else it was left by j falling. So one of both carries the change, by a multiplier from
        0 to 1 (the order of Shapley in which nothing else moves the largest).
        """
        name = name_of(func)
        if name in ("maximum", "minimum") or len(dependent(args[:2])) == 2:
            with self:
                both = torch.stack(torch.broadcast_tensors(*args[:2]), dim=-1)
                return both.amin(-1) if name.startswith("min") else both.amax(-1)
        window = windows(name, args, kwargs)
        if window is None:
            return self._mean(func, args, kwargs)
        before = self._before(func, [args[0]])
        if before is None:
            return func(*args, **kwargs)
        rows = window.rows(args[0])
        with torch.no_grad():
            answer = func(*args, **kwargs)
            y = answer if isinstance(answer, Tensor) else answer[0]
            i, j = window.places(args[0]), window.places(before[0])
            x, b = rows, window.rows(before[0])
            change = x.gather(-1, i) - b.gather(-1, j)
            rises = change <= 0 if name in ("min", "amin") else change >= 0
            place = torch.where(rises, i, j)
            moved = x.gather(-1, place) - b.gather(-1, place)
            share = torch.where(moved == 0, 1.0, change / torch.where(moved == 0, 1.0, moved))

        def backward(g: Tensor) -> list[Tensor]:
            out = torch.zeros_like(rows)
            return [out.scatter_add_(-1, place, share * g.reshape(share.shape))]

        shown = substituted(y, [rows], backward)
        return shown if isinstance(answer, Tensor) else type(answer)((shown, *answer[1:]))


def _derivative(func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    return func(*args, **kwargs)


def _choice(func: Any, args: Any, kwargs: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Condition, what is taken where it holds, and where not, of `where` and `masked_fill`, as tensors."""
    given = [*args, *kwargs.values()]
    if name_of(func) == "masked_fill":
        x, condition, value = given
        one, other = value, x
    elif given[0].dtype == torch.bool:
        condition, one, other = given
    else:
        one, condition, other = given
    known = next(v for v in (one, other) if isinstance(v, Tensor))
    one, other = (
        v if isinstance(v, Tensor) else torch.as_tensor(v, dtype=known.dtype, device=known.device)
        for v in (one, other)
    )
    return condition, one, other


class Windows(NamedTuple):
    """Samples among which the largest is taken, on the last axis, and the places of those that are it."""

    rows: Callable[[Tensor], Tensor]
    places: Callable[[Tensor], Tensor]


def windows(name: str, args: Any, kwargs: Any) -> Windows | None:
    """Those of a pooling or a reduction; None where they cannot be told."""
    if name in POOLS:
        spatial = int(name[-2])
        rest = {k: v for k, v in kwargs.items() if k != "return_indices"}
        pool = getattr(F, POOLS[name])
        return Windows(
            lambda x: x.flatten(-spatial),
            lambda x: pool(x, *args[1:6], **rest)[1].flatten(-spatial),
        )
    x = args[0]
    given = args[1] if len(args) > 1 else kwargs.get("dim", kwargs.get("axis", ()))
    axes = tuple(given) if isinstance(given, tuple | list) else (given,)
    if not all(isinstance(one, int) for one in axes):
        return None
    axes = axes or tuple(range(x.ndim))
    last = tuple(range(-len(axes), 0))

    def rows(x: Tensor) -> Tensor:
        return x.movedim(axes, last).flatten(-len(axes))

    smallest = name in ("min", "amin")
    return Windows(
        rows, lambda x: (rows(x).argmin if smallest else rows(x).argmax)(-1, keepdim=True)
    )
