"""Saliency: the gradient of the score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .gradients import gradient
from .method import Method

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor


class Saliency(Method):
    """The signed gradient ``dF/dx`` of the target's score F at the ECG x, per mV.

    K. Simonyan, A. Vedaldi, A. Zisserman, *Deep Inside Convolutional Networks*, ICLR workshop 2014
    (there its size; here its sign is kept).
    """

    name = "saliency"
    title = "Saliency"
    reference = "Simonyan et al. 2014, arXiv:1312.6034"
    needs = frozenset({"gradients"})

    def __call__(self, predictor: Predictor, x: Tensor, target: str) -> Tensor:
        """See `Method`."""
        return gradient(predictor, x, target)


METHOD = Saliency()
