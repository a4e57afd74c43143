"""One question to ECGs that go through the model together, and what is known of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ExplainError
from .given import GivenEcgs
from .gradients import score
from .method import Method

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor

#: Values of a complete method that miss the change of the score by more than this do not add up to it.
INCOMPLETE = 0.25


def where(place: int | None) -> str:
    """How a message about one of several records begins."""
    return "" if place is None else f"records[{place}]: "


@dataclass(frozen=True)
class Batch:
    """A method's question; ``places`` are those of the ECGs among the records, None of one alone."""

    method: Method
    options: dict[str, Any]
    f: Predictor
    target: str
    places: Sequence[int] | None

    def explained(self, x: Tensor) -> tuple[NDArray[np.float32], list[dict[str, Any]]]:
        """Values ``(n, leads, samples)``, and of each ECG what provenance says of them."""
        found = self.method.facts(self.f, **self.options)
        values = self.values(x)
        signed = self.options.get("signed", self.method.signed)
        facts = [{"signed": signed, "complete": self.method.complete, **found} for _ in x]
        if self.method.complete:
            for fact, ecg, missed in zip(
                facts, x, self.completeness_errors(x, values), strict=True
            ):
                fact["completeness_error"] = missed
                if (missed or 0.0) > INCOMPLETE:
                    fact["warning"] = _missed(missed or 0.0, self.scaling(ecg[None]))
        return values, facts

    def values(self, x: Tensor) -> NDArray[np.float32]:
        """What the method says, checked: ``(n, leads, samples)``."""
        import torch

        name, f = self.method.name, self.f
        # A copy: what a method does to its input must not reach the check of completeness.
        with torch.set_grad_enabled("gradients" in self.method.needs):
            values = self.method(f, x.clone(), self.target, **self.options)
        if values.shape != x.shape:
            raise ExplainError(f"{name} gives {tuple(values.shape)} for {tuple(x.shape)}")
        array = values.detach().cpu().numpy().astype(np.float32)
        self.check_finite(array, f"{f.name} gives NaN or infinite {name} for {self.target}")
        return array

    def completeness_errors(self, x: Tensor, values: NDArray[np.float32]) -> list[float | None]:
        """``|sum - change| / |change|`` of each, the change that of the score from the baseline."""
        import torch

        with torch.no_grad():
            start = self.method.baseline_of(self.f, x, self.target, **self.options)
            several = start.flatten(0, -3).split(self.f.batch_size)
            before = (
                torch.cat([score(self.f, ecgs, self.target) for ecgs in several]).cpu().double()
            )
            after = score(self.f, x, self.target).cpu().double()
        begin = before.view(len(x), -1).mean(dim=1).numpy()
        if not np.isfinite(begin).all():
            self.check_finite(
                begin,
                f"{self.f.name} answers NaN or infinity for {self.target} to the baseline, from which "
                f"{self.method.name} counts{self.scaling(x)}: choose another baseline "
                "(baseline='blurred'), or another method",
            )
        total = values.sum(axis=(1, 2), dtype=float)
        return [
            float(abs(s - c) / abs(c)) if c and np.isfinite(c) else None
            for s, c in zip(total, after.numpy() - begin, strict=True)
        ]

    def scaling(self, x: Tensor) -> str:
        """Of a model that scales its input, what that does to a baseline of 0 mV; else empty."""
        import torch

        with torch.no_grad():
            half, whole = (score(self.f, ecgs, self.target) for ecgs in (0.5 * x, x))
        if not torch.allclose(half, whole, rtol=1e-3, atol=1e-4):
            return ""
        return (
            f" ({self.f.name} scales its input: it answers the same to an ECG of half the height, all "
            "the way to 0 mV, where there is nothing to scale)"
        )

    def check_finite(self, numbers: NDArray[Any], said: str) -> None:
        """Refuse numbers ``(n, ...)`` that are not finite, naming the first record that has them."""
        bad = ~np.isfinite(numbers.reshape(len(numbers), -1)).all(axis=1)
        if bad.any():
            place = None if self.places is None else self.places[int(bad.argmax())]
            raise ExplainError(f"{where(place)}{said}")


def _missed(error: float, scaling: str) -> str:
    """What provenance says of values that do not add up to the answer."""
    return (
        f"the values miss the change of the score from the baseline by {error:.0%} of it: "
        f"they do not add up to the answer{scaling}. More steps, or another baseline (baseline='blurred' for a "
        "model that scales its input), may mend it"
    )


def told(options: dict[str, Any]) -> dict[str, Any]:
    """Options as JSON can hold them: ECGs that were given by their hash."""
    return {k: v.told if isinstance(v, GivenEcgs) else v for k, v in options.items()}


def at(options: dict[str, Any], places: Sequence[int]) -> dict[str, Any]:
    """Options for some of the records: of ECGs that were given, theirs."""
    return {k: v.at(places) if isinstance(v, GivenEcgs) else v for k, v in options.items()}
