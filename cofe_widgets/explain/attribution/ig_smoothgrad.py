"""Integrated gradients of noisy copies, and their mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from .baseline import Baseline, baseline_ecg
from .integrated_gradients import integral
from .method import Method
from .options import Between
from .smoothing import noisy

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor


class IgSmoothGrad(Method):
    """The mean over copies ``x + e`` of their integrated gradients from the ECG's baseline.

    e is Gaussian noise of ``noise_mv`` (SD, mV), the same for every ECG. The values sum to the mean
    change of the score of the copies, not to that of the ECG, hence it is not called complete.

    M. Sundararajan et al., ICML 2017, smoothed as D. Smilkov et al., *SmoothGrad*, 2017, smooth any map.
    """

    name = "ig_smoothgrad"
    title = "Integrated gradients + SmoothGrad"
    reference = "Smilkov et al. 2017, arXiv:1706.03825"
    needs = frozenset({"gradients"})

    def __call__(
        self,
        predictor: Predictor,
        x: Tensor,
        target: str,
        *,
        copies: Annotated[int, Between(1, 10_000)] = 10,
        steps: Annotated[int, Between(1, 10_000)] = 20,
        noise_mv: Annotated[float, Between(0, 10)] = 0.02,
        seed: Annotated[int, Between(0, 2**63 - 1)] = 0,
        baseline: Baseline = "zero",
    ) -> Tensor:
        """See `Method`."""
        import torch

        noise = noisy(copies, x, noise_mv, seed)
        start = baseline_ecg(baseline, x, predictor)
        means = [
            torch.stack([integral(predictor, ecg + e, base, target, steps) for e in noise]).mean(0)
            for ecg, base in zip(x, start, strict=True)
        ]
        return torch.stack(means)


METHOD = IgSmoothGrad()
