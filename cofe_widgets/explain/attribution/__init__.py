"""Attribution: where a model looks, signs kept. A method is one object in one file."""

from .attribute import Attribution, attribute
from .method import Method
from .options import Between
from .registry import find, lookup, methods, register, table, unregister

#: Names of the methods, in the order of menus (looked up when asked for: they can be registered).
ATTRIBUTION_METHODS: tuple[str, ...]

__all__ = [
    "ATTRIBUTION_METHODS",
    "Attribution",
    "Between",
    "Method",
    "attribute",
    "find",
    "methods",
    "register",
    "table",
    "unregister",
]

__getattr__ = lookup(__name__)
