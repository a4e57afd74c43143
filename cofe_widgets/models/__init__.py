"""Architectures and shipped weights: a file of weights carries its card and is never a pickle."""

from .registry import WEIGHTS, Loaded, available, load, save, shipped

__all__ = ["WEIGHTS", "Loaded", "available", "load", "save", "shipped"]
