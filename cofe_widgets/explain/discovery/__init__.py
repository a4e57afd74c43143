"""Discovery: what splits a group of records, by where a model looks (Wagner et al. 2024)."""

from .clustering import assigned
from .regions import regions
from .result import Clusters
from .run import discover

__all__ = ["Clusters", "assigned", "discover", "regions"]
