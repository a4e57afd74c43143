"""What is run on every record: a function, told from others by what it holds, and sent to workers once."""

from __future__ import annotations

import pickle
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...ecg import Record
from ...errors import AuditError
from ...wrapper.identity import hash_with
from ..store import code_hash

#: What a task says of one record: a row by name, or several.
Answer: TypeAlias = "Mapping[str, Any] | Sequence[Mapping[str, Any]]"


@dataclass(frozen=True)
class Task:
    """A task of the caller's in the one form in which chunks ask it.

    Attributes
    ----------
    given : callable or object
        ``given(record)``; where ``many`` holds, ``given(records)`` or ``given.many(records)``.
    many : bool
        Whether it takes a list of records and gives a list of answers.
    """

    given: Any
    many: bool

    @classmethod
    def of(cls, given: Any, many: bool | None = None) -> Task:
        """The task of what the caller gave.

        Parameters
        ----------
        given : callable or object
        many : bool, optional
            Whether it takes lists; unless given, what its attribute ``many`` says: True, or a method.

        Raises
        ------
        AuditError
            When it cannot be called.
        """
        said = getattr(given, "many", False)
        several = (bool(said) or callable(said)) if many is None else many
        if not callable(given) and not callable(said):
            raise AuditError(
                f"a {type(given).__name__} is no task: give a function of a record that returns a dict, "
                "or an object with a method many(records) that returns a list of dicts"
            )
        return cls(given, several)

    @property
    def name(self) -> str:
        """What to call it."""
        name = getattr(self.given, "name", None) or getattr(self.given, "__name__", None)
        return str(name or type(self.given).__name__)[:80]

    @property
    def identity(self) -> str:
        """Hash of what it does: code, what it holds (models by their weights), and this package's code."""
        held: dict[str, Any] = {"task": self.given, "many": self.many, "code": code_hash()}
        if not isinstance(self.given, types.FunctionType | type):
            kinds = [kind for kind in type(self.given).__mro__ if kind is not object]
            own = [kind for kind in kinds if not kind.__module__.startswith("cofe_widgets.")]
            held["methods"] = [
                (name, one)
                for kind in own
                for name, one in sorted(vars(kind).items())
                if isinstance(one, types.FunctionType)
            ]
        return hash_with("", held)

    def answers(self, records: Sequence[Record]) -> list[Any]:
        """What it says of each record."""
        if not self.many:
            return [self.given(record) for record in records]
        method = getattr(self.given, "many", None)
        call: Callable[[list[Record]], Any] = method if callable(method) else self.given
        found = call(list(records))
        if (
            isinstance(found, Mapping)
            or not hasattr(found, "__len__")
            or len(found) != len(records)
        ):
            size = f"{len(found)} answers" if hasattr(found, "__len__") else type(found).__name__
            raise AuditError(
                f"{self.name} was given {len(records)} records and gave {size}: a task of many gives a "
                "list with one answer each"
            )
        return list(found)

    def packed(self) -> bytes:
        """The task as it travels to workers.

        Raises
        ------
        AuditError
            When it cannot travel; says what to do.
        """
        try:
            return _dumped(self)
        except Exception as error:
            raise AuditError(
                f"{self.name} cannot be sent to workers ({type(error).__name__}: {str(error)[:160]}). Put "
                "the function or the class of its model into a module (a .py file) that workers can "
                "import, keep open files and locks out of it, or run it here, on=None"
            ) from error


def _dumped(task: Task) -> bytes:
    """By cloudpickle where it is there (it comes with Dask): functions of a notebook travel by it."""
    try:
        import cloudpickle
    except ImportError:
        return pickle.dumps(task)
    data: bytes = cloudpickle.dumps(task)
    return data
