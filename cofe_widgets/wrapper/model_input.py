"""What a module is given: an ECG in mV as it was prepared in training; gradients flow back to the mV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..errors import WrapError
from .identity import said

if TYPE_CHECKING:
    from torch import Tensor

#: How many of a unit are one mV. Both signs for micro are in use.
UNITS = {"mV": 1.0, "uV": 1000.0, "µV": 1000.0, "μV": 1000.0, "V": 0.001}
Units = Literal["mV", "uV", "V"]
#: "zero": zeros at both ends, the ECG in the middle. "end": zeros after it. "edge": its last value
#: goes on.
Pad = Literal["zero", "end", "edge"]
PADS = ("zero", "end", "edge")
Aggregate = Literal["mean", "max"]


@dataclass(frozen=True)
class ModelInput:
    """How the input of a module is made of ECGs ``(n, leads, samples)`` in mV.

    In this order: units, normalisation, crops, padding, the user's ``preprocess``, layout, number type.

    Attributes
    ----------
    samples : int
        What the module takes at once, per lead.
    units, normalise, pad, layout, preprocess
        As `wrap` describes them.
    crops : bool
        Whether a longer ECG is cut into crops, the last one flush with its end.
    """

    samples: int
    units: str = "mV"
    normalise: Literal["zscore"] | Callable[[Tensor], Tensor] | None = None
    crops: bool = False
    pad: Pad | None = None
    layout: str = "nct"

    def __post_init__(self) -> None:
        if self.units not in UNITS:
            raise WrapError(f"units={self.units!r}: expected 'mV', 'uV' or 'V'")
        if self.normalise not in (None, "zscore") and not callable(self.normalise):
            raise WrapError(
                f"normalise={self.normalise!r}: expected 'zscore' (each lead to mean 0 and standard "
                "deviation 1), or a torch function of (n, leads, samples)"
            )
        if self.pad is not None and self.pad not in PADS:
            raise WrapError(
                f"pad={self.pad!r}: expected 'zero' (zeros at both ends), 'end' (zeros after the "
                "ECG) or 'edge' (its last value goes on)"
            )
        letters = sorted(str(self.layout).replace("1", ""))
        if letters not in (["c", "n", "t"], ["n", "t"]):
            raise WrapError(
                f"layout={self.layout!r}: expected the order of n (ECGs), c (leads) and t (samples), "
                "with 1 for an axis of length one: 'nct', 'ntc', 'n1ct', 'nc1t'; 'nt' for one lead"
            )

    def prepared(self, x: Tensor, preprocess: Callable[[Tensor], Any] | None) -> Tensor:
        """What becomes of ECGs in mV, ``(n, leads, samples)``, before `laid_out`; crops are more than n."""
        factor = UNITS[self.units]
        if factor != 1.0:
            x = x * factor
        x = self._normalised(x)
        if self.crops and x.shape[-1] > self.samples:
            x = self._cropped(x)
        x = self._padded(x)
        return x if preprocess is None else _called("preprocess", preprocess, x)

    def _normalised(self, x: Tensor) -> Tensor:
        if self.normalise is None:
            return x
        if self.normalise == "zscore":
            return zscore(x)
        out = _called("normalise", self.normalise, x)
        if getattr(out, "shape", None) != x.shape:
            raise WrapError(
                f"normalise gives {_shape(out)} for {tuple(x.shape)}: expected the same shape "
                "(a function that changes it is a preprocess=)"
            )
        return out

    def _cropped(self, x: Tensor) -> Tensor:
        import torch

        crops = x.unfold(-1, self.samples, self.samples).transpose(1, 2)
        if x.shape[-1] % self.samples:
            crops = torch.cat([crops, x[:, None, :, -self.samples :]], dim=1)
        return crops.flatten(0, 1)

    def _padded(self, x: Tensor) -> Tensor:
        import torch

        short = self.samples - x.shape[-1]
        if self.pad is None or short <= 0:
            return x
        if self.pad == "edge":
            return torch.nn.functional.pad(x, (0, short), mode="replicate")
        before = short // 2 if self.pad == "zero" else 0
        return torch.nn.functional.pad(x, (before, short - before))

    def laid_out(self, x: Tensor) -> Tensor:
        """The same with its axes as the module takes them."""
        if self.layout == "nct":
            return x
        if x.ndim != 3:
            raise WrapError(
                f"layout={self.layout!r} arranges (n, leads, samples), and preprocess gives "
                f"{_shape(x)}: let one of the two arrange the axes"
            )
        if "c" not in self.layout:
            if x.shape[1] != 1:
                raise WrapError(
                    f"layout={self.layout!r} has no place for leads, and there are {x.shape[1]}"
                )
            x = x[:, 0]
        order = "nct" if "c" in self.layout else "nt"
        x = x.permute([order.index(letter) for letter in self.layout if letter != "1"])
        for place, letter in enumerate(self.layout):
            if letter == "1":
                x = x.unsqueeze(place)
        return x.contiguous()


def zscore(x: Tensor) -> Tensor:
    """Each lead of each ECG less its mean, over its standard deviation; a flat lead is zero."""
    import torch

    centred = x - x.mean(dim=-1, keepdim=True)
    power = centred.square().mean(dim=-1, keepdim=True)
    # Flat is what rounding alone moves. The root is not taken of zero: it has no gradient there.
    rounding = 1e-5 * x.detach().abs().amax(dim=-1, keepdim=True)
    flat = power <= rounding.square().clamp(min=1e-18)
    return torch.where(flat, 0.0, centred * torch.where(flat, 1.0, power).rsqrt())


def _called(what: str, function: Callable[[Tensor], Any], x: Tensor) -> Tensor:
    import torch

    shape = tuple(x.shape)
    try:
        out = function(x)
    except Exception as error:
        raise WrapError(f"{what} fails on an input of shape {shape}: {said(error)}") from error
    if not isinstance(out, torch.Tensor):
        raise WrapError(
            f"{what} gives a {type(out).__name__}: expected a torch function that gives a tensor"
        )
    return out


def _shape(value: Any) -> str:
    return str(tuple(value.shape)) if hasattr(value, "shape") else f"a {type(value).__name__}"
