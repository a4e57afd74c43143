"""Glocal maps: attributions of a whole group, aligned by beats and segments (Wagner et al. 2024)."""

from .aligned import Aligned, beats_of, segment_means
from .difference import GlocalDifference, difference
from .result import GlocalMap
from .run import glocal

__all__ = [
    "Aligned",
    "GlocalDifference",
    "GlocalMap",
    "beats_of",
    "difference",
    "glocal",
    "segment_means",
]
