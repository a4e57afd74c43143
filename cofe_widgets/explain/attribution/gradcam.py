"""Grad-CAM: feature maps of the last convolution, weighed by the mean of their gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .class_activation import class_activation, found_layer
from .method import Method

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor


class GradCam(Method):
    """``sum_k a_k A_k(t)`` with ``a_k`` the mean over time of ``dF/dA_k``, A the maps of a layer.

    The layer is named (``f.layers()``), or the last feature maps of convolutions that go along time.
    A map says when, not where: it is upsampled linearly to samples and the same for all leads.
    ``signed=False`` is the paper's, which keeps the positive part alone (ReLU).

    R. Selvaraju et al., *Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
    Localization*, ICCV 2017.
    """

    name = "gradcam"
    title = "Grad-CAM"
    reference = "Selvaraju et al. 2017, arXiv:1610.02391"
    needs = frozenset({"gradients"})

    def __call__(
        self,
        predictor: Predictor,
        x: Tensor,
        target: str,
        *,
        layer: str | None = None,
        signed: bool = True,
    ) -> Tensor:
        """See `Method`."""

        def weigh(maps: Tensor, gradients: Tensor) -> Tensor:
            found = (gradients.mean(dim=-1, keepdim=True) * maps).sum(dim=1)
            return found if signed else found.clamp(min=0)

        return class_activation(predictor, x, target, layer, weigh)

    def facts(self, predictor: Predictor, **options: Any) -> dict[str, Any]:
        """See `Method`: the layer that was found or named."""
        return {"layer": found_layer(predictor, options["layer"]).name}


METHOD = GradCam()
