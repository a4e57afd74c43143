"""Integrated gradients: the change of the score from a baseline, shared out along a straight line."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from .baseline import Baseline, baseline_ecg
from .gradients import gradient
from .method import Method
from .options import Between

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor

#: Gradients summed at a time: sums in another order would round in another way.
_SUMMED = 32


class IntegratedGradients(Method):
    """``(x - b) * integral of dF/dx at b + a (x - b) over a from 0 to 1``, b the baseline.

    The integral by Gauss-Legendre quadrature in ``steps`` points. Complete: the values sum to
    F(x) - F(b), as closely as the quadrature goes.

    M. Sundararajan, A. Taly, Q. Yan, *Axiomatic Attribution for Deep Networks*, ICML 2017.
    """

    name = "integrated_gradients"
    title = "Integrated gradients"
    reference = "Sundararajan et al. 2017, arXiv:1703.01365"
    needs = frozenset({"gradients"})
    complete = True

    def __call__(
        self,
        predictor: Predictor,
        x: Tensor,
        target: str,
        *,
        steps: Annotated[int, Between(1, 10_000)] = 50,
        baseline: Baseline = "zero",
    ) -> Tensor:
        """See `Method`."""
        import torch

        start = baseline_ecg(baseline, x, predictor)
        return torch.stack(
            [integral(predictor, *both, target, steps) for both in zip(x, start, strict=True)]
        )

    def baseline_of(self, predictor: Predictor, x: Tensor, target: str, **options: Any) -> Tensor:
        """See `Method`."""
        return baseline_ecg(options["baseline"], x, predictor)


def integral(predictor: Predictor, ecg: Tensor, base: Tensor, target: str, steps: int) -> Tensor:
    """The integrated gradients of one ECG ``(leads, samples)`` from a baseline.

    The points on the way of one are a batch; those of many would not fit.
    """
    import torch

    points, weights = np.polynomial.legendre.leggauss(steps)
    weight = torch.tensor(0.5 * weights).to(ecg)[:, None, None]
    change = ecg - base
    way = torch.stack([base + a * change for a in 0.5 * (1 + points)])
    parts = (weight * gradient(predictor, way, target)).split(_SUMMED)
    return reduce(torch.add, [part.sum(dim=0) * change for part in parts])


METHOD = IntegratedGradients()
