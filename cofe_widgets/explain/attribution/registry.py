"""The attribution methods by name: a new one is a file here and its name in `_SHIPPED`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from ...deprecated import warn_of_former
from ...errors import ExplainError, meant
from .method import NEEDS, Method

if TYPE_CHECKING:
    import pandas as pd

#: Modules of the shipped methods, in the order of menus; each holds its object as ``METHOD``.
_SHIPPED = (
    "saliency",
    "smoothgrad",
    "input_x_gradient",
    "guided_backpropagation",
    "gradcam",
    "gradcam_plus_plus",
    "guided_gradcam",
    "shapley_sampling",
    "deeplift",
    "integrated_gradients",
    "ig_smoothgrad",
    "gradient_shap",
    "deeplift_shap",
    "lrp",
    "occlusion",
    "wave_attribution",
)
_METHODS: dict[str, Method] = {}


def register(method: Method) -> Method:
    """Make a method known by its name, to `attribute`, menus and tables; gives it back.

    Raises
    ------
    ExplainError
        When the name is taken, or the object does not say of itself what a `Method` must.
    """
    _check(method)
    if method.name in _METHODS:
        raise ExplainError(f"there is an attribution method {method.name!r} already")
    _METHODS[method.name] = method
    return method


def _check(method: Method) -> None:
    """Refuse a method that does not say of itself what it must."""
    if not isinstance(method, Method):
        raise ExplainError(f"{method!r} is no attribution method: expected an object of a Method")
    for said in ("name", "title", "reference"):
        if not isinstance(getattr(method, said, None), str):
            raise ExplainError(f"{type(method).__name__} has no {said}: it must be a text")
    unknown = sorted(set(method.needs) - NEEDS.keys())
    if unknown:
        raise ExplainError(
            f"{method.name} needs {', '.join(unknown)}: expected any of {', '.join(NEEDS)}"
        )
    if method.complete and type(method).baseline_of is Method.baseline_of:
        raise ExplainError(
            f"{method.name} is complete, but has no baseline_of: complete from what?"
        )
    method.checked({})  # its signature is read


def unregister(name: str) -> None:
    """Forget a method.

    Raises
    ------
    ExplainError
        When there is none of this name.
    """
    del _METHODS[find(name).name]


def methods() -> tuple[Method, ...]:
    """The methods that are known, in the order of menus."""
    return tuple(_METHODS.values())


def names() -> tuple[str, ...]:
    """Their names: ``cw.ATTRIBUTION_METHODS``."""
    return tuple(_METHODS)


def find(method: str | Method) -> Method:
    """A method by its name, or the one that is given as an object.

    Raises
    ------
    ExplainError
        For an unknown name, listing those there are, or an object that is no sound `Method`.
    """
    if not isinstance(method, str):
        _check(method)
        return method
    if method not in _METHODS:
        hint, known = meant(method, _METHODS), ", ".join(names())
        raise ExplainError(f"no attribution method {method!r}{hint}: choose one of {known}")
    return _METHODS[method]


def title_of(name: str) -> str:
    """What a method is called for people; its name in words where it is not known here."""
    return _METHODS[name].title if name in _METHODS else name.replace("_", " ")


def table() -> pd.DataFrame:
    """The methods, one a row by name: title, options, what they need and promise, reference."""
    import pandas as pd

    rows = [
        {
            "title": one.title,
            "options": ", ".join(f"{o.name}={o.default!r}" for o in one.options.values()),
            "needs": ", ".join(sorted(one.needs)),
            "signed": one.signed,
            "complete": one.complete,
            "reference": one.reference,
        }
        for one in methods()
    ]
    return pd.DataFrame(rows, index=pd.Index(names(), name="method"))


def lookup(module: str) -> Callable[[str], tuple[str, ...]]:
    """A module's ``__getattr__`` that finds ``ATTRIBUTION_METHODS`` as they are, and its former name."""

    def look(name: str) -> tuple[str, ...]:
        if name == "ATTRIBUTION_METHODS":
            return names()
        if name == "METHODS":
            return old_name()
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return look


def old_name() -> tuple[str, ...]:
    """What ``METHODS`` is, the former name of ``ATTRIBUTION_METHODS``; says so once."""
    warn_of_former("METHODS", "ATTRIBUTION_METHODS", 4)
    return names()


for _name in _SHIPPED:
    register(import_module(f"{__package__}.{_name}").METHOD)
