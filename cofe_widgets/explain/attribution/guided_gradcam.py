"""Guided Grad-CAM: guided backpropagation where Grad-CAM looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .gradcam import METHOD as GRADCAM
from .guided_backpropagation import METHOD as GUIDED
from .method import Method

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor


class GuidedGradCam(Method):
    """Guided backpropagation times Grad-CAM's map, of which the positive part is kept (ReLU).

    The sign is that of guided backpropagation: a map of both signs would turn it.

    R. Selvaraju et al., *Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
    Localization*, ICCV 2017, section 3.2.
    """

    name = "guided_gradcam"
    title = "Guided Grad-CAM"
    reference = "Selvaraju et al. 2017, arXiv:1610.02391"
    needs = frozenset({"gradients"})

    def __call__(
        self, predictor: Predictor, x: Tensor, target: str, *, layer: str | None = None
    ) -> Tensor:
        """See `Method`."""
        where = GRADCAM(predictor, x, target, layer=layer, signed=False)
        return where * GUIDED(predictor, x, target)

    def facts(self, predictor: Predictor, **options: Any) -> dict[str, Any]:
        """See `Method`: the layer that was found or named."""
        return GRADCAM.facts(predictor, **options)


METHOD = GuidedGradCam()
