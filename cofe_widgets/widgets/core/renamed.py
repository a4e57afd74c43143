"""Former names of traits."""

from __future__ import annotations

from typing import Any

import traitlets as t

from ...deprecated import warn_of_former


class RenamedTrait(t.TraitType[Any, Any]):
    """The former name of a trait: read and written through to the new one, never synchronised."""

    def __init__(self, new: str) -> None:
        super().__init__()
        self.new = new

    def get(self, obj: t.HasTraits, cls: type | None = None) -> Any:
        """The value under the new name."""
        warn_of_former(str(self.name), self.new, 4)
        return getattr(obj, self.new)

    def set(self, obj: t.HasTraits, value: Any) -> None:
        """Set it under the new name, which checks it."""
        warn_of_former(str(self.name), self.new, 4)
        setattr(obj, self.new, value)
