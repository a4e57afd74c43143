"""Grad-CAM++: Grad-CAM whose moments count by how much each alone would raise the score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .class_activation import ClassActivation

if TYPE_CHECKING:
    from torch import Tensor


class GradCamPlusPlus(ClassActivation):
    """``sum_k w_k A_k(t)`` with ``w_k = sum_t alpha_k(t) g_k(t)``, g the gradient ``dF/dA_k(t)``.

    ``alpha_k(t) = g^2 / (2 g^2 + |g|^3 sum_t A_k(t))`` is equation 19 of the paper for exp(F).
    ``signed=False`` is the paper's: of gradients and of the map only the positive part. Signed, a
    negative gradient counts as a positive one of its size would, against. Layer and upsampling are
    those of `GradCam`: the same for all leads. Maps that are not behind a ReLU count in the sum over
    time with their positive part, as those of the paper are.

    A. Chattopadhyay, A. Sarkar, P. Howlader, V. Balasubramanian, *Grad-CAM++: Generalized
    Gradient-based Visual Explanations for Deep Convolutional Networks*, WACV 2018.
    """

    name = "gradcam_plus_plus"
    title = "Grad-CAM++"
    reference = "Chattopadhyay et al. 2018, arXiv:1710.11063"

    def weighed(self, maps: Tensor, gradients: Tensor, signed: bool) -> Tensor:
        """See `ClassActivation`."""
        active = maps.clamp(min=0).sum(dim=-1, keepdim=True)
        alpha = 1 / (2 + gradients.abs() * active)  # g^2 cancels; where g is 0, w gets nothing
        counted = gradients if signed else gradients.clamp(min=0)
        found = ((alpha * counted).sum(dim=-1, keepdim=True) * maps).sum(dim=1)
        return found if signed else found.clamp(min=0)


METHOD = GradCamPlusPlus()
