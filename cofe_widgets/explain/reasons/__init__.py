"""Reasons: what of a change a model needs, and what each part of it carries."""

from .answer import needed_answer
from .typical import why

__all__ = ["needed_answer", "why"]
