"""Former names: each works, and says once what it is called now."""

from __future__ import annotations

import warnings


def warn_of_former(name: str, now: str) -> None:
    """Say that a name is a former one; once for each place that uses it."""
    warnings.warn(f"{name} is now called {now}", DeprecationWarning, stacklevel=3)
