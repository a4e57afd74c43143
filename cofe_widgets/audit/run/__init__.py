"""One task on any number of records: here, in processes, on a cluster, in parts; never twice, never lost."""

from .chunk import Chunk, done
from .folder import Folder
from .results import AuditResults
from .run import merge, run
from .task import Task

__all__ = ["AuditResults", "Chunk", "Folder", "Task", "done", "merge", "run"]
