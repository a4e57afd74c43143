"""What speaks for and against believing a counterfactual."""

from ...explain.counterfactual.card import TrustCard, TrustRow
from .trust_card import trust_card

__all__ = ["TrustCard", "TrustRow", "trust_card"]
