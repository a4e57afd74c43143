"""Attribution: where a model looks, signs kept."""

from .attribute import METHODS, Attribution, attribute

__all__ = ["METHODS", "Attribution", "attribute"]
