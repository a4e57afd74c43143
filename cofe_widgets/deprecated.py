"""Former names: each works, and says once a session what it is called now."""

from __future__ import annotations

import warnings
from functools import cache


@cache
def warn_of_former(name: str, now: str, stacklevel: int = 3) -> None:
    """Say that ``name`` is a former one; ``stacklevel`` counts from here to whoever used it."""
    warnings.warn(f"{name} is now called {now}", DeprecationWarning, stacklevel=stacklevel)
