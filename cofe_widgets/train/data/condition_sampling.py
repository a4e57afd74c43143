"""Conditions drawn together, so that a model learns each apart from the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...simulate.conditions import parse


def combine(
    rng: np.random.Generator, n: int, menus: Sequence[Mapping[str, float]]
) -> list[tuple[str, ...]]:
    """``n`` hearts' condition codes: at most one of every menu, each drawn on its own.

    Parameters
    ----------
    menus : sequence of mappings
        Code -> probability; what is left of 1 draws none of the menu. The first menu is the rhythm,
        of which there is always one (NSR where none is drawn); a code that medicine does not
        combine with those before it is left out.
    """
    out = []
    for _ in range(n):
        codes: tuple[str, ...] = ()
        for first, menu in zip([True, *[False] * (len(menus) - 1)], menus, strict=True):
            place = int(np.searchsorted(np.cumsum(list(menu.values())), rng.random(), "right"))
            code = [*menu, "NSR" if first else ""][place]
            if code:
                try:
                    codes = parse("+".join((*codes, code)))
                except ValueError:
                    continue
        out.append(codes)
    return out
