"""What every value of the package can do: be saved, loaded, copied, sent elsewhere, and made again.

One file form for all of them: a zip with ``value.json`` (the kind of value, the version that wrote it,
everything that is no array) and its arrays as ``.npy``. No pickle, and no size in a file is trusted.
"""

from __future__ import annotations

import json
import math
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ._version import __version__
from .ecg import Record, stored_record

if TYPE_CHECKING:
    import pandas as pd

#: A file may unpack to this much, its description to that much, and hold so many arrays.
MOST_BYTES, MOST_TEXT, MOST_MEMBERS = 512 * 2**20, 32 * 2**20, 1000
_TEXT = "value.json"


#: How an annotation begins -> whether a value is of that kind.
_KINDS: dict[str, Callable[[Any], bool]] = {
    "NDArray": lambda v: isinstance(v, np.ndarray) and v.dtype.kind == "f",
    "pd.DataFrame": lambda v: hasattr(v, "columns"),
    "dict": lambda v: isinstance(v, dict),
    "str": lambda v: isinstance(v, str),
    "bool": lambda v: isinstance(v, bool),
    "float": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "tuple": lambda v: isinstance(v, tuple),
    "Record": lambda v: isinstance(v, Record),
}


class Value:
    """A frozen dataclass that saves, loads, copies and makes itself again.

    A subclass names its ``_error``, and the fields that stay out of a file (``_unsaved``).
    """

    _error: ClassVar[type[ValueError]] = ValueError
    _unsaved: ClassVar[frozenset[str]] = frozenset()
    _remake: ClassVar[Callable[..., Any] | None] = None

    def save(self, path: str | Path) -> None:
        """Write everything to one file (no pickle inside)."""
        arrays: list[NDArray[Any]] = []
        told = {
            "kind": type(self).__name__,
            "version": __version__,
            "facts": _encoded(self._facts(), arrays),
        }
        if len(arrays) >= MOST_MEMBERS:
            raise self._error(f"{len(arrays)} arrays in one {told['kind']}: at most {MOST_MEMBERS}")
        text, part = json.dumps(told), Path(f"{path}.{os.getpid()}.part")
        try:
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as out:
                out.writestr(_TEXT, text)
                for k, array in enumerate(arrays):
                    held = BytesIO()
                    np.lib.format.write_array(held, array, allow_pickle=False)
                    out.writestr(f"{k}.npy", held.getvalue())
            part.replace(path)  # the file appears whole or not at all
        finally:
            part.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote, this version or an earlier one.

        Raises
        ------
        ValueError
            Of the value's own kind, when the file holds none of those; says which version wrote it
            where that is known.
        """
        try:
            if not Path(path).is_file() and Path(path).exists():
                raise ValueError("it is no file")  # a pipe would wait, a device never end
            if not zipfile.is_zipfile(path):
                return cls._from_text(_limited_text(Path(path)))._checked()
            with zipfile.ZipFile(path) as stored:
                members = _members(stored)
                if _TEXT not in members:
                    parts = {name: _array(stored, name) for name in members}
                    return cls._from_former(parts)._checked()
                told = json.loads(stored.read(_TEXT))
                if told["kind"] != cls.__name__:
                    raise ValueError(f"it holds a {told['kind']}")
                version = str(told["version"])
                names = [name for name in members if name != _TEXT]
                arrays = {int(name.removesuffix(".npy")): _array(stored, name) for name in names}
        except FileNotFoundError:
            raise
        except Exception as error:  # whatever a damaged file makes its parsers raise
            raise cls._refusal(path, error) from error
        try:
            return cls._restored(_decoded(told["facts"], arrays))._checked()
        except Exception as error:
            raise cls._refusal(path, f"cofe_widgets {version} wrote it; {error}") from error

    def rerun(self, *given: Any, **changes: Any) -> Any:
        """Make it again by the call that made it.

        Parameters
        ----------
        *given
            What the call was given that the value does not hold: a model that is not shipped, the
            records of a table. The error says what is missing.
        **changes
            Arguments to change.
        """
        if self._remake is None:
            raise TypeError(f"a {type(self).__name__} is not made by a call of its own")
        remake: Callable[..., Any] = self._remake
        try:
            return remake(self, *given, **changes)
        except TypeError as error:
            raise self._error(f"it cannot be made again like that: {error}") from error

    @property
    def call(self) -> dict[str, Any]:
        """Arguments of the call that made it, beside what the value holds itself.

        Raises
        ------
        ValueError
            Of the value's own kind, when a version that did not keep them made it.
        """
        known: Mapping[str, Any] = getattr(self, "provenance", {})
        if "call" not in known:
            raise self._error(
                f"version {known.get('version', '0.1.0')} made this {type(self).__name__} and did not "
                "keep the call: make it anew"
            )
        return dict(known["call"])

    def __copy__(self) -> Self:
        return self  # nothing of it changes

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        from copy import deepcopy

        kept = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        fresh = {k: v if k in self._unsaved else deepcopy(v, memo) for k, v in kept.items()}
        return replace(self, **fresh)  # type: ignore[type-var]

    # -- what a kind of value may do its own way

    def _facts(self) -> dict[str, Any]:
        """What is saved, by name."""
        return {
            f.name: getattr(self, f.name)
            for f in fields(self)  # type: ignore[arg-type]
            if f.name not in self._unsaved
        }

    @classmethod
    def _restored(cls, facts: dict[str, Any]) -> Self:
        """The value of what `_facts` gave."""
        return cls(**facts)

    def _checked(self) -> Self:
        """Itself, where nothing in it is what a damaged file has."""
        self._check()
        return self

    def _check(self) -> None:
        """Refuse fields that are not of their kind, as a damaged file has them."""
        for one in fields(self):  # type: ignore[arg-type]
            kind, value = str(one.type), getattr(self, one.name)
            known = next((test for word, test in _KINDS.items() if kind.startswith(word)), None)
            if known is not None and not known(value):
                raise ValueError(f"its {one.name} is a {type(value).__name__}")

    @classmethod
    def _from_former(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """The value of an ``.npz`` file of version 0.1."""
        raise ValueError("it is of another program")

    @classmethod
    def _from_text(cls, text: str) -> Self:
        """The value of a text file of version 0.1."""
        raise ValueError("it is no file of this package")

    @classmethod
    def _refusal(cls, path: str | Path, why: object) -> ValueError:
        words = "".join(f" {c.lower()}" if c.isupper() else c for c in cls.__name__).strip()
        said = str(why).strip() or type(why).__name__
        return cls._error(f"{path} is no saved {words}: {said[:300]}")


def remakes(kind: type[Value]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the function by which values of a kind are made again: ``f(value, *given, **changes)``."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        kind._remake = staticmethod(function)
        return function

    return register


# -- values to JSON and arrays, and back ------------------------------------------------------------


def _encoded(value: Any, arrays: list[NDArray[Any]]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return _encoded(value.item(), arrays)
    if isinstance(value, np.ndarray):
        arrays.append(value.astype(str) if value.dtype == object else value)
        return {"$array": len(arrays) - 1}
    if isinstance(value, Mapping):
        plain = {str(key): _encoded(one, arrays) for key, one in value.items()}
        return {"$dict": plain} if any(key.startswith("$") for key in plain) else plain
    if isinstance(value, tuple):
        return {"$tuple": [_encoded(one, arrays) for one in value]}
    if isinstance(value, list | set | frozenset):
        return [_encoded(one, arrays) for one in value]
    if isinstance(value, Record):
        parts = (value.signal, value.fs, value.leads, dict(value.meta))
        return {"$record": [_encoded(one, arrays) for one in parts]}
    if hasattr(value, "columns") and hasattr(value, "to_numpy"):
        return {"$table": _encoded_table(value, arrays)}
    return str(value)


def _encoded_table(table: pd.DataFrame, arrays: list[NDArray[Any]]) -> dict[str, Any]:
    columns = []
    for name in table.columns:
        column = table[name]
        numeric = getattr(column.dtype, "kind", "O") in "biuf" and isinstance(
            column.dtype, np.dtype
        )
        columns.append([name, _encoded(column.to_numpy() if numeric else list(column), arrays)])
    return {"columns": columns, "index": _encoded(list(table.index), arrays)}


def _decoded(value: Any, arrays: dict[int, NDArray[Any]]) -> Any:
    if isinstance(value, list):
        return [_decoded(one, arrays) for one in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"$array": int(k)}:
            return arrays.pop(k)  # each is there once: a file cannot grow by repeating itself
        case {"$tuple": list(items)}:
            return tuple(_decoded(one, arrays) for one in items)
        case {"$dict": dict(items)}:
            return {key: _decoded(one, arrays) for key, one in items.items()}
        case {"$record": [signal, fs, leads, meta]}:
            return stored_record(*(_decoded(one, arrays) for one in (signal, fs, leads, meta)))
        case {"$table": {"columns": list(columns), "index": index}}:
            import pandas as pd

            data = {name: _decoded(one, arrays) for name, one in columns}
            return pd.DataFrame(data, index=_decoded(index, arrays))
    return {key: _decoded(one, arrays) for key, one in value.items()}


# -- files that may be damaged, or mean harm --------------------------------------------------------


def _members(stored: zipfile.ZipFile) -> list[str]:
    """Names in the file, once what it says of its sizes is bearable."""
    infos = stored.infolist()
    if len(infos) > MOST_MEMBERS or sum(info.file_size for info in infos) > MOST_BYTES:
        raise ValueError("it would unpack to more than any value holds")
    if any(info.file_size > MOST_TEXT for info in infos if info.filename == _TEXT):
        raise ValueError("its description is longer than any value's")
    names = [info.filename for info in infos]
    if len(set(names)) < len(names):
        raise ValueError("it names a part twice")
    return names


def _array(stored: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """An array whose bytes are as many as its header says; never of objects."""
    data = stored.read(name)
    held = BytesIO(data)
    version = np.lib.format.read_magic(held)
    reader = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, fortran, dtype = reader(held)
    body = memoryview(data)[held.tell() :]
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(body):
        raise ValueError(f"array {name} is not what its header says")
    return np.frombuffer(body, dtype).reshape(shape, order="F" if fortran else "C")


def _limited_text(path: Path) -> str:
    if path.stat().st_size > MOST_TEXT:
        raise ValueError("it is larger than any value")
    return path.read_text("utf-8")
