"""Glocal maps: attributions of a whole group, aligned by beats and by segments (Wagner et al. 2024, section 2.4)."""

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
