"""Attribution: where a model looks, by captum, signs kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record
from ...errors import ExplainError, WrapError
from ...provenance import provenance
from ...wrapper import Predictor

if TYPE_CHECKING:
    from torch import Tensor

#: Steps of the integral and copies of the noise.
IG_STEPS, SMOOTH_COPIES, SMOOTH_NOISE_MV = 50, 25, 0.02


@dataclass(frozen=True, eq=False)
class Attribution:
    """Signed relevance of every sample of every lead for one output.

    Attributes
    ----------
    values : (leads, T) float32
        Change of the target's log-odds (or value) per mV for gradients, or the share of it for
        methods that multiply by the input. Positive speaks for the target, negative against.
    record : Record
        The ECG as the model saw it: its leads, rate and length.
    target, method : str
    provenance : dict
    """

    values: NDArray[np.float32]
    record: Record
    target: str
    method: str
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def fs(self) -> float:
        """Sampling rate in Hz."""
        return self.record.fs

    @property
    def leads(self) -> tuple[str, ...]:
        """Leads of the rows."""
        return self.record.leads

    def __repr__(self) -> str:
        return f"Attribution({self.method} for {self.target}, {len(self.leads)} leads)"


def _saliency(score: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    from captum.attr import Saliency

    return Saliency(score).attribute(x, abs=False)


def _input_x_gradient(score: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    from captum.attr import InputXGradient

    return InputXGradient(score).attribute(x)


def _integrated_gradients(score: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    from captum.attr import IntegratedGradients

    return IntegratedGradients(score).attribute(x, n_steps=IG_STEPS, internal_batch_size=32)


def _smoothgrad(score: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    import torch
    from captum.attr import NoiseTunnel, Saliency

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return NoiseTunnel(Saliency(score)).attribute(
            x, nt_type="smoothgrad", nt_samples=SMOOTH_COPIES, stdevs=SMOOTH_NOISE_MV, abs=False
        )


_METHODS = {
    "saliency": _saliency,
    "smoothgrad": _smoothgrad,
    "input_x_gradient": _input_x_gradient,
    "integrated_gradients": _integrated_gradients,
}
#: Names of the attribution methods.
METHODS = tuple(_METHODS)


def attribute(record: Record, f: Predictor, target: str, method: str = "saliency") -> Attribution:
    """Which samples of which leads speak for or against ``target``.

    Parameters
    ----------
    record : Record
    f : Predictor
    target : str
        Output by name.
    method : str
        One of `METHODS`: "saliency" (signed gradient of the log-odds; Simonyan et al. 2014),
        "smoothgrad" (its mean over 25 copies with 20 uV noise; Smilkov et al. 2017),
        "input_x_gradient", "integrated_gradients" (zero baseline, 50 steps; Sundararajan et al.
        2017).

    Raises
    ------
    ExplainError
        For an unknown method or target, or a model that gives no finite gradient.
    EcgError
        When the record is too short for the model or lacks a lead it needs.
    """
    import torch

    if method not in _METHODS:
        raise ExplainError(f"no attribution method {method!r}: choose one of {', '.join(METHODS)}")
    try:
        f.index(target)
    except WrapError as error:
        raise ExplainError(str(error)) from error
    x = f.tensor(record).requires_grad_(True)
    seen = record.select(f.leads).resample(f.fs)
    seen = seen.crop(0, min(seen.duration_s, f.seconds))
    try:
        with torch.enable_grad():
            values = _METHODS[method](lambda part: f.score(f.raw(part), target), x)
    except RuntimeError as error:
        raise ExplainError(f"{f.name} gives no gradient for {target}: {error}") from error
    array = values.detach().cpu().numpy()[0].astype(np.float32)[:, : seen.samples]
    if not np.isfinite(array).all():
        raise ExplainError(f"{f.name} gives NaN or infinite gradients for {target}")
    return Attribution(array, seen, target, method, provenance(f))
