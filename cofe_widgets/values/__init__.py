"""What every value of the package can do: be saved, loaded, copied, sent elsewhere, and made again.

One file form for all of them: a zip with ``value.json`` (the kind of value, the version that wrote it,
everything that is no array) and its arrays as ``.npy``. No pickle, and no size in a file is trusted.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from .._version import __version__
from ..ecg import Record
from . import archive, checks
from .encoding import Encoding, decoded

_TEXT = "value.json"
#: What is known of a value's provenance -> its type.
_KNOWN: dict[str, type] = {
    **dict.fromkeys(("model", "model_hash", "version", "output"), str),
    **dict.fromkeys(("call", "options", "search"), dict),
}

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

    def save(self, path: str | os.PathLike[str], *, keep_identity: bool = False) -> None:
        """Write everything to one file (no pickle inside), which appears whole or not at all.

        Parameters
        ----------
        path : path
        keep_identity : bool
            Whether records keep all of their ``meta``: the name of their file, dates, keys of your
            own. Otherwise only what `vocabulary.meta` knows to say nothing of a person is written.

        Raises
        ------
        ValueError
            Of the value's own kind, when it holds what a file cannot give back.
        """
        encoding = Encoding(keep_identity)
        told = {"kind": type(self).__name__, "version": __version__}
        try:
            text = json.dumps({**told, "facts": encoding.encoded(self._facts())})
            arrays = dict(enumerate(encoding.arrays))
            self._of(archive.json_of(text.encode()), dict(arrays))  # what is written can be read
            archive.write(path, {_TEXT: text, **{f"{k}.npy": one for k, one in arrays.items()}})
        except ValueError as error:
            kind = type(self).__name__
            raise self._error(f"this {kind} cannot be saved: {error}") from error

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote, this version or an earlier one.

        Raises
        ------
        FileNotFoundError
        ValueError
            Of the value's own kind, when the file holds none of those, whatever is wrong with it; says
            which version wrote it where that is known.
        """
        version = ""
        try:
            data = archive.content(path)
            if not archive.is_archive(data):
                return cls._from_text(data)._checked()
            parts = archive.members(data)
            del data
            told = archive.json_of(parts.pop(_TEXT)) if _TEXT in parts else None
            if told is None:
                return cls._from_former(
                    {n: archive.array_of(d, n) for n, d in parts.items()}
                )._checked()
            if told["kind"] != cls.__name__:
                raise ValueError(f"it holds a {str(told['kind'])[:40]}")
            version = str(told["version"])[:20]
            arrays = {int(n.removesuffix(".npy")): archive.array_of(d, n) for n, d in parts.items()}
            return cls._of(told, arrays)
        except FileNotFoundError:
            raise
        except Exception as error:  # whatever a damaged file makes its parsers raise
            raise cls._refusal(path, error, version) from error

    @classmethod
    def _of(cls, told: dict[str, Any], arrays: dict[int, NDArray[Any]]) -> Self:
        """The value of what a file says, checked."""
        found = cls._restored(decoded(told["facts"], arrays))._checked()
        if arrays:
            raise ValueError(f"{len(arrays)} arrays in it belong to nothing")
        return found

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
            absent = value is None and kind.endswith("| None")
            if known is not None and not absent and not known(value):
                raise ValueError(f"its {one.name} is a {type(value).__name__}")
            if isinstance(value, str):
                checks.text(value, one.name)
            elif isinstance(value, dict):
                checks.plain(value, one.name)
            elif isinstance(value, Record):
                checks.record(value, one.name)
        told = getattr(self, "provenance", {})
        for name, type_ in _KNOWN.items():
            if not isinstance(told.get(name, type_()), type_):
                raise ValueError(f"its provenance says a {type(told[name]).__name__} of {name}")

    @classmethod
    def _from_former(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """The value of an ``.npz`` file of version 0.1."""
        raise ValueError("it is of another program")

    @classmethod
    def _from_text(cls, data: bytes) -> Self:
        """The value of a text file of version 0.1."""
        raise ValueError("it is no file of this package")

    @classmethod
    def _refusal(cls, path: str | os.PathLike[str], why: BaseException, version: str) -> ValueError:
        words = "".join(f" {c.lower()}" if c.isupper() else c for c in cls.__name__).strip()
        said = str(why).strip() or type(why).__name__
        said = f"it lacks {said}" if isinstance(why, KeyError) else said
        by = f"cofe_widgets {version} wrote it; " if version else ""
        if _parts(version) > _parts(__version__):
            by = f"cofe_widgets {version} wrote it, which is newer than this one ({__version__}); "
        return cls._error(f"{str(path)[-200:]} is no saved {words}: {by}{said[:200]}")


_WHOLE = re.compile(r"\d+")


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part[:6]) for part in _WHOLE.findall(version)[:3])


def remakes(kind: type[Value]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the function by which values of a kind are made again: ``f(value, *given, **changes)``."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        kind._remake = staticmethod(function)
        return function

    return register
