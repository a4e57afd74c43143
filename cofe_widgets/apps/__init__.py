"""Whole dashboards composed of widgets."""

from .audit import audit_app
from .explore import explore

__all__ = ["audit_app", "explore"]
