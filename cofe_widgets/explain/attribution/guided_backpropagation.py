"""Guided backpropagation: the gradient that never was negative at a ReLU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import ExplainError
from .gradients import gradient
from .method import Method

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor

#: How steps of a backward pass are called that are of a ReLU, or of one of its kin; of a clamp, one at 0.
_RECTIFIERS = (
    "Relu LeakyRelu Threshold Hardtanh Elu Celu Selu Gelu Silu Mish Softplus Hardswish PreluKernel "
    "RreluWithNoise Clamp ClampMin"
)


class GuidedBackpropagation(Method):
    """``dF/dx`` where at every ReLU only positive gradients go on: ``g = g' [x > 0] [g' > 0]``.

    Every ReLU of the score is found in its backward pass, as a module, a function, in place or used
    again. Kin of the ReLU (leaky, ELU, GELU, SiLU ...) keep their own slope for the positive part,
    which goes beyond the paper. Much of the map is the edges of the ECG, whatever the weights are
    (J. Adebayo et al., *Sanity Checks for Saliency Maps*, NeurIPS 2018).

    J. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller, *Striving for Simplicity: The All
    Convolutional Net*, ICLR workshop 2015.
    """

    name = "guided_backpropagation"
    title = "Guided backpropagation"
    reference = "Springenberg et al. 2014, arXiv:1412.6806"
    needs = frozenset({"gradients"})

    def __call__(self, predictor: Predictor, x: Tensor, target: str) -> Tensor:
        """See `Method`."""
        return gradient(predictor, x, target, lambda total: _guide(predictor, total))


def _guide(predictor: Predictor, total: Tensor) -> None:
    """Let nothing negative into the ReLUs of a score's backward pass.

    Raises
    ------
    ExplainError
        When there is none.
    """
    from .rules.hidden import nodes

    found = False
    for node in nodes(total):
        name = node.name().split("Backward")[0]
        if name in _RECTIFIERS.split() and getattr(node, "_saved_min", 0) == 0:
            found = True
            node.register_prehook(_positive)
    if not found:
        raise ExplainError(
            f"{predictor.name} cannot be explained by guided_backpropagation: there is no ReLU, and none "
            "of its kin, in its backward pass (what TorchScript compiled hides them)"
        )


def _positive(gradients: Any) -> Any:
    return tuple(one if one is None else one.clamp(min=0) for one in gradients)


METHOD = GuidedBackpropagation()
