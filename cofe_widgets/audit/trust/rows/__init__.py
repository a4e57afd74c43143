"""The rows of the trust card, one file a row or a pair that shares its work.

A row is a function that takes a `TrustContext` and returns a `TrustRow`, or a list of them. To add
one, write its file and name it in `ROWS`.
"""

from __future__ import annotations

from collections.abc import Callable

from ....explain.counterfactual.card import TrustRow
from ..context import TrustContext
from .agreement import agreement_row
from .beats import beats_row
from .criteria import criteria_row
from .distances import distance_rows
from .einthoven import einthoven_row
from .off_target import off_target_row
from .reached import reached_row
from .reconstruction import reconstruction_row
from .ripple import ripple_row
from .robustness import robustness_rows
from .saliency import saliency_row
from .search_space import search_space_row
from .size import size_rows

#: What is looked at, in the order of the card. The headline begins with the sentence of the first.
ROWS: list[Callable[[TrustContext], TrustRow | list[TrustRow]]] = [
    # the answer
    reached_row,
    search_space_row,
    # the change
    size_rows,
    criteria_row,
    off_target_row,
    # is it an ECG
    distance_rows,
    reconstruction_row,
    einthoven_row,
    ripple_row,
    beats_row,
    # the model
    agreement_row,
    saliency_row,
    robustness_rows,
]
