"""A model's answer to signals as the generator draws them, with gradients."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..ecg import LEADS
from ..errors import ExplainError, WrapError
from ..models.architectures.generator import FS, SAMPLES
from ..models.filters import Resample
from ..wrapper import Predictor


class ModelOutput:
    """One output of a model, asked of signals of the generator (12 leads, 250 Hz, 10 s).

    Parameters
    ----------
    f : Predictor
    target : str
        Output by name.

    Raises
    ------
    ExplainError
        When the model has no such output, wants more than ten seconds, or other leads.
    """

    def __init__(self, f: Predictor, target: str) -> None:
        self.f, self.target = f, target
        try:
            f.index(target)
        except WrapError as error:
            raise ExplainError(str(error)) from error
        if f.median_beat:
            raise ExplainError(
                f"{f.name} takes a median beat: counterfactuals are drawn for 10 s of ECG; attribute() "
                "explains the beat"
            )
        if f.shortest_s > 10.0:
            raise ExplainError(
                f"{f.name} looks at {f.shortest_s:g} s of ECG: counterfactuals are drawn for 10 s "
                "(wrap(..., pad=) fills them up)"
            )
        missing = [name for name in f.leads if name not in LEADS]
        if missing:
            raise ExplainError(
                f"{f.name} uses lead {', '.join(missing)}: counterfactuals have the standard twelve"
            )
        self.rows = [LEADS.index(name) for name in f.leads]
        self.resample = Resample(FS, f.fs, SAMPLES) if f.fs != FS else nn.Identity()
        # A model of crops looks at all of them.
        self.samples = round(min(f.seconds, 10.0) * f.fs)

    def score(self, signals: Tensor) -> Tensor:
        """Log-odds (or value) of the target, ``(batch,)``; gradients pass."""
        x = self.resample(signals[:, self.rows])
        raw = self.f.raw(x[:, :, : self.samples].to(self.f.device))
        score = self.f.score(raw, self.target).to(signals.device)
        if not torch.isfinite(score).all():
            raise ExplainError(f"{self.f.name} answers NaN or infinity on the way to {self.target}")
        return score

    def answer(self, score: Tensor) -> Tensor:
        """The answer people read: a probability, or the value itself."""
        return score if self.f.output == "linear" else score.sigmoid()
