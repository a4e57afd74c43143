"""Grad-CAM: feature maps of the last convolution, weighed by the mean of their gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .class_activation import ClassActivation

if TYPE_CHECKING:
    from torch import Tensor


class GradCam(ClassActivation):
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

    def weighed(self, maps: Tensor, gradients: Tensor, signed: bool) -> Tensor:
        """See `ClassActivation`."""
        found = (gradients.mean(dim=-1, keepdim=True) * maps).sum(dim=1)
        return found if signed else found.clamp(min=0)


METHOD = GradCam()
