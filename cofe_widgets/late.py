"""What a value shows of itself that rooms above it make: found when it is first asked for.

A counterfactual has a trust card and words, and knows neither the room that judges nor the one that
tells. The top of the package, which knows every room, says here which one provides what.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

_ROOM_OF: dict[str, str] = {}


def provide(rooms: Mapping[str, str]) -> None:
    """Say which room provides a name: ``{"trust_card": "cofe_widgets.audit.trust"}``."""
    _ROOM_OF.update(rooms)


def late(name: str) -> Any:
    """What a room provides under a name, imported now.

    Raises
    ------
    LookupError
        When no room provides it.
    """
    if name not in _ROOM_OF:
        raise LookupError(f"no room provides {name!r}: there are {', '.join(_ROOM_OF)}")
    return getattr(importlib.import_module(_ROOM_OF[name]), name)
