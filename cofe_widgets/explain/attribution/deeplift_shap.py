"""DeepLIFT SHAP: the mean of DeepLIFT over several baselines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from .baseline import Baselines, baseline_ecgs
from .deeplift import contrasted
from .method import Method
from .options import Between

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor


class DeepLiftShap(Method):
    """The mean over baselines b of `DeepLift`'s shares of F(x) - F(b).

    Baselines are those given, or ``hearts`` normal ones that beat when this ECG does. Complete: the
    values sum to F(x) less the mean of F(b).

    S. Lundberg, S.-I. Lee, *A Unified Approach to Interpreting Model Predictions*, NeurIPS 2017.
    """

    name = "deeplift_shap"
    title = "DeepLIFT SHAP"
    reference = "Lundberg & Lee 2017, arXiv:1705.07874"
    needs = frozenset({"gradients"})
    complete = True

    def __call__(
        self,
        predictor: Predictor,
        x: Tensor,
        target: str,
        *,
        baseline: Baselines = "normal",
        hearts: Annotated[int, Between(1, 100)] = 8,
    ) -> Tensor:
        """See `Method`."""
        import torch

        starts = baseline_ecgs(baseline, x, predictor, hearts)
        n, k = starts.shape[:2]
        ecgs = x[:, None].expand(n, k, *x.shape[1:]).flatten(0, 1).split(predictor.batch_size)
        bases = starts.flatten(0, 1).split(predictor.batch_size)
        pairs = zip(ecgs, bases, strict=True)
        shares = torch.cat([contrasted(predictor, one, base, target) for one, base in pairs])
        return shares.unflatten(0, (n, k)).mean(dim=1)

    def baseline_of(self, predictor: Predictor, x: Tensor, target: str, **options: Any) -> Tensor:
        """See `Method`: several, ``(n, k, leads, samples)``."""
        return baseline_ecgs(options["baseline"], x, predictor, options["hearts"])


METHOD = DeepLiftShap()
