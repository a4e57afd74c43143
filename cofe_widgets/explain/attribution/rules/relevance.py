"""The rules of layer-wise relevance propagation for any torch model, as gradients.

Relevance R of a number x is x times a modified gradient g, so that what sums, permutes or pools hands
relevance down by its derivative, in proportion to contributions. Only where the rules of LRP are not
the derivative something stands here.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .intercept import Intercepted, Rule, dependent, leaves, name_of, substituted, together
from .operations import (
    ATTENTION,
    ELEMENTWISE,
    GATES,
    LINEAR,
    POOLS,
    PRODUCTS,
    RECURRENT,
    STRAIGHT,
    THROUGH_ZERO,
)

#: Nearer to zero than this, a function's slope at zero stands for what it gives over what it got.
_ZERO = 1e-6
_LAYERS = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d")
_CONVOLUTIONS = ("conv1d", "conv2d", "conv3d")
_NORMS = ("layer_norm", "group_norm", "instance_norm", "rms_norm")
_MAXIMA = ("max", "min", "amax", "amin", "maximum", "minimum", "where", "masked_fill", "topk")


class Relevance(Intercepted):
    """While inside, gradients are those of relevance.

    Parameters
    ----------
    epsilon : float
        Added to what a layer gives, away from zero, before its relevance is divided by it.
    positive : bool
        Whether convolutions hand relevance to positive contributions alone (z-plus), batch
        normalisation that follows them merged into them.
    """

    def __init__(self, epsilon: float, positive: bool) -> None:
        super().__init__()
        self.epsilon, self.positive = epsilon, positive

    def rule(self, name: str) -> Rule | None:
        """See `Intercepted`."""
        if name in _LAYERS:
            return self._layer
        if name in LINEAR:
            return self._derivative
        if name in POOLS or name in _MAXIMA:
            return self._derivative
        if name == ATTENTION:
            return self._attention
        return None

    def otherwise(self, name: str) -> Rule:
        """See `Intercepted`."""
        if name == "batch_norm":
            return self._batch_norm
        if name in STRAIGHT:  # f(x) / x is the derivative
            return self._derivative
        if name in THROUGH_ZERO:
            return self._through_zero
        if name in GATES:
            return self._gate
        if name in ELEMENTWISE or name in ("log_softmax", "cumprod", "prod"):
            return self._derivative
        if name in PRODUCTS or name == "div":
            return self._product
        if name in _NORMS:
            return self._norm
        return self._unknown

    def _derivative(self, func: Any, args: Any, kwargs: Any) -> Any:
        answer = func(*args, **kwargs)
        given = dependent((args, kwargs))
        # A gate that is reshaped, or taken from one, is a gate.
        return _mark(answer) if len(given) == 1 and _is_gate(given[0]) else answer

    def _unknown(self, func: Any, args: Any, kwargs: Any) -> Any:
        answer = func(*args, **kwargs)
        if not dependent(leaves(answer)[0]):
            return answer
        name = name_of(func)
        what = f"a recurrent layer ({name})" if name in RECURRENT else f"torch's {name}"
        raise self.refuse(
            f"LRP has no rule for {what}; deeplift and integrated_gradients need none"
        )

    def _through_zero(self, func: Any, args: Any, kwargs: Any) -> Any:
        """An activation hands relevance on as it is: g = g' f(x) / x."""
        flat, how = leaves((args, kwargs))
        moving = [k for k, one in enumerate(flat) if isinstance(one, Tensor) and one.requires_grad]
        if len(moving) > 1:
            return self._unknown(func, args, kwargs)
        x = flat[moving[0]]
        if name_of(func) == "pow" and not (moving[0] == 0 and _is_positive(args, kwargs)):
            return func(*args, **kwargs)
        with torch.enable_grad():
            origin = torch.zeros_like(x.detach()).requires_grad_(True)
            given = [origin if k == moving[0] else one for k, one in enumerate(flat)]
            args_at, kwargs_at = together(given, how)
            at_zero = func(*args_at, **kwargs_at)
            (slope,) = torch.autograd.grad(at_zero.sum(), origin)
        with torch.no_grad():
            y = func(*args, **kwargs)
            near = x.abs() <= _ZERO
            share = torch.where(
                near, slope.nan_to_num(0.0, 0.0, 0.0), y / torch.where(near, 1.0, x)
            )
        return substituted(y, [x], lambda g: (g * share,))

    def _gate(self, func: Any, args: Any, kwargs: Any) -> Any:
        """What lets other things through takes no relevance from them (`_product`)."""
        return _mark(func(*args, **kwargs))

    def _product(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Of two that depend on the ECG a gate takes nothing, and two others half each.

        L. Arras et al., WASSA 2017 (gates); R. Achtibat et al., AttnLRP, ICML 2024 (halves).
        """
        factors = dependent((args, kwargs))
        if len(factors) < 2:
            return self._derivative(func, args, kwargs)
        divisor = name_of(func) == "div"
        gates = [_is_gate(one) or (divisor and k == 1) for k, one in enumerate(factors)]
        if any(gates) and not all(gates):
            kept = iter(gates)
            flat, how = leaves((args, kwargs))
            flat = [
                (one.detach() if next(kept) else one)
                if isinstance(one, Tensor) and one.requires_grad
                else one
                for one in flat
            ]
            args, kwargs = together(flat, how)
            return func(*args, **kwargs)
        answer = func(*args, **kwargs)
        half = substituted(answer.detach(), [answer], lambda g: (0.5 * g,))
        return _mark(half) if all(gates) else half

    def _attention(self, func: Any, args: Any, kwargs: Any) -> Any:
        """The weights of attention are gates of its values (A. Ali et al., ICML 2022)."""
        query, key, *rest = args
        return func(query.detach(), key.detach(), *rest, **kwargs)

    def _norm(self, func: Any, args: Any, kwargs: Any) -> Any:
        """The spread that a layer is divided by is a constant (A. Ali et al., ICML 2022)."""
        name = name_of(func)
        x, weight, bias, eps, groups = _norm_given(name, args, kwargs)
        rows = x if groups is None else x.reshape(len(x), groups, -1)
        axes = tuple(range(-len(args[1]), 0)) if groups is None else (-1,)
        centred = rows if name == "rms_norm" else rows - rows.mean(axes, keepdim=True)
        spread = (centred.detach().square().mean(axes, keepdim=True) + eps).sqrt()
        y = (centred / spread).reshape(x.shape)
        if groups is not None:  # weights are of channels
            weight, bias = (
                one if one is None else one.view(-1, *[1] * (x.ndim - 2)) for one in (weight, bias)
            )
        y = y if weight is None else y * weight
        return y if bias is None else y + bias

    def _layer(self, func: Any, args: Any, kwargs: Any) -> Any:
        """A layer of weights: contributions over what they make, epsilon added; or z-plus."""
        if len(dependent((args, kwargs))) > 1:
            return self._product(func, args, kwargs)
        y = func(*args, **kwargs)
        if not self.positive or name_of(func) not in _CONVOLUTIONS:
            return self._stabilised(y)
        layer = _Convolution(func, args, kwargs)
        answer = layer.answering(y.detach(), layer.weight)
        answer._convolution = layer  # batch normalisation may follow
        return answer

    def _batch_norm(self, func: Any, args: Any, kwargs: Any) -> Any:
        """A scale and a shift of channels, merged into the convolution before under z-plus."""
        layer = getattr(args[0], "_convolution", None)
        if layer is None or len(args) < 8 or kwargs:
            return self._derivative(func, args, kwargs)
        x, weight, _, _, variance, training, _, eps, *_ = args
        y = func(*args)
        if training:
            return y
        scale = (variance + eps).rsqrt() * (1.0 if weight is None else weight)
        return layer.answering(y.detach(), layer.weight * scale.view(-1, *[1] * (x.ndim - 1)))

    def _stabilised(self, y: Tensor) -> Tensor:
        """The epsilon rule: the gradient times y / (y + epsilon sign(y))."""
        if not self.epsilon:
            return y
        with torch.no_grad():
            share = y.abs()
            share.div_(share + self.epsilon)
        return substituted(y.detach(), [y], lambda g: (g * share,))


class _Convolution:
    """A convolution's input and weights, and how its relevance goes back by z-plus."""

    def __init__(self, func: Any, args: Any, kwargs: Any) -> None:
        given = dict(zip(("input", "weight", "bias"), args[:3], strict=False)) | kwargs
        self.x, self.weight = given.pop("input"), given.pop("weight")
        self.how = args[3:], {k: v for k, v in given.items() if k != "bias"}
        self.func = func

    def answering(self, y: Tensor, weight: Tensor) -> Any:
        """The known answer ``y``, whose relevance ``y g`` goes to positive contributions x w alone."""

        def backward(g: Tensor) -> list[Tensor]:
            x = self.x.detach()
            signs = [(x.clamp(min=0), weight.clamp(min=0))]
            if bool((x < 0).any()):
                signs.append((x.clamp(max=0), weight.clamp(max=0)))
            with torch.enable_grad():
                parts = [part.requires_grad_(True) for part, _ in signs]
                z = sum(
                    self.func(part, w, None, *self.how[0], **self.how[1])
                    for part, (_, w) in zip(parts, signs, strict=True)
                )
            share = torch.where(z > 0, y * g / torch.where(z > 0, z, 1.0), 0.0)
            found = torch.autograd.grad(z, parts, share)
            return [found[0] if len(found) == 1 else torch.where(x > 0, found[0], found[1])]

        return substituted(y, [self.x], backward)


def _norm_given(name: str, args: Any, kwargs: Any) -> Any:
    """Input, weight, bias, epsilon and groups (None where axes are given) of a normalisation."""
    names = {
        "layer_norm": ("input", "shape", "weight", "bias", "eps"),
        "rms_norm": ("input", "shape", "weight", "eps"),
        "group_norm": ("input", "groups", "weight", "bias", "eps"),
        "instance_norm": ("input", "weight", "bias", "mean", "var", "own", "momentum", "eps"),
    }[name]
    given = dict(zip(names, args, strict=False)) | kwargs
    eps = given.get("eps", 1e-5)
    x = given["input"]
    groups = {"group_norm": given.get("groups"), "instance_norm": x.shape[1]}.get(name)
    return x, given.get("weight"), given.get("bias"), 1e-7 if eps is None else eps, groups


def _is_gate(one: Tensor) -> bool:
    return getattr(one, "_is_gate", False)


def _mark(one: Any) -> Any:
    if isinstance(one, Tensor):
        one._is_gate = True  # type: ignore[attr-defined]
    return one


def _is_positive(args: Any, kwargs: Any) -> bool:
    power = args[1] if len(args) > 1 else kwargs.get("exponent")
    return isinstance(power, int | float) and power > 0
