"""`wrap`: anybody's model, checked, as a `Predictor`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal

from ..ecg import LEADS, Record
from ..errors import EcgError, WrapError
from .identity import said
from .model_answer import ModelAnswer
from .model_input import Aggregate, ModelInput, Pad, Units
from .predictor import Output, Predictor
from .records import GAPS, Gaps, SideInputs

if TYPE_CHECKING:
    from torch import Tensor, nn

_OUTPUTS = ("softmax", "sigmoid", "linear", "probabilities")
#: Length of a median beat, s (`records.beat_record`).
BEAT_S = 1.2


def wrap(
    module: nn.Module | Any,
    *,
    fs: float,
    outputs: Sequence[str],
    leads: Sequence[str] = LEADS,
    seconds: float | None = None,
    output: Output | Literal["probabilities"] = "softmax",
    units: Units = "mV",
    normalise: Literal["zscore"] | Callable[[Tensor], Tensor] | None = None,
    pad: Pad | None = None,
    window: float | None = None,
    aggregate: Aggregate = "mean",
    median_beat: bool = False,
    layout: str = "nct",
    inputs: Sequence[str] | Callable[[Record], Any] = (),
    answer: str | int | None = None,
    gaps: Gaps = "refuse",
    preprocess: Callable[[Tensor], Tensor] | None = None,
    postprocess: Callable[[Any], Tensor] | None = None,
    batch_size: int = 64,
    device: str = "cpu",
    name: str = "",
) -> Predictor:
    """Make anybody's model a `Predictor` (the Wrapper of ExECG's pipeline).

    The model is tried before it is taken: with noise, with simulated hearts, twice, alone and in
    company. A torch module is copied; yours, its mode and its weights are left as they are.

    Parameters
    ----------
    module : torch.nn.Module, or another model
        TorchScript and exported modules as well. A function of arrays, an object with
        ``predict_proba`` or ``predict``, and an ONNX file (a path or bytes) are asked through an
        adapter and have no gradients: they predict, and cannot be explained by gradients.
    fs, leads, seconds
        What the model expects: Hz, leads in order, length in s (10; with ``window`` all there is;
        1.2 for a median beat). Records are resampled, and leads selected or derived, to suit.
    outputs : sequence of str
        A name for each output.
    output : "softmax", "sigmoid", "linear" or "probabilities"
        How raw outputs become answers: logits of one class of several, logits of several labels, or
        values. Probabilities are turned into logits, which explanations move; a module without its
        last softmax or sigmoid says more where it is sure.
    units : "mV", "uV" or "V"
        What the model expects the ECG in.
    normalise : "zscore" or a torch function, optional
        "zscore": each lead of each record less its mean, over its standard deviation.
    pad : "zero", "end" or "edge", optional
        What fills a shorter record up: zeros at both ends, zeros after it, or its last value. By
        default shorter records are refused.
    window : float, optional
        Seconds that the model takes at once, where records are longer: they are cut into crops that
        follow each other, the last one flush with the end.
    aggregate : "mean" or "max"
        What the crops say together: the mean, or the largest, of their answers.
    median_beat : bool
        Whether the model takes the median beat (of `signals.median_beat`): 0.5 s before R to 0.7 s
        after. Attributions are of that beat; there are no counterfactuals of it.
    layout : str
        Order of the axes: n (ECGs), c (leads), t (samples), 1 for an axis of length one: "nct",
        "ntc", "n1ct".
    inputs : sequence of str, or a function, optional
        What the model takes beside the ECG as its second argument ``(n, k)``: "age" (years), "sex"
        (1 male, 0 female), or ``function(record)`` that gives the numbers. A record that does not
        say them is refused.
    answer : str or int, optional
        Which part of a dict, tuple or object the model answers holds the outputs.
    gaps : "refuse", "interpolate" or "zero"
        What becomes of records with missing samples.
    preprocess, postprocess : callable, optional
        Differentiable torch functions: the last step before ``layout``, after all others above, and
        the first after ``answer``, from there to ``(n, outputs)``.
    batch_size : int
        ECGs that go through the model at once; 1 where it must have each alone.
    device : str
    name : str, optional

    Raises
    ------
    WrapError
        When the model is none, cannot be copied, fails, answers another shape, NaN, probabilities
        for logits, otherwise from call to call or in company; says what was given and what to do.
    """
    if isinstance(output, str) and output in _OUTPUTS:
        kind: Output = "softmax" if output == "probabilities" else output
    else:
        raise WrapError(f"output={output!r}: expected {', '.join(map(repr, _OUTPUTS))}")
    names = _names(outputs, output)
    _check_numbers(fs, seconds, window, batch_size)
    for what, function in (("preprocess", preprocess), ("postprocess", postprocess)):
        if function is not None and not callable(function):
            raise WrapError(f"{what}={function!r}: expected a torch function")
    if gaps not in GAPS:
        raise WrapError(f"gaps={gaps!r}: expected 'refuse', 'interpolate' or 'zero'")
    if not isinstance(name, str):
        raise WrapError(f"name={name!r}: expected a text")
    if median_beat and window is not None:
        raise WrapError(
            "a median beat is not cut into crops: give median_beat= or window=, not both"
        )
    usual = BEAT_S if median_beat else 10.0 if window is None else math.inf
    looked_at = usual if seconds is None else float(seconds)
    at_once = looked_at if window is None else float(window)
    if at_once > looked_at:
        raise WrapError(f"window={window:g} is longer than seconds={seconds:g}")
    takes = ModelInput(round(at_once * fs), units, normalise, window is not None, pad, layout)
    if takes.samples < 2:
        raise WrapError(
            f"{at_once:g} s at {fs:g} Hz are {takes.samples} samples: nothing to look at"
        )
    gives = ModelAnswer(answer, output == "probabilities", aggregate)
    side = SideInputs(inputs if callable(inputs) else _sequence("inputs", inputs))
    leads = _leads(leads)
    where = _device(device)

    from .adapters import module_of
    from .probes import check

    mine, given = module_of(module)
    try:
        predictor = Predictor(
            mine,
            fs=fs,
            leads=leads,
            outputs=names,
            seconds=looked_at,
            output=kind,
            preprocess=preprocess,
            postprocess=postprocess,
            batch_size=int(batch_size),
            device=where,
            name=name or given,
            card={},
            input=takes,
            answer=gives,
            side=side,
            gaps=gaps,
            median_beat=bool(median_beat),
        )
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise WrapError(f"{given} cannot be moved to device {device!r}: {said(error)}") from error
    checked = check(predictor)
    checked.weight_hash  # noqa: B018  # refused now, and not when the first answer is explained
    return checked


def _names(outputs: Any, output: str) -> tuple[str, ...]:
    """The outputs' names; refused before the model is asked anything."""
    names = _sequence("outputs", outputs)
    if not names or not all(isinstance(one, str) and one.strip() for one in names):
        raise WrapError(f"outputs={outputs!r}: expected a name for each output, ['SR', 'AF']")
    broken = [one for one in names if any("\ud800" <= letter <= "\udfff" for letter in one)]
    if broken:  # no message to a browser and no file can carry it
        raise WrapError(f"outputs={outputs!r}: {broken[0]!r} holds half a character")
    if output == "softmax" and len(names) < 2:
        raise WrapError("output='softmax' needs at least two outputs: use 'sigmoid' for one")
    if len(set(names)) != len(names):
        raise WrapError(f"output names must differ: {', '.join(names)}")
    return names


def _sequence(what: str, given: Any) -> tuple[Any, ...]:
    if isinstance(given, str):
        raise WrapError(f"{what}={given!r} is one string: expected a list of names, [{given!r}]")
    try:
        return tuple(given)
    except TypeError as error:
        raise WrapError(f"{what}={given!r}: expected a list of names") from error


def _leads(leads: Any) -> tuple[str, ...]:
    from ..ecg import lead_name

    try:
        names = tuple(map(lead_name, _sequence("leads", leads)))
    except EcgError as error:
        raise WrapError(f"leads: {error}") from error
    if not names or len(set(names)) < len(names):
        raise WrapError(f"leads={list(names)}: expected each lead once, in the model's order")
    return names


def _check_numbers(fs: Any, seconds: Any, window: Any, batch_size: Any) -> None:
    """Refuse rates and lengths that cannot be."""
    for what, value, least, most in (
        ("fs", fs, 20, 20_000),
        ("seconds", 10 if seconds is None else seconds, 0, 86_400 * 14),
        ("window", 10 if window is None else window, 0, 86_400),
    ):
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not number or not (math.isfinite(value) and max(least, 1e-9) <= value <= most):
            unit = "Hz, a number" if what == "fs" else "seconds, a number"
            above = f"from {least} to {most}" if least else f"above 0, up to {most}"
            raise WrapError(f"{what}={value!r}: expected {unit} {above}")
    whole = isinstance(batch_size, Integral) and not isinstance(batch_size, bool)
    if not whole or batch_size < 1:
        raise WrapError(f"batch_size={batch_size!r}: expected a whole number from 1")


def _device(device: Any) -> Any:
    """The device, where there is such a one."""
    import torch

    try:
        where = torch.device(device)
        torch.empty(1, device=where)
    except Exception as error:  # AssertionError of a torch without CUDA, RuntimeError, TypeError
        there = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
        there += ["mps"] if torch.backends.mps.is_available() else []
        raise WrapError(
            f"device={device!r} is not here ({said(error)}): choose {' or '.join(there)}"
        ) from error
    return device
