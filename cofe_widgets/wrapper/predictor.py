"""`Predictor`: a model of ECGs with named outputs: records in, answers by name out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from ..ecg import Record, lead_name
from ..errors import EcgError, WrapError, meant
from ..models.number_type import number_type
from .identity import hash_of, hash_with, said, unusual
from .length import SLACK_S, first_samples, help_for_short
from .model_answer import ModelAnswer, log_odds
from .model_input import ModelInput
from .numbers import as_module, default_type, in_evaluation, lack_of_gradients
from .records import Gaps, SideInputs, batched, beat_record, listed, noise, without_gaps

if TYPE_CHECKING:
    import pandas as pd
    import torch
    from torch import Tensor, nn

    from .check import ModelCheck

Output = Literal["softmax", "sigmoid", "linear"]


class Predictor:
    """A model of ECGs with named outputs.

    Use `wrap` or `load` to make one.

    Attributes
    ----------
    name : str
    outputs : tuple of str
        Names of the outputs, in the module's order.
    output : "softmax", "sigmoid" or "linear"
        How raw outputs become answers: one class of several, several labels, or values.
    fs, leads, seconds
        What the module expects: Hz, lead names in order, length in s.
    module : torch.nn.Module
        In evaluation mode; of a module that was wrapped, the predictor's own copy.
    input : ModelInput
        How the module's input is made of an ECG in mV.
    answer : ModelAnswer
        How logits or values are read from what it answers.
    side : SideInputs
        What else it takes beside the ECG, and of which record.
    weight_hash : str
        Of the architecture, all parameters and buffers, and the options that are not the default.
    card : dict
        The model card of shipped weights; empty for others.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        fs: float,
        leads: Sequence[str],
        outputs: Sequence[str],
        seconds: float,
        output: Output,
        preprocess: Callable[[Tensor], Tensor] | None,
        postprocess: Callable[[Any], Tensor] | None,
        batch_size: int,
        device: str | torch.device,
        name: str,
        card: dict[str, Any],
        input: ModelInput | None = None,
        answer: ModelAnswer | None = None,
        side: SideInputs | None = None,
        gaps: Gaps = "refuse",
        median_beat: bool = False,
    ) -> None:
        self.fs, self.seconds, self.output = float(fs), float(seconds), output
        self.leads, self.outputs = tuple(map(lead_name, leads)), tuple(outputs)
        self.preprocess, self.postprocess = preprocess, postprocess
        self.batch_size, self.device, self.name, self.card = batch_size, device, name, card
        self.input = input or ModelInput(round(self.seconds * self.fs))
        self.answer, self.side = answer or ModelAnswer(), side or SideInputs()
        self.gaps, self.median_beat = gaps, median_beat
        self.module = in_evaluation(module).to(device)
        self._default = default_type()
        self._lack: str | None = None

    def __repr__(self) -> str:
        length = f"{self.seconds:g} s" if math.isfinite(self.seconds) else "any length"
        if self.input.crops:
            length = f"{length} in crops of {self.samples / self.fs:g} s"
        return (
            f"Predictor({self.name}: {', '.join(self.outputs)}; "
            f"{len(self.leads)} leads, {length} at {self.fs:g} Hz)"
        )

    def __copy__(self) -> Predictor:
        """Another predictor of the same module."""
        same = object.__new__(type(self))
        vars(same).update(vars(self))
        return same

    @property
    def weight_hash(self) -> str:
        """Hash of the architecture, parameters, buffers and options as they are now."""
        module, options = hash_of(self.module), self.options
        return hash_with(module, options) if options else module

    @property
    def options(self) -> dict[str, Any]:
        """What of `wrap`'s options is not the default, and decides the answer."""
        parts = (self.input, self.answer, self.side)
        held = {name: value for part in parts for name, value in unusual(part).items()}
        if held.pop("crops", False):
            held["window"] = self.samples / self.fs
        own = {name: getattr(self, name) for name in _USUAL}
        return held | {name: value for name, value in own.items() if value != _USUAL[name]}

    @property
    def facts(self) -> dict[str, Any]:
        """What provenance says of how the model is asked: `options`, side inputs; as JSON can hold it."""
        told = {k: getattr(v, "__qualname__", repr(v)) if callable(v) else v
                for k, v in self.options.items()}  # fmt: skip
        return told if self.side.row_of is None else {**told, "side": list(self.side.row_of)}

    @property
    def has_functions(self) -> bool:
        """Whether its answer rests on functions, or on a record's side inputs."""
        return self.side.names != () or any(map(callable, self.options.values()))

    @property
    def is_shipped(self) -> bool:
        """Whether `load` gives this very model again by its name."""
        return False

    @property
    def differentiable(self) -> bool:
        """Whether its answers have gradients, which explanations by gradients need."""
        return not self.lack_of_gradients

    @property
    def lack_of_gradients(self) -> str:
        """Why its answers have no gradients; empty where they have."""
        if self._lack is None:
            x = noise(1, len(self.leads), self.samples).to(self.device)
            side = self.side.example(1, self.device)
            self._lack = lack_of_gradients(lambda given: self.raw(given, side), x)
        return self._lack

    @property
    def samples(self) -> int:
        """Samples per lead that the module takes at once."""
        return self.input.samples

    @property
    def shortest_s(self) -> float:
        """The shortest record that it takes, s."""
        if self.input.pad is not None or self.median_beat:
            return 0.0
        return self.samples / self.fs if self.input.crops else self.seconds

    def index(self, target: str) -> int:
        """Place of an output by name.

        Raises
        ------
        WrapError
            For an unknown name, listing those there are.
        """
        if target not in self.outputs:
            known = ", ".join(self.outputs)
            hint = meant(target, self.outputs)
            raise WrapError(f"{self.name} has no output {target!r}{hint}: choose one of {known}")
        return self.outputs.index(target)

    def of(self, record: Record) -> Predictor:
        """The same model with the side inputs (age, sex) of a record; itself where it takes none."""
        if not self.side.names:
            return self
        same = self.__copy__()
        same.side = self.side.of(record, self.name)
        return same

    def seen(self, record: Record) -> Record:
        """What of a record the model looks at: its leads, rate and length; gaps filled if so asked.

        Raises
        ------
        EcgError
            When the record is too short, has gaps, or lacks a lead.
        """
        if not isinstance(record, Record):
            raise EcgError(
                f"a {type(record).__name__} is no Record: "
                + ("give its .record" if hasattr(record, "record") else _MAKES_ONE)
            )
        if record.duration_s < self.shortest_s - SLACK_S:
            raise EcgError(
                f"the record is {record.duration_s:.2f} s long and {self.name} needs "
                f"{self.shortest_s:g} s{'' if self.card else help_for_short(self.input.layout)}"
            )
        shown = beat_record(record) if self.median_beat else record
        if shown.has_gaps:
            shown = shown.completed()
        shown = shown.select(self.leads).resample(self.fs)
        shown = shown.crop(0, min(shown.duration_s, self.seconds))
        return without_gaps(shown, self.gaps, self.name)

    def tensor(self, records: Record | Iterable[Record]) -> Tensor:
        """The records as the model sees them (`seen`), ``(n, leads, samples)`` in mV.

        Of a longer record the first ``seconds`` are taken. A model that takes records of any length
        takes those of one length together.

        Raises
        ------
        EcgError
            When a record is too short, has gaps, lacks a lead, or is longer than the others.
        """
        import torch

        many = [records] if isinstance(records, Record) else list(records)
        rows = [self.taken(self.seen(record)) for record in many]
        if len({row.shape for row in rows}) > 1:
            raise EcgError(
                f"records of different lengths cannot be one tensor: {self.name}.predict takes them"
            )
        return torch.from_numpy(np.stack(rows)).to(self.device)

    def taken(self, seen: Record) -> NDArray[np.float32]:
        """What the module takes of a record that is as it sees it (`seen`), ``(leads, samples)`` in mV."""
        signal = seen.signal
        any_length = self.input.pad is not None or (
            self.input.crops and signal.shape[1] > self.samples
        )
        return signal if any_length else first_samples(signal, self.samples)

    def raw(self, x: Tensor, side: Tensor | None = None) -> Tensor:
        """Raw outputs (logits or values), ``(n, outputs)`` float32, of ``(n, leads, samples)`` in mV.

        The module is given a copy: one that works in place changes nothing of ``x``.

        Parameters
        ----------
        x : Tensor
        side : Tensor, ``(n, k)``, optional
            What else the model takes; by default that of the record that it was bound to (`of`).

        Raises
        ------
        WrapError
            When the module, or a function of the user's, fails or answers another shape.
        """
        rows = self.rows(x, side)
        return self.answer.raw(rows, self.output, len(x))

    def rows(self, x: Tensor, side: Tensor | None = None) -> Tensor:
        """What the module itself answers, ``(n or more, outputs)``: a row an ECG, or one a crop."""
        import torch
        from torch.utils.checkpoint import checkpoint, set_checkpoint_early_stop

        if self.module.training:
            in_evaluation(self.module)
        with number_type(self._default):
            given = self.input.prepared(x.clone(), self.preprocess)
        many = len(given)
        beside = self.side.rows(len(x), side, self.name, self.device)
        if beside is not None:
            beside = beside.repeat_interleave(many // len(x), dim=0)
        most = self.batch_size if self.input.crops or self.batch_size == 1 else many
        if many <= most:
            return self._asked(given, beside)
        parts = given.split(most)
        besides = [None] * len(parts) if beside is None else beside.split(most)
        if not given.requires_grad:
            return torch.cat([self._asked(*both) for both in zip(parts, besides, strict=True)])
        # What a module computes on the way is not kept for all crops of a long record at once.
        how: dict[str, Any] = {"use_reentrant": False, "preserve_rng_state": False}
        with set_checkpoint_early_stop(False):  # it stops by an error, which would be said
            pairs = zip(parts, besides, strict=True)
            return torch.cat([checkpoint(self._asked, *both, **how) for both in pairs])

    def _asked(self, given: Tensor, beside: Tensor | None) -> Tensor:
        """The module's answer to its input, ``(n, outputs)``."""
        ecgs, given = len(given), as_module(self.input.laid_out(given), self.module)
        try:
            with number_type(self._default):
                y = self.module(given) if beside is None else self.module(given, beside.to(given))
        except Exception as error:
            raise WrapError(
                f"{self.name} fails on an input of shape {tuple(given.shape)}"
                f"{'' if beside is None else f' and {tuple(beside.shape)}'}: {said(error)}"
            ) from error
        return self.answer.rows(y, ecgs, self.outputs, self.postprocess, self.name)

    def score(self, raw: Tensor, target: str) -> Tensor:
        """What an explanation moves, ``(n,)``: log-odds of ``target``, or its value if linear."""
        return log_odds(raw, self.output, self.index(target))

    def answers(self, raw: Tensor) -> Tensor:
        """Probabilities (softmax, sigmoid) or values (linear) ``(n, outputs)``."""
        if self.output == "softmax":
            return raw.softmax(dim=1)
        return raw.sigmoid() if self.output == "sigmoid" else raw

    @overload
    def predict(self, records: Record) -> dict[str, float]: ...
    @overload
    def predict(self, records: Sequence[Record]) -> list[dict[str, float]]: ...
    def predict(self, records: Record | Sequence[Record]) -> Any:
        """The model's answer by output name; a list of records gives a list of answers.

        Raises
        ------
        EcgError
            When a record does not fit (too short, a lead missing).
        WrapError
            When the model answers NaN.
        """
        import torch

        one = isinstance(records, Record)
        many = listed(records)
        answers = np.empty((len(many), len(self.outputs)))
        for places, x, side in self.batches(many, one):
            with torch.no_grad():
                answer = self.answers(self.raw(x, side))
            answers[places] = answer.cpu().double().numpy()
        if not np.isfinite(answers).all():
            raise WrapError(f"{self.name} answers NaN or infinity for this ECG")
        named = [dict(zip(self.outputs, row.tolist(), strict=True)) for row in answers]
        return named[0] if one else named

    def batches(
        self, records: Sequence[Record], one: bool = False
    ) -> list[tuple[list[int], Tensor, Tensor | None]]:
        """The records as the module sees them, those of one length together.

        Returns
        -------
        list of (places, Tensor ``(n, leads, samples)`` in mV, side inputs ``(n, k)`` or None)

        Raises
        ------
        EcgError
            When a record does not fit; says which of several, unless it is ``one``.
        """
        return batched(self, records, one)

    def layers(self) -> pd.DataFrame:
        """The module's layers by name, in the order of a forward: kind, shape, time axis (`layers.Layer`)."""
        from .layers import table

        return table(self)

    def activations(self, records: Record | Sequence[Record], layer: str) -> Any:
        """What a layer gives for a record, an array; of several a list. Of crops, the first axis counts them.

        Raises
        ------
        WrapError
            For an unknown layer, saying which names are close.
        """
        from .layers import activations

        return activations(self, records, layer)

    def check(self, records: Sequence[Record], truth: Sequence[str] | None = None) -> ModelCheck:
        """Whether units, rate, leads and normalisation look like what the model was trained on.

        See `wrapper.check.check`.
        """
        from .check import check

        return check(self, records, truth)


_MAKES_ONE = "cw.read(file) or cw.Record(signal, fs, leads) makes one"
#: Options that `Predictor` keeps itself, and their defaults.
_USUAL = {"preprocess": None, "postprocess": None, "gaps": "refuse", "median_beat": False}
