"""The rows of the trust card, one file a row or a pair that shares its work.

A row's file has a function ``judge`` that takes a `TrustContext` and returns a `TrustRow`, or a list of
them. To add one, write its file and name it here.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from ....explain.counterfactual.card import TrustRow
from ..context import TrustContext

#: Files of this folder in the order of the card. The headline begins with the sentence of the first.
_FILES = (
    # the answer
    "reached",
    "search_space",
    "needed",
    # the change
    "size",
    "criteria",
    "off_target",
    # is it an ECG
    "signal",
    "distances",
    "reconstruction",
    "einthoven",
    "ripple",
    "beats",
    # the model
    "agreement",
    "outside",
    "saliency",
    "robustness",
)
Judge = Callable[[TrustContext], TrustRow | list[TrustRow]]
ROWS: list[Judge] = [import_module(f".{name}", __package__).judge for name in _FILES]
