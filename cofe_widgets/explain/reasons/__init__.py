"""Reasons: what of a change a model needs, and what each part of it carries."""

from .answer import needed_answer
from .stability import holds
from .typical import why

__all__ = ["holds", "needed_answer", "why"]
