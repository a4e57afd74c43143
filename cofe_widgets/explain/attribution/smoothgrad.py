"""SmoothGrad: the mean gradient of noisy copies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from .gradients import gradient
from .method import Method
from .options import Between
from .smoothing import noisy

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor


class SmoothGrad(Method):
    """The mean of ``dF/dx`` over copies ``x + e``, e Gaussian noise of ``noise_mv`` (SD, mV).

    Every ECG gets the same noise, drawn from ``seed``: what is said of one does not depend on which
    others are asked about.

    D. Smilkov, N. Thorat, B. Kim, F. Viegas, M. Wattenberg, *SmoothGrad: removing noise by adding
    noise*, 2017.
    """

    name = "smoothgrad"
    title = "SmoothGrad"
    reference = "Smilkov et al. 2017, arXiv:1706.03825"
    needs = frozenset({"gradients"})

    def __call__(
        self,
        predictor: Predictor,
        x: Tensor,
        target: str,
        *,
        copies: Annotated[int, Between(1, 10_000)] = 25,
        noise_mv: Annotated[float, Between(0, 10)] = 0.02,
        seed: Annotated[int, Between(0, 2**63 - 1)] = 0,
    ) -> Tensor:
        """See `Method`."""
        import torch

        noise = noisy(copies, x, noise_mv, seed)
        # An ECG at a time: the copies of one are a batch, and those of many would not fit.
        means = [gradient(predictor, ecg + noise, target).sum(dim=0) / copies for ecg in x]
        return torch.stack(means)


METHOD = SmoothGrad()
