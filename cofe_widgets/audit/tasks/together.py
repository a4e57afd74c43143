"""Several tasks of the same records as one: each record is opened once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ...ecg import Record
from ...errors import AuditError
from ..run.task import Task


@dataclass(frozen=True)
class Together:
    """Tasks whose answers stand side by side; a record that one of them cannot answer fails.

    Attributes
    ----------
    tasks : tuple
        Of one row a record each.
    """

    tasks: tuple[Any, ...]

    name: ClassVar[str] = "together"
    many: ClassVar[bool] = True

    def __call__(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """A row a record."""
        answers = [Task.of(one).answers(records) for one in self.tasks]
        return [self._joined(some) for some in zip(*answers, strict=True)]

    def _joined(self, some: Sequence[Any]) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for task, answer in zip(self.tasks, some, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            if not isinstance(answer, Mapping):
                raise AuditError(
                    f"{Task.of(task).name} gives several rows a record: run it by itself"
                )
            twice = sorted(set(row) & set(answer))
            if twice:
                raise AuditError(
                    f"two tasks name a value {twice[0]!r}: run them one after the other"
                )
            row |= answer
        return row
