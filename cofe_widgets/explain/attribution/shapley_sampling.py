"""Shapley values of stretches of the ECG, by sampled orders in which they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from .baseline import Baseline, baseline_ecg
from .features import Grouping, asked, features
from .method import Method
from .options import Between

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor


class ShapleySampling(Method):
    """Of each feature, a group of leads in a window of time, its mean change of the score as it comes in.

    In an order drawn from ``seed``, features of the ECG replace the baseline's one after the other;
    a feature's share is the change of the score when it comes. Every order is taken backwards too,
    which takes most of the noise away (antithetic sampling). The shares of one order sum to F(x) - F(b),
    and so do their means: complete, however few the orders. A share is spread evenly over the samples
    of its feature. No gradients are needed.

    Few orders are noisy where many features matter a little. Between two seeds, one simulated ECG each, maps
    correlate by 0.86 for a left bundle branch block and by 0.00 for fibrillation as it stands; by 0.94 and
    0.50 with ``window_s=0.2, orders=8``, by 0.98 and 0.70 with ``leads="all", orders=12``, which say less of
    where, or nothing of leads. All three cost the same: ask two seeds before you believe one map.

    J. Castro, D. Gomez, J. Tejada, *Polynomial calculation of the Shapley value based on sampling*,
    Computers & Operations Research 2009; E. Strumbelj, I. Kononenko, JMLR 2010. Backwards:
    R. Mitchell et al., *Sampling Permutations for Shapley Value Estimation*, JMLR 2022.
    """

    name = "shapley_sampling"
    title = "Shapley value sampling"
    reference = "Castro et al. 2009, doi:10.1016/j.cor.2008.04.004"
    complete = True

    def __call__(
        self,
        predictor: Predictor,
        x: Tensor,
        target: str,
        *,
        orders: Annotated[int, Between(1, 10_000)] = 4,
        window_s: Annotated[float, Between(0.002, 60)] = 0.1,
        leads: Grouping = "region",
        seed: Annotated[int, Between(0, 2**63 - 1)] = 0,
        baseline: Baseline = "zero",
    ) -> Tensor:
        """See `Method`."""
        import torch

        feature = features(predictor, x.shape[-1], window_s, leads)
        count = int(feature.max()) + 1
        start = baseline_ecg(baseline, x, predictor)
        dice = np.random.default_rng(seed)
        ranks: list[NDArray[np.int64]] = []  # of each order, when a feature comes
        for k in range(orders):
            ranks.append(count - 1 - ranks[-1] if k % 2 else dice.permutation(count))
        index = torch.from_numpy(feature).to(x.device)
        size = torch.bincount(index.flatten(), minlength=count)
        values = []
        for ecg, base in zip(x, start, strict=True):
            share = torch.zeros(count, dtype=torch.float64, device=x.device)
            for rank in ranks:
                when = torch.from_numpy(rank).to(x.device)
                comes = when[index]

                def present(places: Tensor, comes: Tensor = comes) -> Tensor:
                    return torch.where(comes < places[:, None, None], ecg, base)  # noqa: B023

                scores = asked(predictor, present, count + 1, target)
                share += scores.diff()[when]
            values.append((share / (orders * size))[index].to(x))
        return torch.stack(values)

    def baseline_of(self, predictor: Predictor, x: Tensor, target: str, **options: Any) -> Tensor:
        """See `Method`."""
        return baseline_ecg(options["baseline"], x, predictor)


METHOD = ShapleySampling()
