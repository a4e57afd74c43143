"""Options of a method: read from the signature of its call, checked before work begins."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from ...errors import ExplainError, meant
from .given import Ecg, Ecgs, is_given

#: Parameters of a method's call before its options, and names that `attribute` takes itself.
GIVEN = ("predictor", "x", "target")
TAKEN = ("record", "f", "target", "method", "batch_size", "window")
_NOUNS = {int: "a whole number", float: "a number", bool: "True or False", str: "a text"}


@dataclass(frozen=True)
class Between:
    """The numbers that an option may be, both ends among them: ``Annotated[int, Between(1, 9)]``."""

    least: float
    most: float


@dataclass(frozen=True)
class Option:
    """One option of a method.

    Attributes
    ----------
    name : str
    default : object
    hint : type
        ``int``, ``float``, ``bool``, ``str``, ``Literal[...]``, one of these in
        ``Annotated[..., Between(...)]``, ``Ecg`` or ``Ecgs`` (`given`), or a union of them and None.
    """

    name: str
    default: Any
    hint: Any

    @property
    def of_ecgs(self) -> type[Ecg] | type[Ecgs] | None:
        """Which of the two it may be, an ECG or several."""
        kinds = [kind for kind in (Ecg, Ecgs) if kind in _members(self.hint)]
        return kinds[0] if kinds else None

    @property
    def words(self) -> str:
        """What the option may be: "a whole number from 1 to 1000"."""
        return _words(self.hint)

    def checked(self, value: Any) -> Any:
        """The value as JSON can hold it; ECGs as they are given.

        Raises
        ------
        ValueError
            When it is none that the option may be.
        """
        for hint in _members(self.hint):
            if _fits(value, hint):
                kind = _plain(hint)
                return kind(value) if kind in (int, float) else value
        texts = [
            one for hint in _members(self.hint) if _plain(hint) is Literal for one in get_args(hint)
        ]
        hint = meant(value, texts) if isinstance(value, str) else ""
        raise ValueError(f"{self.name}={value!r:.80}{hint}: expected {self.words}")


def options_of(call: Callable[..., Any]) -> dict[str, Option]:
    """The options of a method's call by name: its keyword-only parameters, each with a default.

    Raises
    ------
    ExplainError
        When the signature is not that of a method.
    """
    parameters = [p for p in inspect.signature(call).parameters.values() if p.name != "self"]
    names = tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)
    if names != GIVEN:
        raise ExplainError(
            f"a method is called with ({', '.join(GIVEN)}, *, options), not ({', '.join(names)})"
        )
    found = {}
    for p in parameters[len(GIVEN) :]:
        # Under `from __future__ import annotations` hints are texts. Those of options alone are
        # looked up: the names of the others (Tensor) are there for type checkers only.
        hint = p.annotation
        if isinstance(hint, str):
            try:
                hint = eval(hint, getattr(call, "__globals__", {}))
            except NameError as error:
                raise ExplainError(f"option {p.name!r} is declared {hint!r}: {error}") from error
        option = Option(p.name, p.default, hint)
        _check_declared(option)
        found[p.name] = option
    return found


def checked(owner: str, options: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """All options of a method, those that were given checked and the defaults of the others.

    Raises
    ------
    ExplainError
        For an option that the method ``owner`` has not, or a value that it cannot be.
    """
    for name in given:
        if name not in options:
            known = f"its options are {', '.join(options)}" if options else "it has none"
            raise ExplainError(f"{owner} has no option {name!r}{meant(name, options)}: {known}")
    try:
        return {
            name: option.checked(given.get(name, option.default))
            for name, option in options.items()
        }
    except ValueError as error:
        raise ExplainError(f"{owner}: {error}") from error


def _check_declared(option: Option) -> None:
    """Refuse an option that could not be checked, or whose default is none of its values."""
    if option.name in TAKEN:
        raise ExplainError(f"an option cannot be called {option.name!r}: attribute() takes that")
    if option.default is inspect.Parameter.empty:
        raise ExplainError(f"option {option.name!r} has no default")
    kinds = [_plain(hint) for hint in _members(option.hint)]
    if not all(kind in (*_NOUNS, NoneType, Literal, Ecg, Ecgs) for kind in kinds):
        raise ExplainError(
            f"option {option.name!r} is declared {option.hint!r}: expected int, float, bool, str, "
            "Literal, one of them in Annotated[..., Between(...)], or a union with None"
        )
    try:
        option.checked(option.default)
    except ValueError as error:
        raise ExplainError(f"the default of an option is refused: {error}") from error


def _members(hint: Any) -> tuple[Any, ...]:
    """What a union is made of; of anything else, itself."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _plain(hint: Any) -> Any:
    """The type without its range; `Literal` for one of several values, NoneType for None."""
    if get_origin(hint) is Annotated:
        return _plain(get_args(hint)[0])
    return NoneType if hint is None else get_origin(hint) or hint


def _range(hint: Any) -> Between | None:
    extra = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((one for one in extra if isinstance(one, Between)), None)


def _fits(value: Any, hint: Any) -> bool:
    kind, limits = _plain(hint), _range(hint)
    if kind in (Ecg, Ecgs):
        return is_given(value)
    if kind is Literal:
        return any(
            value is one or (type(value) is type(one) and value == one) for one in get_args(hint)
        )
    if kind in (int, float):
        # True is a whole number to Python; to a person it is not.
        number = isinstance(value, Integral if kind is int else Real) and not isinstance(
            value, bool
        )
        return number and isfinite(value) and (not limits or limits.least <= value <= limits.most)
    return isinstance(value, kind)


def _words(hint: Any) -> str:
    if len(_members(hint)) > 1:
        return " or ".join(map(_words, _members(hint)))
    kind, limits = _plain(hint), _range(hint)
    if kind in (Ecg, Ecgs):
        return str(kind.words)
    if kind is Literal:
        return f"one of {', '.join(map(repr, get_args(hint)))}"
    within = f" from {limits.least:g} to {limits.most:g}" if limits else ""
    return f"{_NOUNS.get(kind, 'None')}{within}"
