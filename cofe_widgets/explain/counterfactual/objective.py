"""What is asked of a model: which output, and how far it is to go."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import ExplainError
from ...generative.model_output import ModelOutput
from ...wrapper import Predictor

#: What is shown to a model that does not respond to small changes: is its answer the same to all?
_OTHER_SCALES = (0.25, 4.0, -3.0)


class Objective(ModelOutput):
    """A model, a target and a level to reach.

    Raises
    ------
    ExplainError
        When the level cannot be an answer of the target, or the model wants more than ten seconds.
    """

    def __init__(self, f: Predictor, target: str, level: float) -> None:
        super().__init__(f, target)
        self.level = level = _number(level)
        if f.output != "linear" and not 0 < level < 1:
            raise ExplainError(f"level {level:g}: a probability to reach lies between 0 and 1")
        if not math.isfinite(level):
            raise ExplainError(f"level {level}: expected a number")
        self.target_score = level if f.output == "linear" else math.log(level / (1 - level))

    def reached(self, start: float, answer: float) -> bool:
        """Whether an answer lies at the level or beyond it, seen from where the score started."""
        return bool((answer - self.level) * np.sign(self.target_score - start) >= -1e-6)

    def goes(self, predictions: NDArray[np.float64]) -> str:
        """From where to where the answer goes, in words."""
        linear = self.f.output == "linear"
        name, digits = (self.target, ".3g") if linear else (f"p({self.target})", ".2f")
        return f"{name} goes from {predictions[0]:{digits}} to {predictions[-1]:{digits}}"

    def sign(self, start: Tensor) -> Tensor:
        """+1 where the score has to rise, -1 where it has to fall, ``(batch,)``.

        Values may be asked to do either; a probability is asked to fall by a level below one half.

        Raises
        ------
        ExplainError
            When a record is already there.
        """
        if self.f.output == "linear":
            near = (start - self.target_score).abs() <= 1e-4 * max(1.0, abs(self.target_score))
            if bool(near.any()):
                raise ExplainError(
                    f"{self.f.name} already answers {self.target} {float(start[near][0]):.4g}, the "
                    "value asked for: choose another"
                )
        elif self.level >= 0.5 and bool((start >= self.target_score).any()):
            now = float(self.answer(start[start >= self.target_score][0]))
            others = ", ".join(name for name in self.f.outputs if name != self.target)
            raise ExplainError(
                f"{self.f.name} already answers {self.target} {now:.2f}, the level asked for is "
                f"{self.level:g}: choose a higher level, one below 0.5 to make it fall"
                + (f", or another target ({others})" if others else "")
            )
        return torch.where(start < self.target_score, 1.0, -1.0)

    def refuse_without_gradient(self) -> None:
        """Refuse a model whose answers have no gradient at all, before any search."""
        f = self.f
        if not f.differentiable:
            raise ExplainError(
                f"{f.name} gives no gradient: {f.lack_of_gradients}. A counterfactual needs a "
                "differentiable model (is the output rounded, or detached?)"
            )

    def slope(self, loss: Tensor, move: Tensor) -> Tensor:
        """Gradient of a loss.

        Raises
        ------
        ExplainError
            When none passes through the model.
        """
        try:
            return torch.autograd.grad(loss, move)[0]
        except Exception as error:  # also of a backward of the user's own
            raise ExplainError(
                f"{self.f.name} has no gradient with respect to the ECG: a counterfactual needs a "
                "differentiable model (is the output rounded, or detached?)"
            ) from error

    @torch.no_grad()
    def refuse_flat(self, signals: Tensor) -> None:
        """Say why a model's answer does not respond to a change of the ECG: constant, or flat here."""
        answers = torch.stack([self.score(signals * scale) for scale in (1.0, *_OTHER_SCALES)])
        if bool((answers == answers[0]).all()):
            raise ExplainError(
                f"{self.f.name} is constant: it answers {self.target} "
                f"{float(self.answer(answers[0, 0])):.3g} to this ECG and to four others made of it, "
                "so no change of the ECG can explain it"
            )
        raise ExplainError(
            f"{self.f.name} has no gradient at this ECG: its answer to {self.target} does not respond "
            "to small changes. Is it rounded, or saturated (a softmax, sigmoid or clamp inside the "
            "model)? Wrap the module so that it answers raw logits"
        )


def _number(level: Any) -> float:
    """The level as a number.

    Raises
    ------
    ExplainError
        When it is none.
    """
    if isinstance(level, bool) or not isinstance(level, Real):
        raise ExplainError(f"level={level!r}: expected a number, the answer to reach")
    return float(level)
