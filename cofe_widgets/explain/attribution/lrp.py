"""Layer-wise relevance propagation: the score, handed back layer by layer in shares of contributions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from ...errors import ExplainError, WrapError
from ...wrapper.layers import at_once
from .gradients import score
from .method import Method
from .options import Between

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor


class Lrp(Method):
    """Relevance R of every sample: of a layer ``y_k = sum_j x_j w_jk + b_k``, the score handed back.

    ``rule="epsilon"``: ``R_j = sum_k x_j w_jk / (y_k + epsilon sign(y_k)) R_k`` in all layers; with no
    more than an epsilon and ReLUs alone this is input x gradient. ``rule="z_plus"``: in convolutions,
    batch normalisation merged into them, ``R_j = sum_k z_jk / sum_j z_jk R_k`` with
    ``z_jk = max(0, x_j w_jk)``, the epsilon rule elsewhere. Biases keep their share, so the values
    need not sum to the score. Activations hand relevance on as it is; gates, weights of attention and
    what a layer is normalised by take none, two other factors half each (`rules.relevance`).
    Relevance starts at the logits, as their part in the log-odds of the target.

    S. Bach et al., *On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise
    Relevance Propagation*, PLoS ONE 2015 (epsilon); G. Montavon et al., *Explaining nonlinear
    classification decisions with deep Taylor decomposition*, Pattern Recognition 2017 (z-plus).
    """

    name = "lrp"
    title = "LRP"
    reference = "Bach et al. 2015, doi:10.1371/journal.pone.0130140"
    needs = frozenset({"gradients"})

    def __call__(
        self,
        predictor: Predictor,
        x: Tensor,
        target: str,
        *,
        rule: Literal["epsilon", "z_plus"] = "epsilon",
        epsilon: Annotated[float, Between(0, 1)] = 1e-6,
    ) -> Tensor:
        """See `Method`."""
        import torch

        from .rules.hidden import hidden_steps
        from .rules.relevance import Relevance

        f = at_once(predictor)
        values = []
        for part in x.split(predictor.batch_size):
            relevance = Relevance(epsilon, positive=rule == "z_plus")
            leaf = part.detach().requires_grad_(True)
            try:
                with torch.enable_grad(), relevance:
                    total = score(f, leaf, target).sum()
                if hidden := hidden_steps(f.module, total):
                    raise ExplainError(f"{f.name} cannot be explained by {self.name}: {hidden}")
                (share,) = torch.autograd.grad(total, leaf)
            except WrapError as error:
                if relevance.refused:
                    raise ExplainError(
                        f"{f.name} cannot be explained by {self.name}: {relevance.refused}"
                    ) from error
                raise
            values.append(part * share)
        return torch.cat(values)


METHOD = Lrp()
