"""`Predictor`: a model of ECGs with named outputs: records in, answers by name out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from ..ecg import Record, lead_name
from ..errors import EcgError, WrapError
from .length import SLACK_S, first_samples

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

Output = Literal["softmax", "sigmoid", "linear"]


def log_odds(raw: Tensor, output: str, k: int) -> Tensor:
    """Log-odds of the ``k``-th output, ``(n,)``, of raw outputs ``(n, outputs)``; a linear one's value."""
    if output != "softmax":
        return raw[:, k]
    rest = [other for other in range(raw.shape[1]) if other != k]
    return raw[:, k] - raw[:, rest].logsumexp(dim=1)


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
        In evaluation mode.
    weight_hash : str
        Of the architecture, all parameters and buffers.
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
        postprocess: Callable[[Tensor], Tensor] | None,
        batch_size: int,
        device: str | torch.device,
        name: str,
        card: dict[str, Any],
    ) -> None:
        self.fs, self.seconds, self.output = float(fs), float(seconds), output
        self.leads, self.outputs = tuple(map(lead_name, leads)), tuple(outputs)
        self.preprocess, self.postprocess = preprocess, postprocess
        self.batch_size, self.device, self.name, self.card = batch_size, device, name, card
        self.module = module.eval().to(device)
        self._hashed: tuple[Any, str] | None = None

    def __repr__(self) -> str:
        return (
            f"Predictor({self.name}: {', '.join(self.outputs)}; "
            f"{len(self.leads)} leads, {self.seconds:g} s at {self.fs:g} Hz)"
        )

    def __copy__(self) -> Predictor:
        """Another predictor of the same module."""
        same = object.__new__(type(self))
        vars(same).update(vars(self))
        return same

    @property
    def weight_hash(self) -> str:
        """Hash of the architecture, all parameters and buffers as they are now.

        It is worked out again when a tensor was written to or replaced (not through ``.data``).
        """
        tensors = [*self.module.parameters(), *self.module.buffers()]
        try:
            state: Any = tuple((id(one), one._version) for one in tensors)
        except RuntimeError:  # made in inference mode: nobody counts what is written to it
            state = object()
        if self._hashed is None or self._hashed[0] != state:
            self._hashed = state, hash_of(self.module)
        return self._hashed[1]

    @property
    def is_shipped(self) -> bool:
        """Whether `load` gives this very model again by its name."""
        return False

    @property
    def samples(self) -> int:
        """Samples per lead that the module expects."""
        return round(self.seconds * self.fs)

    def index(self, target: str) -> int:
        """Place of an output by name.

        Raises
        ------
        WrapError
            For an unknown name, listing those there are.
        """
        if target not in self.outputs:
            known = ", ".join(self.outputs)
            raise WrapError(f"{self.name} has no output {target!r}: choose one of {known}")
        return self.outputs.index(target)

    def tensor(self, records: Record | Iterable[Record]) -> Tensor:
        """The records as the module wants them, ``(n, leads, samples)`` in mV.

        Of a longer record the first ``seconds`` are taken.

        Raises
        ------
        EcgError
            When a record is too short or lacks a lead.
        """
        import torch

        many = [records] if isinstance(records, Record) else list(records)
        rows = []
        for record in many:
            if record.duration_s < self.seconds - SLACK_S:
                raise EcgError(
                    f"the record is {record.duration_s:.2f} s long and {self.name} needs "
                    f"{self.seconds:g} s"
                )
            signal = record.select(self.leads).resample(self.fs).signal
            rows.append(first_samples(signal, self.samples))
        return torch.from_numpy(np.stack(rows)).to(self.device)

    def raw(self, x: Tensor) -> Tensor:
        """Raw outputs (logits or values), ``(n, outputs)``, of ``(n, leads, samples)``."""
        if self.module.training:
            self.module.eval()
        y = self.module(x if self.preprocess is None else self.preprocess(x))
        return y if self.postprocess is None else self.postprocess(y)

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

        if not isinstance(records, Record) and not records:
            return []
        x = self.tensor(records)
        with torch.no_grad():
            parts = [self.answers(self.raw(part)) for part in x.split(self.batch_size)]
        answers = torch.cat(parts).cpu().double().numpy()
        if not np.isfinite(answers).all():
            raise WrapError(f"{self.name} answers NaN or infinity for this ECG")
        named = [dict(zip(self.outputs, row.tolist(), strict=True)) for row in answers]
        return named[0] if isinstance(records, Record) else named


def hash_of(module: nn.Module) -> str:
    """Hash of a module's architecture, parameters and buffers."""
    import torch

    digest = hashlib.sha256(repr(module).encode())
    for key, value in module.state_dict().items():
        digest.update(key.encode())
        digest.update(
            value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
        )
    return digest.hexdigest()[:16]
