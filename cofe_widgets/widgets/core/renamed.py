"""Old names that keep working: each says once a session what it is called now."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import traitlets as t


@cache
def warn_renamed(old: str, new: str, stacklevel: int = 3) -> None:
    """Warn that ``old`` is now ``new``; ``stacklevel`` counts from here to who used it."""
    warnings.warn(f"{old} is now {new}", DeprecationWarning, stacklevel=stacklevel)


class RenamedTrait(t.TraitType[Any, Any]):
    """The old name of a trait: read and written through to the new one, never synchronised."""

    def __init__(self, new: str) -> None:
        super().__init__()
        self.new = new

    def get(self, obj: t.HasTraits, cls: type | None = None) -> Any:
        """The value under the new name."""
        warn_renamed(str(self.name), self.new, 4)
        return getattr(obj, self.new)

    def set(self, obj: t.HasTraits, value: Any) -> None:
        """Set it under the new name, which checks it."""
        warn_renamed(str(self.name), self.new, 4)
        setattr(obj, self.new, value)
