"""`wrap`: anybody's torch module, checked, as a `Predictor`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..ecg import LEADS
from ..errors import WrapError
from .predictor import Output, Predictor

if TYPE_CHECKING:
    from torch import Tensor, nn


def wrap(
    module: nn.Module,
    *,
    fs: float,
    outputs: Sequence[str],
    leads: Sequence[str] = LEADS,
    seconds: float = 10.0,
    output: Output = "softmax",
    preprocess: Callable[[Tensor], Tensor] | None = None,
    postprocess: Callable[[Tensor], Tensor] | None = None,
    batch_size: int = 64,
    device: str = "cpu",
    name: str = "",
) -> Predictor:
    """Make anybody's torch module a `Predictor` (the Wrapper of ExECG's pipeline).

    Parameters
    ----------
    module : torch.nn.Module
        Takes ``(n, leads, samples)`` float32 and returns ``(n, outputs)`` logits or values.
    fs, leads, seconds
        What the module expects; records are resampled, and leads selected or derived, to suit.
    outputs : sequence of str
        A name for each output.
    output : "softmax", "sigmoid" or "linear"
        How raw outputs become answers. A module that ends in a softmax or sigmoid of its own should
        be given without it: explanations move logits.
    preprocess, postprocess : callable, optional
        Differentiable torch functions from mV to the module's input, and from its output to
        ``(n, outputs)``.

    Raises
    ------
    WrapError
        When the module does not answer ``(n, len(outputs))`` finite numbers to 0.1 mV of noise.
    """
    _check_description(outputs, output)
    predictor = Predictor(
        module,
        fs=fs,
        leads=leads,
        outputs=outputs,
        seconds=seconds,
        output=output,
        preprocess=preprocess,
        postprocess=postprocess,
        batch_size=batch_size,
        device=device,
        name=name or type(module).__name__,
        card={},
    )
    _check_answer(predictor)
    return predictor


def _check_description(outputs: Sequence[str], output: str) -> None:
    """Refuse names of outputs that cannot be, before the module is asked anything."""
    if output not in ("softmax", "sigmoid", "linear"):
        raise WrapError(f"output={output!r}: expected 'softmax', 'sigmoid' or 'linear'")
    if isinstance(outputs, str):
        raise WrapError(
            f"outputs={outputs!r} is one string: expected a list of names, [{outputs!r}]"
        )
    if output == "softmax" and len(outputs) < 2:
        raise WrapError("output='softmax' needs at least two outputs: use 'sigmoid' for one")
    if len(set(outputs)) != len(outputs):
        raise WrapError(f"output names must differ: {', '.join(outputs)}")


def _check_answer(predictor: Predictor) -> None:
    """Refuse a module that does not answer two ECGs of noise as it is described."""
    import torch

    shape, outputs = (2, len(predictor.leads), predictor.samples), predictor.outputs
    probe = 0.1 * torch.randn(shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        try:
            raw = predictor.raw(probe.to(predictor.device))
        except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
            raise WrapError(
                f"{predictor.name} fails on an input of shape {shape}: {error}"
            ) from error
    if not isinstance(raw, torch.Tensor):
        raise WrapError(
            f"{predictor.name} answers a {type(raw).__name__}: give postprocess=, a function that "
            "picks the tensor (n, outputs) from it"
        )
    if tuple(raw.shape) != (2, len(outputs)):
        raise WrapError(
            f"{predictor.name} answers shape {tuple(raw.shape)} to two ECGs, but {len(outputs)} "
            f"outputs are named: expected (2, {len(outputs)})"
        )
    if not torch.isfinite(raw).all():
        raise WrapError(f"{predictor.name} answers NaN or infinity to 0.1 mV of noise")
