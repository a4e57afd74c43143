"""Whole dashboards composed of widgets."""

from .explore import explore

__all__ = ["explore"]
