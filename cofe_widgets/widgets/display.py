"""Values show themselves when they are last in a cell.

Registered by name with IPython, so that no room below knows of widgets and nothing is imported
before there is something to show.
"""

from __future__ import annotations

import sys
from typing import Any

_SHOWN = (
    ("cofe_widgets.ecg.record", "Record"),
    ("cofe_widgets.explain.counterfactual.result", "Counterfactual"),
    ("cofe_widgets.explain.attribution.attribute", "Attribution"),
)


def register() -> bool:
    """Teach the running IPython, if there is one; says whether there was."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None:
        return False
    formatter = shell.display_formatter.mimebundle_formatter
    for module, name in _SHOWN:
        formatter.for_type_by_name(module, name, _bundle)
    return True


def _bundle(value: Any) -> Any:
    from .page import as_widget

    bundle = as_widget(value)._repr_mimebundle_()
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    return {**data, "text/plain": repr(value)}, metadata
