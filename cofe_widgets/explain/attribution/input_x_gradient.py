"""Input times gradient: the share of every sample, were the model linear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .gradients import gradient
from .method import Method

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor


class InputXGradient(Method):
    """The ECG times the gradient, ``x * dF/dx``, in units of the score F.

    Complete for models linear in x only, hence not called so.

    A. Shrikumar, P. Greenside, A. Shcherbina, A. Kundaje, *Not Just a Black Box*, 2016.
    """

    name = "input_x_gradient"
    title = "Input × gradient"
    reference = "Shrikumar et al. 2016, arXiv:1605.01713"
    needs = frozenset({"gradients"})

    def __call__(self, predictor: Predictor, x: Tensor, target: str) -> Tensor:
        """See `Method`."""
        return x * gradient(predictor, x, target)


METHOD = InputXGradient()
