"""GradientSHAP: gradients at chance places between baselines and noisy copies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from .baseline import Baselines, baseline_ecgs
from .gradients import gradient
from .method import Method
from .options import Between
from .smoothing import noisy

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor


class GradientShap(Method):
    """The mean of ``(x + e - b) dF/dx`` at ``b + a (x + e - b)`` over noise e, baselines b and places a.

    e is Gaussian noise of ``noise_mv`` (SD, mV), a is uniform from 0 to 1, drawn one in each of as many
    equal parts as there are samples, and every baseline has as many samples as the others, as far as
    they go. Every ECG gets the same noise and places. Baselines are those given, or ``hearts`` normal
    ones that beat when this ECG does. In expectation, not in a sample, the values sum to the mean
    change of the score from the baselines to the copies.

    S. Lundberg, S.-I. Lee, *A Unified Approach to Interpreting Model Predictions*, NeurIPS 2017;
    G. Erion et al., *Improving performance of deep learning models with axiomatic attribution priors and
    expected gradients*, Nature Machine Intelligence 2021.
    """

    name = "gradient_shap"
    title = "GradientSHAP"
    reference = "Lundberg & Lee 2017, arXiv:1705.07874"
    needs = frozenset({"gradients"})

    def __call__(
        self,
        predictor: Predictor,
        x: Tensor,
        target: str,
        *,
        samples: Annotated[int, Between(1, 10_000)] = 50,
        noise_mv: Annotated[float, Between(0, 10)] = 0.02,
        baseline: Baselines = "normal",
        hearts: Annotated[int, Between(1, 100)] = 8,
        seed: Annotated[int, Between(0, 2**63 - 1)] = 0,
    ) -> Tensor:
        """See `Method`."""
        import torch

        noise = noisy(samples, x, noise_mv, seed)
        dice = torch.Generator().manual_seed(seed)
        places = (torch.arange(samples) + torch.rand(samples, generator=dice)) / samples
        order = torch.randperm(
            samples, generator=dice
        )  # so that a place says nothing of a baseline
        places = places[order].to(x)[:, None, None]
        values = []
        # An ECG at a time: the samples of one are a batch, and those of many would not fit.
        for ecg, starts in zip(x, baseline_ecgs(baseline, x, predictor, hearts), strict=True):
            base = starts[torch.arange(samples) % len(starts)]
            change = ecg + noise - base
            values.append(
                (change * gradient(predictor, base + places * change, target)).mean(dim=0)
            )
        return torch.stack(values)


METHOD = GradientShap()
