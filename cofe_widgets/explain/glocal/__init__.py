"""Glocal maps: attributions of a whole group, aligned by beats and segments (Wagner et al. 2024)."""

from .aligned import Aligned, beats_of, segment_means
from .changes import GlocalChanges, glocal_changes
from .difference import GlocalDifference, difference
from .result import GlocalMap
from .run import gathered, glocal

__all__ = [
    "Aligned",
    "GlocalChanges",
    "GlocalDifference",
    "GlocalMap",
    "beats_of",
    "difference",
    "gathered",
    "glocal",
    "glocal_changes",
    "segment_means",
]
