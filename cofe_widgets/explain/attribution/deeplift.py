"""DeepLIFT: the change of the score from a baseline, handed down operation by operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import ExplainError, WrapError
from ...wrapper.layers import at_once
from .baseline import Baseline, baseline_ecg
from .gradients import score
from .method import Method

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor

#: Values that miss the change of the score by more than this share of it are not given.
_MISSED = 0.1


class DeepLift(Method):
    """``(x - b) * m``, m the multipliers of DeepLIFT's rescale rule from the baseline b to the ECG x.

    Complete: the values sum to F(x) - F(b). Every operation of the model is seen, however it is called
    (`rules.contrast`); of those that are no function of one number (softmax, normalisation by the
    layer, recurrent layers) the mean derivative on the line from b to x takes the place of change out
    over change in, which it is for the others.

    A. Shrikumar, P. Greenside, A. Kundaje, *Learning Important Features Through Propagating Activation
    Differences*, ICML 2017, section 3.5.2. Products by the midpoint, maxima by what moved them.
    """

    name = "deeplift"
    title = "DeepLIFT"
    reference = "Shrikumar et al. 2017, arXiv:1704.02685"
    needs = frozenset({"gradients"})
    complete = True

    def __call__(
        self, predictor: Predictor, x: Tensor, target: str, *, baseline: Baseline = "zero"
    ) -> Tensor:
        """See `Method`."""
        import torch

        start = baseline_ecg(baseline, x, predictor)
        size = predictor.batch_size
        parts = zip(x.split(size), start.split(size), strict=True)
        return torch.cat([contrasted(predictor, ecgs, base, target) for ecgs, base in parts])

    def baseline_of(self, predictor: Predictor, x: Tensor, target: str, **options: Any) -> Tensor:
        """See `Method`."""
        return baseline_ecg(options["baseline"], x, predictor)


def contrasted(predictor: Predictor, x: Tensor, start: Tensor, target: str) -> Tensor:
    """The shares of ECGs in the change of the score from as many baselines, ``(n, leads, samples)``.

    Raises
    ------
    ExplainError
        When the model has operations that are not seen here, or that no rule makes complete.
    """
    import torch

    from .rules.contrast import Contrast

    f = at_once(predictor)
    contrast = Contrast()
    try:
        with torch.enable_grad():
            with contrast.reference():
                before = score(f, start.detach().requires_grad_(True), target)
            leaf = x.detach().requires_grad_(True)
            with contrast:
                after = score(f, leaf, target)
            (multiplier,) = torch.autograd.grad(after.sum(), leaf)
    except WrapError as error:
        if contrast.refused:
            raise ExplainError(
                f"{f.name} cannot be explained by deeplift: {contrast.refused}"
            ) from error
        raise
    values = (x - start) * multiplier
    change = (after - before).detach()
    missed = (values.sum(dim=(1, 2)) - change).abs()
    allowed = _MISSED * change.abs() + 0.01 * (after.abs() + before.abs()).detach() + 1e-4
    if bool((missed > allowed).any()):
        k = int((missed - allowed).argmax())
        raise ExplainError(
            f"{f.name} cannot be explained by deeplift: the values miss the change of the score, "
            f"{float(change[k]):.3g}, by {float(missed[k]):.2g}. It has steps that cannot be seen or "
            "followed (TorchScript, a function with a backward pass of its own, a choice by the "
            "signal); integrated_gradients and shapley_sampling need no rules"
        )
    return values


METHOD = DeepLift()
