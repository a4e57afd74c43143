"""Where every wave of every beat and lead begins, peaks and ends."""

from .delineate import Delineation, delineate

__all__ = ["Delineation", "delineate"]
